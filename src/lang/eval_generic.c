/* The functions of slices, maps and sort, on cells of any type.
 *
 * Sorting is stable in all of them: where Go leaves the order of equal elements open, here it is
 * the order in which they came. */
#include "lang/evaluator.h"


struct generic_call {
    struct eval *e;
    source_place at;
    const struct node *n;
    struct cell args[4];
    struct cell *rest; /* of a variadic one */
    uint32_t rest_count;
    struct type *slice; /* of the first argument, or its map */
    struct type *elem;
    struct cell second; /* the second result */
};

typedef struct cell generic_fn(struct generic_call *g);

static uint32_t size_of(struct cell s)
{
    return s.view ? s.view->size : 0;
}

static struct cell item(struct cell s, uint32_t at)
{
    return *view_at(s.view, at);
}

/* A copy for a func of the program. */
static struct cell lend(struct generic_call *g, struct cell v)
{
    return cell_copy(&g->e->heap, v, g->elem);
}

static struct cell call1(struct generic_call *g, struct cell f, struct cell a)
{
    return eval_call_closure(g->e, f, &a, 1, NULL, g->at);
}

static struct cell call2(struct generic_call *g, struct cell f, struct cell a, struct cell b)
{
    struct cell args[2] = {a, b};
    return eval_call_closure(g->e, f, args, 2, NULL, g->at);
}

static struct cell part(struct generic_call *g, struct cell s, uint32_t low, uint32_t high)
{
    if (!s.view)
        return s;
    return (struct cell){.view = view_new(&g->e->heap, s.view->memory, s.view->offset + low,
                                          high - low, s.view->cap - low)};
}

static bool equal(struct generic_call *g, struct cell a, struct cell b)
{
    int r = cell_equal(&g->e->heap, a, b, g->elem);
    if (r < 0)
        eval_panic(g->e, g->at, "comparing values of a type that cannot be compared");
    return r == 1;
}

/* ---- order ---- */

/* How two elements are ordered: by the func, or as values are. */
static int order(struct generic_call *g, struct cell f, struct cell a, struct cell b)
{
    if (!f.closure)
        return cell_order(&g->e->heap, a, b, g->elem);
    int64_t r = call2(g, f, lend(g, a), lend(g, b)).i;
    return r < 0 ? -1 : r > 0;
}

static void merge(struct generic_call *g, struct cell f, struct cell *items, struct cell *spare,
                  uint32_t count)
{
    if (count < 2 || g->e->stop)
        return;
    uint32_t half = count / 2, a = 0, b = half, at = 0;
    merge(g, f, items, spare, half);
    merge(g, f, items + half, spare, count - half);
    while (a < half && b < count)
        spare[at++] = order(g, f, items[b], items[a]) < 0 ? items[b++] : items[a++];
    while (a < half)
        spare[at++] = items[a++];
    memcpy(items, spare, at * sizeof(*items));
}

static struct cell sort_with(struct generic_call *g, struct cell f)
{
    uint32_t count = size_of(g->args[0]);
    if (count < 2)
        return (struct cell){0};
    if (!heap_has_room(&g->e->heap, 2 * (uint64_t)count * sizeof(struct cell))) {
        eval_out_of_memory(g->e, g->at);
        return (struct cell){0};
    }
    /* On a copy: the func sees the slice as it was until all is in order. */
    struct cell *items = heap_alloc(&g->e->heap, 2 * (size_t)count * sizeof(*items));
    memcpy(items, view_at(g->args[0].view, 0), count * sizeof(*items));
    merge(g, f, items, items + count, count);
    if (!g->e->stop)
        memcpy(view_at(g->args[0].view, 0), items, count * sizeof(*items));
    return (struct cell){0};
}

static struct cell slices_sort(struct generic_call *g)
{
    return sort_with(g, (struct cell){0});
}

static struct cell slices_sort_func(struct generic_call *g)
{
    return sort_with(g, g->args[1]);
}

static struct cell sorted_with(struct generic_call *g, struct cell f)
{
    for (uint32_t i = size_of(g->args[0]); i > 1 && !g->e->stop; i--)
        if (order(g, f, item(g->args[0], i - 1), item(g->args[0], i - 2)) < 0)
            return cell_of_int(0);
    return cell_of_int(1);
}

