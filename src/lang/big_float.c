#include "lang/big_float.h"

#include <errno.h>
#include <math.h>

#include "base/defs.h"
#include "base/fault.h"

enum {
    EXPONENT_MAX = INT32_MAX,          /* as Go's big.Float */
    POWER_BITS = BIG_FLOAT_BITS + 128, /* of powers of ten, so that their errors stay outside */
    EXACT_POWER_MAX = 1200,
    EXACT_DIGITS_BITS_MAX = 8192,
};

/* mantissa * 2^exponent with at most `bits` bits; `more`: and a little more was cut off before. */
static int round_bits(struct arena *a, struct big_int m, int64_t exponent, bool more, size_t bits,
                      struct big_float *ret)
{
    size_t have = big_int_bits(m);
    bool negative = m.negative;
    int r = 0;
    m.negative = false;
    if (have > bits) {
        size_t cut = have - bits;
        bool half = big_int_bit(m, cut - 1), below = more || big_int_any_below(m, cut - 1);
        r = big_int_shr(a, m, cut, &m);
        bool odd = big_int_bit(m, 0) || fault_mutant("lang_tie_rounds_up");
        if (r == 0 && half && (below || odd))
            r = big_int_add(a, m, big_int_of_u64(1), &m);
        exponent += (int64_t)cut;
    }
    size_t zeroes = big_int_zero_bits(m);
    if (r == 0 && zeroes)
        r = big_int_shr(a, m, zeroes, &m);
    if (r < 0)
        return r;
    exponent += (int64_t)zeroes;
    int64_t top = exponent + (int64_t)big_int_bits(m);
    if (m.count && top > EXPONENT_MAX)
        return -ERANGE;
    *ret = (struct big_float){0};
    if (m.count && top >= -(int64_t)EXPONENT_MAX) {
        m.negative = negative;
        *ret = (struct big_float){m, exponent};
    }
    return 0;
}

int big_float_make(struct arena *a, struct big_int mantissa, int64_t exponent, bool more,
                   struct big_float *ret)
{
    return round_bits(a, mantissa, exponent, more, BIG_FLOAT_BITS, ret);
}

int big_float_of_rat(struct arena *a, struct big_rat x, struct big_float *ret)
{
    struct big_int quotient;
    int64_t exponent;
    bool more;
    if (!x.num.count) {
        *ret = (struct big_float){0};
        return 0;
    }
    int r = big_rat_quotient(a, x, BIG_FLOAT_BITS + 1, &quotient, &exponent, &more);
    if (r < 0)
        return r;
    quotient.negative = x.num.negative;
    return big_float_make(a, quotient, exponent, more, ret);
}

/* base^exponent: exact while that is short, else to POWER_BITS. */
static int power_of(struct arena *a, unsigned base, uint64_t exponent, struct big_float *ret)
{
    struct big_float power = {big_int_of_u64(1), 0}, square = {big_int_of_u64(base), 0};
    for (; exponent; exponent >>= 1) {
        int r = 0;
        if (exponent & 1) {
            r = big_int_mul(a, power.mantissa, square.mantissa, &power.mantissa);
            if (r == 0)
                r = round_bits(a, power.mantissa, power.exponent + square.exponent, false,
                               POWER_BITS, &power);
        }
        if (r == 0 && exponent > 1) {
            r = big_int_mul(a, square.mantissa, square.mantissa, &square.mantissa);
            if (r == 0)
                r = round_bits(a, square.mantissa, 2 * square.exponent, false, POWER_BITS, &square);
        }
        if (r < 0)
            return r;
    }
    *ret = power;
    return 0;
}

