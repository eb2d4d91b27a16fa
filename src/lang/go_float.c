#include "lang/go_float.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"

enum {
    DIGITS_MAX = 770, /* a double's exact decimal expansion has at most 767 */
    SCIENTIFIC_BYTES_MAX = 800,
    SHORTEST_DIGITS_MAX = 17,
    PRECISION_MAX = 1 << 24, /* beyond, no result would fit anyway */
};

/* v = 0.d1d2d3… * 10^point, without trailing zeroes; count 0 of 0. */
struct digits {
    char text[DIGITS_MAX];
    int count, point;
};

/* ---- digits ---- */

/* From "d.ddde±xx", as printf has it. */
static void digits_read(struct digits *d, const char *scientific)
{
    d->count = 0;
    for (; *scientific && *scientific != 'e'; scientific++)
        if (*scientific >= '0' && *scientific <= '9' && d->count < DIGITS_MAX)
            d->text[d->count++] = *scientific;
    d->point = (int)strtol(*scientific ? scientific + 1 : "0", NULL, 10) + 1;
    while (d->count && d->text[d->count - 1] == '0')
        d->count--;
    if (d->count == 0)
        d->point = 0;
}

/* v > 0 rounded to that many digits. */
static void digits_rounded(struct digits *d, double v, int count)
{
    char text[SCIENTIFIC_BYTES_MAX];
    if (count > DIGITS_MAX - 2)
        count = DIGITS_MAX - 2;
    snprintf(text, sizeof(text), "%.*e", count - 1, v);
    digits_read(d, text);
}

static bool reads_back(const char *text, double v, int bits, double *ret)
{
    *ret = bits == 32 ? (double)strtof(text, NULL) : strtod(text, NULL);
    return *ret == v;
}

/* The fewest digits that read back as v > 0, and of those the nearest to v. The rounded ones are
 * the nearest; but at a power of two the room below is half of that above, so that the next larger
 * ones may read back where the nearest do not.
 * Of few digits different ones are different numbers, so that what reads back with FEW digits is,
 * without its trailing zeroes, the shortest; a subnormal has fewer and is searched from one on. */
static void digits_shortest(struct digits *d, double v, int bits)
{
    int most = bits == 32 ? 9 : SHORTEST_DIGITS_MAX, few = bits == 32 ? 6 : 15;
    bool subnormal = v < (bits == 32 ? 0x1p-126 : 0x1p-1022);
    char text[64];
    double seen;
    for (int count = subnormal ? 1 : few;; count++) {
        snprintf(text, sizeof(text), "%.*e", count - 1, v);
        if (reads_back(text, v, bits, &seen) || count >= most)
            break;
        digits_rounded(d, v, count);
        long long whole = 0;
        for (int i = 0; i < count; i++)
            whole = whole * 10 + (i < d->count ? d->text[i] - '0' : 0);
        int exponent = d->point - count;
        whole += seen < v ? 1 : -1;
        char other[64];
        snprintf(other, sizeof(other), "%llde%d", whole, exponent);
        if (whole > 0 && !fault_mutant("lang_nearest_digits_only") &&
            reads_back(other, v, bits, &seen)) {
            snprintf(text, sizeof(text), "%lld", whole);
            int have = (int)strlen(text);
            snprintf(text, sizeof(text), "%lld", whole);
            memcpy(d->text, text, (size_t)have);
            d->count = have;
            d->point = exponent + have;
            while (d->count && d->text[d->count - 1] == '0')
                d->count--;
            return;
        }
    }
    digits_read(d, text);
}

/* ---- layouts ---- */

static int append_zeroes(struct buf *to, int count)
{
    char *room;
    int r = count > 0 ? buf_reserve(to, (size_t)count, &room) : 0;
    if (r < 0 || count <= 0)
        return r;
    memset(room, '0', (size_t)count);
    buf_commit(to, (size_t)count);
    return 0;
}

/* d.ddde±xx with `precision` digits behind the point. */
static int append_e(struct buf *to, const struct digits *d, char letter, int precision)
{
    int r = buf_append_byte(to, d->count ? d->text[0] : '0');
    if (r == 0 && precision > 0) {
        int have = d->count > 1 ? d->count - 1 : 0;
        if (have > precision)
            have = precision;
        r = buf_append_byte(to, '.');
        if (r == 0)
            r = buf_append(to, d->text + 1, (size_t)have);
        if (r == 0)
            r = append_zeroes(to, precision - have);
    }
    int exponent = d->count ? d->point - 1 : 0;
    return r < 0 ? r : buf_printf(to, "%c%c%02d", letter, exponent < 0 ? '-' : '+', abs(exponent));
}

