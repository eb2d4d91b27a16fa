#include "base/duration.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/defs.h"

static const struct {
    const char *name;
    uint64_t ns;
} units[] = {
    {"ns", 1},
    {"us", 1000},
    {"\xC2\xB5s", 1000}, /* µ, the micro sign */
    {"\xCE\xBCs", 1000}, /* μ, the Greek letter */
    {"ms", 1000000},
    {"s", 1000000000},
    {"m", UINT64_C(60) * 1000000000},
    {"h", UINT64_C(3600) * 1000000000},
};

static uint64_t unit_of(struct slice name)
{
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (slice_eq_cstr(name, units[i].name))
            return units[i].ns;
    return 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "12.5" off the front: the whole part, and the fraction as digits over a power of ten. */
static int take_number(struct slice *s, uint64_t *ret_whole, uint64_t *ret_part,
                       uint64_t *ret_scale)
{
    size_t n = 0, digits = 0;
    *ret_whole = *ret_part = 0;
    *ret_scale = 1;
    for (; n < s->size && is_digit(s->data[n]); n++, digits++)
        if (__builtin_mul_overflow(*ret_whole, UINT64_C(10), ret_whole) ||
            __builtin_add_overflow(*ret_whole, (uint64_t)(s->data[n] - '0'), ret_whole))
            return -ERANGE;
    if (n < s->size && s->data[n] == '.')
        for (n++; n < s->size && is_digit(s->data[n]); n++, digits++) {
            if (*ret_scale >= UINT64_C(1000000000))
                continue; /* finer than a nanosecond of any unit that matters */
            *ret_part = *ret_part * 10 + (uint64_t)(s->data[n] - '0');
            *ret_scale *= 10;
        }
    *s = slice_sub(*s, n, s->size);
    return digits ? 0 : -EINVAL;
}

static int take_term(struct slice *s, uint64_t *total)
{
    uint64_t whole, part, scale, ns;
    int r = take_number(s, &whole, &part, &scale);
    if (r < 0)
        return r;
    size_t n = 0;
    while (n < s->size && !is_digit(s->data[n]) && s->data[n] != '.')
        n++;
    uint64_t unit = unit_of(slice_sub(*s, 0, n));
    *s = slice_sub(*s, n, s->size);
    if (!unit)
        return -EINVAL;
    unsigned __int128 fraction = (unsigned __int128)part * unit / scale;
    if (__builtin_mul_overflow(whole, unit, &ns) ||
        __builtin_add_overflow(ns, (uint64_t)fraction, &ns) ||
        __builtin_add_overflow(*total, ns, total) || *total > (uint64_t)INT64_MAX)
        return -ERANGE;
    return 0;
}

int duration_parse(struct slice text, int64_t *ret_ns)
{
    bool minus = text.size && text.data[0] == '-';
    if (text.size && (text.data[0] == '-' || text.data[0] == '+'))
        text = slice_sub(text, 1, text.size);
    if (slice_eq(text, SLICE("0"))) {
        *ret_ns = 0;
        return 0;
    }
    if (text.size == 0)
        return -EINVAL;
    uint64_t total = 0;
    while (text.size) {
        int r = take_term(&text, &total);
        if (r < 0)
            return r;
    }
    *ret_ns = minus ? -(int64_t)total : (int64_t)total;
    return 0;
}

/* v / 10^digits without trailing zeroes. */
static size_t put_fraction(char *to, size_t room, uint64_t v, unsigned digits)
{
    uint64_t scale = 1;
    for (unsigned i = 0; i < digits; i++)
        scale *= 10;
    size_t n = (size_t)snprintf(to, room, "%llu", (unsigned long long)(v / scale));
    if (v % scale == 0)
        return n;
    n += (size_t)snprintf(to + n, room - n, ".%0*llu", (int)digits,
                          (unsigned long long)(v % scale));
    while (to[n - 1] == '0')
        to[--n] = 0;
    return n;
}

const char *duration_format(int64_t ns, char *text)
{
    uint64_t v = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    size_t n = 0, room = DURATION_TEXT_MAX;
    if (ns < 0)
        text[n++] = '-';
    if (v == 0 || v >= units[5].ns) {
        uint64_t h = v / units[7].ns, m = v % units[7].ns / units[6].ns;
        if (h)
            n += (size_t)snprintf(text + n, room - n, "%lluh", (unsigned long long)h);
        if (h || m)
            n += (size_t)snprintf(text + n, room - n, "%llum", (unsigned long long)m);
        n += put_fraction(text + n, room - n, v % units[6].ns, 9);
    } else if (v >= units[4].ns) {
        n += put_fraction(text + n, room - n, v, 6);
        text[n++] = 'm';
    } else if (v >= units[1].ns) {
        n += put_fraction(text + n, room - n, v, 3);
        memcpy(text + n, "\xC2\xB5", 2);
        n += 2;
    } else {
        n += (size_t)snprintf(text + n, room - n, "%lluns", (unsigned long long)v);
        return text;
    }
    text[n++] = 's';
    text[n] = 0;
    return text;
}
