#include "lang/constant.h"

#include <assert.h>
#include <errno.h>
#include <math.h>

#include "base/utf8.h"

/* ---- making ---- */

struct constant constant_bool(bool v)
{
    return (struct constant){.kind = CONSTANT_BOOL, .boolean = v};
}

struct constant constant_string(struct slice text)
{
    return (struct constant){.kind = CONSTANT_STRING, .text = text};
}

static struct constant of_int(struct big_int v)
{
    return (struct constant){.kind = CONSTANT_INT, .integer = v};
}

struct constant constant_i64(int64_t v)
{
    return of_int(big_int_of_i64(v));
}

struct constant constant_u64(uint64_t v)
{
    return of_int(big_int_of_u64(v));
}

static struct constant of_big(struct big_float v)
{
    return (struct constant){.kind = CONSTANT_FLOAT, .big = v};
}

static bool is_small(struct big_int v)
{
    return big_int_bits(v) < CONSTANT_RAT_BITS_MAX;
}

/* A fraction while that stays of a sensible size, else a float for good. */
static int of_rat(struct arena *a, struct big_rat v, struct constant *ret)
{
    if (is_small(v.num) && is_small(v.den)) {
        *ret = (struct constant){.kind = CONSTANT_FLOAT, .is_fraction = true, .rat = v};
        return 0;
    }
    struct big_float f;
    int r = big_float_of_rat(a, v, &f);
    if (r == 0)
        *ret = of_big(f);
    return r;
}

int constant_f64(struct arena *a, double v, struct constant *ret)
{
    struct big_rat rat;
    if (!isfinite(v)) {
        *ret = (struct constant){0};
        return 0;
    }
    int r = big_rat_of_f64(a, v, &rat);
    return r < 0 ? r : of_rat(a, rat, ret);
}

/* ---- literals of numbers ---- */

struct float_literal {
    struct slice digits; /* of the mantissa, with its point taken out */
    unsigned base;
    int64_t exponent; /* of base 10, or of 2 where base is 16 */
};

/* Beyond what any float holds, and no sum of two overflows. */
static const int64_t EXPONENT_FAR = INT64_C(1) << 40;

/* Returns 0, or -ERANGE where not even an int64 holds it, as Go does whatever the digits are. */
static int exponent_of(struct slice text, int64_t *ret)
{
    bool negative = text.size && text.data[0] == '-';
    int64_t v = 0;
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] >= '0' && text.data[i] <= '9' &&
            (__builtin_mul_overflow(v, 10, &v) ||
             __builtin_add_overflow(v, text.data[i] - '0', &v)))
            return -ERANGE;
    if (v > EXPONENT_FAR)
        v = EXPONENT_FAR;
    *ret = negative ? -v : v;
    return 0;
}

static bool is_exponent_letter(char c, unsigned base)
{
    c = (char)(c | 0x20);
    return base == 16 ? c == 'p' : c == 'e';
}

static int take_apart(struct arena *a, struct slice text, struct float_literal *ret)
{
    *ret = (struct float_literal){.base = 10};
    if (text.size > 1 && (text.data[1] | 0x20) == 'x') {
        ret->base = 16;
        text = slice_sub(text, 2, text.size);
    }
    char *digits = arena_alloc(a, text.size + 1);
    if (!digits)
        return -ENOMEM;
    size_t n = 0, i = 0;
    int64_t behind_point = 0;
    bool point = false;
    for (; i < text.size && !is_exponent_letter(text.data[i], ret->base); i++) {
        if (text.data[i] == '.')
            point = true;
        if (text.data[i] == '.' || text.data[i] == '_')
            continue;
        digits[n++] = text.data[i];
        behind_point += point;
    }
    if (i < text.size && exponent_of(slice_sub(text, i + 1, text.size), &ret->exponent) < 0)
        return -ERANGE;
    ret->exponent -= ret->base == 16 ? 4 * behind_point : behind_point;
    while (n > 1 && digits[n - 1] == '0') {
        n--;
        ret->exponent += ret->base == 16 ? 4 : 1;
    }
    ret->digits = (struct slice){digits, n};
    return 0;
}

