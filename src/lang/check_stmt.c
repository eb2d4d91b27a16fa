/* Statements. */
#include "lang/checker.h"

static bool is_bool(struct check *c, const struct operand *x)
{
    return kind_is_bool(check_under(c, x->type)->kind);
}

static void check_condition(struct check *c, node_ref ref)
{
    struct operand x;
    if (check_node(c, ref)->kind == NODE_NONE)
        return;
    check_expr(c, ref, &x);
    if (x.mode == MODE_BAD)
        return;
    if (!is_bool(c, &x)) {
        check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, check_node(c, ref)->at,
                    "a condition must be a bool, not %s", check_describe(c, &x));
        check_bad(c, &x);
        return;
    }
    check_default(c, &x);
}

void check_block(struct check *c, node_ref block)
{
    struct symbol *saved;
    check_open(c, &saved);
    check_stmts(c, check_node(c, block)->a);
    check_close(c, saved);
}

static void check_if(struct check *c, node_ref ref)
{
    struct symbol *saved;
    node_ref init = check_node(c, ref)->a, condition = check_node(c, init)->next;
    node_ref then = check_node(c, condition)->next, other = check_node(c, then)->next;
    check_open(c, &saved);
    check_stmt(c, init);
    check_condition(c, condition);
    check_block(c, then);
    check_stmt(c, other);
    check_close(c, saved);
}

/* ---- branches ---- */

static void push_target(struct check *c, struct branch_target *t, node_ref stmt, bool is_loop)
{
    t->stmt = stmt;
    t->is_loop = is_loop;
    t->is_switch = !is_loop;
    t->outer = c->targets;
    c->targets = t;
}

static void check_branch(struct check *c, node_ref ref)
{
    struct node *n = check_node(c, ref);
    const char *word = token_text((enum token_kind)n->op);
    if (n->op == TOKEN_GOTO) {
        for (struct branch_target *t = c->targets; t; t = t->outer)
            if (t->label == n->a)
                t->is_used = true;
        if (c->goto_count < ARRAY_LEN(c->gotos))
            c->gotos[c->goto_count++] = n->a;
        n->kind = NODE_BAD;
        return;
    }
    if (n->op == TOKEN_FALLTHROUGH) {
        if (n->flags == 0)
            check_fault(c, CONFIG_FAULT_SYNTAX, n->at,
                        "fallthrough must be the last statement of a case, but not of the last "
                        "one");
        return;
    }
    for (struct branch_target *t = c->targets; t; t = t->outer) {
        if (n->a ? t->label != n->a || !t->label
                 : !(t->is_loop || (t->is_switch && n->op == TOKEN_BREAK)))
            continue;
        t->is_used = true;
        if (n->a && ((n->op == TOKEN_CONTINUE && !t->is_loop) || (!t->is_loop && !t->is_switch))) {
            check_fault(c, CONFIG_FAULT_SYNTAX, n->type, "invalid %s label %s", word,
                        check_name(c, n->a));
            n->kind = NODE_BAD;
        }
        n->b = n->a ? t->stmt : 0;
        return;
    }
    check_fault(c, CONFIG_FAULT_SYNTAX, n->at,
                n->a ? "%s label %s is not around this statement" : "%s is not in a loop%s", word,
                n->a                   ? check_name(c, n->a)
                : n->op == TOKEN_BREAK ? " or a switch"
                                       : "");
    n->kind = NODE_BAD;
}

static void check_labeled(struct check *c, node_ref ref)
{
    struct node *n = check_node(c, ref), *inner = check_node(c, n->b);
    struct branch_target t = {.label = n->a, .at = n->at};
    for (struct branch_target *o = c->targets; o; o = o->outer)
        if (o->label == n->a && !slice_eq(name_text(c->names, n->a), SLICE("_")))
            check_fault(c, CONFIG_FAULT_DUPLICATE_NAME, n->at, "label %s is declared twice",
                        check_name(c, n->a));
    bool loop = inner->kind == NODE_FOR || inner->kind == NODE_RANGE;
    bool other = inner->kind == NODE_SWITCH || inner->kind == NODE_TYPE_SWITCH;
    push_target(c, &t, n->b, loop);
    t.is_switch = other;
    /* An unlabelled break is for the statement itself, which comes next. */
    bool is_loop = t.is_loop;
    check_stmt(c, n->b);
    t.is_loop = is_loop;
    c->targets = t.outer;
    for (uint32_t i = 0; i < c->goto_count; i++)
        t.is_used = t.is_used || c->gotos[i] == t.label;
    if (!t.is_used && !slice_eq(name_text(c->names, t.label), SLICE("_")))
        check_fault(c, CONFIG_FAULT_SYNTAX, n->at, "label %s is declared and not used",
                    check_name(c, t.label));
}

