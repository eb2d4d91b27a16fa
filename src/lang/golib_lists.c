#include <errno.h>

#include "base/utf8.h"
#include "lang/golib_impl.h"
#include "lang/golib_strings.h"
#include "lang/unicode.h"

static int list_room(struct golib_call *c, size_t count, struct slice **ret)
{
    if (count > golib_bytes_max(c) / sizeof(**ret))
        return -EMSGSIZE;
    *ret = arena_alloc_array(c->arena, count ? count : 1, sizeof(**ret));
    return *ret ? 0 : -ENOMEM;
}

/* ---- splitting ---- */

/* Into single characters, the last of `most` being the rest. */
static int explode(struct golib_call *c, struct slice s, int64_t most, struct golib_strings *ret)
{
    size_t count = unicode_count(s), n = 0;
    struct slice *items;
    if (most >= 0 && (uint64_t)most < count)
        count = (size_t)most;
    int r = list_room(c, count, &items);
    if (r < 0)
        return r;
    while (n + 1 < count) {
        const char *from = s.data;
        unicode_next(&s, NULL);
        items[n++] = (struct slice){from, (size_t)(s.data - from)};
    }
    if (count)
        items[n++] = s;
    *ret = (struct golib_strings){.items = items, .count = n};
    return 0;
}

static int split(struct golib_call *c, struct slice s, struct slice sep, bool keep_sep,
                 int64_t most, struct golib_strings *ret)
{
    struct slice *items;
    size_t n = 0;
    if (most == 0) {
        *ret = (struct golib_strings){.is_nil = true};
        return 0;
    }
    if (sep.size == 0)
        return explode(c, s, most, ret);
    size_t count = golib_count(s, sep) + 1;
    if (most > 0 && (uint64_t)most < count)
        count = (size_t)most;
    int r = list_room(c, count, &items);
    if (r < 0)
        return r;
    while (n + 1 < count) {
        size_t at = (size_t)slice_find(s, sep);
        items[n++] = slice_sub(s, 0, at + (keep_sep ? sep.size : 0));
        s = slice_sub(s, at + sep.size, s.size);
    }
    items[n++] = s;
    *ret = (struct golib_strings){.items = items, .count = n};
    return 0;
}

int golib_split(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    return split(c, args[0].text, args[1].text, false, -1, &ret->strings);
}

int golib_split_after(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    return split(c, args[0].text, args[1].text, true, -1, &ret->strings);
}

int golib_split_n(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    return split(c, args[0].text, args[1].text, false, args[2].integer, &ret->strings);
}

int golib_split_after_n(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    return split(c, args[0].text, args[1].text, true, args[2].integer, &ret->strings);
}

/* ---- with a func ---- */

static int is_space(void *context, int32_t r, int32_t *ret)
{
    (void)context;
    *ret = unicode_is_space((uint32_t)r);
    return 0;
}

/* The list grows by doubling in the arena: the func may not be asked twice about a character. */
static int fields(struct golib_call *c, struct slice s, struct golib_rune_func f,
                  struct golib_strings *ret)
{
    struct slice *items = NULL, *grown;
    size_t n = 0, cap = 0;
    const char *from = NULL;
    while (s.size || from) {
        const char *at = s.data;
        int32_t separates = 1;
        int r = s.size ? f.call(f.context, (int32_t)unicode_next(&s, NULL), &separates) : 0;
        if (r < 0)
            return r;
        if (!separates && !from)
            from = at;
        if (!separates || !from)
            continue;
        if (n == cap) {
            cap = cap ? cap * 2 : 8;
            r = list_room(c, cap, &grown);
            if (r < 0)
                return r;
            if (n)
                memcpy(grown, items, n * sizeof(*items));
            items = grown;
        }
        items[n++] = (struct slice){from, (size_t)(at - from)};
        from = NULL;
    }
    *ret = (struct golib_strings){.items = items, .count = n};
    return 0;
}

