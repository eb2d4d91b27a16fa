#include "wire/yaml.h"

#include <math.h>
#include <stdlib.h>

enum { NUMBER_TEXT_SHORT = 64 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t digits(struct slice s, size_t at)
{
    size_t to = at;
    while (to < s.size && is_digit(s.data[to]))
        to++;
    return to - at;
}

static bool one_of(struct slice s, const char *const *words)
{
    for (; *words; words++)
        if (slice_eq_cstr(s, *words))
            return true;
    return false;
}

/* 0o7 or 0xF; no sign. */
static bool based(struct slice s, struct value *v, bool *ret_fits)
{
    unsigned bits = s.data[1] == 'o' ? 3 : 4;
    uint64_t n = 0;
    *ret_fits = true;
    for (size_t i = 2; i < s.size; i++) {
        char c = s.data[i];
        unsigned d = is_digit(c)            ? (unsigned)(c - '0')
                     : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                     : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                            : 16;
        if (d >> bits)
            return false;
        if (n >> (63 - bits))
            *ret_fits = false;
        n = n << bits | d;
    }
    v->type = VALUE_INT;
    v->integer = (int64_t)n;
    return true;
}

/* The digits as JSON has them: no plus, no leading zero, digits on both sides of a point. */
static void keep_digits(struct slice s, struct value_reader *r, struct value *v)
{
    char *text = value_alloc(r, s.size + 3), *to = text;
    size_t at = s.data[0] == '-' || s.data[0] == '+';
    if (!text)
        return;
    if (s.data[0] == '-')
        *to++ = '-';
    while (at + 1 < s.size && s.data[at] == '0' && is_digit(s.data[at + 1]))
        at++;
    if (s.data[at] == '.')
        *to++ = '0';
    for (; at < s.size; at++) {
        bool lone_point = s.data[at] == '.' && !(at + 1 < s.size && is_digit(s.data[at + 1]));
        if (!lone_point)
            *to++ = s.data[at];
    }
    v->type = VALUE_NUMBER;
    v->text = (struct slice){text, (size_t)(to - text)};
}

static void whole(struct slice s, struct value_reader *r, struct value *v)
{
    bool minus = s.data[0] == '-';
    size_t sign = minus || s.data[0] == '+';
    uint64_t n;
    if (slice_to_u64(slice_sub(s, sign, s.size), (uint64_t)INT64_MAX + minus, &n) < 0) {
        keep_digits(s, r, v);
        return;
    }
    v->type = VALUE_INT;
    v->integer = (int64_t)(minus ? 0 - n : n);
}

static void fraction(struct slice s, struct value_reader *r, struct value *v)
{
    char small[NUMBER_TEXT_SHORT];
    char *text = s.size < sizeof(small) ? small : value_alloc(r, s.size + 1);
    if (!text)
        return;
    memcpy(text, s.data, s.size);
    text[s.size] = 0;
    double d = strtod(text, NULL);
    if (isinf(d)) {
        keep_digits(s, r, v);
        return;
    }
    v->type = VALUE_FLOAT;
    v->number = d;
}

/* [-+] digits [. digits] [e [-+] digits], as far as it goes. */
static bool number(struct slice s, struct value_reader *r, struct value *v)
{
    size_t at = s.data[0] == '-' || s.data[0] == '+';
    size_t before = digits(s, at), after = 0;
    at += before;
    if (before && at == s.size) {
        whole(s, r, v);
        return true;
    }
    if (at < s.size && s.data[at] == '.') {
        after = digits(s, ++at);
        at += after;
    }
    if (before + after == 0)
        return false;
    if (at < s.size && (s.data[at] == 'e' || s.data[at] == 'E')) {
        at++;
        at += at < s.size && (s.data[at] == '-' || s.data[at] == '+');
        size_t exponent = digits(s, at);
        if (exponent == 0)
            return false;
        at += exponent;
    }
    if (at < s.size)
        return false;
    fraction(s, r, v);
    return true;
}

static bool special(struct slice s, struct value *v)
{
    static const char *const inf[] = {".inf", ".Inf", ".INF", NULL};
    static const char *const nan_[] = {".nan", ".NaN", ".NAN", NULL};
    size_t sign = s.data[0] == '-' || s.data[0] == '+';
    struct slice rest = slice_sub(s, sign, s.size);
    if (one_of(rest, inf))
        v->number = s.data[0] == '-' ? -(double)INFINITY : (double)INFINITY;
    else if (!sign && one_of(s, nan_))
        v->number = (double)NAN;
    else
        return false;
    v->type = VALUE_FLOAT;
    return true;
}

static bool word(struct slice s, struct value *v)
{
    static const char *const nulls[] = {"null", "Null", "NULL", "~", NULL};
    static const char *const trues[] = {"true", "True", "TRUE", NULL};
    static const char *const falses[] = {"false", "False", "FALSE", NULL};
    if (one_of(s, nulls)) {
        v->type = VALUE_NULL;
        return true;
    }
    bool yes = one_of(s, trues);
    if (!yes && !one_of(s, falses))
        return false;
    v->type = VALUE_BOOL;
    v->boolean = yes;
    return true;
}

bool yaml_resolve(struct slice s, struct value_reader *r, struct value *v, bool *ret_fits)
{
    *ret_fits = true;
    if (s.size == 0) {
        v->type = VALUE_NULL;
        return true;
    }
    switch (s.data[0]) {
    case 'n':
    case 'N':
    case '~':
    case 't':
    case 'T':
    case 'f':
    case 'F':
        return word(s, v);
    case '0':
        if (s.size > 2 && (s.data[1] == 'o' || s.data[1] == 'x'))
            return based(s, v, ret_fits);
        return number(s, r, v);
    case '-':
    case '+':
    case '.':
        return special(s, v) || number(s, r, v);
    default:
        return is_digit(s.data[0]) && number(s, r, v);
    }
}
