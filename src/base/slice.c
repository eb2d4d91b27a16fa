#include "base/slice.h"

#include <errno.h>

bool slice_eq(struct slice a, struct slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

bool slice_eq_cstr(struct slice a, const char *b)
{
    return slice_eq(a, slice_from(b));
}

int slice_among(struct slice word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (words[i] && slice_eq_cstr(word, words[i]))
            return (int)i;
    return -1;
}

/* Not tolower: that one asks the locale. */
static unsigned char ascii_lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool slice_eq_nocase(struct slice a, struct slice b)
{
    /* Most of what is equal is so to the letter, and that is seen sooner. */
    if (slice_eq(a, b))
        return true;
    if (a.size != b.size)
        return false;
    for (size_t i = 0; i < a.size; i++)
        if (ascii_lower(a.data[i]) != ascii_lower(b.data[i]))
            return false;
    return true;
}

int slice_compare(struct slice a, struct slice b)
{
    size_t shared = a.size < b.size ? a.size : b.size;
    int order = shared ? memcmp(a.data, b.data, shared) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

bool slice_starts_with(struct slice s, struct slice prefix)
{
    return s.size >= prefix.size && slice_eq(slice_sub(s, 0, prefix.size), prefix);
}

bool slice_ends_with(struct slice s, struct slice suffix)
{
    return s.size >= suffix.size && slice_eq(slice_sub(s, s.size - suffix.size, s.size), suffix);
}

ptrdiff_t slice_find_byte(struct slice s, char c)
{
    const char *at = s.size ? memchr(s.data, c, s.size) : NULL;
    return at ? at - s.data : -1;
}

ptrdiff_t slice_find(struct slice s, struct slice needle)
{
    if (needle.size == 0)
        return 0;
    if (s.size < needle.size)
        return -1;
    const char *at = memmem(s.data, s.size, needle.data, needle.size);
    return at ? at - s.data : -1;
}

struct slice slice_sub(struct slice s, size_t from, size_t to)
{
    if (to > s.size)
        to = s.size;
    if (from > to)
        from = to;
    /* NULL + 0 is undefined in C, so that the empty slice stays as it is. */
    return (struct slice){s.data ? s.data + from : NULL, to - from};
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct slice slice_trim(struct slice s)
{
    size_t from = 0, to = s.size;
    while (from < to && is_space(s.data[from]))
        from++;
    while (to > from && is_space(s.data[to - 1]))
        to--;
    return slice_sub(s, from, to);
}

struct slice slice_cut(struct slice *s, char sep)
{
    struct slice whole = *s;
    ptrdiff_t at = slice_find_byte(whole, sep);
    if (at < 0) {
        *s = (struct slice){NULL, 0};
        return whole;
    }
    *s = slice_sub(whole, (size_t)at + 1, whole.size);
    return slice_sub(whole, 0, (size_t)at);
}

int slice_to_u64(struct slice s, uint64_t max, uint64_t *ret)
{
    uint64_t v = 0;
    bool too_large = false;

    if (s.size == 0)
        return -EINVAL;
    /* Every byte is looked at before the verdict: "99999999999999999999x" is no number at all. */
    for (size_t i = 0; i < s.size; i++) {
        if (s.data[i] < '0' || s.data[i] > '9')
            return -EINVAL;
        if (__builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, (uint64_t)(s.data[i] - '0'), &v))
            too_large = true;
    }
    if (too_large || v > max)
        return -ERANGE;
    *ret = v;
    return 0;
}
