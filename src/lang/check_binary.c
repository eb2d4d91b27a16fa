/* Operators. */
#include "lang/checker.h"

static void kind_flags(struct node *n, int kind)
{
    n->flags = (uint16_t)((n->flags & ~RUN_KIND_MASK) | kind);
}

static uint16_t calls(struct check *c, node_ref a, node_ref b)
{
    return (check_node(c, a)->flags | check_node(c, b)->flags) & RUN_CALLS;
}

static void invalid(struct check *c, struct operand *x, source_place at, const char *why)
{
    check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, at, "invalid operation: %s", why);
    check_bad(c, x);
}

static enum constant_op constant_op_of(enum token_kind op, bool whole)
{
    switch (op) {
    case TOKEN_ADD:
        return CONSTANT_ADD;
    case TOKEN_SUB:
        return CONSTANT_SUB;
    case TOKEN_MUL:
        return CONSTANT_MUL;
    case TOKEN_QUO:
        return whole ? CONSTANT_QUO_INT : CONSTANT_QUO;
    case TOKEN_REM:
        return CONSTANT_REM;
    case TOKEN_AND:
        return CONSTANT_AND;
    case TOKEN_OR:
        return CONSTANT_OR;
    case TOKEN_XOR:
        return CONSTANT_XOR;
    case TOKEN_AND_NOT:
        return CONSTANT_AND_NOT;
    case TOKEN_LAND:
        return CONSTANT_LAND;
    case TOKEN_LOR:
        return CONSTANT_LOR;
    default:
        return (enum constant_op)(op - TOKEN_EQ + CONSTANT_EQ);
    }
}

/* A constant result must fit its type; an untyped one must not grow without end. */
static void settle_const(struct check *c, struct operand *x, source_place at)
{
    struct type *under = check_under(c, x->type);
    enum constant_fit fit;
    if (!kind_is_untyped(under->kind)) {
        if (constant_fit(c->arena, x->value, check_constant_type(under), &fit, &x->value) < 0 ||
            fit != CONSTANT_FITS) {
            check_fault(c, CONFIG_FAULT_CONSTANT_OVERFLOW, at, "%s overflows %s",
                        check_describe(c, x), type_text(&c->types, x->type));
            check_bad(c, x);
            return;
        }
        check_set_const(c, x);
    } else if (x->value.kind == CONSTANT_INT &&
               constant_bits(x->value) > c->package->limits->const_bits_max) {
        check_fault(c, CONFIG_FAULT_CONSTANT_OVERFLOW, at,
                    "the constant has more than const_bits_max (%u) bits",
                    c->package->limits->const_bits_max);
        check_bad(c, x);
    }
}

/* ---- shifts ---- */

static bool shift_count(struct check *c, struct operand *y)
{
    struct type *under = check_under(c, y->type);
    source_place at = check_node(c, y->node)->at;
    if (y->mode == MODE_CONST) {
        bool whole = false;
        struct constant v;
        if (kind_is_number(under->kind))
            constant_to_int(c->arena, y->value, &whole, &v);
        if (!whole) {
            check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, at,
                        "a shift count must be a whole number, not %s", check_describe(c, y));
            return false;
        }
        if (constant_sign(v) < 0) {
            check_fault(c, CONFIG_FAULT_OUT_OF_RANGE, at, "a shift count must not be negative");
            return false;
        }
        y->value = v;
        if (kind_is_untyped(y->type->kind))
            return check_convert_untyped(c, y, c->types.basic[TYPE_UINT]) && y->mode != MODE_BAD;
        return true;
    }
    if (kind_is_untyped(y->type->kind))
        check_convert_untyped(c, y, c->types.basic[TYPE_UINT]);
    if (y->mode == MODE_BAD)
        return false;
    if (kind_is_integer(check_under(c, y->type)->kind))
        return true;
    check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, at, "a shift count must be a whole number, not %s",
                check_describe(c, y));
    return false;
}

static void const_shift(struct check *c, node_ref ref, enum token_kind op, struct operand *x,
                        struct operand *y)
{
    uint64_t count;
    bool whole = false;
    struct constant v;
    source_place at = check_node(c, ref)->at;

    constant_to_int(c->arena, x->value, &whole, &v);
    if (!constant_to_u64(y->value, &count) || count > CONSTANT_SHIFT_MAX) {
        check_fault(c, CONFIG_FAULT_OUT_OF_RANGE, check_node(c, y->node)->at,
                    "invalid shift count %s", check_describe(c, y));
        check_bad(c, x);
        return;
    }
    if (kind_is_untyped(x->type->kind) && !kind_is_integer(x->type->kind))
        x->type = c->types.basic[TYPE_UNTYPED_INT];
    if (constant_shift(c->arena, v, op == TOKEN_SHL, count, &x->value) < 0) {
        check_fault(c, CONFIG_FAULT_CONSTANT_OVERFLOW, at, "constant shift overflow");
        check_bad(c, x);
        return;
    }
    x->node = ref;
    settle_const(c, x, at);
}

