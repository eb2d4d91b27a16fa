/* Calls and conversions. */
#include "lang/checker.h"
#include "lang/golib.h"
#include "lang/lib.h"

/* ---- arguments ---- */

/* f(g()), where g has several results: they are the arguments, each of the right type already. */
static void tuple_args(struct check *c, node_ref ref, const struct type *sig,
                       const struct type *tuple, source_place at, const char *name)
{
    uint32_t fixed = sig->field_count - (sig->is_variadic ? 1 : 0);
    if (tuple->field_count < fixed || (tuple->field_count > fixed && !sig->is_variadic)) {
        check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, at, "%s takes %u arguments, here are %u", name,
                    sig->field_count, tuple->field_count);
        check_node(c, ref)->kind = NODE_BAD;
        return;
    }
    for (uint32_t i = 0; i < tuple->field_count; i++) {
        struct type *want = i < fixed ? sig->fields[i].type : sig->fields[fixed].type->elem;
        struct operand x = {
            .mode = MODE_VALUE, .type = tuple->fields[i].type, .node = check_node(c, ref)->b};
        if (!check_assignable(c, &x, want)) {
            check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, at,
                        "result %u is of type %s, the argument of type %s", i + 1,
                        type_text(&c->types, x.type), type_text(&c->types, want));
            check_node(c, ref)->kind = NODE_BAD;
            return;
        }
    }
    check_node(c, ref)->flags |= RUN_TUPLE;
}

static void tell_count(struct check *c, source_place at, const char *name, const struct type *sig,
                       uint32_t count)
{
    bool few = count < sig->field_count;
    check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, at,
                "%s arguments in the call of %s: %u, wanted %s%u", few ? "not enough" : "too many",
                name, count, sig->is_variadic ? "at least " : "",
                sig->field_count - (sig->is_variadic ? 1 : 0));
}

void check_args(struct check *c, node_ref ref, const struct type *sig, source_place at,
                const char *name)
{
    struct node *n = check_node(c, ref);
    node_ref arg = n->b;
    uint32_t count = tree_length(c->tree, arg), i = 0;
    uint32_t fixed = sig->field_count - (sig->is_variadic ? 1 : 0);
    bool spread = n->op == 1;
    struct operand x;
    struct place_in_schema *where = c->where;

    c->where = NULL;
    n->op = 0;
    if (count == 1 && !spread && (fixed != 1 || sig->is_variadic)) {
        check_expr_or_call(c, arg, &x);
        if (x.mode != MODE_BAD && x.type && x.type->kind == TYPE_TUPLE && x.mode != MODE_NONE) {
            tuple_args(c, ref, sig, x.type, at, name);
            c->where = where;
            return;
        }
        if (x.mode == MODE_NONE) {
            check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, check_node(c, arg)->at,
                        "the call has no result, which is used as a value");
            check_bad(c, &x);
        }
        i = UINT32_MAX; /* the first one is in x */
    }
    if (spread && !sig->is_variadic)
        check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, at, "%s takes no '...'", name);
    uint32_t index = 0;
    bool tell = count < fixed || (count > fixed && !sig->is_variadic) ||
                (spread && count != sig->field_count);
    for (; arg; arg = check_node(c, arg)->next, index++) {
        if (i != UINT32_MAX || index > 0)
            check_expr(c, arg, &x);
        if (tell)
            continue;
        bool rest = sig->is_variadic && index >= fixed;
        struct type *want = !rest    ? sig->fields[index].type
                            : spread ? sig->fields[fixed].type
                                     : sig->fields[fixed].type->elem;
        check_assign(c, &x, want, arena_printf(c->arena, "in the call of %s", name));
    }
    c->where = where;
    n = check_node(c, ref);
    if (spread)
        n->flags |= RUN_SPREAD;
    if (tell) {
        tell_count(c, at, name, sig, count);
        n->kind = NODE_BAD;
    }
}

/* ---- conversions ---- */

