/* The predeclared functions. */
#include "lang/checker.h"

struct args {
    node_ref list;
    uint32_t count;
    bool spread;
    source_place at;
    const char *name;
};

static void finish(struct check *c, node_ref ref, enum builtin b, struct type *type,
                   struct operand *x)
{
    struct node *n = check_node(c, ref);
    n->kind = RUN_CALL_BUILTIN;
    n->op = (uint8_t)b;
    n->flags |= RUN_CALLS;
    n->type = type ? type->number : 0;
    x->node = ref;
    x->mode = type ? MODE_VALUE : MODE_NONE;
    x->type = type ? type : c->types.empty_tuple;
}

static void refuse(struct check *c, node_ref ref, struct operand *x, const char *why)
{
    if (why)
        check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, check_node(c, ref)->at, "%s", why);
    x->node = ref;
    check_bad(c, x);
}

static void append_call(struct check *c, node_ref ref, const struct args *a, struct operand *x)
{
    struct operand arg;
    check_expr(c, a->list, x);
    if (x->mode == MODE_BAD) {
        for (node_ref r = check_node(c, a->list)->next; r; r = check_node(c, r)->next)
            check_expr(c, r, &arg);
        refuse(c, ref, x, NULL);
        return;
    }
    struct type *type = x->type, *under = check_under(c, type);
    if (under->kind != TYPE_SLICE) {
        refuse(c, ref, x,
               arena_printf(c->arena, "append needs a slice, not %s", check_describe(c, x)));
        return;
    }
    if (a->spread && a->count != 2) {
        refuse(c, ref, x, "append takes one slice with '...'");
        return;
    }
    for (node_ref r = check_node(c, a->list)->next; r; r = check_node(c, r)->next) {
        check_expr(c, r, &arg);
        bool text = a->spread && arg.mode != MODE_BAD &&
                    check_under(c, under->elem)->kind == TYPE_UINT8 &&
                    kind_is_string(check_under(c, arg.type)->kind);
        if (text)
            check_default(c, &arg);
        else if (a->spread && arg.mode != MODE_BAD &&
                 check_under(c, arg.type)->kind == TYPE_SLICE &&
                 check_under(c, arg.type)->elem == under->elem)
            continue;
        else
            check_assign(c, &arg, a->spread ? type_slice(&c->types, under->elem) : under->elem,
                         "in append");
    }
    if (a->spread)
        check_node(c, ref)->flags |= RUN_SPREAD;
    finish(c, ref, BUILTIN_APPEND, type, x);
}

/* Whether the length of an array is known without running anything. */
static bool runs_nothing(struct check *c, node_ref ref)
{
    return !(check_node(c, ref)->flags & RUN_CALLS);
}

static void len_call(struct check *c, node_ref ref, const struct args *a, enum builtin b,
                     struct operand *x)
{
    check_expr(c, a->list, x);
    if (x->mode == MODE_BAD) {
        refuse(c, ref, x, NULL);
        return;
    }
    struct type *under = check_under(c, x->type);
    struct type *array = under->kind == TYPE_POINTER ? check_under(c, under->elem) : under;
    int64_t length = -1;
    if (x->mode == MODE_CONST && kind_is_string(under->kind) && b == BUILTIN_LEN)
        length = (int64_t)x->value.text.size;
    else if (array->kind == TYPE_ARRAY && runs_nothing(c, a->list))
        length = array->length;
    if (length >= 0) {
        x->mode = MODE_CONST;
        x->value = constant_i64(length);
        x->type = c->types.basic[TYPE_INT];
        x->node = ref;
        check_set_const(c, x);
        return;
    }
    check_plain_use(c, a->list);
    bool ok = under->kind == TYPE_SLICE || array->kind == TYPE_ARRAY ||
              (b == BUILTIN_LEN && (under->kind == TYPE_MAP || kind_is_string(under->kind)));
    if (!ok) {
        refuse(c, ref, x, arena_printf(c->arena, "%s has no %s", check_describe(c, x), a->name));
        return;
    }
    check_node(c, ref)->flags = (uint16_t)under->kind;
    finish(c, ref, b, c->types.basic[TYPE_INT], x);
}

static void copy_call(struct check *c, node_ref ref, const struct args *a, struct operand *x)
{
    struct operand from;
    check_expr(c, a->list, x);
    check_expr(c, check_node(c, a->list)->next, &from);
    if (x->mode == MODE_BAD || from.mode == MODE_BAD) {
        refuse(c, ref, x, NULL);
        return;
    }
    if (kind_is_untyped(from.type->kind) && kind_is_string(from.type->kind))
        check_default(c, &from);
    struct type *d = check_under(c, x->type), *s = check_under(c, from.type);
    bool text = s->kind == TYPE_STRING && d->kind == TYPE_SLICE &&
                check_under(c, d->elem)->kind == TYPE_UINT8;
    if (d->kind != TYPE_SLICE || (!text && (s->kind != TYPE_SLICE || s->elem != d->elem))) {
        refuse(c, ref, x, "copy needs two slices of one type");
        return;
    }
    finish(c, ref, BUILTIN_COPY, c->types.basic[TYPE_INT], x);
}

