/* What an operand can become: constants into cells, untyped into typed, one type into another. */
#include "lang/checker.h"

enum { CONSTS_LOOKED_AT = 8 }; /* for one that is the same */

void check_bad(struct check *c, struct operand *x)
{
    if (!c->is_const_decl && x->node) {
        struct node *n = check_node(c, x->node);
        n->kind = NODE_BAD;
        n->type = 0;
    }
    x->mode = MODE_BAD;
    x->type = c->types.basic[TYPE_BAD];
}

/* ---- constants ---- */

enum constant_type check_constant_type(const struct type *under)
{
    return (enum constant_type)(under->kind - TYPE_INT + CONSTANT_TYPE_INT);
}

uint32_t check_const_index(struct check *c, struct cell v)
{
    struct program *p = c->program;
    /* Literals repeat themselves: 30 * time.Second in each of many checks. */
    for (uint32_t i = p->const_count; i > 0 && i + CONSTS_LOOKED_AT > p->const_count; i--)
        if (p->consts[i - 1].u == v.u && p->consts[i - 1].size == v.size)
            return i - 1;
    p->consts = check_grow(c, p->consts, p->const_count, &p->const_cap, sizeof(*p->consts));
    p->consts[p->const_count] = v;
    return p->const_count++;
}

/* An untyped expression is looked at twice: here, and when its type is known. */
void check_const_again(struct check *c, node_ref ref, struct operand *x)
{
    const struct node *n = check_node(c, ref);
    x->mode = MODE_CONST;
    x->type = c->types.items[n->type];
    if (n->kind == RUN_TEXT) {
        struct slice text = tree_text(c->tree, n->at);
        x->value = constant_string(slice_sub(text, 1, 1 + n->a));
        return;
    }
    struct cell v = c->program->consts[n->a];
    int kind = check_under(c, x->type)->kind;
    if (kind_is_bool(kind))
        x->value = constant_bool(v.i);
    else if (kind_is_string(kind))
        x->value = constant_string(cell_text(v));
    else if (kind_is_integer(kind))
        x->value = kind_is_unsigned(kind) ? constant_u64(v.u) : constant_i64(v.i);
    else if (constant_f64(c->arena, v.f, &x->value) < 0)
        check_bad(c, x);
}

/* `v` fits the type: constant_fit said so. */
struct cell check_cell_of(struct check *c, struct constant v, const struct type *under)
{
    struct cell cell = {0};
    float narrow;
    switch (under->kind) {
    case TYPE_BOOL:
        cell.i = v.boolean;
        break;
    case TYPE_STRING:
        cell = cell_of_text(v.text);
        break;
    case TYPE_FLOAT32:
        if (constant_to_f32(c->arena, v, &narrow) == 0)
            cell.f = (double)narrow;
        break;
    case TYPE_FLOAT64:
        constant_to_f64(c->arena, v, &cell.f);
        break;
    default:
        if (!kind_is_unsigned(under->kind))
            constant_to_i64(v, &cell.i);
        else
            constant_to_u64(v, &cell.u);
    }
    return cell;
}

/* A string that stands in the source as it is: its quote at `at`, no escape. */
static bool is_plain_text(struct check *c, const struct node *n, struct slice text)
{
    struct slice source = tree_text(c->tree, n->at);
    return n->kind == NODE_LITERAL && n->op == TOKEN_STRING && source.size > text.size + 1 &&
           text.data == source.data + 1;
}

void check_set_const(struct check *c, struct operand *x)
{
    if (c->is_const_decl || x->mode != MODE_CONST)
        return;
    struct node *n = check_node(c, x->node);
    struct type *under = check_under(c, x->type);
    if (!kind_is_basic(under->kind))
        return;
    if (under->kind == TYPE_STRING && is_plain_text(c, n, x->value.text)) {
        n->kind = RUN_TEXT;
        n->a = (uint32_t)x->value.text.size;
    } else {
        n->kind = RUN_CONST;
        n->a = check_const_index(c, check_cell_of(c, x->value, under));
    }
    n->flags = 0;
    n->type = x->type->number;
}