/* ---- loops ---- */

static void check_for(struct check *c, node_ref ref)
{
    struct symbol *saved;
    struct branch_target t = {0};
    node_ref init = check_node(c, ref)->a, condition = check_node(c, init)->next;
    node_ref post = check_node(c, condition)->next, body = check_node(c, post)->next;
    check_open(c, &saved);
    check_stmt(c, init);
    check_condition(c, condition);
    check_stmt(c, post);
    push_target(c, &t, ref, true);
    check_block(c, body);
    c->targets = t.outer;
    check_close(c, saved);
}

/* What a range over x gives. false: told. */
static bool range_types(struct check *c, struct operand *x, struct type **ret_key,
                        struct type **ret_value)
{
    struct type *under = check_under(c, x->type), *array = under;
    struct type *integer = c->types.basic[TYPE_INT];
    *ret_value = NULL;
    if (under->kind == TYPE_POINTER)
        array = check_under(c, under->elem);
    if (kind_is_string(under->kind)) {
        *ret_key = integer;
        *ret_value = c->types.basic[TYPE_INT32];
    } else if (kind_is_integer(under->kind)) {
        *ret_key = x->type;
    } else if (under->kind == TYPE_MAP) {
        *ret_key = under->key;
        *ret_value = under->elem;
    } else if (under->kind == TYPE_SLICE || array->kind == TYPE_ARRAY) {
        *ret_key = integer;
        *ret_value = under->kind == TYPE_SLICE ? under->elem : array->elem;
    } else {
        if (under->kind == TYPE_FUNC)
            check_outside(c, check_node(c, x->node)->at, "ranges over functions");
        else
            check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, check_node(c, x->node)->at,
                        "cannot range over %s", check_describe(c, x));
        return false;
    }
    return true;
}

static void range_variable(struct check *c, node_ref ref, uint8_t op, struct type *type)
{
    struct node *n = check_node(c, ref);
    struct operand x;
    if (n->kind == NODE_NONE)
        return;
    if (op == TOKEN_DEFINE) {
        if (n->kind != NODE_NAME)
            return;
        if (slice_eq(name_text(c->names, n->a), SLICE("_"))) {
            n->kind = RUN_BLANK;
            return;
        }
        struct symbol *s = check_local(c, n->a, n->at, type);
        check_declare(c, s);
        n->kind = RUN_LOCAL;
        n->a = s->slot;
        n->b = s->number;
        n->type = type->number;
        n->flags = RUN_NEW_VAR;
        return;
    }
    check_lvalue(c, ref, &x);
    if (x.mode == MODE_BAD || !x.type)
        return;
    struct operand v = {.mode = MODE_VALUE, .type = type, .node = ref};
    if (!check_assignable(c, &v, x.type)) {
        check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, n->at,
                    "cannot assign a value of type %s to %s in range", type_text(&c->types, type),
                    check_describe(c, &x));
        check_bad(c, &x);
    }
}

void check_range(struct check *c, node_ref ref)
{
    struct node *n = check_node(c, ref);
    struct symbol *saved;
    struct branch_target t = {0};
    struct type *key = NULL, *value = NULL;
    struct operand x;
    node_ref k = n->a, v = check_node(c, k)->next, over = check_node(c, v)->next;
    node_ref body = check_node(c, over)->next;
    bool ok;

    check_open(c, &saved);
    check_expr(c, over, &x);
    /* An untyped count takes the type of the variable that it is assigned to. */
    if (n->op == TOKEN_ASSIGN && x.mode == MODE_CONST && kind_is_untyped(x.type->kind) &&
        kind_is_number(x.type->kind) && check_node(c, k)->kind != NODE_NONE) {
        struct operand target;
        check_lvalue(c, k, &target);
        if (target.mode != MODE_BAD && target.type)
            check_assign(c, &x, target.type, "as the count of a range");
        else
            check_default(c, &x);
        check_node(c, k)->next = v;
        key = x.type;
        ok = x.mode != MODE_BAD && kind_is_integer(check_under(c, x.type)->kind);
    } else {
        if (x.mode == MODE_CONST && x.type->kind == TYPE_UNTYPED_FLOAT)
            check_convert_untyped(c, &x, c->types.basic[TYPE_INT]);
        check_default(c, &x);
        ok = x.mode != MODE_BAD && range_types(c, &x, &key, &value);
        if (!ok)
            key = value = c->types.basic[TYPE_BAD];
        range_variable(c, k, n->op, key);
    }
    if (ok && !value && check_node(c, v)->kind != NODE_NONE) {
        check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, check_node(c, v)->at,
                    "a range over %s has only one variable", type_text(&c->types, x.type));
        ok = false;
    }
    range_variable(c, v, n->op, value ? value : c->types.basic[TYPE_BAD]);
    push_target(c, &t, ref, true);
    check_block(c, body);
    c->targets = t.outer;
    check_close(c, saved);
    if (!ok)
        check_node(c, ref)->kind = NODE_BAD;
}

