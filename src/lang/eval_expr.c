/* Expressions: one function for each group of kinds. */
#include "lang/evaluator.h"

#include "lang/checker.h"
#include "lang/lib.h"

static struct cell index_array(struct eval *e, const struct node *n)
{
    struct cell base = n->kind == RUN_INDEX_ARRAY ? eval_peek(e, n->a) : eval_expr(e, n->a);
    int64_t at = eval_index_value(e, n->b);
    struct type *t = type_under(e->types, eval_type(e, eval_node(e, n->a)));
    if (t->kind == TYPE_POINTER) {
        t = type_under(e->types, t->elem);
        if (!base.object)
            eval_panic(e, n->at, "invalid memory address or nil pointer dereference");
    }
    if (at < 0 || at >= t->length) {
        eval_panic(e, n->at, "index out of range [%lld] with length %lld", (long long)at,
                   (long long)t->length);
        return (struct cell){0};
    }
    return base.object && !e->stop ? object_get(base.object, (uint32_t)at) : (struct cell){0};
}

static struct cell index_slice(struct eval *e, const struct node *n)
{
    struct cell base = eval_expr(e, n->a);
    int64_t at = eval_index_value(e, n->b);
    uint32_t size = base.view ? base.view->size : 0;
    if (UNLIKELY(at < 0 || at >= size)) {
        eval_panic(e, n->at, "index out of range [%lld] with length %u", (long long)at, size);
        return (struct cell){0};
    }
    return *view_at(base.view, (uint32_t)at);
}

static struct cell index_string(struct eval *e, const struct node *n)
{
    struct cell base = eval_expr(e, n->a);
    int64_t at = eval_index_value(e, n->b);
    if (at < 0 || at >= base.size) {
        eval_panic(e, n->at, "index out of range [%lld] with length %u", (long long)at, base.size);
        return (struct cell){0};
    }
    return (struct cell){.u = (unsigned char)base.text[at]};
}

static struct cell index_map(struct eval *e, const struct node *n, bool *ret_ok)
{
    struct cell map = eval_expr(e, n->a);
    struct cell key = eval_expr(e, n->b);
    struct type *t = type_under(e->types, eval_type(e, eval_node(e, n->a)));
    bool bad;
    *ret_ok = false;
    if (e->stop)
        return (struct cell){0};
    struct table_entry *found = table_find(&e->heap, map.table, key, t->key, &bad);
    if (bad)
        eval_panic(e, n->at, "hash of a type that cannot be compared");
    *ret_ok = found != NULL;
    return found ? found->value : (struct cell){0};
}

static struct cell field_of(struct eval *e, const struct node *n)
{
    struct cell base;
    if (n->kind == RUN_FIELD) {
        base = eval_peek(e, n->a);
    } else {
        base = eval_expr(e, n->a);
        if (!base.object)
            eval_panic(e, n->at, "invalid memory address or nil pointer dereference");
    }
    return base.object && !e->stop ? object_get(base.object, n->b) : (struct cell){0};
}

static struct cell deref(struct eval *e, const struct node *n)
{
    struct cell p = eval_expr(e, n->a);
    if (!p.object) {
        eval_panic(e, n->at, "invalid memory address or nil pointer dereference");
        return p;
    }
    if (type_is_aggregate(e->types, eval_type(e, n)))
        return (struct cell){.object = p.object, .at = p.at};
    return object_get(p.object, p.size);
}

static struct cell global(struct eval *e, const struct node *n)
{
    if (UNLIKELY(e->bad_globals[n->a]) && !e->stop)
        e->stop = STOP_BAD;
    return e->globals->cells[n->a];
}

/* ---- interfaces ---- */

struct cell eval_box(struct eval *e, struct cell v, struct type *type)
{
    struct boxed *b = heap_alloc(&e->heap, sizeof(*b));
    b->type = type->number;
    b->value = v;
    return (struct cell){.boxed = b};
}

/* x.(T). An error's dynamic type cannot be named where the library made it. */
static bool has_type(struct eval *e, const struct boxed *b, struct type *want)
{
    if (!b)
        return false;
    if (want == e->types->any)
        return true;
    struct type *have = e->types->items[b->type];
    if (want != e->types->error)
        return have == want && have != e->types->error;
    return have == e->types->error ||
           (eval_go_value(e, b->value, have).methods & GO_HAS_ERROR) != 0;
}

static struct cell assertion(struct eval *e, const struct node *n, bool *ret_ok)
{
    struct cell x = eval_expr(e, n->a);
    struct type *want = eval_type(e, n);
    *ret_ok = !e->stop && has_type(e, x.boxed, want);
    if (!*ret_ok)
        return (struct cell){0};
    if (type_under(e->types, want)->kind == TYPE_INTERFACE)
        return x;
    return cell_copy(&e->heap, x.boxed->value, want);
}

struct cell eval_with_ok(struct eval *e, node_ref ref, bool *ret_ok)
{
    const struct node *n = eval_node(e, ref);
    if (n->kind == RUN_ASSERT)
        return assertion(e, n, ret_ok);
    struct cell v = index_map(e, n, ret_ok);
    return (n->flags & RUN_AGGREGATE) ? object_share(&e->heap, v, eval_type(e, n)) : v;
}