static bool convertible_kind(struct check *c, struct type *from, struct type *to,
                             enum run_convert *ret)
{
    int f = from->kind, t = to->kind;
    *ret = CONVERT_NONE;
    if (kind_is_integer(f) && kind_is_integer(t))
        *ret = CONVERT_INT;
    else if (kind_is_integer(f) && kind_is_float(t))
        *ret = kind_is_unsigned(f) ? CONVERT_UINT_TO_FLOAT : CONVERT_INT_TO_FLOAT;
    else if (kind_is_float(f) && kind_is_integer(t))
        *ret = CONVERT_FLOAT_TO_INT;
    else if (kind_is_float(f) && kind_is_float(t))
        *ret = CONVERT_FLOAT;
    else if (kind_is_string(t) && kind_is_integer(f))
        *ret = CONVERT_INT_TO_STRING;
    else if (kind_is_string(t) && f == TYPE_SLICE) {
        int e = check_under(c, from->elem)->kind;
        *ret = e == TYPE_UINT8 ? CONVERT_BYTES_TO_STRING : CONVERT_RUNES_TO_STRING;
        return e == TYPE_UINT8 || e == TYPE_INT32;
    } else if (kind_is_string(f) && t == TYPE_SLICE) {
        int e = check_under(c, to->elem)->kind;
        *ret = e == TYPE_UINT8 ? CONVERT_STRING_TO_BYTES : CONVERT_STRING_TO_RUNES;
        return e == TYPE_UINT8 || e == TYPE_INT32;
    } else if (f == TYPE_SLICE && t == TYPE_ARRAY && from->elem == to->elem)
        *ret = CONVERT_SLICE_TO_ARRAY;
    else if (f == TYPE_SLICE && t == TYPE_POINTER && check_under(c, to->elem)->kind == TYPE_ARRAY &&
             check_under(c, to->elem)->elem == from->elem)
        *ret = CONVERT_SLICE_TO_ARRAY_POINTER;
    else
        return false;
    return true;
}

/* Identical but for tags. */
static bool same_struct(const struct type *a, const struct type *b)
{
    if (a->kind != TYPE_STRUCT || b->kind != TYPE_STRUCT || a->field_count != b->field_count)
        return false;
    for (uint32_t i = 0; i < a->field_count; i++)
        if (a->fields[i].name != b->fields[i].name || a->fields[i].type != b->fields[i].type ||
            a->fields[i].is_embedded != b->fields[i].is_embedded)
            return false;
    return true;
}

static bool convert_const(struct check *c, node_ref ref, struct type *type, struct operand *x)
{
    struct type *to = check_under(c, type), *from = check_under(c, x->type);
    enum constant_fit fit;
    struct constant v;
    if (!kind_is_basic(to->kind))
        return false;
    if (to->kind == TYPE_STRING && kind_is_integer(from->kind)) {
        constant_rune_string(c->arena, x->value, &x->value);
    } else if (constant_fit(c->arena, x->value, check_constant_type(to), &fit, &v) < 0 ||
               fit == CONSTANT_MISMATCH) {
        return false;
    } else if (fit != CONSTANT_FITS) {
        if (fit == CONSTANT_TRUNCATED)
            check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, check_node(c, ref)->at,
                        "cannot convert %s to %s: it is not whole", check_describe(c, x),
                        type_text(&c->types, type));
        else
            check_fault(c, CONFIG_FAULT_CONSTANT_OVERFLOW, check_node(c, ref)->at,
                        "cannot convert %s to %s: it overflows", check_describe(c, x),
                        type_text(&c->types, type));
        x->node = ref;
        check_bad(c, x);
        return true;
    } else {
        x->value = v;
    }
    x->type = type;
    x->node = ref;
    check_set_const(c, x);
    return true;
}

static void no_conversion(struct check *c, node_ref ref, struct type *type, struct operand *x)
{
    check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, check_node(c, ref)->at, "cannot convert %s to %s",
                check_describe(c, x), type_text(&c->types, type));
    x->node = ref;
    check_bad(c, x);
}

void check_conversion(struct check *c, node_ref ref, struct type *type, struct operand *x)
{
    struct node *n = check_node(c, ref);
    node_ref arg = n->b;
    x->node = ref;
    if (!arg || check_node(c, arg)->next || n->op == 1) {
        check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, n->at, "a conversion takes one value");
        check_bad(c, x);
        return;
    }
    check_expr(c, arg, x);
    if (x->mode == MODE_BAD || type->kind == TYPE_BAD) {
        x->node = ref;
        check_bad(c, x);
        return;
    }
    if (x->mode == MODE_CONST && convert_const(c, ref, type, x))
        return;
    struct type *to = check_under(c, type);
    enum run_convert how = CONVERT_NONE;
    if (x->mode != MODE_CONST && kind_is_untyped(x->type->kind) && kind_is_number(x->type->kind) &&
        !kind_is_number(to->kind) && to->kind != TYPE_INTERFACE) {
        no_conversion(c, ref, type, x); /* 1 << n would be of that type */
        return;
    }
    if (kind_is_untyped(x->type->kind) && x->type->kind != TYPE_UNTYPED_NIL &&
        !kind_is_basic(to->kind)) {
        check_default(c, x);
    } else if (kind_is_untyped(x->type->kind) && !check_assignable(c, x, type)) {
        check_default(c, x);
    }
    if (x->mode == MODE_BAD)
        return;
    struct type *from = check_under(c, x->type);
    if (check_assignable(c, x, type)) {
        if (!check_assign(c, x, type, "in conversion")) {
            x->node = ref;
            check_bad(c, x);
            return;
        }
    } else if (from == to || same_struct(from, to) ||
               (x->type->kind == TYPE_POINTER && type->kind == TYPE_POINTER &&
                (check_under(c, from->elem) == check_under(c, to->elem) ||
                 same_struct(check_under(c, from->elem), check_under(c, to->elem))))) {
        how = CONVERT_NONE;
    } else if (!convertible_kind(c, from, to, &how)) {
        no_conversion(c, ref, type, x);
        return;
    }
    n = check_node(c, ref);
    uint16_t calls = check_node(c, arg)->flags & RUN_CALLS;
    n->kind = RUN_CONVERT;
    n->a = arg;
    n->b = 0;
    n->op = 0;
    n->flags = (uint16_t)(how | calls);
    n->type = type->number;
    x->node = ref;
    x->type = type;
    x->mode = MODE_VALUE;
}