static int exact_fraction(struct arena *a, struct big_int digits, const struct float_literal *f,
                          struct constant *ret)
{
    struct big_int power;
    unsigned size = (unsigned)(f->exponent < 0 ? -f->exponent : f->exponent);
    struct big_rat rat;
    int r = f->base == 16 ? big_int_shl(a, big_int_of_u64(1), size, &power)
                          : big_int_pow(a, 10, size, &power);
    if (r == 0 && f->exponent < 0)
        r = big_rat_make(a, digits, power, &rat);
    else if (r == 0) {
        r = big_int_mul(a, digits, power, &digits);
        rat = big_rat_of_int(digits);
    }
    return r < 0 ? r : of_rat(a, rat, ret);
}

static int float_literal(struct arena *a, struct slice text, struct constant *ret)
{
    struct float_literal f;
    struct big_int digits;
    struct big_float approx;
    int r = take_apart(a, text, &f);
    if (r == 0)
        r = big_int_parse(a, f.digits, f.base, &digits);
    if (r == 0)
        r = big_float_scaled(a, digits, f.base == 16 ? 2 : 10, f.exponent, &approx);
    if (r < 0)
        return r;
    int64_t e = big_float_exp(approx);
    if (big_float_sign(approx) == 0)
        return of_rat(a, big_rat_of_int(big_int_of_u64(0)), ret);
    /* A long row of digits needs a large power below it even where the value itself is ordinary;
     * such a one is a float from the start. */
    bool ordinary = e > -CONSTANT_RAT_BITS_MAX && e < CONSTANT_RAT_BITS_MAX &&
                    f.exponent > -CONSTANT_RAT_BITS_MAX && f.exponent < CONSTANT_RAT_BITS_MAX;
    if (ordinary)
        return exact_fraction(a, digits, &f, ret);
    *ret = of_big(approx);
    return 0;
}

static int int_literal(struct arena *a, struct slice text, struct constant *ret)
{
    unsigned base = 10;
    struct big_int v;
    if (text.size > 1 && text.data[0] == '0') {
        char c = (char)(text.data[1] | 0x20);
        base = c == 'x' ? 16 : c == 'b' ? 2 : 8;
        text = slice_sub(text, c == 'x' || c == 'b' || c == 'o' ? 2 : 1, text.size);
    }
    int r = big_int_parse(a, text, base, &v);
    if (r == 0)
        *ret = of_int(v);
    return r;
}

int constant_literal(struct arena *a, enum literal_kind kind, struct slice text,
                     struct constant *ret)
{
    int32_t rune;
    struct slice s;
    int r = -EINVAL;
    switch (kind) {
    case LITERAL_INT:
        return int_literal(a, text, ret);
    case LITERAL_FLOAT:
        return float_literal(a, text, ret);
    case LITERAL_IMAGINARY:
        break;
    case LITERAL_RUNE:
        r = literal_rune(text, &rune);
        if (r == 0)
            *ret = constant_i64(rune);
        break;
    case LITERAL_STRING:
        r = literal_string(text, a, &s);
        if (r == 0)
            *ret = constant_string(s);
        break;
    }
    return r;
}

/* ---- asking ---- */

int constant_sign(struct constant x)
{
    if (x.kind == CONSTANT_INT)
        return big_int_sign(x.integer);
    if (x.kind == CONSTANT_FLOAT)
        return x.is_fraction ? big_int_sign(x.rat.num) : big_float_sign(x.big);
    return 1;
}

size_t constant_bits(struct constant x)
{
    return x.kind == CONSTANT_INT ? big_int_bits(x.integer) : 0;
}

