/* Statements. */
#include "base/fault.h"
#include "lang/evaluator.h"

static enum flow if_stmt(struct eval *e, const struct node *n)
{
    const struct node *init = eval_node(e, n->a);
    node_ref condition = init->next, then = eval_node(e, condition)->next;
    node_ref other = eval_node(e, then)->next;
    if (init->kind != NODE_NONE)
        eval_stmt(e, n->a);
    struct cell v = eval_expr(e, condition);
    if (e->stop)
        return FLOW_RETURN;
    if (v.i)
        return eval_stmts(e, eval_node(e, then)->a);
    return eval_node(e, other)->kind == NODE_NONE ? FLOW_NEXT : eval_stmt(e, other);
}

/* Whether the loop ends by what its body did; *ret is what goes on behind it. */
static bool leaves_loop(struct eval *e, enum flow f, node_ref loop, enum flow *ret)
{
    *ret = FLOW_NEXT;
    if (f == FLOW_NEXT && !e->stop)
        return false;
    if (f == FLOW_RETURN || e->stop) {
        *ret = FLOW_RETURN;
        return true;
    }
    if (e->target && e->target != loop) {
        *ret = f;
        return true;
    }
    e->target = 0;
    return f == FLOW_BREAK;
}

/* Variables of a loop that closures hold are new ones in each round, with the same value. */
static void renew_variables(struct eval *e, const struct node *init)
{
    if (init->kind != NODE_ASSIGN || init->op != TOKEN_DEFINE ||
        fault_mutant("lang_loop_variable_shared"))
        return;
    for (node_ref l = init->a; l; l = eval_node(e, l)->next) {
        const struct node *n = eval_node(e, l);
        if (n->kind == RUN_BOXED && (n->flags & RUN_NEW_VAR))
            e->frame[n->a] = eval_new_box(e, e->frame[n->a].object->cells[0]);
    }
}

static enum flow for_stmt(struct eval *e, node_ref ref)
{
    const struct node *n = eval_node(e, ref), *init = eval_node(e, n->a);
    node_ref condition = init->next, post = eval_node(e, condition)->next;
    node_ref body = eval_node(e, eval_node(e, post)->next)->a;
    bool has_condition = eval_node(e, condition)->kind != NODE_NONE;
    enum flow f;
    if (init->kind != NODE_NONE)
        eval_stmt(e, n->a);
    while (eval_step(e, n->at)) {
        if (has_condition && (!eval_expr(e, condition).i || e->stop))
            break;
        if (leaves_loop(e, eval_stmts(e, body), ref, &f))
            return f;
        renew_variables(e, init);
        if (eval_node(e, post)->kind != NODE_NONE)
            eval_stmt(e, post);
    }
    return e->stop ? FLOW_RETURN : FLOW_NEXT;
}

static bool case_matches(struct eval *e, const struct node *clause)
{
    for (node_ref x = clause->a; x && !e->stop; x = eval_node(e, x)->next)
        if (eval_expr(e, x).i && !e->stop)
            return true;
    return false;
}

static enum flow run_cases(struct eval *e, node_ref ref, node_ref clause)
{
    enum flow f = FLOW_FALL;
    for (; clause && f == FLOW_FALL; clause = eval_node(e, clause)->next)
        f = eval_stmts(e, eval_node(e, clause)->b);
    if (f == FLOW_BREAK && (!e->target || e->target == ref)) {
        e->target = 0;
        return FLOW_NEXT;
    }
    return e->stop ? FLOW_RETURN : f == FLOW_FALL ? FLOW_NEXT : f;
}

static enum flow switch_stmt(struct eval *e, node_ref ref)
{
    const struct node *n = eval_node(e, ref), *init = eval_node(e, n->a);
    node_ref chosen = 0, otherwise = 0;
    if (init->kind != NODE_NONE)
        eval_stmt(e, n->a);
    if (n->flags)
        e->frame[n->type] = eval_expr(e, init->next);
    for (node_ref k = n->b; k && !chosen && !e->stop; k = eval_node(e, k)->next) {
        const struct node *clause = eval_node(e, k);
        if (clause->op)
            otherwise = k;
        else if (case_matches(e, clause))
            chosen = k;
    }
    if (e->stop)
        return FLOW_RETURN;
    return run_cases(e, ref, chosen ? chosen : otherwise);
}

/* ---- type switches ---- */

static bool type_matches(struct eval *e, const struct node *want, struct cell x)
{
    if (want->kind == RUN_ZERO)
        return !x.boxed;
    struct type *t = eval_type(e, want);
    if (!x.boxed)
        return false;
    if (t == e->types->any)
        return true;
    struct type *have = e->types->items[x.boxed->type];
    if (t == e->types->error)
        return have == t || (eval_go_value(e, x.boxed->value, have).methods & GO_HAS_ERROR) != 0;
    return have == t && have != e->types->error;
}

static void bind(struct eval *e, const struct node *clause, const struct node *type, struct cell x)
{
    if (!clause->type)
        return;
    bool whole = clause->flags & 1;
    struct cell v = x;
    if (!whole && type && x.boxed &&
        type_under(e->types, eval_type(e, type))->kind != TYPE_INTERFACE)
        v = cell_copy(&e->heap, x.boxed->value, eval_type(e, type));
    e->frame[clause->type - 1] = clause->flags & 2 ? eval_new_box(e, v) : v;
}