int big_float_scaled(struct arena *a, struct big_int digits, unsigned base, int64_t exponent,
                     struct big_float *ret)
{
    struct big_float power, x;
    struct big_int exact;
    int r;
    if (digits.count == 0) {
        *ret = (struct big_float){0};
        return 0;
    }
    /* Go refuses such an exponent in both directions, before it looks how large the value is. */
    int64_t top = exponent + (int64_t)big_int_bits(digits);
    if (top > EXPONENT_MAX || top < -(int64_t)EXPONENT_MAX - 1)
        return -ERANGE;
    if (base == 2)
        return big_float_make(a, digits, exponent, false, ret);
    uint64_t size = exponent < 0 ? 0 - (uint64_t)exponent : (uint64_t)exponent;
    if (size <= EXACT_POWER_MAX && big_int_bits(digits) < EXACT_DIGITS_BITS_MAX) {
        r = big_int_pow(a, base, (unsigned)size, &exact);
        if (r == 0 && exponent < 0)
            return big_float_of_rat(a, (struct big_rat){digits, exact}, ret);
        if (r == 0)
            r = big_int_mul(a, digits, exact, &exact);
        return r < 0 ? r : big_float_make(a, exact, 0, false, ret);
    }
    r = big_float_make(a, digits, 0, false, &x);
    if (r == 0)
        r = power_of(a, base, size, &power);
    if (r == -ERANGE && exponent < 0) {
        *ret = (struct big_float){0};
        return 0;
    }
    if (r < 0)
        return r;
    return exponent < 0 ? big_float_div(a, x, power, ret) : big_float_mul(a, x, power, ret);
}

/* ---- asking ---- */

int big_float_sign(struct big_float x)
{
    return big_int_sign(x.mantissa);
}

int64_t big_float_exp(struct big_float x)
{
    return x.mantissa.count ? x.exponent + (int64_t)big_int_bits(x.mantissa) : 0;
}

bool big_float_is_int(struct big_float x)
{
    return x.mantissa.count == 0 || x.exponent + (int64_t)big_int_zero_bits(x.mantissa) >= 0;
}

int big_float_cmp(struct arena *a, struct big_float x, struct big_float y, int *ret)
{
    struct big_float difference;
    int xs = big_float_sign(x), ys = big_float_sign(y);
    int64_t xe = big_float_exp(x), ye = big_float_exp(y);
    if (xs != ys || xe != ye) {
        *ret = xs != ys ? (xs < ys ? -1 : 1) : (xe < ye) == (xs > 0) ? -1 : 1;
        return 0;
    }
    int r = big_float_sub(a, x, y, &difference);
    if (r == 0)
        *ret = big_float_sign(difference);
    return r;
}

/* ---- arithmetic ---- */

int big_float_add(struct arena *a, struct big_float x, struct big_float y, struct big_float *ret)
{
    /* Of a number so much smaller that it cannot reach the last bit, only the sign matters. */
    const int64_t apart = 2 * BIG_FLOAT_BITS + 8;
    if (!x.mantissa.count || !y.mantissa.count) {
        *ret = x.mantissa.count ? x : y;
        return 0;
    }
    struct big_float *small = big_float_exp(x) < big_float_exp(y) ? &x : &y;
    struct big_float *large = small == &x ? &y : &x;
    if (big_float_exp(*large) - big_float_exp(*small) > apart) {
        small->exponent = big_float_exp(*large) - apart;
        small->mantissa = big_int_of_i64(big_float_sign(*small));
    }
    struct big_float *low = x.exponent < y.exponent ? &x : &y;
    struct big_float *high = low == &x ? &y : &x;
    struct big_int sum;
    int r = big_int_shl(a, high->mantissa, (size_t)(high->exponent - low->exponent), &sum);
    if (r == 0)
        r = big_int_add(a, sum, low->mantissa, &sum);
    return r < 0 ? r : big_float_make(a, sum, low->exponent, false, ret);
}

int big_float_sub(struct arena *a, struct big_float x, struct big_float y, struct big_float *ret)
{
    y.mantissa = big_int_neg(y.mantissa);
    return big_float_add(a, x, y, ret);
}

