/* Assignments, and values for several names at once. */
#include "lang/checker.h"

static bool is_blank(struct check *c, node_ref ref)
{
    while (check_node(c, ref)->kind == NODE_PAREN)
        ref = check_node(c, ref)->a;
    const struct node *n = check_node(c, ref);
    return n->kind == NODE_NAME && slice_eq(name_text(c->names, n->a), SLICE("_"));
}

static void one_value(struct check *c, node_ref value, struct type **type, const char *what)
{
    struct operand x;
    check_expr(c, value, &x);
    if (*type)
        check_assign(c, &x, *type, what);
    else
        check_default(c, &x);
    if (!*type)
        *type = x.mode == MODE_BAD ? c->types.basic[TYPE_BAD] : x.type;
}

static void all_bad(struct check *c, struct type **types, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!types[i])
            types[i] = c->types.basic[TYPE_BAD];
}

/* One of several results goes where `want` is asked for. */
static void take_result(struct check *c, node_ref value, struct type *from, struct type **want,
                        const char *what)
{
    struct operand x = {.mode = MODE_VALUE, .type = from, .node = value};
    if (!*want) {
        *want = from;
        return;
    }
    if (!check_assignable(c, &x, *want)) {
        check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, check_node(c, value)->at,
                    "cannot use a value of type %s as %s %s", type_text(&c->types, from),
                    type_text(&c->types, *want), what);
        check_node(c, value)->kind = NODE_BAD;
    }
}

static void comma_ok(struct check *c, node_ref value, struct operand *x, struct type **types,
                     const char *what)
{
    struct type *was = x->type;
    check_node(c, value)->flags |= RUN_OK;
    take_result(c, value, was, &types[0], what);
    struct operand ok = {
        .mode = MODE_VALUE, .type = c->types.basic[TYPE_UNTYPED_BOOL], .node = value};
    if (!types[1])
        types[1] = c->types.basic[TYPE_BOOL];
    else if (!check_assignable(c, &ok, types[1]))
        check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, check_node(c, value)->at,
                    "the second value is a bool, not %s", type_text(&c->types, types[1]));
}

void check_values(struct check *c, node_ref values, struct type **types, uint32_t count,
                  source_place at, const char *what)
{
    uint32_t have = tree_length(c->tree, values), i = 0;
    struct operand x;
    if (have == count) {
        for (node_ref v = values; v; v = check_node(c, v)->next, i++)
            one_value(c, v, &types[i], what);
        return;
    }
    if (have == 1) {
        check_expr_or_call(c, values, &x);
        if (x.mode == MODE_BAD || x.type->kind == TYPE_BAD) {
            all_bad(c, types, count);
            return;
        }
        if (count == 2 && x.may_ok) {
            comma_ok(c, values, &x, types, what);
            return;
        }
        if (x.mode != MODE_NONE && x.type->kind == TYPE_TUPLE && x.type->field_count == count) {
            for (i = 0; i < count; i++)
                take_result(c, values, x.type->fields[i].type, &types[i], what);
            return;
        }
        have = x.mode == MODE_NONE ? 0 : x.type->kind == TYPE_TUPLE ? x.type->field_count : 1;
        check_bad(c, &x);
    } else {
        for (node_ref v = values; v; v = check_node(c, v)->next)
            check_expr(c, v, &x);
    }
    check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, at, "%u variable%s but %u value%s %s", count,
                count == 1 ? "" : "s", have, have == 1 ? "" : "s", what);
    if (values)
        check_node(c, values)->kind = NODE_BAD;
    all_bad(c, types, count);
}

/* ---- := ---- */