static void tell_misfit(struct check *c, const struct operand *x, struct type *type,
                        enum constant_fit fit)
{
    source_place at = check_node(c, x->node)->at;
    const char *to = type_text(&c->types, type);
    if (fit == CONSTANT_TRUNCATED)
        check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, at, "%s is not a whole number, as %s must be",
                    check_describe(c, x), to);
    else
        check_fault(c, CONFIG_FAULT_CONSTANT_OVERFLOW, at, "%s overflows %s", check_describe(c, x),
                    to);
}

/* The constant as a value of the basic type. false: told, x is BAD; or a mismatch (untold). */
static bool fit_const(struct check *c, struct operand *x, struct type *type, bool *ret_told)
{
    enum constant_fit fit;
    struct constant v;
    *ret_told = false;
    if (constant_fit(c->arena, x->value, check_constant_type(check_under(c, type)), &fit, &v) < 0)
        fit = CONSTANT_OVERFLOWS;
    if (fit == CONSTANT_FITS) {
        x->value = v;
        return true;
    }
    if (fit != CONSTANT_MISMATCH) {
        tell_misfit(c, x, type, fit);
        *ret_told = true;
    }
    return false;
}

/* ---- untyped to typed ---- */

/* An untyped expression that is no constant (a comparison, a shift by a variable) and all that its
 * type decides inside take the type. */
static bool set_untyped(struct check *c, node_ref ref, struct type *type)
{
    struct node *n = check_node(c, ref);
    struct operand leaf;
    bool ok = true;
    switch (n->kind) {
    case NODE_PAREN:
        ok = set_untyped(c, n->a, type);
        break;
    case RUN_NOT:
    case RUN_NEGATE:
    case RUN_COMPLEMENT:
        ok = set_untyped(c, n->a, type);
        n->flags = (uint16_t)((n->flags & ~RUN_KIND_MASK) | check_under(c, type)->kind);
        break;
    case RUN_LAND:
    case RUN_LOR:
    case RUN_ARITHMETIC:
        ok = set_untyped(c, n->a, type) && set_untyped(c, n->b, type);
        n->flags = (uint16_t)((n->flags & ~RUN_KIND_MASK) | check_under(c, type)->kind);
        break;
    case RUN_SHIFT:
        if (!kind_is_integer(check_under(c, type)->kind)) {
            check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, n->at,
                        "a shifted operand must be a whole number, not %s",
                        type_text(&c->types, type));
            return false;
        }
        ok = set_untyped(c, n->a, type);
        break;
    case RUN_COMPARE:
    case RUN_COMPARE_DEEP:
    case RUN_CONST:
        break;
    case NODE_LITERAL:
    case NODE_NAME:
    case NODE_SELECTOR:
    case NODE_BINARY:
    case NODE_UNARY:
    case NODE_CALL:
        check_expr(c, ref, &leaf);
        return leaf.mode != MODE_BAD && check_convert_untyped(c, &leaf, type);
    default:
        break;
    }
    n->type = type->number;
    return ok;
}

static bool nil_fits(const struct type *under)
{
    switch (under->kind) {
    case TYPE_POINTER:
    case TYPE_FUNC:
    case TYPE_SLICE:
    case TYPE_MAP:
    case TYPE_INTERFACE:
        return true;
    default:
        return false;
    }
}

static bool untyped_matches(int untyped, const struct type *under)
{
    switch (untyped) {
    case TYPE_UNTYPED_BOOL:
        return kind_is_bool(under->kind);
    case TYPE_UNTYPED_STRING:
        return kind_is_string(under->kind);
    default:
        return kind_is_number(under->kind);
    }
}

static bool convert_nil(struct check *c, struct operand *x, struct type *type)
{
    if (!nil_fits(check_under(c, type)))
        return false;
    struct node *n = check_node(c, x->node);
    n->kind = RUN_ZERO;
    n->type = type->number;
    x->type = type;
    return true;
}

