/* The functions of slices and maps on cells of any type. Sorting is stable in all of them: where Go
 * leaves the order of equal elements open, here it is the order in which they came. */
#include "lang/eval_generic.h"

static struct cell item(struct cell s, uint32_t at)
{
    return *view_at(s.view, at);
}

/* A copy for a func of the program. */
static struct cell lend(struct generic_call *g, struct cell v)
{
    return cell_copy(&g->e->heap, v, g->elem);
}

struct cell generic_call1(struct generic_call *g, struct cell f, struct cell a)
{
    return eval_call_closure(g->e, f, &a, 1, NULL, g->at);
}

struct cell generic_call2(struct generic_call *g, struct cell f, struct cell a, struct cell b)
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
    int64_t r = generic_call2(g, f, lend(g, a), lend(g, b)).i;
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
    uint32_t count = generic_size(g->args[0]);
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

struct cell slices_sort(struct generic_call *g)
{
    return sort_with(g, (struct cell){0});
}

static struct cell slices_sort_func(struct generic_call *g)
{
    return sort_with(g, g->args[1]);
}

static struct cell sorted_with(struct generic_call *g, struct cell f)
{
    for (uint32_t i = generic_size(g->args[0]); i > 1 && !g->e->stop; i--)
        if (order(g, f, item(g->args[0], i - 1), item(g->args[0], i - 2)) < 0)
            return cell_of_int(0);
    return cell_of_int(1);
}

struct cell slices_is_sorted(struct generic_call *g)
{
    return sorted_with(g, (struct cell){0});
}

static struct cell slices_is_sorted_func(struct generic_call *g)
{
    return sorted_with(g, g->args[1]);
}