static void check_define(struct check *c, node_ref ref)
{
    struct node *n = check_node(c, ref);
    uint32_t count = tree_length(c->tree, n->a), i = 0, news = 0;
    bool faulty = false;
    struct type **types = arena_alloc_array(c->arena, count + 1, sizeof(struct type *));
    struct symbol **old = arena_alloc_array(c->arena, count + 1, sizeof(struct symbol *));

    for (node_ref l = n->a; l; l = check_node(c, l)->next, i++) {
        const struct node *name = check_node(c, l);
        if (name->kind != NODE_NAME) {
            news++; /* told by the parser */
            faulty = true;
            continue;
        }
        for (node_ref before = n->a; before != l; before = check_node(c, before)->next)
            if (check_node(c, before)->kind == NODE_NAME && check_node(c, before)->a == name->a &&
                !is_blank(c, l))
                check_fault(c, CONFIG_FAULT_DUPLICATE_NAME, name->at,
                            "%s stands twice at the left of :=", check_name(c, name->a));
        struct symbol *s = check_lookup(c, name->a);
        if (s && s->level == c->level && s->kind == SYMBOL_VAR && !is_blank(c, l)) {
            old[i] = s;
            types[i] = s->type;
        } else if (!is_blank(c, l)) {
            news++;
        }
    }
    if (!news)
        check_fault(c, CONFIG_FAULT_SYNTAX, n->type, "no new variables at the left of :=");
    check_values(c, n->b, types, count, n->at, "in assignment");
    i = 0;
    for (node_ref l = check_node(c, ref)->a; l; l = check_node(c, l)->next, i++) {
        struct node *name = check_node(c, l);
        if (name->kind != NODE_NAME)
            continue;
        if (old[i]) {
            check_use_variable(c, old[i], name);
            continue;
        }
        if (is_blank(c, l)) {
            name->kind = RUN_BLANK;
            name->type = types[i]->number;
            continue;
        }
        struct symbol *s = check_local(c, name->a, name->at, types[i]);
        check_declare(c, s);
        name->kind = RUN_LOCAL;
        name->a = s->slot;
        name->b = s->number;
        name->type = s->type->number;
        name->flags = RUN_NEW_VAR;
    }
    check_node(c, ref)->op = TOKEN_DEFINE;
    if (faulty) /* there is no place for the value */
        check_node(c, ref)->kind = NODE_BAD;
}

/* ---- = ---- */

/* Where a value goes. A variable that is only written was not used. */
void check_lvalue(struct check *c, node_ref ref, struct operand *x)
{
    struct node *n = check_node(c, ref);
    if (is_blank(c, ref)) {
        n->kind = RUN_BLANK;
        *x = (struct operand){.mode = MODE_VARIABLE, .node = ref};
        return;
    }
    node_ref inner = ref;
    while (check_node(c, inner)->kind == NODE_PAREN)
        inner = check_node(c, inner)->a;
    const struct node *in = check_node(c, inner);
    struct symbol *s = in->kind == NODE_NAME ? check_lookup(c, in->a) : NULL;
    bool used = s && s->is_used;
    check_expr(c, ref, x);
    if (s && s->kind == SYMBOL_VAR && !s->is_global)
        s->is_used = used;
    if (x->mode == MODE_BAD || x->mode == MODE_VARIABLE || x->mode == MODE_MAP_INDEX)
        return;
    const char *what = "cannot assign to %s";
    n = check_node(c, ref);
    if (n->kind == RUN_FIELD && check_node(c, n->a)->kind == RUN_INDEX_MAP)
        what = "cannot assign to a field of a struct in a map: %s";
    check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, n->at, what, check_describe(c, x));
    check_bad(c, x);
}

/* The schema's field at the left side: `check.Every = 30` is a bare duration, too. */
static const struct schema_field *schema_of(struct check *c, node_ref ref)
{
    const struct node *n = check_node(c, ref);
    if (n->kind != RUN_FIELD && n->kind != RUN_FIELD_OF)
        return NULL;
    struct type *base = type_under(&c->types, c->types.items[check_node(c, n->a)->type]);
    if (base->kind == TYPE_POINTER)
        base = type_under(&c->types, base->elem);
    return base->kind == TYPE_STRUCT && n->b < base->field_count ? base->fields[n->b].schema : NULL;
}

/* x = append(x, …) of a local variable. */
static void mark_self_append(struct check *c, const struct node *n)
{
    const struct node *left = check_node(c, n->a);
    struct node *right = check_node(c, n->b);
    if (left->kind != RUN_LOCAL || right->kind != RUN_CALL_BUILTIN || right->op != BUILTIN_APPEND ||
        !right->b)
        return;
    const struct node *first = check_node(c, right->b);
    if (first->kind != RUN_LOCAL || first->b != left->b)
        return;
    right->flags |= RUN_IN_PLACE;
    check_plain_use(c, n->a);
    check_plain_use(c, right->b);
}