static void delete_call(struct check *c, node_ref ref, const struct args *a, struct operand *x)
{
    struct operand key;
    check_expr(c, a->list, x);
    check_expr(c, check_node(c, a->list)->next, &key);
    if (x->mode == MODE_BAD || key.mode == MODE_BAD) {
        refuse(c, ref, x, NULL);
        return;
    }
    const struct type *under = check_under(c, x->type);
    if (under->kind != TYPE_MAP) {
        refuse(c, ref, x,
               arena_printf(c->arena, "delete needs a map, not %s", check_describe(c, x)));
        return;
    }
    check_assign(c, &key, under->key, "as a map's key");
    finish(c, ref, BUILTIN_DELETE, NULL, x);
}

static void clear_call(struct check *c, node_ref ref, const struct args *a, struct operand *x)
{
    check_expr(c, a->list, x);
    int kind = x->mode == MODE_BAD ? TYPE_BAD : check_under(c, x->type)->kind;
    if (kind != TYPE_MAP && kind != TYPE_SLICE) {
        refuse(c, ref, x, kind == TYPE_BAD ? NULL : "clear needs a map or a slice");
        return;
    }
    finish(c, ref, BUILTIN_CLEAR, NULL, x);
}

static void make_call(struct check *c, node_ref ref, const struct args *a, struct operand *x)
{
    struct type *type = check_type(c, a->list), *under = check_under(c, type);
    node_ref size = check_node(c, a->list)->next;
    int64_t length = -1, cap = -1;
    x->node = ref;
    if (under->kind == TYPE_BAD) {
        check_bad(c, x);
        return;
    }
    if (under->kind != TYPE_SLICE && under->kind != TYPE_MAP) {
        refuse(c, ref, x,
               arena_printf(c->arena, "cannot make %s: only slices and maps",
                            type_text(&c->types, type)));
        return;
    }
    if (under->kind == TYPE_SLICE && !size) {
        refuse(c, ref, x, "make of a slice needs a length");
        return;
    }
    if (under->kind == TYPE_MAP && size && check_node(c, size)->next) {
        refuse(c, ref, x, "make of a map takes at most a size");
        return;
    }
    bool ok = !size || check_index(c, size, -1, &length);
    node_ref more = size ? check_node(c, size)->next : 0;
    ok = (!more || check_index(c, more, -1, &cap)) && ok;
    if (ok && length >= 0 && cap >= 0 && length > cap) {
        check_fault(c, CONFIG_FAULT_OUT_OF_RANGE, check_node(c, size)->at,
                    "the length is larger than the capacity");
        ok = false;
    }
    if (!ok) {
        check_bad(c, x);
        return;
    }
    finish(c, ref, BUILTIN_MAKE, type, x);
}

static void new_call(struct check *c, node_ref ref, const struct args *a, struct operand *x)
{
    struct type *type = check_type(c, a->list);
    if (type->kind == TYPE_BAD) {
        refuse(c, ref, x, NULL);
        return;
    }
    finish(c, ref, BUILTIN_NEW, type_pointer(&c->types, type), x);
}

/* min and max: of constants a constant; else an operand for each argument, of one type. */
static void minmax_call(struct check *c, node_ref ref, const struct args *a, enum builtin b,
                        struct operand *x)
{
    bool is_const = true;
    struct type *type = NULL;
    struct operand y;
    for (node_ref r = a->list; r; r = check_node(c, r)->next) {
        check_expr(c, r, &y);
        int kind = y.mode == MODE_BAD ? TYPE_BAD : check_under(c, y.type)->kind;
        if (!kind_is_number(kind) && !kind_is_string(kind)) {
            refuse(c, ref, x,
                   kind == TYPE_BAD
                       ? NULL
                       : arena_printf(c->arena, "%s cannot be ordered", check_describe(c, &y)));
            return;
        }
        if (type && kind_is_string(kind) != kind_is_string(check_under(c, type)->kind)) {
            refuse(c, ref, x, "arguments of different types cannot be ordered");
            return;
        }
        is_const = is_const && y.mode == MODE_CONST;
        if (!type || (kind_is_untyped(type->kind) &&
                      (!kind_is_untyped(y.type->kind) || y.type->kind > type->kind)))
            type = y.type;
        if (r == a->list) {
            *x = y;
            continue;
        }
        bool less = false;
        if (is_const && constant_compare(c->arena, CONSTANT_LT, y.value, x->value, &less) == 0 &&
            less == (b == BUILTIN_MIN))
            x->value = y.value;
    }
    if (!is_const && kind_is_untyped(type->kind))
        type = type_default(&c->types, type);
    for (node_ref r = is_const && kind_is_untyped(type->kind) ? 0 : a->list; r;
         r = check_node(c, r)->next) {
        struct node *n = check_node(c, r);
        struct operand z = {.node = r, .mode = MODE_VALUE};
        if (n->kind >= RUN_CONST && n->type && !kind_is_untyped(c->types.items[n->type]->kind))
            z.type = c->types.items[n->type];
        else
            check_expr(c, r, &z);
        if (!check_assign(c, &z, type, a->name[1] == 'i' ? "in min" : "in max")) {
            refuse(c, ref, x, NULL);
            return;
        }
    }
    if (is_const) {
        x->type = type;
        x->node = ref;
        check_set_const(c, x);
        return;
    }
    check_node(c, ref)->flags = (uint16_t)check_under(c, type)->kind;
    finish(c, ref, b, type, x);
}