static struct cell assert_or_panic(struct eval *e, const struct node *n)
{
    bool ok;
    struct cell v = assertion(e, n, &ok);
    if (!ok)
        eval_panic(e, n->at, "interface conversion: the value is not %s",
                   type_text(e->types, eval_type(e, n)));
    return v;
}

/* ---- functions as values ---- */

static struct cell closure_of(struct eval *e, uint32_t function, uint32_t cells)
{
    struct closure *k = heap_alloc(&e->heap, sizeof(*k) + cells * sizeof(struct cell));
    k->function = function;
    k->count = cells;
    return (struct cell){.closure = k};
}

static struct cell literal_closure(struct eval *e, const struct node *n)
{
    const struct function *f = e->p->functions[n->a];
    struct cell c = closure_of(e, n->a, f->capture_count);
    for (uint32_t i = 0; i < f->capture_count; i++)
        c.closure->cells[i] = e->frame[f->captures[i].outer];
    return c;
}

static struct cell bound(struct eval *e, const struct node *n)
{
    struct cell receiver = eval_expr(e, n->a);
    struct cell c = closure_of(e, n->op ? 0 : n->b, 1);
    c.closure->library = n->op ? e->p->libs[n->b] : NULL;
    c.closure->has_receiver = true;
    c.closure->cells[0] = receiver;
    return c;
}

static struct cell library_value(struct eval *e, const struct node *n)
{
    struct cell c = closure_of(e, 0, 0);
    c.closure->library = e->p->libs[n->a];
    return c;
}

/* ---- all ---- */

static struct cell text_of(struct eval *e, const struct node *n)
{
    struct slice s = tree_text(e->p->tree, n->at + 1);
    return (struct cell){.text = s.data, .size = n->a, .at = n->at};
}

static struct cell new_of(struct eval *e, const struct node *n)
{
    struct cell v = eval_expr(e, n->a);
    struct type *t = eval_type(e, eval_node(e, n->a));
    if (!type_is_aggregate(e->types, t))
        return eval_new_box(e, v);
    struct object *o = object_own(&e->heap, &v, t);
    o->is_pinned = true;
    return (struct cell){.object = o, .at = n->at};
}

static struct cell other(struct eval *e, node_ref ref)
{
    const struct node *n = eval_node(e, ref);
    switch (n->kind) {
    case RUN_STRUCT_LIT:
    case RUN_LIST_LIT:
    case RUN_MAP_LIT:
        return eval_literal(e, ref);
    case RUN_CALL:
    case RUN_CALL_VALUE:
        return eval_call(e, ref);
    case RUN_CALL_LIB:
        return eval_library(e, ref);
    case RUN_CALL_GENERIC:
        return eval_generic(e, ref);
    case RUN_CALL_BUILTIN:
        return eval_builtin(e, ref);
    case RUN_SLICE_STRING:
    case RUN_SLICE_SLICE:
    case RUN_SLICE_ARRAY_OF:
        return eval_slice_expr(e, n);
    case RUN_ASSERT:
        return assert_or_panic(e, n);
    case RUN_CLOSURE:
        return literal_closure(e, n);
    case RUN_FUNC:
        return closure_of(e, n->a, 0);
    case RUN_LIB_FUNC:
        return library_value(e, n);
    case RUN_BOUND:
        return bound(e, n);
    case RUN_CONVERT:
        return eval_convert(e, n);
    case RUN_ADDRESS:
        return eval_address(e, n);
    case RUN_NEW:
        return new_of(e, n);
    case RUN_ZERO:
        return (struct cell){0};
    default:
        if (!e->stop)
            e->stop = STOP_BAD; /* refused, and told about */
        return (struct cell){0};
    }
}

struct cell eval_peek(struct eval *e, node_ref ref)
{
    const struct node *n = eval_node(e, ref);
    bool ok;
    switch (n->kind) {
    case RUN_LOCAL:
        return e->frame[n->a];
    case RUN_TEXT:
        return text_of(e, n);
    case RUN_CONST:
        return e->p->consts[n->a];
    case RUN_FIELD:
    case RUN_FIELD_OF:
        return field_of(e, n);
    case RUN_BOXED:
        return e->frame[n->a].object->cells[0];
    case RUN_GLOBAL:
        return global(e, n);
    case RUN_INDEX_SLICE:
        return index_slice(e, n);
    case RUN_INDEX_MAP:
        return index_map(e, n, &ok);
    case RUN_INDEX_ARRAY:
    case RUN_INDEX_ARRAY_OF:
        return index_array(e, n);
    case RUN_INDEX_STRING:
        return index_string(e, n);
    case RUN_DEREF:
        return deref(e, n);
    case RUN_BOX: {
        struct cell v = eval_expr(e, n->a);
        return eval_box(e, v, eval_type(e, eval_node(e, n->a)));
    }
    case RUN_ARITHMETIC:
    case RUN_SHIFT:
    case RUN_COMPARE:
    case RUN_COMPARE_DEEP:
    case RUN_LAND:
    case RUN_LOR:
    case RUN_NOT:
    case RUN_NEGATE:
    case RUN_COMPLEMENT:
        return eval_operator(e, n);
    default:
        return other(e, ref);
    }
}

struct cell eval_expr(struct eval *e, node_ref ref)
{
    struct cell v = eval_peek(e, ref);
    const struct node *n = eval_node(e, ref);
    if ((n->flags & RUN_AGGREGATE) && !e->stop)
        return object_share(&e->heap, v, eval_type(e, n));
    return v;
}