static void check_shift(struct check *c, node_ref ref, enum token_kind op, struct operand *x,
                        struct operand *y)
{
    struct node *n = check_node(c, ref);
    struct type *under = check_under(c, x->type);
    bool whole = kind_is_integer(under->kind);
    struct constant v;

    if (!whole && x->mode == MODE_CONST && kind_is_untyped(under->kind) &&
        kind_is_number(under->kind))
        constant_to_int(c->arena, x->value, &whole, &v);
    if (!whole) {
        x->node = ref;
        invalid(c, x, n->at,
                arena_printf(c->arena, "a shifted operand must be a whole number, not %s",
                             type_text(&c->types, x->type)));
        return;
    }
    if (!shift_count(c, y)) {
        x->node = ref;
        check_bad(c, x);
        return;
    }
    if (x->mode == MODE_CONST && y->mode == MODE_CONST) {
        const_shift(c, ref, op, x, y);
        return;
    }
    n->kind = RUN_SHIFT;
    n->op = (uint8_t)op;
    kind_flags(n, check_under(c, y->type)->kind);
    n->flags |= calls(c, n->a, n->b);
    n->type = x->type->number;
    /* An untyped constant that is shifted by a variable takes the type of what it is used as. */
    x->mode = MODE_VALUE;
    x->node = ref;
}

/* ---- matching ---- */

static int rank(int kind)
{
    return kind == TYPE_UNTYPED_INT ? 1 : kind == TYPE_UNTYPED_RUNE ? 2 : 3;
}

/* Both operands of one type. false: told or not, x is BAD. */
static bool match(struct check *c, struct operand *x, struct operand *y, source_place at)
{
    bool ux = kind_is_untyped(x->type->kind), uy = kind_is_untyped(y->type->kind);
    if (ux && uy) {
        int a = x->type->kind, b = y->type->kind;
        if (a == b)
            return true;
        if (kind_is_number(a) && kind_is_number(b)) {
            struct type *t = rank(a) > rank(b) ? x->type : y->type;
            x->type = y->type = t;
            return true;
        }
    } else if (ux != uy) {
        struct operand *untyped = ux ? x : y, *typed = ux ? y : x;
        if (check_assignable(c, untyped, typed->type) || untyped->type->kind == TYPE_UNTYPED_NIL) {
            struct type *t = typed->type;
            bool box = check_under(c, t)->kind == TYPE_INTERFACE;
            if (check_convert_untyped(c, untyped, t)) {
                if (untyped->mode == MODE_BAD) {
                    check_bad(c, x);
                    return false;
                }
                if (box && untyped->type != t && check_node(c, untyped->node)->kind != RUN_ZERO)
                    check_assign(c, untyped, t, "in comparison");
                return true;
            }
        }
    } else if (x->type == y->type) {
        return true;
    } else if (check_under(c, x->type)->kind == TYPE_INTERFACE && check_assignable(c, y, x->type) &&
               type_is_comparable(&c->types, y->type)) {
        return check_assign(c, y, x->type, "in comparison");
    } else if (check_under(c, y->type)->kind == TYPE_INTERFACE && check_assignable(c, x, y->type) &&
               type_is_comparable(&c->types, x->type)) {
        return check_assign(c, x, y->type, "in comparison");
    } else if (check_under(c, x->type)->kind != TYPE_INTERFACE &&
               check_under(c, y->type)->kind != TYPE_INTERFACE &&
               (check_assignable(c, x, y->type) || check_assignable(c, y, x->type))) {
        return true;
    }
    invalid(c, x, at,
            arena_printf(c->arena, "mismatched types %s and %s", type_text(&c->types, x->type),
                         type_text(&c->types, y->type)));
    return false;
}

/* ---- comparisons ---- */

static bool is_nil(const struct check *c, const struct operand *x)
{
    return tree_node(c->tree, x->node)->kind == RUN_ZERO;
}

/* NULL: the operator is defined on the type. */
static const char *why_not_compared(struct check *c, enum token_kind op, struct operand *x,
                                    struct operand *y, struct type *t)
{
    struct type *under = check_under(c, t);
    const char *text = type_text(&c->types, t);
    if (op != TOKEN_EQ && op != TOKEN_NE) {
        if (kind_is_number(under->kind) || kind_is_string(under->kind))
            return NULL;
        return arena_printf(c->arena, "operator %s is not defined on %s", token_text(op), text);
    }
    if (is_nil(c, x) || is_nil(c, y) || type_is_comparable(&c->types, t))
        return NULL;
    if (under->kind == TYPE_SLICE || under->kind == TYPE_MAP || under->kind == TYPE_FUNC)
        return arena_printf(c->arena, "%s can only be compared to nil", text);
    return arena_printf(c->arena, "%s cannot be compared", text);
}

