/* The predeclared functions, and slice expressions. */
#include "lang/evaluator.h"

#include <math.h>

#include "lang/checker.h"

/* ---- append ---- */

static struct cell append_items(struct eval *e, const struct node *n, struct cell to,
                                const struct cell *items, uint64_t count, struct type *elem)
{
    if (!count || e->stop)
        return to;
    uint32_t old = to.view ? to.view->size : 0;
    struct view *v = to.view;
    if (v && v->is_private) {
        if (!view_grow_private(&e->heap, v, count, elem))
            v = NULL;
    } else {
        v = view_grow(&e->heap, v, count, elem);
        if (v && (n->flags & RUN_IN_PLACE) && (!to.view || v->memory != to.view->memory))
            v->is_private = true;
    }
    if (!v) {
        eval_out_of_memory(e, n->at);
        return to;
    }
    bool aggregate = type_is_aggregate(e->types, elem);
    for (uint64_t i = 0; i < count; i++) {
        struct cell *at = view_at(v, (uint32_t)(old + i));
        if (aggregate)
            cell_store(&e->heap, at, items[i], elem);
        else
            *at = items[i];
    }
    return (struct cell){.view = v, .at = to.at};
}

static struct cell append_spread(struct eval *e, const struct node *n, struct cell to,
                                 node_ref from, struct type *elem)
{
    struct cell more = eval_expr(e, from);
    if (type_under(e->types, eval_type(e, eval_node(e, from)))->kind == TYPE_STRING)
        more = cell_of_bytes(&e->heap, cell_text(more));
    if (e->stop || !more.view || !more.view->size)
        return to;
    uint32_t count = more.view->size;
    const struct cell *items = view_at(more.view, 0);
    if (type_is_aggregate(e->types, elem)) {
        if (!heap_has_room(&e->heap, (uint64_t)count * sizeof(struct cell))) {
            eval_out_of_memory(e, n->at);
            return to;
        }
        struct cell *copies = heap_alloc(&e->heap, count * sizeof(*copies));
        for (uint32_t i = 0; i < count; i++)
            copies[i] = object_share(&e->heap, items[i], elem);
        items = copies;
    } else if (to.view && to.view->memory == more.view->memory &&
               heap_has_room(&e->heap, (uint64_t)count * sizeof(struct cell))) {
        struct cell *copies = heap_alloc(&e->heap, count * sizeof(*copies));
        memcpy(copies, items, count * sizeof(*copies)); /* as memmove: they may overlap */
        items = copies;
    }
    return append_items(e, n, to, items, count, elem);
}

static struct cell append_call(struct eval *e, const struct node *n)
{
    struct type *elem = type_under(e->types, eval_type(e, n))->elem;
    struct cell to = eval_expr(e, n->b);
    uint32_t base = e->sp;
    node_ref first = eval_node(e, n->b)->next;
    if (n->flags & RUN_SPREAD)
        return first ? append_spread(e, n, to, first, elem) : to;
    for (node_ref a = first; a && !e->stop; a = eval_node(e, a)->next) {
        struct cell v = eval_expr(e, a);
        v.at = eval_node(e, a)->at;
        eval_push(e, v);
    }
    struct cell r = append_items(e, n, to, &e->stack[base], e->sp - base, elem);
    e->sp = base;
    return r;
}

/* ---- the others ---- */

static struct cell length(struct eval *e, const struct node *n, bool cap)
{
    struct cell v = eval_peek(e, n->b);
    struct type *t = type_under(e->types, eval_type(e, eval_node(e, n->b)));
    switch (t->kind) {
    case TYPE_STRING:
        return cell_of_int(v.size);
    case TYPE_SLICE:
        return cell_of_int(!v.view ? 0 : cap ? v.view->cap : v.view->size);
    case TYPE_MAP:
        return cell_of_int(v.table ? v.table->live : 0);
    case TYPE_POINTER:
        t = type_under(e->types, t->elem);
        return cell_of_int(t->length);
    default:
        return cell_of_int(t->length);
    }
}