bool check_convert_untyped(struct check *c, struct operand *x, struct type *type)
{
    struct type *under = check_under(c, type);
    if (x->mode == MODE_BAD || under->kind == TYPE_BAD || !kind_is_untyped(x->type->kind))
        return x->mode != MODE_BAD;
    if (x->type->kind == TYPE_UNTYPED_NIL)
        return convert_nil(c, x, type);
    if (under->kind == TYPE_INTERFACE) {
        if (type != c->types.any)
            return false;
        check_default(c, x);
        return x->mode != MODE_BAD;
    }
    if (!untyped_matches(x->type->kind, under))
        return false;
    if (x->mode == MODE_CONST) {
        bool told;
        if (!fit_const(c, x, type, &told)) {
            if (told)
                check_bad(c, x);
            return told; /* a second fault would say the same again */
        }
        x->type = type;
        check_set_const(c, x);
        return true;
    }
    x->type = type;
    if (!set_untyped(c, x->node, type))
        check_bad(c, x);
    return true;
}

void check_default(struct check *c, struct operand *x)
{
    if (x->mode == MODE_BAD)
        return;
    if (x->type->kind == TYPE_UNTYPED_NIL) {
        check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, check_node(c, x->node)->at,
                    "nil has no type of its own here");
        check_bad(c, x);
        return;
    }
    if (kind_is_untyped(x->type->kind))
        check_convert_untyped(c, x, type_default(&c->types, x->type));
}

/* ---- assignment ---- */

node_ref check_wrap(struct check *c, node_ref ref, enum run_kind kind, struct type *type)
{
    node_ref inner = tree_add(c->tree, NODE_NONE, 0);
    struct node *n = check_node(c, ref), *i = check_node(c, inner);
    *i = *n;
    i->next = 0;
    n->kind = (uint8_t)kind;
    n->a = inner;
    n->b = 0;
    n->op = 0;
    n->flags = i->flags & RUN_CALLS;
    n->type = type->number;
    return inner;
}

static bool has_error_method(struct check *c, struct type *t)
{
    struct type_method *m = check_find_method(c, t, name_intern(c->names, SLICE("Error")));
    if (!m)
        return false;
    check_resolve(c, m->func);
    const struct type *sig = m->func->type;
    return sig->kind == TYPE_FUNC && sig->field_count == 0 && sig->elem->field_count == 1 &&
           sig->elem->fields[0].type == c->types.basic[TYPE_STRING] &&
           (!m->by_pointer || check_under(c, t)->kind == TYPE_POINTER);
}

bool check_assignable(struct check *c, struct operand *x, struct type *type)
{
    struct type *from = x->type, *to_under = check_under(c, type);
    if (from == type || from->kind == TYPE_BAD || type->kind == TYPE_BAD)
        return true;
    if (kind_is_untyped(from->kind))
        return from->kind == TYPE_UNTYPED_NIL
                   ? nil_fits(to_under)
                   : type == c->types.any || untyped_matches(from->kind, to_under);
    if (type == c->types.any)
        return true;
    if (type == c->types.error)
        return has_error_method(c, from);
    struct type *from_under = check_under(c, from);
    bool named = (from->kind == TYPE_NAMED || kind_is_basic(from->kind)) &&
                 (type->kind == TYPE_NAMED || kind_is_basic(type->kind));
    return from_under == to_under && !named && to_under->kind != TYPE_INTERFACE;
}

static bool is_bare_duration(struct check *c, const struct operand *x, const struct type *type)
{
    return c->where && c->where->field && c->where->field->type == SCHEMA_DURATION &&
           type == c->types.duration && x->mode == MODE_CONST && kind_is_untyped(x->type->kind) &&
           (x->value.kind == CONSTANT_INT || x->value.kind == CONSTANT_FLOAT) &&
           constant_sign(x->value) != 0;
}

