/* Switches, and whether a function can run off its end. */
#include "lang/checker.h"
#include "lang/map_keys.h"

/* A fallthrough that may stand there is marked, so that all others are faults. */
static void mark_fallthrough(struct check *c, node_ref clause)
{
    node_ref last = 0;
    if (!check_node(c, clause)->next)
        return;
    for (node_ref s = check_node(c, clause)->b; s; s = check_node(c, s)->next)
        if (check_node(c, s)->kind != NODE_EMPTY)
            last = s;
    while (last && check_node(c, last)->kind == NODE_LABELED)
        last = check_node(c, last)->b;
    if (last && check_node(c, last)->kind == NODE_BRANCH &&
        check_node(c, last)->op == TOKEN_FALLTHROUGH)
        check_node(c, last)->flags = 1;
}

static void one_default(struct check *c, node_ref clauses)
{
    bool seen = false;
    for (node_ref k = clauses; k; k = check_node(c, k)->next) {
        if (!check_node(c, k)->op)
            continue;
        if (seen)
            check_fault(c, CONFIG_FAULT_DUPLICATE_NAME, check_node(c, k)->at,
                        "more than one default in a switch");
        seen = true;
    }
}

/* One expression of a case becomes the comparison with the tag, whose value the evaluator puts
 * into the slot of a variable of its own. */
static void case_expr(struct check *c, node_ref ref, struct symbol *tag, struct key_set *seen)
{
    struct operand x, y;
    node_ref value = tree_add(c->tree, NODE_NONE, 0), left = tree_add(c->tree, NODE_NAME, 0);
    struct node *n = check_node(c, ref);
    node_ref next = n->next;
    *check_node(c, value) = *n;
    check_node(c, value)->next = 0;
    check_node(c, left)->at = n->at;
    *n = (struct node){.kind = NODE_BINARY,
                       .op = TOKEN_EQ,
                       .at = n->at,
                       .a = left,
                       .b = value,
                       .next = next,
                       .type = n->at};
    check_use_variable(c, tag, check_node(c, left));
    x = (struct operand){.mode = MODE_VARIABLE, .type = tag->type, .node = left};
    check_expr(c, value, &y);
    if (y.mode == MODE_CONST) {
        struct operand probe = y;
        uint32_t own = type_default(&c->types, y.type)->number;
        bool ok = check_assignable(c, &probe, tag->type);
        enum constant_fit fit = CONSTANT_MISMATCH;
        struct constant v = y.value;
        struct type *under = check_under(c, tag->type);
        if (ok && kind_is_basic(under->kind))
            constant_fit(c->arena, y.value, check_constant_type(under), &fit, &v);
        if (ok && (fit == CONSTANT_FITS || under->kind == TYPE_INTERFACE) &&
            under->kind != TYPE_BOOL &&
            !key_set_add(seen, &v, under->kind == TYPE_INTERFACE ? own : 0))
            check_fault(c, CONFIG_FAULT_DUPLICATE_NAME, n->at, "duplicate case in a switch");
    }
    check_binary_operands(c, ref, TOKEN_EQ, n->at, &x, &y);
    check_default(c, &x);
}

/* Without a tag each expression is a condition. */
static void case_condition(struct check *c, node_ref ref)
{
    struct operand x;
    check_expr(c, ref, &x);
    if (x.mode == MODE_BAD)
        return;
    if (!kind_is_bool(check_under(c, x.type)->kind)) {
        check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, check_node(c, ref)->at,
                    "a case must be a bool here, not %s", check_describe(c, &x));
        check_bad(c, &x);
        return;
    }
    check_default(c, &x);
}

