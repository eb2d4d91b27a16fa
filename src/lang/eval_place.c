/* Variables as places: where a left side points to, addresses, assignments. */
#include "lang/evaluator.h"

void eval_push(struct eval *e, struct cell v)
{
    if (e->sp >= e->stack_cells) {
        eval_limit(e, 0, "stack_cells_max", e->stack_cells);
        return;
    }
    e->stack[e->sp++] = v;
}

struct cell eval_new_box(struct eval *e, struct cell v)
{
    struct object *o = object_new(&e->heap, 1);
    o->cells[0] = v;
    return (struct cell){.object = o};
}

static struct cell operand(struct eval *e, node_ref ref)
{
    return e->operands ? *e->operands++ : eval_expr(e, ref);
}

struct cell *eval_spot_cell(struct eval *e, struct spot s)
{
    return s.cell ? s.cell : object_at(&e->heap, s.holder, s.index);
}

/* Somewhere to write when nothing matters any more. */
static struct spot nowhere(struct eval *e)
{
    return (struct spot){.holder = object_new(&e->heap, 1)};
}

/* The object of the struct or array at `ref`, ready to be written into. */
static struct object *owned(struct eval *e, node_ref ref, bool pin)
{
    const struct node *n = eval_node(e, ref);
    struct type *type = eval_type(e, n);
    struct object *o;
    if (n->kind == RUN_DEREF) {
        struct cell p = operand(e, n->a);
        if (!p.object)
            eval_panic(e, n->at, "invalid memory address or nil pointer dereference");
        o = p.object;
    } else {
        struct spot s = eval_spot(e, ref, pin);
        o = e->stop ? NULL : object_own(&e->heap, eval_spot_cell(e, s), type);
    }
    if (o && pin)
        o->is_pinned = true;
    return o;
}

static struct spot in_array(struct eval *e, const struct node *n, struct object *o, int64_t at,
                            int64_t length)
{
    if (at < 0 || at >= length)
        eval_panic(e, n->at, "index out of range [%lld] with length %lld", (long long)at,
                   (long long)length);
    if (e->stop || !o)
        return nowhere(e);
    return (struct spot){.holder = o, .index = (uint32_t)at};
}

static int64_t index_operand(struct eval *e, node_ref ref)
{
    struct cell v = operand(e, ref);
    struct type *t = type_under(e->types, eval_type(e, eval_node(e, ref)));
    return kind_is_unsigned(t->kind) && v.i < 0 ? INT64_MAX : v.i;
}

static struct spot index_spot(struct eval *e, const struct node *n, bool pin)
{
    struct type *base = type_under(e->types, eval_type(e, eval_node(e, n->a)));
    if (n->kind == RUN_INDEX_ARRAY) {
        struct object *o = owned(e, n->a, pin);
        return in_array(e, n, o, index_operand(e, n->b), base->length);
    }
    struct cell v = operand(e, n->a);
    int64_t at = index_operand(e, n->b);
    if (n->kind == RUN_INDEX_ARRAY_OF) {
        if (!v.object)
            eval_panic(e, n->at, "invalid memory address or nil pointer dereference");
        return in_array(e, n, v.object, at, type_under(e->types, base->elem)->length);
    }
    struct spot s = in_array(e, n, v.view ? v.view->memory : NULL, at, v.view ? v.view->size : 0);
    if (!e->stop)
        s.index += v.view->offset;
    return s;
}

struct spot eval_spot(struct eval *e, node_ref ref, bool pin)
{
    const struct node *n = eval_node(e, ref);
    struct cell p;
    struct object *o;
    switch (n->kind) {
    case RUN_LOCAL:
        return (struct spot){.cell = &e->frame[n->a]};
    case RUN_BOXED:
        return (struct spot){.holder = e->frame[n->a].object};
    case RUN_GLOBAL:
        return (struct spot){.holder = e->globals, .index = n->a};
    case RUN_FIELD:
        o = owned(e, n->a, pin);
        return o && !e->stop ? (struct spot){.holder = o, .index = n->b} : nowhere(e);
    case RUN_FIELD_OF:
    case RUN_DEREF:
        p = operand(e, n->a);
        if (!p.object)
            eval_panic(e, n->at, "invalid memory address or nil pointer dereference");
        if (e->stop)
            return nowhere(e);
        return (struct spot){.holder = p.object, .index = n->kind == RUN_DEREF ? p.size : n->b};
    case RUN_INDEX_ARRAY:
    case RUN_INDEX_ARRAY_OF:
    case RUN_INDEX_SLICE:
        return index_spot(e, n, pin);
    default:
        if (!e->stop)
            e->stop = STOP_BAD;
        return nowhere(e);
    }
}