static enum flow type_switch(struct eval *e, node_ref ref)
{
    const struct node *n = eval_node(e, ref), *init = eval_node(e, n->a);
    node_ref assert = eval_node(e, init->next)->next, chosen = 0, otherwise = 0;
    const struct node *type = NULL;
    if (init->kind != NODE_NONE)
        eval_stmt(e, n->a);
    struct cell x = eval_expr(e, eval_node(e, assert)->a);
    for (node_ref k = n->b; k && !chosen && !e->stop; k = eval_node(e, k)->next) {
        const struct node *clause = eval_node(e, k);
        if (clause->op)
            otherwise = k;
        for (node_ref t = clause->a; t && !chosen; t = eval_node(e, t)->next) {
            if (type_matches(e, eval_node(e, t), x)) {
                chosen = k;
                type = eval_node(e, t);
            }
        }
    }
    if (!chosen)
        chosen = otherwise;
    if (e->stop)
        return FLOW_RETURN;
    if (!chosen)
        return FLOW_NEXT;
    bind(e, eval_node(e, chosen), type, x);
    enum flow f = eval_stmts(e, eval_node(e, chosen)->b);
    if (f == FLOW_BREAK && (!e->target || e->target == ref)) {
        e->target = 0;
        return FLOW_NEXT;
    }
    return f;
}

/* ---- the rest ---- */

static struct cell *result_cell(struct eval *e, uint32_t at)
{
    const struct function *f = e->function;
    uint32_t slot = f->param_count + at;
    for (uint32_t i = 0; i < f->boxed_count; i++)
        if (f->boxed[i] == slot)
            return &e->frame[slot].object->cells[0];
    return &e->frame[slot];
}

/* A slice that leaves its variable belongs to nobody alone any more. */
static struct cell publish(struct eval *e, struct cell v, struct type *type)
{
    if (fault_mutant("lang_private_slice_escapes"))
        return v;
    if (v.view && type_under(e->types, type)->kind == TYPE_SLICE)
        v.view->is_private = false;
    return v;
}

static enum flow return_stmt(struct eval *e, const struct node *n)
{
    uint32_t count = e->function->result_count, base = e->sp, i = 0;
    if (!n->a)
        return FLOW_RETURN;
    if (count == 1) {
        struct cell v = eval_expr(e, n->a);
        if (!e->stop)
            *result_cell(e, 0) = publish(e, v, e->function->type->elem->fields[0].type);
        return FLOW_RETURN;
    }
    if (!eval_node(e, n->a)->next) {
        e->results = NULL;
        eval_expr(e, n->a);
        for (; i < count && e->results && !e->stop; i++)
            eval_push(e,
                      eval_adapt(e, e->results[i], eval_type(e, eval_node(e, n->a))->fields[i].type,
                                 e->function->type->elem->fields[i].type));
    }
    for (node_ref r = i ? 0 : n->a; r && !e->stop; r = eval_node(e, r)->next, i++)
        eval_push(e, publish(e, eval_expr(e, r), e->function->type->elem->fields[i].type));
    for (i = 0; i < count && !e->stop; i++)
        *result_cell(e, i) = e->stack[base + i];
    e->sp = base;
    return FLOW_RETURN;
}

static void declare_vars(struct eval *e, const struct node *n)
{
    const struct node *spec = eval_node(e, n->b);
    if (spec->b) {
        eval_assign_lists(e, n->a, spec->b);
        return;
    }
    for (node_ref m = n->a; m; m = eval_node(e, m)->next)
        eval_store(e, m, (struct cell){0});
}

static enum flow branch(struct eval *e, const struct node *n)
{
    e->target = n->b;
    return n->op == TOKEN_BREAK ? FLOW_BREAK : n->op == TOKEN_CONTINUE ? FLOW_CONTINUE : FLOW_FALL;
}

enum flow eval_stmt(struct eval *e, node_ref ref)
{
    const struct node *n = eval_node(e, ref);
    if (!eval_step(e, n->at))
        return FLOW_RETURN;
    switch (n->kind) {
    case NODE_ASSIGN:
        eval_assign(e, ref);
        break;
    case NODE_EXPR_STMT:
        eval_expr(e, n->a);
        break;
    case NODE_IF:
        return if_stmt(e, n);
    case NODE_FOR:
        return for_stmt(e, ref);
    case NODE_RANGE:
        return eval_range(e, ref);
    case NODE_BLOCK:
        return eval_stmts(e, n->a);
    case NODE_SWITCH:
        return switch_stmt(e, ref);
    case NODE_TYPE_SWITCH:
        return type_switch(e, ref);
    case NODE_RETURN:
        return return_stmt(e, n);
    case NODE_BRANCH:
        return branch(e, n);
    case NODE_LABELED: {
        enum flow f = eval_stmt(e, n->b);
        if (f == FLOW_BREAK && e->target == n->b) {
            e->target = 0;
            return FLOW_NEXT;
        }
        return f;
    }
    case NODE_DECL_STMT:
        for (node_ref d = n->a; d && !e->stop; d = eval_node(e, d)->next)
            if (eval_node(e, d)->kind == NODE_VAR)
                declare_vars(e, eval_node(e, d));
        break;
    case NODE_EMPTY:
    case NODE_NONE:
        break;
    default:
        e->stop = STOP_BAD;
    }
    return e->stop ? FLOW_RETURN : FLOW_NEXT;
}

enum flow eval_stmts(struct eval *e, node_ref list)
{
    for (; list; list = eval_node(e, list)->next) {
        enum flow f = eval_stmt(e, list);
        if (f != FLOW_NEXT)
            return f;
    }
    return FLOW_NEXT;
}