/* ddd.ddd with `precision` digits behind the point. */
static int append_f(struct buf *to, const struct digits *d, int precision)
{
    int r = 0;
    if (d->point > 0) {
        int have = d->count < d->point ? d->count : d->point;
        r = buf_append(to, d->text, (size_t)have);
        if (r == 0)
            r = append_zeroes(to, d->point - have);
    } else {
        r = buf_append_byte(to, '0');
    }
    if (r == 0 && precision > 0)
        r = buf_append_byte(to, '.');
    for (int i = 0; r == 0 && i < precision; i++) {
        int at = d->point + i;
        r = buf_append_byte(to, at >= 0 && at < d->count ? d->text[at] : '0');
    }
    return r;
}

/* An exponent is written where the number would be long without; of the shortest digits, as if six
 * had been asked for. */
static int append_g(struct buf *to, const struct digits *d, char letter, int precision)
{
    int longest = precision, exponent = d->point - 1;
    if (longest > d->count && d->count >= d->point)
        longest = d->count;
    if (precision < 0) {
        longest = 6;
        precision = 6;
    }
    if (exponent < -4 || exponent >= longest)
        return append_e(to, d, letter, d->count > 1 ? d->count - 1 : 0);
    return append_f(to, d, d->count > d->point ? d->count - d->point : 0);
}

/* ---- bits ---- */

/* |v| as mantissa * 2^exponent, as the format of `bits` holds it. */
static uint64_t bits_of(double v, int bits, int *ret_exponent)
{
    uint32_t narrow;
    uint64_t raw;
    float f = (float)v;
    memcpy(&narrow, &f, sizeof(narrow));
    memcpy(&raw, &v, sizeof(raw));
    int width = bits == 32 ? 23 : 52, bias = bits == 32 ? 127 : 1023;
    uint64_t all = bits == 32 ? narrow : raw, mantissa = all & ((UINT64_C(1) << width) - 1);
    int exponent = (int)(all >> width) & (bits == 32 ? 0xff : 0x7ff);
    if (exponent)
        mantissa |= UINT64_C(1) << width;
    else
        exponent = 1;
    *ret_exponent = exponent - bias - width;
    return mantissa;
}

static int append_b(struct buf *to, double v, int bits)
{
    int exponent;
    uint64_t mantissa = bits_of(v, bits, &exponent);
    return buf_printf(to, "%llup%+d", (unsigned long long)mantissa, exponent);
}

/* 0x1.hhhp±xx: the mantissa's first bit before the point, the others as `precision` digits. */
static int append_x(struct buf *to, double v, int bits, char format, int precision)
{
    const char *digits = format == 'x' ? "0123456789abcdef" : "0123456789ABCDEF";
    int exponent;
    uint64_t m = bits_of(v, bits, &exponent);
    char text[17];
    int n = 0;
    if (m) {
        int up = __builtin_clzll(m) - 3; /* the first bit to bit 60 */
        m <<= up;
        exponent += 60 - up;
    } else {
        exponent = 0;
    }
    if (precision >= 0 && precision < 15) {
        int cut = 60 - 4 * precision;
        uint64_t half = UINT64_C(1) << (cut - 1), below = m & ((UINT64_C(1) << cut) - 1);
        m >>= cut;
        m += below > half || (below == half && m & 1);
        m <<= cut;
        if (m >> 61) {
            m >>= 1;
            exponent++;
        }
    }
    int r = buf_printf(to, "0%c%d", format, m != 0);
    for (uint64_t left = m << 4; n < 15 && (precision < 0 ? left != 0 : n < precision); left <<= 4)
        text[n++] = digits[left >> 60];
    if (r == 0 && (n || precision > 0))
        r = buf_append_byte(to, '.');
    if (r == 0)
        r = buf_append(to, text, (size_t)n);
    if (r == 0)
        r = append_zeroes(to, precision - n);
    return r < 0 ? r
                 : buf_printf(to, "%c%c%02d", format == 'x' ? 'p' : 'P', exponent < 0 ? '-' : '+',
                              abs(exponent));
}

/* ---- formatting ---- */

static int append_digits(struct buf *to, double v, char format, int precision, int bits)
{
    struct digits d = {.count = 0};
    bool shortest = precision < 0, is_g = format == 'g' || format == 'G';
    if (is_g && precision == 0)
        precision = 1;
    if (v != 0 && shortest)
        digits_shortest(&d, v, bits);
    else if (v != 0)
        digits_rounded(&d, v, is_g ? precision : precision + 1);
    if (is_g)
        return append_g(to, &d, format == 'g' ? 'e' : 'E', shortest ? -1 : precision);
    if (format == 'f')
        return append_f(to, &d, d.count > d.point ? d.count - d.point : 0);
    return append_e(to, &d, format, !shortest ? precision : d.count > 1 ? d.count - 1 : 0);
}