static void check_comparison(struct check *c, node_ref ref, enum token_kind op, struct operand *x,
                             struct operand *y)
{
    struct node *n = check_node(c, ref);
    if (x->type->kind == TYPE_UNTYPED_NIL && y->type->kind == TYPE_UNTYPED_NIL) {
        x->node = ref;
        invalid(c, x, n->at, "nil cannot be compared with nil");
        return;
    }
    struct type *t = x->type;
    const char *why = why_not_compared(c, op, x, y, t);
    if (why) {
        x->node = ref;
        invalid(c, x, n->at, why);
        return;
    }
    if (x->mode == MODE_CONST && y->mode == MODE_CONST) {
        bool answer = false;
        constant_compare(c->arena, constant_op_of(op, false), x->value, y->value, &answer);
        x->value = constant_bool(answer);
        x->type = c->types.basic[TYPE_UNTYPED_BOOL];
        x->node = ref;
        return;
    }
    check_default(c, x);
    check_default(c, y);
    struct type *under = check_under(c, x->type);
    bool basic = kind_is_basic(under->kind);
    n->kind = basic ? RUN_COMPARE : RUN_COMPARE_DEEP;
    n->op = (uint8_t)op;
    kind_flags(n, under->kind);
    n->flags |= calls(c, n->a, n->b);
    if (!basic) /* nil takes the other's type, so that both say the same */
        check_node(c, n->b)->type = x->type->number;
    x->node = ref;
    x->mode = x->mode == MODE_BAD || y->mode == MODE_BAD ? MODE_BAD : MODE_VALUE;
    x->type = c->types.basic[TYPE_UNTYPED_BOOL];
    n->type = x->type->number;
    if (x->mode == MODE_BAD)
        check_bad(c, x);
}

/* ---- arithmetic ---- */

static bool is_defined(enum token_kind op, int kind)
{
    switch (op) {
    case TOKEN_ADD:
        return kind_is_number(kind) || kind_is_string(kind);
    case TOKEN_SUB:
    case TOKEN_MUL:
    case TOKEN_QUO:
        return kind_is_number(kind);
    case TOKEN_LAND:
    case TOKEN_LOR:
        return kind_is_bool(kind);
    default:
        return kind_is_integer(kind);
    }
}

static void const_binary(struct check *c, node_ref ref, enum token_kind op, struct operand *x,
                         const struct operand *y, source_place op_at)
{
    struct type *under = check_under(c, x->type);
    bool whole = kind_is_integer(under->kind);
    struct constant a = x->value, b = y->value;

    if (kind_is_float(under->kind)) {
        constant_to_float(c->arena, a, &a);
        constant_to_float(c->arena, b, &b);
    }
    int r = constant_binary(c->arena, constant_op_of(op, whole), a, b, &x->value);
    x->node = ref;
    if (r < 0) {
        check_fault(c, CONFIG_FAULT_CONSTANT_OVERFLOW, op_at, "constant %s overflow",
                    token_text(op));
        check_bad(c, x);
        return;
    }
    settle_const(c, x, check_node(c, ref)->at);
}

static bool zero_divisor(struct check *c, enum token_kind op, const struct operand *x,
                         const struct operand *y)
{
    if ((op != TOKEN_QUO && op != TOKEN_REM) || y->mode != MODE_CONST)
        return false;
    int kind = check_under(c, x->type)->kind;
    return (kind_is_integer(kind) || x->mode == MODE_CONST) && constant_sign(y->value) == 0;
}

void check_binary_operands(struct check *c, node_ref ref, enum token_kind op, source_place op_at,
                           struct operand *x, struct operand *y)
{
    struct node *n = check_node(c, ref);
    if (x->mode == MODE_BAD || y->mode == MODE_BAD || x->type->kind == TYPE_BAD ||
        y->type->kind == TYPE_BAD) {
        x->node = ref;
        check_bad(c, x);
        return;
    }
    if (token_is_shift(op)) {
        check_shift(c, ref, op, x, y);
        return;
    }
    if (!match(c, x, y, n->at)) {
        x->node = ref;
        check_bad(c, x);
        return;
    }
    if (token_is_comparison(op)) {
        check_comparison(c, ref, op, x, y);
        return;
    }
    struct type *under = check_under(c, x->type);
    if (!is_defined(op, under->kind) || x->type != y->type) {
        x->node = ref;
        invalid(c, x, n->at,
                x->type == y->type
                    ? arena_printf(c->arena, "operator %s is not defined on %s", token_text(op),
                                   type_text(&c->types, x->type))
                    : arena_printf(c->arena, "mismatched types %s and %s",
                                   type_text(&c->types, x->type), type_text(&c->types, y->type)));
        return;
    }
    if (zero_divisor(c, op, x, y)) {
        x->node = ref;
        check_fault(c, CONFIG_FAULT_OUT_OF_RANGE, check_node(c, y->node)->at, "division by zero");
        check_bad(c, x);
        return;
    }
    if (x->mode == MODE_CONST && y->mode == MODE_CONST) {
        const_binary(c, ref, op, x, y, op_at);
        return;
    }
    n->kind = op == TOKEN_LAND ? RUN_LAND : op == TOKEN_LOR ? RUN_LOR : RUN_ARITHMETIC;
    n->op = (uint8_t)op;
    kind_flags(n, under->kind);
    n->flags |= calls(c, n->a, n->b);
    n->type = x->type->number;
    x->mode = MODE_VALUE;
    x->node = ref;
}

