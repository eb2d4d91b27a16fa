/* Composite literals: where places and failures of single members are kept. */
#include "lang/evaluator.h"

/* The first byte of an expression: where its value was written. */
static source_place place_of(const struct eval *e, node_ref ref)
{
    return eval_node(e, ref)->at;
}

/* A member's value. A failure inside is caught: *ret_bad. */
static struct cell member(struct eval *e, node_ref ref, bool *ret_bad)
{
    uint32_t sp = e->sp, depth = e->call_depth;
    struct cell *frame = e->frame;
    struct function *function = e->function;
    struct cell v = eval_expr(e, ref);
    *ret_bad = false;
    if (UNLIKELY(e->stop == STOP_BAD) && !e->panic_is_final) {
        e->stop = STOP_NONE;
        e->sp = sp;
        e->call_depth = depth;
        e->frame = frame;
        e->function = function;
        e->operands = NULL;
        *ret_bad = true;
        v = (struct cell){0};
    }
    v.at = place_of(e, ref);
    return v;
}

static void put_sparse(struct object *o, uint32_t at, struct cell v)
{
    uint32_t rank = (uint32_t)__builtin_popcountll(o->mask & (((uint64_t)1 << at) - 1));
    memmove(&o->cells[rank + 1], &o->cells[rank], (o->count - rank) * sizeof(struct cell));
    o->cells[rank] = v;
    o->mask |= (uint64_t)1 << at;
    o->count++;
}

static struct cell struct_literal(struct eval *e, const struct node *n)
{
    struct type *under = type_under(e->types, eval_type(e, n));
    bool sparse = under->field_count <= OBJECT_SPARSE_MAX, bad;
    uint32_t count = sparse ? tree_length(e->p->tree, n->b) : under->field_count;
    struct object *o = sparse ? object_new_sparse(&e->heap, count) : object_new(&e->heap, count);
    for (node_ref k = n->b; k && e->stop != STOP_LIMIT; k = eval_node(e, k)->next) {
        const struct node *field = eval_node(e, k);
        if (field->kind != NODE_KEYED) {
            o->is_bad = o->is_bad || under->field_count == 0; /* a field that nobody knows */
            o->has_unknown = true;
            continue;
        }
        struct cell v = member(e, field->b, &bad);
        if (bad && field->a < 64)
            o->bad_mask |= (uint64_t)1 << field->a;
        if (sparse)
            put_sparse(o, field->a, v);
        else
            o->cells[field->a] = v;
        if (e->stop)
            break;
    }
    return (struct cell){.object = o, .at = n->at};
}

/* An element that failed is one that says so, where its type has room for that. */
static struct cell bad_element(struct eval *e, struct type *elem)
{
    struct type *under = type_under(e->types, elem);
    struct type *target = under->kind == TYPE_POINTER ? type_under(e->types, under->elem) : under;
    if (!kind_is_aggregate(target->kind))
        return (struct cell){0};
    struct object *o = object_zero(&e->heap, target);
    o->is_bad = true;
    return (struct cell){.object = o};
}

static struct cell list_literal(struct eval *e, const struct node *n)
{
    struct type *under = type_under(e->types, eval_type(e, n));
    bool bad;
    if (!heap_has_room(&e->heap, (uint64_t)n->a * sizeof(struct cell))) {
        eval_out_of_memory(e, n->at);
        return (struct cell){0};
    }
    struct object *o = object_new(&e->heap, n->a);
    uint32_t at = 0;
    for (node_ref k = n->b; k && !e->stop; k = eval_node(e, k)->next, at++) {
        const struct node *item = eval_node(e, k);
        bool keyed = item->kind == NODE_KEYED;
        if (keyed)
            at = item->a;
        if (at >= n->a) /* out of range: that was told */
            continue;
        struct cell v = member(e, keyed ? item->b : k, &bad);
        if (bad) {
            source_place place = v.at;
            v = bad_element(e, under->elem);
            v.at = place;
        }
        o->cells[at] = v;
    }
    if (under->kind == TYPE_ARRAY)
        return (struct cell){.object = o, .at = n->at};
    return (struct cell){.view = view_new(&e->heap, o, 0, n->a, n->a), .at = n->at};
}

static struct cell map_literal(struct eval *e, const struct node *n)
{
    struct type *under = type_under(e->types, eval_type(e, n));
    struct table *t = table_new(&e->heap, tree_length(e->p->tree, n->b));
    bool bad;
    for (node_ref k = n->b; k && !e->stop; k = eval_node(e, k)->next) {
        const struct node *item = eval_node(e, k);
        if (item->kind != NODE_KEYED)
            continue;
        struct cell key = eval_expr(e, item->a);
        struct cell v = eval_expr(e, item->b);
        if (e->stop)
            break;
        key.at = place_of(e, item->a);
        v.at = place_of(e, item->b);
        struct cell *c = table_put(&e->heap, t, key, under->key, &bad);
        if (bad)
            eval_panic(e, item->at, "hash of a type that cannot be compared");
        else
            *c = v;
    }
    return (struct cell){.table = t, .at = n->at};
}

struct cell eval_literal(struct eval *e, node_ref ref)
{
    const struct node *n = eval_node(e, ref);
    if (!eval_step(e, n->at))
        return (struct cell){0};
    if (n->kind == RUN_STRUCT_LIT)
        return struct_literal(e, n);
    return n->kind == RUN_LIST_LIT ? list_literal(e, n) : map_literal(e, n);
}