static int append_positive(struct buf *to, double v, char format, int precision, int bits)
{
    switch (format) {
    case 'b':
        return append_b(to, v, bits);
    case 'x':
    case 'X':
        return append_x(to, v, bits, format, precision);
    case 'f':
        if (precision >= 0)
            return buf_printf(to, "%.*f", precision, v);
        return append_digits(to, v, format, precision, bits);
    default:
        return append_digits(to, v, format, precision, bits);
    }
}

int go_float_append(struct buf *to, double v, char format, int precision, int bits)
{
    size_t before = to->size;
    if (bits == 32)
        v = (double)(float)v;
    if (isnan(v))
        return buf_append_cstr(to, "NaN");
    if (isinf(v))
        return buf_append_cstr(to, v < 0 ? "-Inf" : "+Inf");
    if (precision > PRECISION_MAX)
        return -EMSGSIZE;
    if (!format || !strchr("beEfgGxX", format)) {
        char unknown[] = {'%', format};
        return buf_append(to, unknown, 2);
    }
    int r = signbit(v) ? buf_append_byte(to, '-') : 0;
    if (r == 0)
        r = append_positive(to, fabs(v), format, precision, bits);
    if (r < 0)
        to->size = before;
    return r;
}

/* ---- parsing ---- */

struct float_text {
    struct buf clean; /* without underscores, for strtod */
    struct slice left;
    bool is_hex, digits, underscores, wrong;
    char before; /* '0' a digit or a base's prefix, '_', or 'x' anything else */
};

static char at(const struct float_text *t)
{
    return t->left.size ? t->left.data[0] : 0;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static void take(struct float_text *t, char class)
{
    if (class == '_' ? t->before != '0' : class != '0' && t->before == '_')
        t->wrong = true;
    if (class == '_')
        t->underscores = true;
    else
        buf_append_byte(&t->clean, at(t));
    t->before = class;
    t->left = slice_sub(t->left, 1, t->left.size);
}

static bool is_digit(char c, bool hex)
{
    return (c >= '0' && c <= '9') || (hex && lower(c) >= 'a' && lower(c) <= 'f');
}

/* Takes a number off t->left into t->clean; false: there is none. */
static bool take_number(struct float_text *t)
{
    bool point = false;
    if (at(t) == '+' || at(t) == '-')
        take(t, 'x');
    if (at(t) == '0' && t->left.size > 2 && lower(t->left.data[1]) == 'x') {
        t->is_hex = true;
        take(t, '0');
        take(t, '0'); /* an underscore may follow the prefix */
    }
    for (;; t->digits |= t->before == '0') {
        char c = at(t);
        if (is_digit(c, t->is_hex))
            take(t, '0');
        else if (c == '_')
            take(t, '_');
        else if (c == '.' && !point) {
            point = true;
            take(t, 'x');
        } else
            break;
    }
    if (!t->digits)
        return false;
    if (lower(at(t)) != (t->is_hex ? 'p' : 'e'))
        return !t->is_hex;
    take(t, 'x');
    if (at(t) == '+' || at(t) == '-')
        take(t, 'x');
    if (!is_digit(at(t), false))
        return false;
    while (is_digit(at(t), false) || at(t) == '_')
        take(t, at(t) == '_' ? '_' : '0');
    return true;
}

static bool special(struct slice text, double *ret)
{
    bool sign = text.size && (text.data[0] == '+' || text.data[0] == '-');
    bool negative = sign && text.data[0] == '-';
    struct slice word = slice_sub(text, sign, text.size);
    if (slice_eq_nocase(word, SLICE("inf")) || slice_eq_nocase(word, SLICE("infinity"))) {
        *ret = negative ? -INFINITY : INFINITY;
        return true;
    }
    if (sign || !slice_eq_nocase(word, SLICE("nan")))
        return false;
    *ret = NAN;
    return true;
}

int go_float_parse(struct slice text, int bits, double *ret)
{
    struct float_text t = {.clean = BUF(MEM_LANG, 0), .left = text, .before = 'x'};
    if (special(text, ret))
        return 0;
    bool ok = take_number(&t) && !t.left.size;
    /* Go asks about the places of underscores only where there are any; they need a base prefix. */
    ok = ok && (!t.underscores || (!t.wrong && t.before != '_'));
    int r = ok ? 0 : -EINVAL;
    if (ok) {
        *ret = bits == 32 ? (double)strtof(t.clean.data, NULL) : strtod(t.clean.data, NULL);
        r = isinf(*ret) ? -ERANGE : 0;
    }
    buf_done(&t.clean);
    return r;
}