void check_binary(struct check *c, node_ref ref, struct operand *x)
{
    const struct node *n = check_node(c, ref);
    struct operand y;
    source_place op_at = n->type;
    check_expr(c, n->a, x);
    check_expr(c, n->b, &y);
    check_binary_operands(c, ref, (enum token_kind)n->op, op_at, x, &y);
}

/* ---- one operand ---- */

static void const_unary(struct check *c, node_ref ref, enum token_kind op, struct operand *x)
{
    struct type *under = check_under(c, x->type);
    enum constant_op o = op == TOKEN_ADD   ? CONSTANT_PLUS
                         : op == TOKEN_SUB ? CONSTANT_MINUS
                         : op == TOKEN_NOT ? CONSTANT_NOT
                                           : CONSTANT_COMPLEMENT;
    unsigned bits = kind_is_unsigned(under->kind) ? kind_bits(under->kind) : 0;
    int r = constant_unary(c->arena, o, x->value, bits, &x->value);
    x->node = ref;
    if (r < 0) {
        check_fault(c, CONFIG_FAULT_CONSTANT_OVERFLOW, check_node(c, ref)->at,
                    "constant %s overflow", token_text(op));
        check_bad(c, x);
        return;
    }
    settle_const(c, x, check_node(c, ref)->at);
}

static void check_address(struct check *c, node_ref ref, struct operand *x)
{
    struct node *n = check_node(c, ref);
    node_ref inner = n->a;
    while (check_node(c, inner)->kind == NODE_PAREN)
        inner = check_node(c, inner)->a;
    bool literal = check_node(c, inner)->kind == NODE_COMPOSITE;

    check_expr(c, n->a, x);
    if (x->mode == MODE_BAD) {
        x->node = ref;
        check_bad(c, x);
        return;
    }
    if (!literal && x->mode != MODE_VARIABLE) {
        check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, n->at, "cannot take the address of %s",
                    check_describe(c, x));
        x->node = ref;
        check_bad(c, x);
        return;
    }
    if (!literal)
        check_pin(c, n->a);
    n->kind = literal ? RUN_NEW : RUN_ADDRESS;
    n->flags = check_node(c, n->a)->flags & RUN_CALLS;
    x->type = type_pointer(&c->types, x->type);
    x->mode = MODE_VALUE;
    x->node = ref;
    n->type = x->type->number;
}

void check_unary(struct check *c, node_ref ref, struct operand *x)
{
    struct node *n = check_node(c, ref);
    enum token_kind op = (enum token_kind)n->op;
    if (op == TOKEN_AND) {
        check_address(c, ref, x);
        return;
    }
    check_expr(c, n->a, x);
    if (x->mode == MODE_BAD || x->type->kind == TYPE_BAD) {
        x->node = ref;
        check_bad(c, x);
        return;
    }
    int kind = check_under(c, x->type)->kind;
    bool ok = op == TOKEN_NOT   ? kind_is_bool(kind)
              : op == TOKEN_XOR ? kind_is_integer(kind)
                                : kind_is_number(kind);
    if (!ok) {
        x->node = ref;
        invalid(c, x, n->at,
                arena_printf(c->arena, "operator %s is not defined on %s", token_text(op),
                             type_text(&c->types, x->type)));
        return;
    }
    if (x->mode == MODE_CONST) {
        const_unary(c, ref, op, x);
        return;
    }
    n->kind = op == TOKEN_ADD   ? NODE_PAREN
              : op == TOKEN_SUB ? RUN_NEGATE
              : op == TOKEN_NOT ? RUN_NOT
                                : RUN_COMPLEMENT;
    kind_flags(n, kind);
    n->flags |= check_node(c, n->a)->flags & RUN_CALLS;
    n->type = x->type->number;
    x->mode = MODE_VALUE;
    x->node = ref;
}