static struct cell copy_call(struct eval *e, const struct node *n)
{
    struct cell to = eval_expr(e, n->b), from = eval_expr(e, eval_node(e, n->b)->next);
    struct type *elem = type_under(e->types, eval_type(e, eval_node(e, n->b)))->elem;
    const struct node *second = eval_node(e, eval_node(e, n->b)->next);
    if (e->stop)
        return from;
    if (type_under(e->types, eval_type(e, second))->kind == TYPE_STRING)
        from = cell_of_bytes(&e->heap, cell_text(from));
    uint32_t count = to.view && from.view ? to.view->size : 0;
    if (count && from.view->size < count)
        count = from.view->size;
    if (!count)
        return cell_of_int(0);
    if (!type_is_aggregate(e->types, elem)) {
        memmove(view_at(to.view, 0), view_at(from.view, 0), count * sizeof(struct cell));
        return cell_of_int(count);
    }
    struct cell *copies = heap_alloc(&e->heap, count * sizeof(*copies));
    for (uint32_t i = 0; i < count; i++)
        copies[i] = object_share(&e->heap, *view_at(from.view, i), elem);
    for (uint32_t i = 0; i < count; i++)
        cell_store(&e->heap, view_at(to.view, i), copies[i], elem);
    return cell_of_int(count);
}

static struct cell delete_call(struct eval *e, const struct node *n)
{
    struct cell map = eval_expr(e, n->b), key = eval_expr(e, eval_node(e, n->b)->next);
    struct type *t = type_under(e->types, eval_type(e, eval_node(e, n->b)));
    bool bad = false;
    if (!e->stop && map.table)
        table_remove(&e->heap, map.table, key, t->key, &bad);
    if (bad)
        eval_panic(e, n->at, "hash of a type that cannot be compared");
    return (struct cell){0};
}

static struct cell clear_call(struct eval *e, const struct node *n)
{
    struct cell v = eval_expr(e, n->b);
    struct type *t = type_under(e->types, eval_type(e, eval_node(e, n->b)));
    if (t->kind == TYPE_MAP) {
        if (v.table)
            table_clear(v.table);
        return v;
    }
    for (uint32_t i = 0; v.view && i < v.view->size; i++)
        cell_store(&e->heap, view_at(v.view, i), (struct cell){0}, t->elem);
    return v;
}

static struct cell make_call(struct eval *e, const struct node *n)
{
    struct type *t = type_under(e->types, eval_type(e, n));
    node_ref size = eval_node(e, n->b)->next, more = size ? eval_node(e, size)->next : 0;
    int64_t length = size ? eval_index_value(e, size) : 0;
    int64_t cap = more ? eval_index_value(e, more) : length;
    if (e->stop)
        return (struct cell){0};
    if (t->kind == TYPE_MAP)
        return (struct cell){.table = table_new(&e->heap, 0)};
    if (length < 0 || length > (int64_t)1 << 47)
        eval_panic(e, n->at, "makeslice: len out of range");
    else if (cap < length || cap > (int64_t)1 << 47)
        eval_panic(e, n->at, "makeslice: cap out of range");
    if (e->stop)
        return (struct cell){0};
    if (cap > UINT32_MAX / 2 || !heap_has_room(&e->heap, (uint64_t)cap * sizeof(struct cell))) {
        eval_out_of_memory(e, n->at);
        return (struct cell){0};
    }
    struct object *memory = object_new(&e->heap, (uint32_t)cap);
    return (struct cell){.view = view_new(&e->heap, memory, 0, (uint32_t)length, (uint32_t)cap)};
}

static struct cell new_call(struct eval *e, const struct node *n)
{
    struct type *t = type_under(e->types, eval_type(e, n))->elem;
    if (!type_is_aggregate(e->types, t))
        return eval_new_box(e, (struct cell){0});
    struct object *o = object_zero(&e->heap, type_under(e->types, t));
    o->is_pinned = true;
    return (struct cell){.object = o};
}

/* Of floats: NaN wins, and -0 is less than 0. */
static bool float_less(double a, double b)
{
    if (isnan(a) || isnan(b))
        return isnan(a);
    return a < b || (a == b && signbit(a) && !signbit(b));
}

static struct cell minmax(struct eval *e, const struct node *n, bool min)
{
    struct type *t = eval_type(e, n);
    int kind = type_under(e->types, t)->kind;
    struct cell best = eval_expr(e, n->b);
    for (node_ref a = eval_node(e, n->b)->next; a && !e->stop; a = eval_node(e, a)->next) {
        struct cell v = eval_expr(e, a);
        bool better;
        if (kind_is_float(kind) && (isnan(v.f) || isnan(best.f)))
            better = isnan(v.f);
        else if (kind_is_float(kind))
            better = min ? float_less(v.f, best.f) : float_less(best.f, v.f);
        else
            better =
                min ? cell_order(&e->heap, v, best, t) < 0 : cell_order(&e->heap, best, v, t) < 0;
        if (better)
            best = v;
    }
    return best;
}

static struct cell panic_call(struct eval *e, const struct node *n)
{
    struct cell v = eval_expr(e, n->b);
    if (!e->stop)
        eval_panic(e, n->at, "%s", eval_panic_text(e, v));
    return v;
}