static void panic_call(struct check *c, node_ref ref, const struct args *a, struct operand *x)
{
    check_expr(c, a->list, x);
    check_assign(c, x, c->types.any, "in panic");
    finish(c, ref, BUILTIN_PANIC, NULL, x);
}

static void print_call(struct check *c, node_ref ref, const struct args *a, enum builtin b,
                       struct operand *x)
{
    for (node_ref r = a->list; r; r = check_node(c, r)->next) {
        if (a->count == 1)
            check_expr_or_call(c, r, x);
        else
            check_expr(c, r, x);
        if (x->mode == MODE_NONE)
            check_expr(c, r, x);
        if (x->mode != MODE_BAD && x->type->kind != TYPE_TUPLE)
            check_default(c, x);
    }
    finish(c, ref, b, NULL, x);
}

static bool count_fits(enum builtin b, uint32_t count)
{
    static const struct {
        uint8_t least, most;
    } counts[] = {
        [BUILTIN_APPEND] = {1, 255},  [BUILTIN_CAP] = {1, 1},    [BUILTIN_CLEAR] = {1, 1},
        [BUILTIN_COPY] = {2, 2},      [BUILTIN_DELETE] = {2, 2}, [BUILTIN_LEN] = {1, 1},
        [BUILTIN_MAKE] = {1, 3},      [BUILTIN_MAX] = {1, 255},  [BUILTIN_MIN] = {1, 255},
        [BUILTIN_NEW] = {1, 1},       [BUILTIN_PANIC] = {1, 1},  [BUILTIN_PRINT] = {0, 255},
        [BUILTIN_PRINTLN] = {0, 255},
    };
    return count >= counts[b].least && (count <= counts[b].most || counts[b].most == 255);
}

static void dispatch(struct check *c, node_ref ref, enum builtin b, const struct args *a,
                     struct operand *x)
{
    switch (b) {
    case BUILTIN_APPEND:
        append_call(c, ref, a, x);
        break;
    case BUILTIN_LEN:
    case BUILTIN_CAP:
        len_call(c, ref, a, b, x);
        break;
    case BUILTIN_COPY:
        copy_call(c, ref, a, x);
        break;
    case BUILTIN_DELETE:
        delete_call(c, ref, a, x);
        break;
    case BUILTIN_CLEAR:
        clear_call(c, ref, a, x);
        break;
    case BUILTIN_MAKE:
        make_call(c, ref, a, x);
        break;
    case BUILTIN_NEW:
        new_call(c, ref, a, x);
        break;
    case BUILTIN_MIN:
    case BUILTIN_MAX:
        minmax_call(c, ref, a, b, x);
        break;
    case BUILTIN_PANIC:
        panic_call(c, ref, a, x);
        break;
    default:
        print_call(c, ref, a, b, x);
    }
}

void check_builtin(struct check *c, node_ref ref, enum builtin b, struct operand *x)
{
    const struct node *n = check_node(c, ref);
    struct place_in_schema *where = c->where;
    struct args a = {.list = n->b, .spread = n->op == 1, .at = n->at};

    a.count = tree_length(c->tree, n->b);
    a.name = check_name(c, check_node(c, n->a)->a);
    if (b == BUILTIN_OUTSIDE) {
        check_outside(c, n->at, arena_printf(c->arena, "calls of %s", a.name));
        refuse(c, ref, x, NULL);
        return;
    }
    if (!count_fits(b, a.count) || (a.spread && b != BUILTIN_APPEND)) {
        refuse(c, ref, x,
               a.spread && b != BUILTIN_APPEND
                   ? arena_printf(c->arena, "%s takes no '...'", a.name)
                   : arena_printf(c->arena, "%s arguments in the call of %s",
                                  a.count < 3 && a.count < (b == BUILTIN_COPY ? 2u : 1u)
                                      ? "not enough"
                                      : "not the right number of",
                                  a.name));
        return;
    }
    if (b != BUILTIN_APPEND)
        c->where = NULL;
    dispatch(c, ref, b, &a, x);
    c->where = where;
}