static struct cell slices_is_sorted(struct generic_call *g)
{
    return sorted_with(g, (struct cell){0});
}

static struct cell slices_is_sorted_func(struct generic_call *g)
{
    return sorted_with(g, g->args[1]);
}

static struct cell best_with(struct generic_call *g, struct cell f, int sign, const char *name)
{
    uint32_t count = size_of(g->args[0]);
    if (!count) {
        eval_panic(g->e, g->at, "slices.%s: empty list", name);
        return (struct cell){0};
    }
    struct cell best = item(g->args[0], 0);
    for (uint32_t i = 1; i < count && !g->e->stop; i++) {
        struct cell v = item(g->args[0], i);
        bool nan = !f.closure && kind_is_float(type_under(g->e->types, g->elem)->kind) &&
                   best.f != best.f;
        bool better_nan = !f.closure &&
                          kind_is_float(type_under(g->e->types, g->elem)->kind) && v.f != v.f;
        if (better_nan || (!nan && order(g, f, v, best) * sign > 0))
            best = v;
    }
    return lend(g, best);
}

static struct cell slices_max(struct generic_call *g)
{
    return best_with(g, (struct cell){0}, 1, "Max");
}

static struct cell slices_max_func(struct generic_call *g)
{
    return best_with(g, g->args[1], 1, "MaxFunc");
}

static struct cell slices_min(struct generic_call *g)
{
    return best_with(g, (struct cell){0}, -1, "Min");
}

static struct cell slices_min_func(struct generic_call *g)
{
    return best_with(g, g->args[1], -1, "MinFunc");
}

/* ---- searching ---- */

