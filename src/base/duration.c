#include "base/duration.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/defs.h"

/* The size of the most negative one; the most positive is one less. */
static const uint64_t NS_MAX = UINT64_C(1) << 63;

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

/* "12.5" off the front: the whole part, and the fraction as digits over a power of ten. Digits of
 * a fraction beyond what 63 bits hold are read and have no weight. */
static int take_number(struct slice *s, uint64_t *ret_whole, uint64_t *ret_part, double *ret_scale)
{
    size_t n = 0, digits = 0;
    bool full = false;
    *ret_whole = *ret_part = 0;
    *ret_scale = 1;
    for (; n < s->size && is_digit(s->data[n]); n++, digits++)
        if (__builtin_mul_overflow(*ret_whole, UINT64_C(10), ret_whole) ||
            __builtin_add_overflow(*ret_whole, (uint64_t)(s->data[n] - '0'), ret_whole) ||
            *ret_whole > NS_MAX)
            return -ERANGE;
    if (n < s->size && s->data[n] == '.')
        for (n++; n < s->size && is_digit(s->data[n]); n++, digits++) {
            full = full || *ret_part > (uint64_t)INT64_MAX / 10;
            if (full)
                continue;
            *ret_part = *ret_part * 10 + (uint64_t)(s->data[n] - '0');
            *ret_scale *= 10;
        }
    *s = slice_sub(*s, n, s->size);
    return digits ? 0 : -EINVAL;
}

static int take_term(struct slice *s, uint64_t *total, enum duration_fault *fault,
                     struct slice *ret_unit)
{
    uint64_t whole, part, ns;
    double scale;
    int r = take_number(s, &whole, &part, &scale);
    if (r < 0)
        return r;
    size_t n = 0;
    while (n < s->size && !is_digit(s->data[n]) && s->data[n] != '.')
        n++;
    *ret_unit = slice_sub(*s, 0, n);
    uint64_t unit = unit_of(*ret_unit);
    *s = slice_sub(*s, n, s->size);
    if (!unit) {
        *fault = n ? DURATION_UNIT_UNKNOWN : DURATION_UNIT_MISSING;
        return -EINVAL;
    }
    if (__builtin_mul_overflow(whole, unit, &ns) || ns > NS_MAX)
        return -ERANGE;
    /* As Go computes it, in doubles: to the nanosecond also of an hour's fraction. */
    ns += (uint64_t)((double)part * ((double)unit / scale));
    if (ns > NS_MAX || __builtin_add_overflow(*total, ns, total) || *total > NS_MAX)
        return -ERANGE;
    return 0;
}

int duration_parse_why(struct slice text, int64_t *ret_ns, enum duration_fault *ret_fault,
                       struct slice *ret_unit)
{
    enum duration_fault fault = DURATION_INVALID;
    struct slice unit = {NULL, 0};
    bool minus = text.size && text.data[0] == '-';
    uint64_t total = 0;
    int r = 0;
    if (text.size && (text.data[0] == '-' || text.data[0] == '+'))
        text = slice_sub(text, 1, text.size);
    if (text.size == 0)
        r = -EINVAL;
    if (!slice_eq(text, SLICE("0")))
        while (r == 0 && text.size)
            r = take_term(&text, &total, &fault, &unit);
    if (r == 0 && total > (uint64_t)INT64_MAX + minus)
        r = -ERANGE;
    if (r == 0)
        *ret_ns = minus ? (int64_t)(0 - total) : (int64_t)total;
    if (ret_fault)
        *ret_fault = r == 0 ? DURATION_FINE : fault;
    if (ret_unit)
        *ret_unit = unit;
    return r;
}

int duration_parse(struct slice text, int64_t *ret_ns)
{
    return duration_parse_why(text, ret_ns, NULL, NULL);
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