struct cell eval_address(struct eval *e, const struct node *n)
{
    struct type *t = eval_type(e, eval_node(e, n->a));
    if (type_is_aggregate(e->types, t)) {
        struct object *o = owned(e, n->a, true);
        return (struct cell){.object = e->stop ? NULL : o};
    }
    struct spot s = eval_spot(e, n->a, true);
    if (e->stop || s.cell) /* a variable that is pointed to lives in a box */
        return (struct cell){0};
    object_at(&e->heap, s.holder, s.index);
    return (struct cell){.object = s.holder, .size = s.index};
}

/* ---- left sides ---- */

void eval_left_operands(struct eval *e, node_ref ref)
{
    const struct node *n = eval_node(e, ref);
    switch (n->kind) {
    case RUN_FIELD:
        eval_left_operands(e, n->a);
        break;
    case RUN_INDEX_ARRAY:
        eval_left_operands(e, n->a);
        eval_push(e, eval_expr(e, n->b));
        break;
    case RUN_FIELD_OF:
    case RUN_DEREF:
        eval_push(e, eval_expr(e, n->a));
        break;
    case RUN_INDEX_ARRAY_OF:
    case RUN_INDEX_SLICE:
    case RUN_INDEX_MAP:
        eval_push(e, eval_expr(e, n->a));
        eval_push(e, eval_expr(e, n->b));
        break;
    default:
        break;
    }
}

/* The cell of a map's element, made where there is none. NULL: stopped. */
static struct cell *map_cell(struct eval *e, const struct node *n)
{
    struct cell map = operand(e, n->a), key = operand(e, n->b);
    struct type *t = type_under(e->types, eval_type(e, eval_node(e, n->a)));
    bool bad = false;
    if (!map.table)
        eval_panic(e, n->at, "assignment to entry in nil map");
    if (e->stop)
        return NULL;
    struct cell *c = table_put(&e->heap, map.table, key, t->key, &bad);
    if (bad)
        eval_panic(e, n->at, "hash of a type that cannot be compared");
    return e->stop ? NULL : c;
}

static void declare(struct eval *e, const struct node *n, struct cell v)
{
    e->frame[n->a] = n->kind == RUN_BOXED ? eval_new_box(e, v) : v;
}

void eval_store(struct eval *e, node_ref left, struct cell v)
{
    const struct node *n = eval_node(e, left);
    if (n->kind == RUN_BLANK || n->kind == NODE_BAD || e->stop)
        return; /* NODE_BAD: was told already */
    if (n->flags & RUN_NEW_VAR) {
        declare(e, n, v);
        return;
    }
    if (n->kind == RUN_LOCAL && !(n->flags & RUN_AGGREGATE)) {
        e->frame[n->a] = v;
        return;
    }
    struct type *type = eval_type(e, n);
    if (n->kind == RUN_INDEX_MAP) {
        struct cell *c = map_cell(e, n);
        if (c)
            *c = v;
        return;
    }
    if (n->kind == RUN_DEREF && type_is_aggregate(e->types, type)) {
        struct object *o = owned(e, left, false);
        if (o && !e->stop)
            object_assign(&e->heap, o, v.object, type);
        return;
    }
    struct spot s = eval_spot(e, left, false);
    if (!e->stop)
        cell_store(&e->heap, eval_spot_cell(e, s), v, type);
}

/* ---- assignments ---- */

static bool has_operands(const struct node *n)
{
    return (n->flags & RUN_CALLS) != 0;
}