static void tell_bare_duration(struct check *c, struct operand *x)
{
    struct buf text CLEANUP(buf_done) = BUF(MEM_LANG, 100);
    if (constant_append(&text, &c->scratch, x->value) < 0)
        buf_append_cstr(&text, "N");
    struct config_fault *f = check_fault_at(
        c, CONFIG_FAULT_BARE_DURATION, check_node(c, x->node)->at,
        "%.*s has no unit: as a duration it is nanoseconds", SLICE_ARG(buf_slice(&text)));
    f->suggestion = arena_printf(c->arena, "%.*s * time.Second", SLICE_ARG(buf_slice(&text)));
    check_bad(c, x);
}

static void tell_mismatch(struct check *c, struct operand *x, struct type *type, const char *what)
{
    struct config_fault *f = check_fault_at(c, CONFIG_FAULT_TYPE_MISMATCH,
                                            check_node(c, x->node)->at, "cannot use %s as %s %s",
                                            check_describe(c, x), type_text(&c->types, type), what);
    struct type *under = check_under(c, type);
    if (under->kind == TYPE_POINTER && x->type == under->elem)
        f->suggestion = arena_printf(c->arena, "&%s{…}", type_text(&c->types, x->type));
    check_bad(c, x);
}

bool check_assign(struct check *c, struct operand *x, struct type *type, const char *what)
{
    if (x->mode == MODE_BAD)
        return false;
    if (type->kind == TYPE_BAD) {
        if (kind_is_untyped(x->type->kind) && x->type->kind != TYPE_UNTYPED_NIL)
            check_default(c, x);
        return false;
    }
    if (is_bare_duration(c, x, type)) {
        tell_bare_duration(c, x);
        return false;
    }
    if (!check_assignable(c, x, type)) {
        tell_mismatch(c, x, type, what);
        return false;
    }
    if (kind_is_untyped(x->type->kind) && !check_convert_untyped(c, x, type)) {
        tell_mismatch(c, x, type, what);
        return false;
    }
    if (x->mode == MODE_BAD)
        return false;
    if (check_under(c, type)->kind == TYPE_INTERFACE &&
        check_under(c, x->type)->kind != TYPE_INTERFACE) {
        check_wrap(c, x->node, RUN_BOX, type);
        x->mode = MODE_VALUE;
    }
    x->type = type;
    return true;
}

bool check_index(struct check *c, node_ref ref, int64_t length, int64_t *ret_value)
{
    struct operand x;
    bool whole;
    struct constant v;
    int64_t value;

    if (ret_value)
        *ret_value = -1;
    check_expr(c, ref, &x);
    if (x.mode == MODE_BAD)
        return false;
    source_place at = check_node(c, ref)->at;
    if (x.mode == MODE_CONST && kind_is_number(check_under(c, x.type)->kind)) {
        if (constant_to_int(c->arena, x.value, &whole, &v) < 0 || !whole ||
            (!kind_is_untyped(x.type->kind) && !kind_is_integer(check_under(c, x.type)->kind))) {
            check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, at, "%s must be a whole number",
                        check_describe(c, &x));
            return false;
        }
        if (!constant_to_i64(v, &value) || value < 0 || (length >= 0 && value >= length)) {
            check_fault(c, CONFIG_FAULT_OUT_OF_RANGE, at,
                        length >= 0 ? "%s is out of range: there are %lld elements"
                                    : "%s must be an int that is not negative",
                        check_describe(c, &x), (long long)length);
            return false;
        }
        if (ret_value)
            *ret_value = value;
        if (kind_is_untyped(x.type->kind)) {
            x.value = v;
            return check_convert_untyped(c, &x, c->types.basic[TYPE_INT]);
        }
        return true;
    }
    if (kind_is_untyped(x.type->kind))
        check_convert_untyped(c, &x, c->types.basic[TYPE_INT]);
    if (x.mode == MODE_BAD)
        return false;
    if (!kind_is_integer(check_under(c, x.type)->kind)) {
        check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, at, "%s must be a whole number",
                    check_describe(c, &x));
        return false;
    }
    return true;
}
