#include "wire/number.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

enum { POWERS = 23, DIGITS_MAX = 19, NS_DIGITS = 9 };

/* Each is a double exactly, so that one multiplication or division rounds only once. */
static const double powers[POWERS] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                      1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                      1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

struct parts {
    bool negative, whole; /* whole: the digits are all of them */
    uint64_t digits;
    int64_t exponent; /* of ten */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void take_digit(struct parts *p, char c, int *count)
{
    if (*count == 0 && c == '0')
        return; /* leading zeroes are no digits of the number */
    if (++*count <= DIGITS_MAX)
        p->digits = p->digits * 10 + (uint64_t)(c - '0');
    else
        p->whole = false;
}

static int take_exponent(struct slice s, size_t at, struct parts *p)
{
    enum { EXPONENT_MAX = 100000 }; /* beyond all doubles */
    int64_t e = 0;
    bool negative = at < s.size && s.data[at] == '-';
    if (at < s.size && (s.data[at] == '-' || s.data[at] == '+'))
        at++;
    if (at == s.size)
        return -EINVAL;
    for (; at < s.size; at++) {
        if (!is_digit(s.data[at]))
            return -EINVAL;
        if (e < EXPONENT_MAX)
            e = e * 10 + (s.data[at] - '0');
    }
    p->exponent += negative ? -e : e;
    return 0;
}

/* Without words. */
static int take_apart(struct slice s, struct parts *p)
{
    size_t at = 0, seen;
    int count = 0;
    *p = (struct parts){.whole = true};
    if (s.size && (s.data[0] == '-' || s.data[0] == '+'))
        p->negative = s.data[at++] == '-';
    for (seen = at; at < s.size && is_digit(s.data[at]); at++) {
        take_digit(p, s.data[at], &count);
        p->exponent += count > DIGITS_MAX;
    }
    seen = at - seen;
    if (at < s.size && s.data[at] == '.')
        for (at++; at < s.size && is_digit(s.data[at]); at++, seen++) {
            take_digit(p, s.data[at], &count);
            p->exponent -= count <= DIGITS_MAX;
        }
    if (seen == 0)
        return -EINVAL;
    if (at < s.size && (s.data[at] | 32) == 'e')
        return take_exponent(s, at + 1, p);
    return at == s.size ? 0 : -EINVAL;
}

static bool is_word(struct slice s, const char *word)
{
    return slice_eq_nocase(s, slice_from(word));
}

static int parse_word(struct slice s, double *ret)
{
    bool negative = s.size && s.data[0] == '-';
    if (s.size && (s.data[0] == '-' || s.data[0] == '+'))
        s = slice_sub(s, 1, s.size);
    else if (is_word(s, "nan")) {
        *ret = NAN;
        return 0;
    }
    if (!is_word(s, "inf") && !is_word(s, "infinity"))
        return -EINVAL;
    *ret = negative ? -INFINITY : INFINITY;
    return 0;
}

/* What one rounding cannot do. */
static int parse_slowly(struct slice s, double *ret)
{
    char text[NUMBER_TEXT_BYTES_MAX + 1];
    if (s.size > NUMBER_TEXT_BYTES_MAX)
        return -EINVAL;
    memcpy(text, s.data, s.size);
    text[s.size] = 0;
    *ret = strtod(text, NULL);
    return 0;
}

int number_parse(struct slice s, double *ret)
{
    struct parts p;
    if (take_apart(s, &p) < 0)
        return parse_word(s, ret);
    double d = (double)p.digits;
    if (!p.whole || p.digits > UINT64_C(1) << 53 || p.exponent >= POWERS || p.exponent <= -POWERS) {
        if (p.whole && p.digits == 0)
            d = 0;
        else
            return parse_slowly(s, ret);
    } else if (p.exponent < 0) {
        d /= powers[-p.exponent];
    } else {
        d *= powers[p.exponent];
    }
    *ret = p.negative ? -d : d;
    return 0;
}

int number_parse_seconds(struct slice s, int64_t *ret_ns)
{
    struct parts p;
    if (take_apart(s, &p) < 0)
        return -EINVAL;
    uint64_t ns = p.digits;
    int64_t shift = p.exponent + NS_DIGITS;
    for (; shift < 0 && ns; shift++)
        ns /= 10;
    for (; shift > 0 && ns && ns <= INT64_MAX; shift--)
        if (__builtin_mul_overflow(ns, UINT64_C(10), &ns))
            ns = UINT64_MAX;
    if (ns > INT64_MAX)
        *ret_ns = p.negative ? INT64_MIN : INT64_MAX;
    else
        *ret_ns = p.negative ? -(int64_t)ns : (int64_t)ns;
    return 0;
}
