/* Calls of generic functions: arguments, results, and package sort. */
#include "lang/eval_generic.h"

/* ---- sort ---- */

/* The least i in [0, n) that f answers true for. */
static struct cell sort_search(struct generic_call *g)
{
    int64_t low = 0, high = g->args[0].i;
    while (low < high && !g->e->stop) {
        int64_t middle = (int64_t)(((uint64_t)low + (uint64_t)high) >> 1);
        if (!generic_call1(g, g->args[1], cell_of_int(middle)).i)
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
        if (generic_call1(g, g->args[1], cell_of_int(middle)).i > 0)
            low = middle + 1;
        else
            high = middle;
    }
    g->second = cell_of_int(low < g->args[0].i && !g->e->stop &&
                            generic_call1(g, g->args[1], cell_of_int(low)).i == 0);
    return cell_of_int(low);
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
            if (!generic_call2(g, g->args[1], cell_of_int(k), cell_of_int(k - 1)).i || g->e->stop)
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
        if (generic_call2(g, g->args[1], cell_of_int(middle), cell_of_int(low)).i && !g->e->stop)
            reverse_part(v, low, high);
        return;
    }
    /* The longer half is cut in its middle, the other where that element belongs. */
    bool left = middle - low >= high - middle;
    uint32_t pivot = left ? low + (middle - low) / 2 : middle + (high - middle) / 2;
    uint32_t from = left ? middle : low, to = left ? high : middle;
    while (from < to && !g->e->stop) {
        uint32_t at = from + (to - from) / 2;
        bool before =
            left ? generic_call2(g, g->args[1], cell_of_int(at), cell_of_int(pivot)).i != 0
                 : generic_call2(g, g->args[1], cell_of_int(pivot), cell_of_int(at)).i == 0;
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
    uint32_t count = generic_size(g->args[0]), block = 12;
    for (uint32_t low = 0; low < count; low += block)
        insert_sort(g, low, low + block < count ? low + block : count);
    for (; block < count && !g->e->stop; block *= 2)
        for (uint32_t low = 0; low + block < count; low += 2 * block)
            merge_in_place(g, low, low + block, low + 2 * block < count ? low + 2 * block : count);
    return (struct cell){0};
}

static struct cell sort_slice_is_sorted(struct generic_call *g)
{
    if (!open_any(g))
        return (struct cell){0};
    for (uint32_t i = generic_size(g->args[0]); i > 1 && !g->e->stop; i--)
        if (generic_call2(g, g->args[1], cell_of_int(i - 1), cell_of_int(i - 2)).i)
            return cell_of_int(0);
    return cell_of_int(1);
}

/* ---- the table ---- */

static const struct {
    const char *name;
    generic_fn *call;
} sort_functions[] = {
    {"Find", sort_find},
    {"Float64s", slices_sort},
    {"Float64sAreSorted", slices_is_sorted},
    {"Ints", slices_sort},
    {"IntsAreSorted", slices_is_sorted},
    {"Search", sort_search},
    {"SearchFloat64s", slices_binary_search},
    {"SearchInts", slices_binary_search},
    {"SearchStrings", slices_binary_search},
    {"Slice", sort_slice},
    {"SliceIsSorted", sort_slice_is_sorted},
    {"SliceStable", sort_slice},
    {"Strings", slices_sort},
    {"StringsAreSorted", slices_is_sorted},
};

static bool is_of_package(const struct golib_func *f, const char *package)
{
    const struct golib_package *p = golib_package_find(slice_from(package));
    return p && f >= p->funcs && f < p->funcs + p->func_count;
}

static generic_fn *function_of(const struct golib_func *f)
{
    if (is_of_package(f, "slices"))
        return slices_function(f->name);
    if (is_of_package(f, "maps"))
        return maps_function(f->name);
    for (size_t i = 0; i < ARRAY_LEN(sort_functions); i++)
        if (strcmp(sort_functions[i].name, f->name) == 0)
            return sort_functions[i].call;
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
        g->rest_count = generic_size(s);
        g->rest = g->rest_count ? generic_copies(g, s, 0, g->rest_count) : NULL;
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