/* ---- calls ---- */

static void set_result(struct check *c, node_ref ref, struct type *results, struct operand *x)
{
    struct node *n = check_node(c, ref);
    x->node = ref;
    if (n->kind == NODE_BAD) {
        check_bad(c, x);
        return;
    }
    n->flags |= RUN_CALLS;
    x->mode = results->field_count ? MODE_VALUE : MODE_NONE;
    x->type = results->field_count == 1 ? results->fields[0].type : results;
    n->type = x->type->number;
    if (x->type->kind == TYPE_BAD)
        check_bad(c, x);
}

/* What is called, for messages. */
static const char *callee_name(struct check *c, node_ref fun)
{
    struct slice text = tree_text(c->tree, check_node(c, fun)->at);
    size_t n = 0;
    while (n < text.size && n < 60 && text.data[n] != '(' && text.data[n] != '\n' &&
           text.data[n] != ' ' && text.data[n] != '{')
        n++;
    return arena_strdup(c->arena, slice_sub(text, 0, n));
}

static void call_value(struct check *c, node_ref ref, struct operand *x)
{
    struct node *n = check_node(c, ref), *fun = check_node(c, n->a);
    const struct type *sig = check_under(c, x->type);
    source_place at = n->at;
    struct operand keep = *x;

    const char *name = callee_name(c, n->a);
    check_args(c, ref, sig, at, name);
    n = check_node(c, ref);
    *x = keep;
    if (n->kind != NODE_BAD) {
        fun = check_node(c, n->a);
        if (fun->kind == RUN_FUNC || fun->kind == RUN_LIB_FUNC) {
            n->kind = fun->kind == RUN_FUNC ? RUN_CALL : RUN_CALL_LIB;
            n->a = fun->a;
        } else if (fun->kind == RUN_BOUND && !(n->flags & RUN_TUPLE)) {
            /* The receiver is simply the first argument. */
            node_ref receiver = fun->a;
            check_node(c, receiver)->next = n->b;
            n->kind = fun->op ? RUN_CALL_LIB : RUN_CALL;
            n->b = receiver;
            n->a = fun->b;
        } else {
            n->kind = RUN_CALL_VALUE;
        }
    }
    set_result(c, ref, sig->elem, x);
}

void check_call(struct check *c, node_ref ref, struct operand *x)
{
    struct node *n = check_node(c, ref);
    check_any(c, n->a, x);
    n = check_node(c, ref);
    switch (x->mode) {
    case MODE_TYPE:
        check_conversion(c, ref, x->type, x);
        return;
    case MODE_BUILTIN:
        check_builtin(c, ref, (enum builtin)x->builtin, x);
        return;
    case MODE_LIBRARY:
        check_library_call(c, ref, x->library, x);
        return;
    default:
        break;
    }
    if (x->mode == MODE_BAD || x->type->kind == TYPE_BAD || x->mode == MODE_NONE ||
        check_under(c, x->type)->kind != TYPE_FUNC) {
        bool told = x->mode == MODE_BAD || (x->type && x->type->kind == TYPE_BAD);
        if (!told)
            check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, n->at, "cannot call %s: it is no function",
                        x->mode == MODE_NONE ? "it" : check_describe(c, x));
        for (node_ref a = n->b; a; a = check_node(c, a)->next) {
            struct operand arg;
            check_expr_or_call(c, a, &arg);
        }
        x->node = ref;
        check_bad(c, x);
        return;
    }
    call_value(c, ref, x);
}