bool constant_to_i64(struct constant x, int64_t *ret)
{
    return x.kind == CONSTANT_INT && big_int_to_i64(x.integer, ret);
}

bool constant_to_u64(struct constant x, uint64_t *ret)
{
    return x.kind == CONSTANT_INT && big_int_to_u64(x.integer, ret);
}

int constant_to_f64(struct arena *a, struct constant x, double *ret)
{
    if (x.kind == CONSTANT_INT)
        *ret = big_float_to_f64((struct big_float){x.integer, 0});
    else if (x.kind != CONSTANT_FLOAT)
        return -EINVAL;
    else if (x.is_fraction)
        return big_rat_to_f64(a, x.rat, ret);
    else
        *ret = big_float_to_f64(x.big);
    return 0;
}

int constant_to_f32(struct arena *a, struct constant x, float *ret)
{
    if (x.kind == CONSTANT_INT)
        *ret = big_float_to_f32((struct big_float){x.integer, 0});
    else if (x.kind != CONSTANT_FLOAT)
        return -EINVAL;
    else if (x.is_fraction)
        return big_rat_to_f32(a, x.rat, ret);
    else
        *ret = big_float_to_f32(x.big);
    return 0;
}

/* ---- conversions ---- */

int constant_to_float(struct arena *a, struct constant x, struct constant *ret)
{
    if (x.kind == CONSTANT_INT)
        return of_rat(a, big_rat_of_int(x.integer), ret);
    if (x.kind != CONSTANT_FLOAT && x.kind != CONSTANT_UNKNOWN)
        return -EINVAL;
    *ret = x;
    return 0;
}

/* What is whole but for a rounding error in the last bits of a long computation counts as whole:
 * gc looks for it a little below and a little above. */
static int big_to_int(struct arena *a, struct big_float x, bool *ret_whole, struct constant *ret)
{
    enum { ERROR_BITS = 4 };
    int64_t e = big_float_exp(x);
    struct big_int v;
    int r = 0;
    *ret_whole = false;
    if (e <= -CONSTANT_RAT_BITS_MAX || e >= CONSTANT_RAT_BITS_MAX)
        return 0;
    for (int attempt = 0; attempt < 3 && r == 0 && !*ret_whole; attempt++) {
        struct big_float near = x;
        if (attempt)
            r = big_float_round(a, x, BIG_FLOAT_BITS - ERROR_BITS, attempt == 2, &near);
        if (r == 0 && big_float_is_int(near)) {
            r = big_float_to_int(a, near, &v);
            *ret_whole = r == 0;
        }
    }
    if (*ret_whole)
        *ret = of_int(v);
    return r;
}

int constant_to_int(struct arena *a, struct constant x, bool *ret_whole, struct constant *ret)
{
    *ret_whole = true;
    if (x.kind == CONSTANT_FLOAT && !x.is_fraction)
        return big_to_int(a, x.big, ret_whole, ret);
    if (x.kind == CONSTANT_FLOAT) {
        *ret_whole = big_rat_is_int(x.rat);
        if (*ret_whole)
            *ret = of_int(x.rat.num);
        return 0;
    }
    if (x.kind != CONSTANT_INT && x.kind != CONSTANT_UNKNOWN)
        return -EINVAL;
    *ret = x;
    return 0;
}

int constant_rune_string(struct arena *a, struct constant x, struct constant *ret)
{
    int64_t v;
    if (x.kind == CONSTANT_UNKNOWN) {
        *ret = x;
        return 0;
    }
    if (x.kind != CONSTANT_INT)
        return -EINVAL;
    if (!big_int_to_i64(x.integer, &v) || v < 0 || v > 0x10ffff)
        v = UTF8_REPLACEMENT;
    char *text = arena_alloc(a, UTF8_BYTES_MAX);
    if (!text)
        return -ENOMEM;
    *ret = constant_string((struct slice){text, utf8_encode((uint32_t)v, text)});
    return 0;
}