int golib_fields(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    return fields(c, args[0].text, (struct golib_rune_func){.call = is_space}, &ret->strings);
}

int golib_fields_func(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    return fields(c, args[0].text, args[1].func, &ret->strings);
}

/* The first character for which f says `wanted`: where it begins, or -1. */
static int index_where(struct slice s, struct golib_rune_func f, bool wanted, ptrdiff_t *ret)
{
    for (struct slice rest = s; rest.size;) {
        size_t at = s.size - rest.size;
        int32_t says;
        int r = f.call(f.context, (int32_t)unicode_next(&rest, NULL), &says);
        if (r < 0)
            return r;
        if ((says != 0) == wanted) {
            *ret = (ptrdiff_t)at;
            return 0;
        }
    }
    *ret = -1;
    return 0;
}

static int last_index_where(struct slice s, struct golib_rune_func f, bool wanted, ptrdiff_t *ret)
{
    while (s.size) {
        int32_t says;
        int r = f.call(f.context, (int32_t)unicode_last(&s, NULL), &says);
        if (r < 0)
            return r;
        if ((says != 0) == wanted) {
            *ret = (ptrdiff_t)s.size;
            return 0;
        }
    }
    *ret = -1;
    return 0;
}

int golib_index_func(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ptrdiff_t at;
    int r = index_where(args[0].text, args[1].func, true, &at);
    if (r == 0)
        ret->integer = at;
    return r;
}

int golib_contains_func(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ptrdiff_t at;
    int r = index_where(args[0].text, args[1].func, true, &at);
    if (r == 0)
        ret->boolean = at >= 0;
    return r;
}

int golib_last_index_func(struct golib_call *c, const union golib_value *args,
                          union golib_value *ret)
{
    (void)c;
    ptrdiff_t at;
    int r = last_index_where(args[0].text, args[1].func, true, &at);
    if (r == 0)
        ret->integer = at;
    return r;
}

static int trim_where(struct slice s, struct golib_rune_func f, bool left, bool right,
                      struct slice *ret)
{
    ptrdiff_t at;
    int r = left ? index_where(s, f, false, &at) : 0;
    if (r < 0)
        return r;
    if (left)
        s = at < 0 ? (struct slice){NULL, 0} : slice_sub(s, (size_t)at, s.size);
    if (right) {
        r = last_index_where(s, f, false, &at);
        if (r < 0)
            return r;
        struct slice last = at < 0 ? (struct slice){NULL, 0} : slice_sub(s, (size_t)at, s.size);
        if (last.size)
            unicode_next(&last, NULL);
        s = slice_sub(s, 0, s.size - last.size);
        if (at < 0)
            s = (struct slice){NULL, 0};
    }
    *ret = s;
    return 0;
}

int golib_trim_func(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    return trim_where(args[0].text, args[1].func, true, true, &ret->text);
}

int golib_trim_left_func(struct golib_call *c, const union golib_value *args,
                         union golib_value *ret)
{
    (void)c;
    return trim_where(args[0].text, args[1].func, true, false, &ret->text);
}

int golib_trim_right_func(struct golib_call *c, const union golib_value *args,
                          union golib_value *ret)
{
    (void)c;
    return trim_where(args[0].text, args[1].func, false, true, &ret->text);
}

/* A negative result drops the character. */
int golib_map_runes(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    struct golib_rune_func f = args[0].func;
    struct slice s = args[1].text;
    struct buf to = BUF(MEM_LANG, golib_bytes_max(c));
    char bytes[UTF8_BYTES_MAX];
    int r = 0;
    while (r == 0 && s.size) {
        int32_t mapped;
        r = f.call(f.context, (int32_t)unicode_next(&s, NULL), &mapped);
        if (r == 0 && mapped >= 0)
            r = buf_append(&to, bytes, utf8_encode((uint32_t)mapped, bytes));
    }
    if (r == 0)
        r = golib_text(c, buf_slice(&to), &ret->text);
    buf_done(&to);
    return r;
}