struct cell eval_builtin(struct eval *e, node_ref ref)
{
    const struct node *n = eval_node(e, ref);
    switch (n->op) {
    case BUILTIN_APPEND:
        return append_call(e, n);
    case BUILTIN_LEN:
    case BUILTIN_CAP:
        return length(e, n, n->op == BUILTIN_CAP);
    case BUILTIN_COPY:
        return copy_call(e, n);
    case BUILTIN_DELETE:
        return delete_call(e, n);
    case BUILTIN_CLEAR:
        return clear_call(e, n);
    case BUILTIN_MAKE:
        return make_call(e, n);
    case BUILTIN_NEW:
        return new_call(e, n);
    case BUILTIN_MIN:
    case BUILTIN_MAX:
        return minmax(e, n, n->op == BUILTIN_MIN);
    case BUILTIN_PANIC:
        return panic_call(e, n);
    default: /* print: evaluated, and not shown: a configuration has no output of its own */
        for (node_ref a = n->b; a && !e->stop; a = eval_node(e, a)->next)
            eval_expr(e, a);
        return (struct cell){0};
    }
}

/* ---- x[low:high:max] ---- */

int64_t eval_index_value(struct eval *e, node_ref ref)
{
    struct cell v = eval_expr(e, ref);
    const struct node *n = eval_node(e, ref);
    struct type *t = type_under(e->types, eval_type(e, n));
    return kind_is_unsigned(t->kind) && v.i < 0 ? INT64_MAX : v.i;
}

static int64_t bound(struct eval *e, node_ref ref, int64_t otherwise)
{
    return eval_node(e, ref)->kind == NODE_NONE ? otherwise : eval_index_value(e, ref);
}

static bool bounds_hold(struct eval *e, const struct node *n, int64_t low, int64_t high,
                        int64_t max, int64_t cap)
{
    if (max < 0 || max > cap)
        eval_panic(e, n->at, "slice bounds out of range [::%lld] with capacity %lld",
                   (long long)max, (long long)cap);
    else if (high < 0 || high > max)
        eval_panic(e, n->at, "slice bounds out of range [:%lld] with capacity %lld",
                   (long long)high, (long long)max);
    else if (low < 0 || low > high)
        eval_panic(e, n->at, "slice bounds out of range [%lld:%lld]", (long long)low,
                   (long long)high);
    return !e->stop;
}

static struct cell slice_text(struct eval *e, const struct node *n)
{
    struct cell v = eval_expr(e, n->a);
    int64_t low = bound(e, n->b, 0);
    int64_t high = bound(e, eval_node(e, n->b)->next, v.size);
    if (high < 0 || high > v.size)
        eval_panic(e, n->at, "slice bounds out of range [:%lld] with length %u", (long long)high,
                   v.size);
    if (e->stop || !bounds_hold(e, n, low, high, v.size, v.size))
        return (struct cell){0};
    return (struct cell){.text = v.text + low, .size = (uint32_t)(high - low), .at = v.at};
}

struct cell eval_slice_expr(struct eval *e, const struct node *n)
{
    if (n->kind == RUN_SLICE_STRING)
        return slice_text(e, n);
    struct cell v = eval_expr(e, n->a);
    struct type *t = type_under(e->types, eval_type(e, eval_node(e, n->a)));
    struct object *memory = NULL;
    int64_t size = 0, cap = 0;
    uint32_t offset = 0;
    if (n->kind == RUN_SLICE_ARRAY_OF) {
        if (!v.object)
            eval_panic(e, n->at, "invalid memory address or nil pointer dereference");
        memory = v.object;
        size = cap = type_under(e->types, t->elem)->length;
        if (v.object && v.object->count < size)
            eval_out_of_memory(e, n->at);
    } else if (v.view) {
        memory = v.view->memory;
        offset = v.view->offset;
        size = v.view->size;
        cap = v.view->cap;
    }
    node_ref high_ref = eval_node(e, n->b)->next, max_ref = eval_node(e, high_ref)->next;
    int64_t low = bound(e, n->b, 0), high = bound(e, high_ref, size);
    int64_t max = max_ref ? bound(e, max_ref, cap) : cap;
    if (e->stop || !bounds_hold(e, n, low, high, max, cap))
        return (struct cell){0};
    if (!memory)
        return (struct cell){0};
    return (struct cell){.view = view_new(&e->heap, memory, offset + (uint32_t)low,
                                          (uint32_t)(high - low), (uint32_t)(max - low)),
                         .at = v.at};
}