static struct cell binary_search(struct generic_call *g, struct cell f)
{
    uint32_t low = 0, high = size_of(g->args[0]), count = high;
    while (low < high && !g->e->stop) {
        uint32_t middle = low + (high - low) / 2;
        struct cell v = item(g->args[0], middle);
        int r = f.closure ? (int)(call2(g, f, lend(g, v), g->args[1]).i < 0 ? -1 : 0)
                          : order(g, f, v, g->args[1]);
        if (r < 0)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = false;
    if (low < count && !g->e->stop) {
        struct cell v = item(g->args[0], low);
        found = f.closure ? call2(g, f, lend(g, v), g->args[1]).i == 0
                          : order(g, f, v, g->args[1]) == 0;
    }
    g->second = cell_of_int(found);
    return cell_of_int(low);
}

static struct cell slices_binary_search(struct generic_call *g)
{
    return binary_search(g, (struct cell){0});
}

static struct cell slices_binary_search_func(struct generic_call *g)
{
    return binary_search(g, g->args[2]);
}

static struct cell slices_index(struct generic_call *g)
{
    for (uint32_t i = 0; i < size_of(g->args[0]) && !g->e->stop; i++)
        if (equal(g, item(g->args[0], i), g->args[1]))
            return cell_of_int(i);
    return cell_of_int(-1);
}

static struct cell slices_index_func(struct generic_call *g)
{
    for (uint32_t i = 0; i < size_of(g->args[0]) && !g->e->stop; i++)
        if (call1(g, g->args[1], lend(g, item(g->args[0], i))).i)
            return cell_of_int(i);
    return cell_of_int(-1);
}

static struct cell slices_contains(struct generic_call *g)
{
    return cell_of_int(slices_index(g).i >= 0);
}

static struct cell slices_contains_func(struct generic_call *g)
{
    return cell_of_int(slices_index_func(g).i >= 0);
}

static struct cell slices_equal(struct generic_call *g)
{
    uint32_t count = size_of(g->args[0]);
    if (count != size_of(g->args[1]))
        return cell_of_int(0);
    for (uint32_t i = 0; i < count && !g->e->stop; i++)
        if (!equal(g, item(g->args[0], i), item(g->args[1], i)))
            return cell_of_int(0);
    return cell_of_int(1);
}

static struct cell slices_equal_func(struct generic_call *g)
{
    uint32_t count = size_of(g->args[0]);
    if (count != size_of(g->args[1]))
        return cell_of_int(0);
    for (uint32_t i = 0; i < count && !g->e->stop; i++)
        if (!call2(g, g->args[2], lend(g, item(g->args[0], i)), item(g->args[1], i)).i)
            return cell_of_int(0);
    return cell_of_int(1);
}

static struct cell compare_with(struct generic_call *g, struct cell f)
{
    uint32_t a = size_of(g->args[0]), b = size_of(g->args[1]);
    for (uint32_t i = 0; i < a && i < b && !g->e->stop; i++) {
        int64_t r = f.closure ? call2(g, f, item(g->args[0], i), item(g->args[1], i)).i
                              : order(g, f, item(g->args[0], i), item(g->args[1], i));
        if (r)
            return cell_of_int(r);
    }
    return cell_of_int(a < b ? -1 : a > b);
}

static struct cell slices_compare(struct generic_call *g)
{
    return compare_with(g, (struct cell){0});
}

static struct cell slices_compare_func(struct generic_call *g)
{
    return compare_with(g, g->args[2]);
}

/* ---- changing ---- */

/* s[:low] with room for `more` behind it, which is filled from `items`. */
static struct cell append_to(struct generic_call *g, struct cell s, const struct cell *items,
                             uint32_t more)
{
    struct view *v = view_grow(&g->e->heap, s.view, more, g->elem);
    if (!v) {
        eval_out_of_memory(g->e, g->at);
        return s;
    }
    uint32_t from = size_of(s);
    for (uint32_t i = 0; i < more; i++)
        cell_store(&g->e->heap, view_at(v, from + i), items[i], g->elem);
    return (struct cell){.view = v};
}

/* The elements [low, high) as copies, in new memory. */
static struct cell *copies_of(struct generic_call *g, struct cell s, uint32_t low, uint32_t high)
{
    if (!heap_has_room(&g->e->heap, (uint64_t)(high - low) * sizeof(struct cell))) {
        eval_out_of_memory(g->e, g->at);
        return NULL;
    }
    struct cell *items = heap_alloc(&g->e->heap, (high - low) * sizeof(*items));
    for (uint32_t i = low; i < high; i++)
        items[i - low] = cell_copy(&g->e->heap, item(s, i), g->elem);
    return items;
}

static struct cell slices_clone(struct generic_call *g)
{
    struct cell s = g->args[0];
    if (!s.view)
        return s;
    struct cell *items = copies_of(g, s, 0, size_of(s));
    if (!items)
        return s;
    struct cell none = {.view = view_new(&g->e->heap, s.view->memory, 0, 0, 0)};
    return size_of(s) ? append_to(g, none, items, size_of(s)) : none;
}

static struct cell slices_clip(struct generic_call *g)
{
    struct cell s = part(g, g->args[0], 0, size_of(g->args[0]));
    if (s.view)
        s.view->cap = s.view->size;
    return s;
}

static struct cell slices_grow(struct generic_call *g)
{
    struct cell s = g->args[0];
    int64_t more = g->args[1].i - (s.view ? s.view->cap - s.view->size : 0);
    if (g->args[1].i < 0)
        eval_panic(g->e, g->at, "cannot be negative");
    if (more <= 0 || g->e->stop)
        return s;
    struct view whole = s.view ? *s.view : (struct view){0};
    whole.size = whole.cap;
    whole.is_private = false;
    struct view *v = view_grow(&g->e->heap, s.view ? &whole : NULL, (uint64_t)more, g->elem);
    if (!v) {
        eval_out_of_memory(g->e, g->at);
        return s;
    }
    v->size = size_of(s);
    return (struct cell){.view = v};
}

static struct cell slices_concat(struct generic_call *g)
{
    struct cell all = {0};
    uint64_t total = 0;
    for (uint32_t i = 0; i < g->rest_count; i++)
        total += size_of(g->rest[i]);
    g->args[0] = all;
    g->args[1] = cell_of_int((int64_t)total);
    if (total)
        all = slices_grow(g);
    for (uint32_t i = 0; i < g->rest_count && !g->e->stop; i++) {
        uint32_t count = size_of(g->rest[i]);
        struct cell *items = copies_of(g, g->rest[i], 0, count);
        if (items && count)
            all = append_to(g, all, items, count);
    }
    return all;
}

static struct cell slices_reverse(struct generic_call *g)
{
    uint32_t count = size_of(g->args[0]);
    for (uint32_t i = 0; i < count / 2; i++) {
        struct cell *a = view_at(g->args[0].view, i), *b = view_at(g->args[0].view, count - 1 - i);
        struct cell t = *a;
        *a = *b;
        *b = t;
    }
    return (struct cell){0};
}

/* Go clears what is behind the new end, so that nothing is held there. */
static struct cell shorten(struct generic_call *g, struct cell s, uint32_t size)
{
    for (uint32_t i = size; i < size_of(s); i++)
        *view_at(s.view, i) = (struct cell){0};
    return part(g, s, 0, size);
}

static bool range_holds(struct generic_call *g, int64_t low, int64_t high, uint32_t size)
{
    if (low < 0 || high > size || low > high)
        eval_panic(g->e, g->at, "slice bounds out of range [%lld:%lld] with length %u",
                   (long long)low, (long long)high, size);
    return !g->e->stop;
}

static struct cell slices_delete(struct generic_call *g)
{
    struct cell s = g->args[0];
    int64_t low = g->args[1].i, high = g->args[2].i;
    if (!range_holds(g, low, high, size_of(s)) || low == high)
        return s;
    uint32_t tail = size_of(s) - (uint32_t)high;
    memmove(view_at(s.view, (uint32_t)low), view_at(s.view, (uint32_t)high),
            tail * sizeof(struct cell));
    return shorten(g, s, (uint32_t)low + tail);
}

static struct cell slices_delete_func(struct generic_call *g)
{
    struct cell s = g->args[0];
    uint32_t kept = 0;
    for (uint32_t i = 0; i < size_of(s) && !g->e->stop; i++) {
        struct cell v = item(s, i);
        if (!call1(g, g->args[1], lend(g, v)).i)
            *view_at(s.view, kept++) = v;
    }
    return g->e->stop ? s : shorten(g, s, kept);
}

static struct cell compact_with(struct generic_call *g, struct cell f)
{
    struct cell s = g->args[0];
    uint32_t kept = 1;
    if (size_of(s) < 2)
        return s;
    for (uint32_t i = 1; i < size_of(s) && !g->e->stop; i++) {
        struct cell v = item(s, i), before = item(s, kept - 1);
        bool same = f.closure ? call2(g, f, lend(g, v), lend(g, before)).i != 0
                              : equal(g, v, before);
        if (!same)
            *view_at(s.view, kept++) = v;
    }
    return g->e->stop ? s : shorten(g, s, kept);
}

static struct cell slices_compact(struct generic_call *g)
{
    return compact_with(g, (struct cell){0});
}

static struct cell slices_compact_func(struct generic_call *g)
{
    return compact_with(g, g->args[1]);
}

/* s[:low], the new elements, s[high:]: in place where the capacity allows it. */
static struct cell splice(struct generic_call *g, int64_t low, int64_t high)
{
    struct cell s = g->args[0];
    uint32_t size = size_of(s);
    if (!range_holds(g, low, high, size))
        return s;
    uint32_t tail = size - (uint32_t)high, total = (uint32_t)low + g->rest_count + tail;
    if (!g->rest_count && low == high)
        return s;
    struct cell *last = copies_of(g, s, (uint32_t)high, size);
    if (!last)
        return s;
    struct cell head = part(g, s, 0, (uint32_t)low);
    uint32_t more = g->rest_count + tail;
    struct cell *all = heap_alloc(&g->e->heap, (more + 1) * sizeof(*all));
    memcpy(all, g->rest, g->rest_count * sizeof(*all));
    memcpy(all + g->rest_count, last, tail * sizeof(*all));
    struct cell r = append_to(g, head, all, more);
    if (total < size && !g->e->stop)
        for (uint32_t i = total; i < size; i++)
            *view_at(s.view, i) = (struct cell){0};
    return r;
}

static struct cell slices_insert(struct generic_call *g)
{
    return splice(g, g->args[1].i, g->args[1].i);
}

static struct cell slices_replace(struct generic_call *g)
{
    return splice(g, g->args[1].i, g->args[2].i);
}

/* ---- maps ---- */

static struct cell maps_copy_into(struct generic_call *g, struct cell to, struct cell from)
{
    bool bad;
    if (from.table && from.table->live && !to.table)
        eval_panic(g->e, g->at, "assignment to entry in nil map");
    for (uint32_t i = 0; from.table && i < from.table->count && !g->e->stop; i++) {
        struct table_entry *x = &from.table->entries[i];
        if (!x->is_live)
            continue;
        struct cell v = cell_copy(&g->e->heap, x->value, g->slice->elem);
        struct cell *c = table_put(&g->e->heap, to.table, x->key, g->slice->key, &bad);
        if (!bad)
            *c = v;
    }
    return to;
}

static struct cell maps_clone(struct generic_call *g)
{
    if (!g->args[0].table)
        return g->args[0];
    struct cell to = {.table = table_new(&g->e->heap, g->args[0].table->live)};
    return maps_copy_into(g, to, g->args[0]);
}

static struct cell maps_copy(struct generic_call *g)
{
    maps_copy_into(g, g->args[0], g->args[1]);
    return (struct cell){0};
}

static struct cell maps_delete_func(struct generic_call *g)
{
    struct table *t = g->args[0].table;
    struct cell *keys = t && t->live ? table_sorted(&g->e->heap, t, g->slice->key) : NULL;
    uint32_t count = t ? t->live : 0;
    bool bad;
    for (uint32_t i = 0; keys && i < count && !g->e->stop; i++) {
        struct table_entry *x = table_find(&g->e->heap, t, keys[i], g->slice->key, &bad);
        if (x && call2(g, g->args[1], x->key, cell_copy(&g->e->heap, x->value, g->slice->elem)).i)
            table_remove(&g->e->heap, t, keys[i], g->slice->key, &bad);
    }
    return (struct cell){0};
}

static struct cell maps_equal_with(struct generic_call *g, struct cell f)
{
    const struct table *a = g->args[0].table, *b = g->args[1].table;
    bool bad;
    if ((a ? a->live : 0) != (b ? b->live : 0))
        return cell_of_int(0);
    for (uint32_t i = 0; a && i < a->count && !g->e->stop; i++) {
        const struct table_entry *x = &a->entries[i];
        if (!x->is_live)
            continue;
        const struct table_entry *y =
            table_find(&g->e->heap, b, x->key, g->slice->key, &bad);
        bool same = y && (f.closure ? call2(g, f, x->value, y->value).i != 0
                                    : cell_equal(&g->e->heap, x->value, y->value,
                                                 g->slice->elem) == 1);
        if (!same)
            return cell_of_int(0);
    }
    return cell_of_int(1);
}

static struct cell maps_equal(struct generic_call *g)
{
    return maps_equal_with(g, (struct cell){0});
}

static struct cell maps_equal_func(struct generic_call *g)
{
    return maps_equal_with(g, g->args[2]);
}

/* ---- sort ---- */

/* The least i in [0, n) that f answers true for. */
static struct cell sort_search(struct generic_call *g)
{
    int64_t low = 0, high = g->args[0].i;
    while (low < high && !g->e->stop) {
        int64_t middle = (int64_t)(((uint64_t)low + (uint64_t)high) >> 1);
        if (!call1(g, g->args[1], cell_of_int(middle)).i)
            low = middle + 1;
        else
            high = middle;
    }
    return cell_of_int(low);
}

static struct cell sort_find(struct generic_call *g)
{
    int64_t low = 0, high = g->args[0].i;
    while (low < high && !g->e->stop) {
        int64_t middle = (int64_t)(((uint64_t)low + (uint64_t)high) >> 1);
        if (call1(g, g->args[1], cell_of_int(middle)).i > 0)
            low = middle + 1;
        else
            high = middle;
    }
    g->second = cell_of_int(low < g->args[0].i && !g->e->stop &&
                            call1(g, g->args[1], cell_of_int(low)).i == 0);
    return cell_of_int(low);
}

static struct cell sort_search_values(struct generic_call *g)
{
    return binary_search(g, (struct cell){0});
}

/* sort.Slice and its like: the slice hides in an any, and less asks for indexes into it. */
static bool open_any(struct generic_call *g)
{
    const struct boxed *b = g->args[0].boxed;
    struct type *t = b ? type_under(g->e->types, g->e->types->items[b->type]) : NULL;
    if (!t || t->kind != TYPE_SLICE) {
        eval_panic(g->e, g->at, "the value is no slice");
        return false;
    }
    g->slice = t;
    g->elem = t->elem;
    g->args[0] = b->value;
    return true;
}

/* Insertion in the slice itself, because less looks there: binary, and so few comparisons. Larger
 * slices are sorted as rows that are merged by rotation. */
static void insert_sort(struct generic_call *g, uint32_t low, uint32_t high)
{
    struct view *v = g->args[0].view;
    for (uint32_t i = low + 1; i < high && !g->e->stop; i++)
        for (uint32_t k = i; k > low; k--) {
            if (!call2(g, g->args[1], cell_of_int(k), cell_of_int(k - 1)).i || g->e->stop)
                break;
            struct cell t = *view_at(v, k);
            *view_at(v, k) = *view_at(v, k - 1);
            *view_at(v, k - 1) = t;
        }
}

static void reverse_part(struct view *v, uint32_t low, uint32_t high)
{
    for (; low + 1 < high; low++, high--) {
        struct cell t = *view_at(v, low);
        *view_at(v, low) = *view_at(v, high - 1);
        *view_at(v, high - 1) = t;
    }
}

static void merge_in_place(struct generic_call *g, uint32_t low, uint32_t middle, uint32_t high)
{
    struct view *v = g->args[0].view;
    if (low >= middle || middle >= high || g->e->stop)
        return;
    if (high - low == 2) {
        if (call2(g, g->args[1], cell_of_int(middle), cell_of_int(low)).i && !g->e->stop)
            reverse_part(v, low, high);
        return;
    }
    /* The longer half is cut in its middle, the other where that element belongs. */
    bool left = middle - low >= high - middle;
    uint32_t pivot = left ? low + (middle - low) / 2 : middle + (high - middle) / 2;
    uint32_t from = left ? middle : low, to = left ? high : middle;
    while (from < to && !g->e->stop) {
        uint32_t at = from + (to - from) / 2;
        bool before = left ? call2(g, g->args[1], cell_of_int(at), cell_of_int(pivot)).i != 0
                           : call2(g, g->args[1], cell_of_int(pivot), cell_of_int(at)).i == 0;
        if (before)
            from = at + 1;
        else
            to = at;
    }
    uint32_t first = left ? pivot : from, second = left ? from : pivot;
    reverse_part(v, first, middle);
    reverse_part(v, middle, second);
    reverse_part(v, first, second);
    uint32_t cut = first + (second - middle);
    merge_in_place(g, low, first, cut);
    merge_in_place(g, left ? cut + 1 : cut, second, high);
}

static struct cell sort_slice(struct generic_call *g)
{
    if (!open_any(g))
        return (struct cell){0};
    uint32_t count = size_of(g->args[0]), block = 12;
    for (uint32_t low = 0; low < count; low += block)
        insert_sort(g, low, low + block < count ? low + block : count);
    for (; block < count && !g->e->stop; block *= 2)
        for (uint32_t low = 0; low + block < count; low += 2 * block)
            merge_in_place(g, low, low + block,
                           low + 2 * block < count ? low + 2 * block : count);
    return (struct cell){0};
}

static struct cell sort_slice_is_sorted(struct generic_call *g)
{
    if (!open_any(g))
        return (struct cell){0};
    for (uint32_t i = size_of(g->args[0]); i > 1 && !g->e->stop; i--)
        if (call2(g, g->args[1], cell_of_int(i - 1), cell_of_int(i - 2)).i)
            return cell_of_int(0);
    return cell_of_int(1);
}

/* ---- the table ---- */

static const struct {
    const char *package, *name;
    generic_fn *call;
} functions[] = {
    {"maps", "Clone", maps_clone},
    {"maps", "Copy", maps_copy},
    {"maps", "DeleteFunc", maps_delete_func},
    {"maps", "Equal", maps_equal},
    {"maps", "EqualFunc", maps_equal_func},
    {"slices", "BinarySearch", slices_binary_search},
    {"slices", "BinarySearchFunc", slices_binary_search_func},
    {"slices", "Clip", slices_clip},
    {"slices", "Clone", slices_clone},
    {"slices", "Compact", slices_compact},
    {"slices", "CompactFunc", slices_compact_func},
    {"slices", "Compare", slices_compare},
    {"slices", "CompareFunc", slices_compare_func},
    {"slices", "Concat", slices_concat},
    {"slices", "Contains", slices_contains},
    {"slices", "ContainsFunc", slices_contains_func},
    {"slices", "Delete", slices_delete},
    {"slices", "DeleteFunc", slices_delete_func},
    {"slices", "Equal", slices_equal},
    {"slices", "EqualFunc", slices_equal_func},
    {"slices", "Grow", slices_grow},
    {"slices", "Index", slices_index},
    {"slices", "IndexFunc", slices_index_func},
    {"slices", "Insert", slices_insert},
    {"slices", "IsSorted", slices_is_sorted},
    {"slices", "IsSortedFunc", slices_is_sorted_func},
    {"slices", "Max", slices_max},
    {"slices", "MaxFunc", slices_max_func},
    {"slices", "Min", slices_min},
    {"slices", "MinFunc", slices_min_func},
    {"slices", "Replace", slices_replace},
    {"slices", "Reverse", slices_reverse},
    {"slices", "Sort", slices_sort},
    {"slices", "SortFunc", slices_sort_func},
    {"slices", "SortStableFunc", slices_sort_func},
    {"sort", "Find", sort_find},
    {"sort", "Float64s", slices_sort},
    {"sort", "Float64sAreSorted", slices_is_sorted},
    {"sort", "Ints", slices_sort},
    {"sort", "IntsAreSorted", slices_is_sorted},
    {"sort", "Search", sort_search},
    {"sort", "SearchFloat64s", sort_search_values},
    {"sort", "SearchInts", sort_search_values},
    {"sort", "SearchStrings", sort_search_values},
    {"sort", "Slice", sort_slice},
    {"sort", "SliceIsSorted", sort_slice_is_sorted},
    {"sort", "SliceStable", sort_slice},
    {"sort", "Strings", slices_sort},
    {"sort", "StringsAreSorted", slices_is_sorted},
};

static bool is_of_package(const struct golib_func *f, const char *package)
{
    const struct golib_package *p = golib_package_find(slice_from(package));
    return p && f >= p->funcs && f < p->funcs + p->func_count;
}

static generic_fn *function_of(const struct golib_func *f)
{
    for (size_t i = 0; i < ARRAY_LEN(functions); i++)
        if (strcmp(functions[i].name, f->name) == 0 && is_of_package(f, functions[i].package))
            return functions[i].call;
    return NULL;
}

/* How many arguments come before those of a "...". */
static uint32_t fixed_count(const struct golib_func *f, uint32_t count)
{
    const char *dots = strstr(f->generic, "...");
    uint32_t fixed = 0;
    if (!dots)
        return count;
    const char *open = dots;
    while (*open != '(')
        open--;
    for (; open < dots; open++)
        fixed += *open == ',';
    return fixed;
}

static void take_args(struct generic_call *g, const struct golib_func *f, uint32_t base)
{
    struct eval *e = g->e;
    uint32_t count = e->sp - base, fixed = fixed_count(f, count);
    for (uint32_t i = 0; i < fixed && i < 4; i++)
        g->args[i] = e->stack[base + i];
    g->rest = &e->stack[base + fixed];
    g->rest_count = count - fixed;
    if (g->n->flags & RUN_SPREAD) { /* the slice's own elements */
        struct cell s = e->stack[base + fixed];
        g->rest_count = size_of(s);
        g->rest = g->rest_count ? copies_of(g, s, 0, g->rest_count) : NULL;
    }
}

struct cell eval_generic(struct eval *e, node_ref ref)
{
    const struct node *n = eval_node(e, ref);
    struct generic_call g = {.e = e, .at = n->at, .n = n};
    const struct golib_func *f = e->p->libs[n->a];
    generic_fn *call = function_of(f);
    uint32_t base = e->sp;
    struct cell r = {0};

    if (!eval_step(e, n->at) || !call)
        return r;
    for (node_ref a = n->b; a; a = eval_node(e, a)->next) {
        struct cell v = eval_expr(e, a);
        eval_push(e, v);
    }
    if (n->b)
        g.slice = type_under(e->types, eval_type(e, eval_node(e, n->b)));
    g.elem = g.slice && g.slice->elem ? g.slice->elem : e->types->basic[TYPE_INT];
    if (!e->stop)
        take_args(&g, f, base);
    if (!e->stop)
        r = call(&g);
    e->sp = base;
    struct cell *results = heap_alloc(&e->heap, 2 * sizeof(*results));
    results[0] = r;
    results[1] = g.second;
    e->results = results;
    return r;
}
