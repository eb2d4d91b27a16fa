#include "wire/url_escape.h"

#include <errno.h>

static bool unreserved(char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
           (c && strchr("-._~", c));
}

int url_escape(struct slice text, struct buf *out)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t before = out->size;
    int r = 0;
    for (size_t i = 0; i < text.size && r == 0; i++) {
        unsigned char c = (unsigned char)text.data[i];
        char hex[3] = {'%', digits[c >> 4], digits[c & 15]};
        r = unreserved((char)c) ? buf_append_byte(out, (char)c) : buf_append(out, hex, sizeof(hex));
    }
    if (r < 0 && out->data) {
        out->size = before;
        out->data[before] = 0;
    }
    return r;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int url_unescape(struct slice text, bool query, struct arena *arena, struct slice *ret,
                 struct err *err)
{
    if (slice_find_byte(text, '%') < 0 && (!query || slice_find_byte(text, '+') < 0)) {
        *ret = text;
        return 0;
    }
    char *to = arena_alloc(arena, text.size + 1);
    size_t size = 0;
    if (!to)
        return err_set(err, -ENOSPC, "%zu bytes are too many", text.size);
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == '%') {
            int high = i + 2 < text.size ? hex_digit(text.data[i + 1]) : -1;
            int low = i + 2 < text.size ? hex_digit(text.data[i + 2]) : -1;
            if (high < 0 || low < 0)
                return err_set(err, -EINVAL, "byte %zu of '%.*s' is a %% without two hex digits",
                               i + 1, SLICE_ARG(text));
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && query) {
            c = ' ';
        }
        to[size++] = c;
    }
    *ret = (struct slice){to, size};
    return 0;
}

int url_query_get(struct slice query, const char *name, struct arena *arena, struct slice *ret,
                  struct err *err)
{
    while (query.data) {
        struct slice value = slice_cut(&query, '&'), key = slice_cut(&value, '=');
        int r = url_unescape(key, true, arena, &key, err);
        if (r < 0)
            return r;
        if (!slice_eq_cstr(key, name))
            continue;
        r = value.data ? url_unescape(value, true, arena, ret, err) : 0;
        if (!value.data)
            *ret = (struct slice){0};
        return r < 0 ? r : 1;
    }
    *ret = (struct slice){0};
    return 0;
}
