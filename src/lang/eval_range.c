/* Ranges: over numbers, texts, arrays, slices and maps. */
#include "lang/evaluator.h"
#include "lang/unicode.h"

struct range {
    node_ref ref, key, value, body;
    struct type *key_type;
    enum flow flow;
};

static bool is_present(struct eval *e, node_ref ref)
{
    const struct node *n = eval_node(e, ref);
    return n->kind != NODE_NONE && n->kind != RUN_BLANK;
}

/* Both are assigned at once: `for i, a[i] = range x` means the i of the round before. */
static void put(struct eval *e, struct range *r, struct cell key, struct cell value)
{
    bool both = is_present(e, r->key) && is_present(e, r->value);
    uint32_t sp = e->sp;
    if (both) {
        eval_left_operands(e, r->key);
        uint32_t second = e->sp;
        eval_left_operands(e, r->value);
        bool any = e->sp > sp;
        for (int i = 0; i < 2 && !e->stop; i++) {
            e->operands = any ? &e->stack[i ? second : sp] : NULL;
            eval_store(e, i ? r->value : r->key, i ? value : key);
            e->operands = NULL;
        }
        e->sp = sp;
    } else if (is_present(e, r->key)) {
        eval_store(e, r->key, key);
    } else if (is_present(e, r->value)) {
        eval_store(e, r->value, value);
    }
}

/* One round. false: the loop ends. */
static bool round_of(struct eval *e, struct range *r, struct cell key, struct cell value)
{
    if (!eval_step(e, eval_node(e, r->ref)->at))
        return false;
    put(e, r, key, value);
    enum flow f = eval_stmts(e, r->body);
    if (f == FLOW_NEXT && !e->stop)
        return true;
    r->flow = FLOW_NEXT;
    if (f == FLOW_RETURN || e->stop) {
        r->flow = FLOW_RETURN;
        return false;
    }
    if (e->target && e->target != r->ref) {
        r->flow = f;
        return false;
    }
    e->target = 0;
    return f == FLOW_CONTINUE;
}

static void range_text(struct eval *e, struct range *r, struct cell v)
{
    struct slice rest = cell_text(v);
    while (rest.size) {
        int64_t at = (int64_t)(v.size - rest.size);
        uint32_t c = unicode_next(&rest, NULL);
        if (!round_of(e, r, cell_of_int(at), cell_of_int((int32_t)c)))
            return;
    }
}

static void range_slice(struct eval *e, struct range *r, struct cell v, struct type *elem)
{
    bool aggregate = type_is_aggregate(e->types, elem), wants = is_present(e, r->value);
    uint32_t size = v.view ? v.view->size : 0;
    for (uint32_t i = 0; i < size; i++) {
        struct cell item = {0};
        if (wants)
            item = *view_at(v.view, i);
        if (wants && aggregate)
            item = object_share(&e->heap, item, elem);
        if (!round_of(e, r, cell_of_int(i), item))
            return;
    }
}

static void range_array(struct eval *e, struct range *r, struct cell v, struct type *array)
{
    bool wants = is_present(e, r->value);
    for (int64_t i = 0; i < array->length; i++) {
        struct cell item = {0};
        if (wants && v.object)
            item = cell_copy(&e->heap, object_get(v.object, (uint32_t)i), array->elem);
        if (!round_of(e, r, cell_of_int(i), item))
            return;
    }
}

/* The keys of the start, in their order; those that were deleted meanwhile are left out. */
static void range_map(struct eval *e, struct range *r, struct cell v, struct type *map)
{
    uint32_t count = v.table ? v.table->live : 0;
    struct cell *keys = count ? table_sorted(&e->heap, v.table, map->key) : NULL;
    bool bad;
    for (uint32_t i = 0; keys && i < count; i++) {
        struct table_entry *found = table_find(&e->heap, v.table, keys[i], map->key, &bad);
        if (!found)
            continue;
        struct cell item = cell_copy(&e->heap, found->value, map->elem);
        if (!round_of(e, r, cell_copy(&e->heap, keys[i], map->key), item))
            return;
    }
}

static void range_number(struct eval *e, struct range *r, struct cell v, int kind)
{
    if (kind_is_unsigned(kind)) {
        for (uint64_t i = 0; i < v.u; i++)
            if (!round_of(e, r, (struct cell){.u = i}, (struct cell){0}))
                return;
        return;
    }
    for (int64_t i = 0; i < v.i; i++)
        if (!round_of(e, r, cell_of_int(i), (struct cell){0}))
            return;
}

enum flow eval_range(struct eval *e, node_ref ref)
{
    const struct node *n = eval_node(e, ref);
    struct range r = {.ref = ref, .key = n->a, .flow = FLOW_NEXT};
    r.value = eval_node(e, r.key)->next;
    node_ref over = eval_node(e, r.value)->next;
    r.body = eval_node(e, eval_node(e, over)->next)->a;
    struct type *t = type_under(e->types, eval_type(e, eval_node(e, over)));
    /* Only a value that is wanted needs a copy of the array. */
    bool copies = t->kind == TYPE_ARRAY && is_present(e, r.value);
    /* Where only the length of an array counts, the array is not evaluated. */
    bool unseen = (t->kind == TYPE_ARRAY || t->kind == TYPE_POINTER) && !is_present(e, r.value) &&
                  !(eval_node(e, over)->flags & RUN_CALLS);
    struct cell v = copies ? eval_expr(e, over) : (struct cell){0};
    if (!copies && !unseen)
        v = eval_peek(e, over);
    if (e->stop)
        return FLOW_RETURN;
    switch (t->kind) {
    case TYPE_STRING:
        range_text(e, &r, v);
        break;
    case TYPE_SLICE:
        range_slice(e, &r, v, t->elem);
        break;
    case TYPE_ARRAY:
        range_array(e, &r, v, t);
        break;
    case TYPE_POINTER:
        if (!v.object && is_present(e, r.value))
            eval_panic(e, n->at, "invalid memory address or nil pointer dereference");
        else
            range_array(e, &r, v, type_under(e->types, t->elem));
        break;
    case TYPE_MAP:
        range_map(e, &r, v, t);
        break;
    default:
        range_number(e, &r, v, t->kind);
    }
    return e->stop ? FLOW_RETURN : r.flow;
}