void check_switch(struct check *c, node_ref ref)
{
    struct symbol *saved, *inner, *tag = NULL;
    struct key_set seen = {.arena = c->arena};
    struct operand x;
    node_ref init = check_node(c, ref)->a, value = check_node(c, init)->next;

    check_open(c, &saved);
    check_stmt(c, init);
    if (check_node(c, value)->kind != NODE_NONE) {
        check_expr(c, value, &x);
        check_default(c, &x);
        if (x.mode != MODE_BAD && !type_is_comparable(&c->types, x.type) &&
            check_under(c, x.type)->kind != TYPE_FUNC &&
            check_under(c, x.type)->kind != TYPE_SLICE && check_under(c, x.type)->kind != TYPE_MAP)
            check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, check_node(c, value)->at,
                        "cannot switch on %s", check_describe(c, &x));
        tag = check_local(c, 0, check_node(c, value)->at,
                          x.mode == MODE_BAD ? c->types.basic[TYPE_BAD] : x.type);
        check_node(c, ref)->flags = 1;
        check_node(c, ref)->type = tag->slot;
    }
    one_default(c, check_node(c, ref)->b);
    for (node_ref k = check_node(c, ref)->b; k; k = check_node(c, k)->next) {
        mark_fallthrough(c, k);
        for (node_ref e = check_node(c, k)->a; e; e = check_node(c, e)->next) {
            if (tag && tag->type->kind == TYPE_BAD)
                check_expr(c, e, &x), check_bad(c, &x);
            else if (tag)
                case_expr(c, e, tag, &seen);
            else
                case_condition(c, e);
        }
        check_open(c, &inner);
        check_stmts(c, check_node(c, k)->b);
        check_close(c, inner);
    }
    check_close(c, saved);
}

/* ---- type switches ---- */

/* Whether an earlier case of the switch has the type of `e`. */
static bool is_duplicate_type(struct check *c, node_ref first, node_ref e)
{
    const struct node *n = check_node(c, e);
    for (node_ref k = first; k; k = check_node(c, k)->next)
        for (node_ref b = check_node(c, k)->a; b; b = check_node(c, b)->next) {
            if (b == e)
                return false;
            if (check_node(c, b)->kind == n->kind && check_node(c, b)->type == n->type)
                return true;
        }
    return false;
}

/* The types of a case, as numbers in the nodes: 0 is nil. */
static struct type *case_types(struct check *c, node_ref first, node_ref list, struct type *from)
{
    struct type *only = NULL;
    uint32_t count = 0;
    for (node_ref e = list; e; e = check_node(c, e)->next, count++) {
        struct node *n = check_node(c, e);
        struct symbol *s = n->kind == NODE_NAME ? check_lookup(c, n->a) : NULL;
        if (s && s->kind == SYMBOL_NIL) {
            n->type = 0;
            n->kind = RUN_ZERO;
            only = from;
            if (is_duplicate_type(c, first, e))
                check_fault(c, CONFIG_FAULT_DUPLICATE_NAME, n->at,
                            "duplicate case in a type switch");
            continue;
        }
        struct type *t = check_type(c, e);
        struct operand probe = {.mode = MODE_VALUE, .type = t, .node = e};
        if (t->kind != TYPE_BAD && from == c->types.error && t != c->types.any &&
            !check_assignable(c, &probe, from))
            check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, n->at, "impossible case: %s is no error",
                        type_text(&c->types, t));
        n = check_node(c, e);
        n->kind = RUN_ASSERT;
        n->type = t->number;
        if (t->kind != TYPE_BAD && is_duplicate_type(c, first, e))
            check_fault(c, CONFIG_FAULT_DUPLICATE_NAME, n->at, "duplicate case in a type switch");
        only = t;
    }
    return count == 1 ? only : from;
}

void check_type_switch(struct check *c, node_ref ref)
{
    struct symbol *saved, *inner;
    struct operand x;
    node_ref init = check_node(c, ref)->a, name = check_node(c, init)->next;
    node_ref assert = check_node(c, name)->next;
    bool used = false, binds = check_node(c, name)->kind == NODE_NAME;

    check_open(c, &saved);
    check_stmt(c, init);
    check_expr(c, check_node(c, assert)->a, &x);
    if (x.mode != MODE_BAD && check_under(c, x.type)->kind != TYPE_INTERFACE) {
        check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, check_node(c, assert)->at, "%s is no interface",
                    check_describe(c, &x));
        check_bad(c, &x);
    }
    struct type *from = x.mode == MODE_BAD ? c->types.basic[TYPE_BAD] : x.type;
    one_default(c, check_node(c, ref)->b);
    for (node_ref k = check_node(c, ref)->b; k; k = check_node(c, k)->next) {
        struct type *t = case_types(c, check_node(c, ref)->b, check_node(c, k)->a, from);
        check_open(c, &inner);
        if (binds) {
            struct symbol *s = check_local(c, check_node(c, name)->a, check_node(c, name)->at, t);
            check_declare(c, s);
            check_stmts(c, check_node(c, k)->b);
            used = used || s->is_used;
            s->is_used = true;
            /* The evaluator fills it: the slot is one more than the node says, 0 is none. */
            check_node(c, k)->type = s->number + 1;
            check_node(c, k)->flags = t == from;
        } else {
            check_stmts(c, check_node(c, k)->b);
        }
        check_close(c, inner);
    }
    if (binds && !used && !c->has_syntax_faults)
        check_fault(c, CONFIG_FAULT_SYNTAX, check_node(c, name)->at, "%s is declared and not used",
                    check_name(c, check_node(c, name)->a));
    check_close(c, saved);
}

