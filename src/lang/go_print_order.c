#include <errno.h>

#include "lang/go_printer.h"

/* Go orders values of different types behind one interface by where their types lie in memory;
 * here by kind, so that the order is the same twice. */

static int order_u64(uint64_t x, uint64_t y)
{
    return (x > y) - (x < y);
}

static int order_i64(int64_t x, int64_t y)
{
    return (x > y) - (x < y);
}

/* NaN is less than any number. */
static int order_f64(double x, double y)
{
    bool x_nan = x != x, y_nan = y != y;
    if (x_nan || y_nan)
        return y_nan - x_nan;
    return (x > y) - (x < y);
}

static int order_text(struct slice x, struct slice y)
{
    size_t n = x.size < y.size ? x.size : y.size;
    int c = n ? memcmp(x.data, y.data, n) : 0;
    return c ? c : order_u64(x.size, y.size);
}

static int order(const struct go_value *x, const struct go_value *y, unsigned depth, int *ret);

static int held_by(const struct go_value *v, struct go_value *ret)
{
    *ret = *v;
    for (unsigned i = 0; ret->kind == GO_INTERFACE; i++) {
        struct go_value holder = *ret;
        if (i >= GO_PRINT_DEPTH_MAX)
            return -ELOOP;
        int r = holder.is_nil ? 0 : holder.ops->child(&holder, 0, ret);
        if (r < 0)
            return r;
        if (holder.is_nil)
            *ret = (struct go_value){.kind = GO_NIL};
    }
    return 0;
}

static int order_parts(const struct go_value *x, const struct go_value *y, unsigned depth, int *ret)
{
    *ret = 0;
    for (uint64_t i = 0; i < x->count && i < y->count && *ret == 0; i++) {
        struct go_value x_part, y_part;
        int r = x->ops->child(x, i, &x_part);
        if (r == 0)
            r = y->ops->child(y, i, &y_part);
        if (r == 0)
            r = order(&x_part, &y_part, depth + 1, ret);
        if (r < 0)
            return r;
    }
    return 0;
}

static int order(const struct go_value *x, const struct go_value *y, unsigned depth, int *ret)
{
    struct go_value xv, yv;
    if (depth >= GO_PRINT_DEPTH_MAX)
        return -ELOOP;
    int r = held_by(x, &xv);
    if (r == 0)
        r = held_by(y, &yv);
    if (r < 0)
        return r;
    if (xv.kind != yv.kind)
        *ret = order_u64(xv.kind, yv.kind);
    else if (xv.kind == GO_BOOL)
        *ret = xv.boolean - yv.boolean;
    else if (go_kind_is_signed(xv.kind))
        *ret = order_i64(xv.integer, yv.integer);
    else if (go_kind_is_unsigned(xv.kind))
        *ret = order_u64(xv.natural, yv.natural);
    else if (xv.kind == GO_FLOAT32 || xv.kind == GO_FLOAT64)
        *ret = order_f64(xv.number, yv.number);
    else if (xv.kind == GO_STRING)
        *ret = order_text(xv.text, yv.text);
    else if (xv.kind == GO_STRUCT || xv.kind == GO_ARRAY)
        return order_parts(&xv, &yv, depth, ret);
    else
        *ret = 0;
    return 0;
}

/* Merges [from, middle) and [middle, to) of `in` into `out`. */
static int merge(const struct go_entry **in, const struct go_entry **out, size_t from,
                 size_t middle, size_t to)
{
    size_t left = from, right = middle;
    for (size_t i = from; i < to; i++) {
        int c = 1;
        if (left < middle && right < to) {
            int r = order(&in[left]->key, &in[right]->key, 0, &c);
            if (r < 0)
                return r;
        } else if (left < middle) {
            c = -1;
        }
        out[i] = c <= 0 ? in[left++] : in[right++];
    }
    return 0;
}

int go_entries_sorted(struct arena *a, const struct go_value *map, const struct go_entry ***ret)
{
    size_t count = map->count;
    struct go_entry *entries = arena_alloc_array(a, count, sizeof(*entries));
    const struct go_entry **in = arena_alloc_array(a, count, sizeof(*in));
    const struct go_entry **out = arena_alloc_array(a, count, sizeof(*out));
    if (!entries || !in || !out)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        struct go_value value;
        int r = map->ops->entry(map, i, &entries[i].key, &value);
        if (r == 0)
            r = held_by(&value, &entries[i].value);
        if (r == 0)
            r = held_by(&entries[i].key, &entries[i].key);
        if (r < 0)
            return r;
        /* A nil interface keeps its own type: %#v shows it. */
        if (entries[i].value.kind == GO_NIL)
            entries[i].value = value;
        in[i] = &entries[i];
    }
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t from = 0; from < count; from += 2 * width) {
            size_t middle = from + width < count ? from + width : count;
            size_t to = from + 2 * width < count ? from + 2 * width : count;
            int r = merge(in, out, from, middle, to);
            if (r < 0)
                return r;
        }
        const struct go_entry **was = in;
        in = out;
        out = was;
    }
    *ret = in;
    return 0;
}