/* ---- return ---- */

static bool is_shadowed(struct check *c, const struct symbol *s)
{
    return s && check_lookup(c, s->name) != s;
}

static void check_return(struct check *c, node_ref ref)
{
    struct node *n = check_node(c, ref);
    const struct type *results = c->func->type->elem;
    uint32_t count = results->field_count;
    if (!n->a) {
        if (count && !c->func->has_named_results)
            check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, n->at, "missing %u result%s", count,
                        count == 1 ? "" : "s");
        for (uint32_t i = 0; i < c->variable_count && count && c->func->has_named_results; i++) {
            struct symbol *s = c->variables[i];
            if (s->func == c->func && s->is_result && s->name && is_shadowed(c, s) &&
                !slice_eq(name_text(c->names, s->name), SLICE("_")))
                check_fault(c, CONFIG_FAULT_SYNTAX, n->at, "result %s is shadowed here",
                            check_name(c, s->name));
        }
        return;
    }
    struct type **types = arena_alloc_array(c->arena, count + 1, sizeof(struct type *));
    for (uint32_t i = 0; i < count; i++)
        types[i] = results->fields[i].type;
    if (!count) {
        struct operand x;
        for (node_ref v = n->a; v; v = check_node(c, v)->next)
            check_expr_or_call(c, v, &x);
        check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, check_node(c, n->a)->at,
                    "the function has no results");
        n->kind = NODE_BAD;
        return;
    }
    check_values(c, n->a, types, count, n->at, "in return");
    for (node_ref v = n->a; v; v = check_node(c, v)->next)
        check_plain_use(c, v);
}

/* ---- any statement ---- */

static bool may_stand_alone(const struct node *n)
{
    return n->kind == RUN_CALL || n->kind == RUN_CALL_VALUE || n->kind == RUN_CALL_LIB ||
           n->kind == RUN_CALL_GENERIC || n->kind == NODE_BAD;
}

static void check_expr_stmt(struct check *c, node_ref ref)
{
    struct operand x;
    const struct node *n = check_node(c, ref);
    check_any(c, n->a, &x);
    const struct node *e = check_node(c, n->a);
    if (x.mode == MODE_BAD || may_stand_alone(e))
        return;
    if (e->kind == RUN_CALL_BUILTIN && (x.mode == MODE_NONE || e->op == BUILTIN_COPY))
        return;
    check_fault(c, CONFIG_FAULT_SYNTAX, n->at, "the value is not used");
}

void check_stmt(struct check *c, node_ref ref)
{
    struct node *n = check_node(c, ref);
    switch (n->kind) {
    case NODE_BLOCK:
        check_block(c, ref);
        break;
    case NODE_EXPR_STMT:
        check_expr_stmt(c, ref);
        break;
    case NODE_ASSIGN:
    case NODE_INC_DEC:
        check_assign_stmt(c, ref);
        break;
    case NODE_IF:
        check_if(c, ref);
        break;
    case NODE_FOR:
        check_for(c, ref);
        break;
    case NODE_RANGE:
        check_range(c, ref);
        break;
    case NODE_SWITCH: {
        struct branch_target t = {0};
        push_target(c, &t, ref, false);
        check_switch(c, ref);
        c->targets = t.outer;
        break;
    }
    case NODE_TYPE_SWITCH: {
        struct branch_target t = {0};
        push_target(c, &t, ref, false);
        check_type_switch(c, ref);
        c->targets = t.outer;
        break;
    }
    case NODE_RETURN:
        check_return(c, ref);
        break;
    case NODE_BRANCH:
        check_branch(c, ref);
        break;
    case NODE_LABELED:
        check_labeled(c, ref);
        break;
    case NODE_DECL_STMT:
        check_local_decls(c, n->a);
        break;
    default:
        break;
    }
}

void check_stmts(struct check *c, node_ref list)
{
    for (; list; list = check_node(c, list)->next)
        check_stmt(c, list);
}