static struct cell best_with(struct generic_call *g, struct cell f, int sign, const char *name)
{
    uint32_t count = generic_size(g->args[0]);
    if (!count) {
        eval_panic(g->e, g->at, "slices.%s: empty list", name);
        return (struct cell){0};
    }
    struct cell best = item(g->args[0], 0);
    for (uint32_t i = 1; i < count && !g->e->stop; i++) {
        struct cell v = item(g->args[0], i);
        bool nan =
            !f.closure && kind_is_float(type_under(g->e->types, g->elem)->kind) && best.f != best.f;
        bool better_nan =
            !f.closure && kind_is_float(type_under(g->e->types, g->elem)->kind) && v.f != v.f;
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
    uint32_t low = 0, high = generic_size(g->args[0]), count = high;
    while (low < high && !g->e->stop) {
        uint32_t middle = low + (high - low) / 2;
        struct cell v = item(g->args[0], middle);
        int r = f.closure ? (int)(generic_call2(g, f, lend(g, v), g->args[1]).i < 0 ? -1 : 0)
                          : order(g, f, v, g->args[1]);
        if (r < 0)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = false;
    if (low < count && !g->e->stop) {
        struct cell v = item(g->args[0], low);
        found = f.closure ? generic_call2(g, f, lend(g, v), g->args[1]).i == 0
                          : order(g, f, v, g->args[1]) == 0;
    }
    g->second = cell_of_int(found);
    return cell_of_int(low);
}

struct cell slices_binary_search(struct generic_call *g)
{
    return binary_search(g, (struct cell){0});
}

static struct cell slices_binary_search_func(struct generic_call *g)
{
    return binary_search(g, g->args[2]);
}

static struct cell slices_index(struct generic_call *g)
{
    for (uint32_t i = 0; i < generic_size(g->args[0]) && !g->e->stop; i++)
        if (equal(g, item(g->args[0], i), g->args[1]))
            return cell_of_int(i);
    return cell_of_int(-1);
}

static struct cell slices_index_func(struct generic_call *g)
{
    for (uint32_t i = 0; i < generic_size(g->args[0]) && !g->e->stop; i++)
        if (generic_call1(g, g->args[1], lend(g, item(g->args[0], i))).i)
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
    uint32_t count = generic_size(g->args[0]);
    if (count != generic_size(g->args[1]))
        return cell_of_int(0);
    for (uint32_t i = 0; i < count && !g->e->stop; i++)
        if (!equal(g, item(g->args[0], i), item(g->args[1], i)))
            return cell_of_int(0);
    return cell_of_int(1);
}

static struct cell slices_equal_func(struct generic_call *g)
{
    uint32_t count = generic_size(g->args[0]);
    if (count != generic_size(g->args[1]))
        return cell_of_int(0);
    for (uint32_t i = 0; i < count && !g->e->stop; i++)
        if (!generic_call2(g, g->args[2], lend(g, item(g->args[0], i)), item(g->args[1], i)).i)
            return cell_of_int(0);
    return cell_of_int(1);
}

static struct cell compare_with(struct generic_call *g, struct cell f)
{
    uint32_t a = generic_size(g->args[0]), b = generic_size(g->args[1]);
    for (uint32_t i = 0; i < a && i < b && !g->e->stop; i++) {
        int64_t r = f.closure ? generic_call2(g, f, item(g->args[0], i), item(g->args[1], i)).i
                              : order(g, f, item(g->args[0], i), item(g->args[1], i));
        if (r && !f.closure)
            r = r < 0 ? -1 : 1;
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
    uint32_t from = generic_size(s);
    for (uint32_t i = 0; i < more; i++)
        cell_store(&g->e->heap, view_at(v, from + i), items[i], g->elem);
    return (struct cell){.view = v};
}

struct cell *generic_copies(struct generic_call *g, struct cell s, uint32_t low, uint32_t high)
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
    struct cell *items = generic_copies(g, s, 0, generic_size(s));
    if (!items)
        return s;
    struct cell none = {.view = view_new(&g->e->heap, s.view->memory, 0, 0, 0)};
    return generic_size(s) ? append_to(g, none, items, generic_size(s)) : none;
}

static struct cell slices_clip(struct generic_call *g)
{
    struct cell s = part(g, g->args[0], 0, generic_size(g->args[0]));
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
    v->size = generic_size(s);
    return (struct cell){.view = v};
}

static struct cell slices_concat(struct generic_call *g)
{
    struct cell all = {0};
    uint64_t total = 0;
    for (uint32_t i = 0; i < g->rest_count; i++)
        total += generic_size(g->rest[i]);
    g->args[0] = all;
    g->args[1] = cell_of_int((int64_t)total);
    if (total)
        all = slices_grow(g);
    for (uint32_t i = 0; i < g->rest_count && !g->e->stop; i++) {
        uint32_t count = generic_size(g->rest[i]);
        struct cell *items = generic_copies(g, g->rest[i], 0, count);
        if (items && count)
            all = append_to(g, all, items, count);
    }
    return all;
}

static struct cell slices_reverse(struct generic_call *g)
{
    uint32_t count = generic_size(g->args[0]);
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
    for (uint32_t i = size; i < generic_size(s); i++)
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
    if (!range_holds(g, low, high, generic_size(s)) || low == high)
        return s;
    uint32_t tail = generic_size(s) - (uint32_t)high;
    memmove(view_at(s.view, (uint32_t)low), view_at(s.view, (uint32_t)high),
            tail * sizeof(struct cell));
    return shorten(g, s, (uint32_t)low + tail);
}

static struct cell slices_delete_func(struct generic_call *g)
{
    struct cell s = g->args[0];
    uint32_t kept = 0;
    for (uint32_t i = 0; i < generic_size(s) && !g->e->stop; i++) {
        struct cell v = item(s, i);
        if (!generic_call1(g, g->args[1], lend(g, v)).i)
            *view_at(s.view, kept++) = v;
    }
    return g->e->stop ? s : shorten(g, s, kept);
}

static struct cell compact_with(struct generic_call *g, struct cell f)
{
    struct cell s = g->args[0];
    uint32_t kept = 1;
    if (generic_size(s) < 2)
        return s;
    for (uint32_t i = 1; i < generic_size(s) && !g->e->stop; i++) {
        struct cell v = item(s, i), before = item(s, kept - 1);
        bool same = f.closure ? generic_call2(g, f, lend(g, v), lend(g, before)).i != 0
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
    uint32_t size = generic_size(s);
    if (!range_holds(g, low, high, size))
        return s;
    uint32_t tail = size - (uint32_t)high, total = (uint32_t)low + g->rest_count + tail;
    if (!g->rest_count && low == high)
        return s;
    struct cell *last = generic_copies(g, s, (uint32_t)high, size);
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
        if (x &&
            generic_call2(g, g->args[1], x->key, cell_copy(&g->e->heap, x->value, g->slice->elem))
                .i)
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
        const struct table_entry *y = table_find(&g->e->heap, b, x->key, g->slice->key, &bad);
        bool same =
            y && (f.closure ? generic_call2(g, f, x->value, y->value).i != 0
                            : cell_equal(&g->e->heap, x->value, y->value, g->slice->elem) == 1);
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

/* ---- the tables ---- */

struct named {
    const char *name;
    generic_fn *call;
};

static const struct named slices_functions[] = {
    {"BinarySearch", slices_binary_search},
    {"BinarySearchFunc", slices_binary_search_func},
    {"Clip", slices_clip},
    {"Clone", slices_clone},
    {"Compact", slices_compact},
    {"CompactFunc", slices_compact_func},
    {"Compare", slices_compare},
    {"CompareFunc", slices_compare_func},
    {"Concat", slices_concat},
    {"Contains", slices_contains},
    {"ContainsFunc", slices_contains_func},
    {"Delete", slices_delete},
    {"DeleteFunc", slices_delete_func},
    {"Equal", slices_equal},
    {"EqualFunc", slices_equal_func},
    {"Grow", slices_grow},
    {"Index", slices_index},
    {"IndexFunc", slices_index_func},
    {"Insert", slices_insert},
    {"IsSorted", slices_is_sorted},
    {"IsSortedFunc", slices_is_sorted_func},
    {"Max", slices_max},
    {"MaxFunc", slices_max_func},
    {"Min", slices_min},
    {"MinFunc", slices_min_func},
    {"Replace", slices_replace},
    {"Reverse", slices_reverse},
    {"Sort", slices_sort},
    {"SortFunc", slices_sort_func},
    {"SortStableFunc", slices_sort_func},
};

static const struct named maps_functions[] = {
    {"Clone", maps_clone},
    {"Copy", maps_copy},
    {"DeleteFunc", maps_delete_func},
    {"Equal", maps_equal},
    {"EqualFunc", maps_equal_func},
};

static generic_fn *find(const struct named *table, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(table[i].name, name) == 0)
            return table[i].call;
    return NULL;
}

generic_fn *slices_function(const char *name)
{
    return find(slices_functions, ARRAY_LEN(slices_functions), name);
}

generic_fn *maps_function(const char *name)
{
    return find(maps_functions, ARRAY_LEN(maps_functions), name);
}