static void check_plain(struct check *c, node_ref ref)
{
    struct node *n = check_node(c, ref);
    uint32_t count = tree_length(c->tree, n->a), i = 0;
    struct type **types = arena_alloc_array(c->arena, count + 1, sizeof(struct type *));
    const struct schema_field *field = NULL;

    for (node_ref l = n->a; l; l = check_node(c, l)->next, i++) {
        struct operand x;
        check_lvalue(c, l, &x);
        types[i] = x.mode == MODE_BAD ? c->types.basic[TYPE_BAD] : x.type;
        field = count == 1 && x.mode != MODE_BAD ? schema_of(c, l) : NULL;
    }
    struct place_in_schema at = {.outer = c->where, .field = field, .index = -1};
    if (field)
        c->where = &at;
    check_values(c, n->b, types, count, n->at, "in assignment");
    c->where = at.outer;
    if (count == 1)
        mark_self_append(c, check_node(c, ref));
    i = 0;
    for (node_ref l = check_node(c, ref)->a; l; l = check_node(c, l)->next, i++)
        if (check_node(c, l)->kind == RUN_BLANK)
            check_node(c, l)->type = types[i] ? types[i]->number : 0;
}

/* x op= y is x = x op y, with x looked up once. The node's right side is an arithmetic node whose
 * left operand is x. */
static void check_op_assign(struct check *c, node_ref ref, enum token_kind op, node_ref right)
{
    struct node *n = check_node(c, ref);
    struct operand x, y, target;
    check_expr(c, n->a, &x);
    check_expr(c, right, &y);
    target = x;
    if (x.mode != MODE_BAD && x.mode != MODE_VARIABLE && x.mode != MODE_MAP_INDEX) {
        check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, n->at, "cannot assign to %s",
                    check_describe(c, &x));
        x.mode = MODE_BAD;
    }
    if (x.mode == MODE_BAD || y.mode == MODE_BAD) {
        n->kind = NODE_BAD;
        return;
    }
    /* The operands' row: the node that computes has the target as its left operand. */
    node_ref sum = tree_add(c->tree, NODE_BINARY, n->at);
    struct node *s = check_node(c, sum);
    s->op = (uint8_t)op;
    s->a = n->a;
    s->b = right;
    s->type = n->type;
    check_binary_operands(c, sum, op, n->type, &x, &y);
    if (x.mode == MODE_BAD || !check_assign(c, &x, target.type, "in assignment")) {
        check_node(c, ref)->kind = NODE_BAD;
        return;
    }
    n = check_node(c, ref);
    n->kind = NODE_ASSIGN;
    n->op = TOKEN_ADD_ASSIGN; /* any op=: which one, the inner node knows */
    n->b = sum;
}

static void check_step(struct check *c, node_ref ref)
{
    struct node *n = check_node(c, ref);
    node_ref one = tree_add(c->tree, (enum node_kind)RUN_CONST, n->at);
    struct operand x, y = {.mode = MODE_CONST, .node = one, .value = constant_i64(1)};
    check_expr(c, n->a, &x);
    if (x.mode == MODE_BAD) {
        n->kind = NODE_BAD;
        return;
    }
    if (!kind_is_number(check_under(c, x.type)->kind)) {
        check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, n->at, "%s is no number", check_describe(c, &x));
        n->kind = NODE_BAD;
        return;
    }
    if (x.mode != MODE_VARIABLE && x.mode != MODE_MAP_INDEX) {
        check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, n->at, "cannot assign to %s",
                    check_describe(c, &x));
        n->kind = NODE_BAD;
        return;
    }
    struct type *under = check_under(c, x.type);
    struct constant v = y.value;
    enum constant_fit fit;
    constant_fit(c->arena, y.value, check_constant_type(under), &fit, &v);
    y.value = v;
    y.type = x.type;
    check_set_const(c, &y);
    node_ref sum = tree_add(c->tree, (enum node_kind)RUN_ARITHMETIC, n->at);
    struct node *s = check_node(c, sum);
    s->op = n->op == TOKEN_INC ? TOKEN_ADD : TOKEN_SUB;
    s->a = n->a;
    s->b = one;
    s->flags = (uint16_t)(under->kind | (check_node(c, n->a)->flags & RUN_CALLS));
    s->type = x.type->number;
    n->kind = NODE_ASSIGN;
    n->op = TOKEN_ADD_ASSIGN;
    n->b = sum;
}

void check_assign_stmt(struct check *c, node_ref ref)
{
    struct node *n = check_node(c, ref);
    if (n->kind == NODE_INC_DEC)
        check_step(c, ref);
    else if (n->op == TOKEN_DEFINE)
        check_define(c, ref);
    else if (n->op == TOKEN_ASSIGN)
        check_plain(c, ref);
    else
        check_op_assign(c, ref, token_of_assign((enum token_kind)n->op), n->b);
}