/* ---- the end of a function ---- */

static bool has_break(struct check *c, node_ref ref, node_ref of, bool direct);

static bool list_has_break(struct check *c, node_ref list, node_ref of, bool direct)
{
    for (; list; list = check_node(c, list)->next)
        if (has_break(c, list, of, direct))
            return true;
    return false;
}

/* Whether a break inside leaves `of`; `direct`: one without a label does. */
static bool has_break(struct check *c, node_ref ref, node_ref of, bool direct)
{
    const struct node *n = check_node(c, ref);
    switch (n->kind) {
    case NODE_BRANCH:
        return n->op == TOKEN_BREAK && (n->b ? n->b == of : direct && !n->a);
    case NODE_BLOCK:
        return list_has_break(c, n->a, of, direct);
    case NODE_LABELED:
        return has_break(c, n->b, of, direct);
    case NODE_IF: {
        node_ref then = tree_at(c->tree, n->a, 2);
        return has_break(c, then, of, direct) ||
               has_break(c, check_node(c, then)->next, of, direct);
    }
    case NODE_FOR:
    case NODE_RANGE:
        return has_break(c, tree_at(c->tree, n->a, 3), of, false);
    case NODE_SWITCH:
    case NODE_TYPE_SWITCH:
        for (node_ref k = n->b; k; k = check_node(c, k)->next)
            if (list_has_break(c, check_node(c, k)->b, of, false))
                return true;
        return false;
    default:
        return false;
    }
}

static bool list_terminates(struct check *c, node_ref list)
{
    node_ref last = 0;
    for (; list; list = check_node(c, list)->next)
        if (check_node(c, list)->kind != NODE_EMPTY)
            last = list;
    return last && check_terminates(c, last);
}

static bool switch_terminates(struct check *c, node_ref ref)
{
    bool has_default = false;
    for (node_ref k = check_node(c, ref)->b; k; k = check_node(c, k)->next) {
        const struct node *clause = check_node(c, k);
        has_default = has_default || clause->op;
        if (list_has_break(c, clause->b, ref, true))
            return false;
        node_ref last = 0;
        for (node_ref s = clause->b; s; s = check_node(c, s)->next)
            last = s;
        bool falls = last && check_node(c, last)->kind == NODE_BRANCH &&
                     check_node(c, last)->op == TOKEN_FALLTHROUGH;
        if (!falls && !list_terminates(c, clause->b))
            return false;
    }
    return has_default;
}

bool check_terminates(struct check *c, node_ref ref)
{
    const struct node *n = check_node(c, ref);
    switch (n->kind) {
    case NODE_RETURN:
    case NODE_BAD:
        return true;
    case NODE_BLOCK:
        return list_terminates(c, n->a);
    case NODE_LABELED:
        return check_terminates(c, n->b);
    case NODE_EXPR_STMT: {
        const struct node *e = check_node(c, n->a);
        return e->kind == NODE_BAD || (e->kind == RUN_CALL_BUILTIN && e->op == BUILTIN_PANIC);
    }
    case NODE_IF: {
        node_ref then = tree_at(c->tree, n->a, 2), other = check_node(c, then)->next;
        return check_node(c, other)->kind != NODE_NONE && check_terminates(c, then) &&
               check_terminates(c, other);
    }
    case NODE_FOR:
        return check_node(c, tree_at(c->tree, n->a, 1))->kind == NODE_NONE &&
               !has_break(c, tree_at(c->tree, n->a, 3), ref, true);
    case NODE_SWITCH:
    case NODE_TYPE_SWITCH:
        return switch_terminates(c, ref);
    default:
        return false;
    }
}