static void assign_one(struct eval *e, node_ref left, node_ref right)
{
    const struct node *l = eval_node(e, left);
    struct cell v;
    uint32_t sp = e->sp;
    bool calls = has_operands(l);
    if (calls)
        eval_left_operands(e, left);
    v = eval_expr(e, right);
    v.at = eval_node(e, right)->at;
    if (e->stop)
        return;
    e->operands = calls ? &e->stack[sp] : NULL;
    eval_store(e, left, v);
    e->operands = NULL;
    e->sp = sp;
}

/* x op= y: the operand nodes of x are evaluated once. */
static void assign_operator(struct eval *e, node_ref left, const struct node *sum)
{
    const struct node *l = eval_node(e, left);
    uint32_t sp = e->sp;
    bool calls = has_operands(l);
    if (calls)
        eval_left_operands(e, left);
    struct cell y = eval_expr(e, sum->b), *x = NULL;
    if (e->stop)
        return;
    e->operands = calls ? &e->stack[sp] : NULL;
    if (l->kind == RUN_INDEX_MAP)
        x = map_cell(e, l);
    else if (l->kind == RUN_LOCAL)
        x = &e->frame[l->a];
    else
        x = eval_spot_cell(e, eval_spot(e, left, false));
    e->operands = NULL;
    e->sp = sp;
    if (e->stop || !x)
        return;
    struct cell v =
        sum->kind == RUN_SHIFT ? eval_shift(e, sum, *x, y) : eval_arithmetic(e, sum, *x, y);
    if (!e->stop) {
        v.at = sum->at;
        *x = v;
    }
}

/* Where all left sides go at once: operands first, then values, then stores in order. */
static void assign_many(struct eval *e, node_ref left, uint32_t values)
{
    uint32_t value = values;
    const struct cell *operands = &e->stack[values + tree_length(e->p->tree, left)];
    for (node_ref l = left; l && !e->stop; l = eval_node(e, l)->next) {
        e->operands = operands;
        eval_store(e, l, e->stack[value++]);
        operands = e->operands;
        e->operands = NULL;
    }
}

static void assign_list(struct eval *e, node_ref left, node_ref right)
{
    uint32_t count = tree_length(e->p->tree, left), base = e->sp;
    for (uint32_t i = 0; i < count; i++)
        eval_push(e, (struct cell){0});
    for (node_ref l = left; l; l = eval_node(e, l)->next)
        if (!(eval_node(e, l)->flags & RUN_NEW_VAR))
            eval_left_operands(e, l);
    uint32_t i = 0;
    const struct node *first = eval_node(e, right);
    if (first->next) {
        for (node_ref r = right; r && !e->stop; r = eval_node(e, r)->next) {
            struct cell v = eval_expr(e, r);
            v.at = eval_node(e, r)->at;
            e->stack[base + i++] = v;
        }
    } else if (first->flags & RUN_OK) {
        bool ok = false;
        const struct node *second = eval_node(e, eval_node(e, left)->next);
        struct cell v = eval_with_ok(e, right, &ok);
        e->stack[base] = eval_adapt(e, v, eval_type(e, first), eval_type(e, eval_node(e, left)));
        e->stack[base + 1] =
            eval_adapt(e, cell_of_int(ok), e->types->basic[TYPE_BOOL], eval_type(e, second));
    } else {
        e->results = NULL;
        eval_expr(e, right);
        const struct type *tuple = eval_type(e, first);
        node_ref l = left;
        for (; i < count && !e->stop && e->results; i++, l = eval_node(e, l)->next)
            e->stack[base + i] =
                eval_adapt(e, e->results[i], tuple->fields[i].type, eval_type(e, eval_node(e, l)));
    }
    if (!e->stop)
        assign_many(e, left, base);
    e->sp = base;
}

void eval_assign(struct eval *e, node_ref ref)
{
    const struct node *n = eval_node(e, ref);
    if (n->op == TOKEN_ADD_ASSIGN) {
        assign_operator(e, n->a, eval_node(e, n->b));
        return;
    }
    eval_assign_lists(e, n->a, n->b);
}

void eval_assign_lists(struct eval *e, node_ref left, node_ref right)
{
    if (!eval_node(e, left)->next)
        assign_one(e, left, right);
    else
        assign_list(e, left, right);
}