int big_float_mul(struct arena *a, struct big_float x, struct big_float y, struct big_float *ret)
{
    struct big_int product;
    int r = big_int_mul(a, x.mantissa, y.mantissa, &product);
    return r < 0 ? r : big_float_make(a, product, x.exponent + y.exponent, false, ret);
}

int big_float_div(struct arena *a, struct big_float x, struct big_float y, struct big_float *ret)
{
    struct big_int quotient;
    int64_t exponent;
    bool more;
    if (!x.mantissa.count) {
        *ret = x;
        return 0;
    }
    struct big_rat ratio = {x.mantissa, y.mantissa};
    ratio.den.negative = false;
    int r = big_rat_quotient(a, ratio, BIG_FLOAT_BITS + 1, &quotient, &exponent, &more);
    if (r < 0)
        return r;
    quotient.negative = x.mantissa.negative != y.mantissa.negative;
    return big_float_make(a, quotient, exponent + x.exponent - y.exponent, more, ret);
}

/* ---- conversions ---- */

int big_float_to_int(struct arena *a, struct big_float x, struct big_int *ret)
{
    bool negative = x.mantissa.negative;
    if (x.exponent >= 0)
        return x.exponent > BIG_INT_BITS_MAX ? -ERANGE
                                             : big_int_shl(a, x.mantissa, (size_t)x.exponent, ret);
    x.mantissa.negative = false; /* so that the shift truncates */
    int r = big_int_shr(a, x.mantissa, (size_t)-x.exponent, ret);
    if (r == 0 && negative)
        *ret = big_int_neg(*ret);
    return r;
}

int big_float_round(struct arena *a, struct big_float x, unsigned bits, bool away,
                    struct big_float *ret)
{
    size_t have = big_int_bits(x.mantissa);
    struct big_int m = x.mantissa;
    if (have <= bits) {
        *ret = x;
        return 0;
    }
    m.negative = false;
    int r = big_int_shr(a, m, have - bits, &m);
    if (r == 0 && away && big_int_any_below(x.mantissa, have - bits))
        r = big_int_add(a, m, big_int_of_u64(1), &m);
    if (r < 0)
        return r;
    m.negative = x.mantissa.negative;
    return big_float_make(a, m, x.exponent + (int64_t)(have - bits), false, ret);
}

/* The mantissa's top bits, rounded, and the exponent that goes with them. `bits` is how many a
 * normal number has, `least` the exponent of the smallest subnormal's only bit. */
static uint64_t top_bits(struct big_float x, int64_t bits, int64_t least, int64_t *ret_exponent)
{
    int64_t have = (int64_t)big_int_bits(x.mantissa);
    int64_t room = big_float_exp(x) - least; /* fewer than `bits` for a subnormal */
    if (room < bits)
        bits = room;
    *ret_exponent = x.exponent;
    if (bits < 0)
        return 0;
    int64_t cut = have > bits ? have - bits : 0;
    uint64_t top = 0;
    for (int64_t i = have; i-- > cut;)
        top = top << 1 | big_int_bit(x.mantissa, (size_t)i);
    *ret_exponent += cut;
    if (cut && big_int_bit(x.mantissa, (size_t)cut - 1) &&
        (top & 1 || big_int_any_below(x.mantissa, (size_t)cut - 1)))
        top++;
    return top;
}

/* ldexp's exponent is an int; what is further out is 0 or an infinity all the same. */
static int int_exponent(int64_t e)
{
    return e > 100000 ? 100000 : e < -100000 ? -100000 : (int)e;
}

double big_float_to_f64(struct big_float x)
{
    int64_t exponent;
    uint64_t top = top_bits(x, 53, -1074, &exponent);
    double v = ldexp((double)top, int_exponent(exponent));
    return x.mantissa.negative ? -v : v;
}

float big_float_to_f32(struct big_float x)
{
    int64_t exponent;
    uint64_t top = top_bits(x, 24, -149, &exponent);
    float v = ldexpf((float)top, int_exponent(exponent));
    return x.mantissa.negative ? -v : v;
}
