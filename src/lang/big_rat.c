#include "lang/big_rat.h"

#include <errno.h>
#include <math.h>

#include "lang/big_float.h"

struct big_rat big_rat_of_int(struct big_int x)
{
    return (struct big_rat){x, big_int_of_u64(1)};
}

int big_rat_make(struct arena *a, struct big_int num, struct big_int den, struct big_rat *ret)
{
    struct big_int common;
    int r = big_int_gcd(a, num, den, &common);
    if (r < 0)
        return r;
    if (common.count > 1 || common.one != 1) {
        r = big_int_div(a, num, common, &num, NULL);
        if (r == 0)
            r = big_int_div(a, den, common, &den, NULL);
        if (r < 0)
            return r;
    }
    *ret = den.negative ? (struct big_rat){big_int_neg(num), big_int_neg(den)}
                        : (struct big_rat){num, den};
    return 0;
}

bool big_rat_is_int(struct big_rat x)
{
    return x.den.count == 1 && x.den.one == 1;
}

/* x.num * y.den and y.num * x.den: what sums and comparisons are made of. */
static int cross(struct arena *a, struct big_rat x, struct big_rat y, struct big_int *ret_x,
                 struct big_int *ret_y)
{
    int r = big_int_mul(a, x.num, y.den, ret_x);
    return r < 0 ? r : big_int_mul(a, y.num, x.den, ret_y);
}

int big_rat_cmp(struct arena *a, struct big_rat x, struct big_rat y, int *ret)
{
    struct big_int left, right;
    int r = cross(a, x, y, &left, &right);
    if (r < 0)
        return r;
    *ret = big_int_cmp(left, right);
    return 0;
}

int big_rat_add(struct arena *a, struct big_rat x, struct big_rat y, struct big_rat *ret)
{
    struct big_int left, right, den;
    int r = cross(a, x, y, &left, &right);
    if (r == 0)
        r = big_int_add(a, left, right, &left);
    if (r == 0)
        r = big_int_mul(a, x.den, y.den, &den);
    return r < 0 ? r : big_rat_make(a, left, den, ret);
}

int big_rat_sub(struct arena *a, struct big_rat x, struct big_rat y, struct big_rat *ret)
{
    y.num = big_int_neg(y.num);
    return big_rat_add(a, x, y, ret);
}

int big_rat_mul(struct arena *a, struct big_rat x, struct big_rat y, struct big_rat *ret)
{
    struct big_int num, den;
    int r = big_int_mul(a, x.num, y.num, &num);
    if (r == 0)
        r = big_int_mul(a, x.den, y.den, &den);
    return r < 0 ? r : big_rat_make(a, num, den, ret);
}

int big_rat_div(struct arena *a, struct big_rat x, struct big_rat y, struct big_rat *ret)
{
    struct big_int num, den;
    int r = big_int_mul(a, x.num, y.den, &num);
    if (r == 0)
        r = big_int_mul(a, x.den, y.num, &den);
    return r < 0 ? r : big_rat_make(a, num, den, ret);
}

int big_rat_quotient(struct arena *a, struct big_rat x, size_t bits, struct big_int *ret_quotient,
                     int64_t *ret_exponent, bool *ret_more)
{
    struct big_int num = x.num, den = x.den, rest;
    num.negative = false;
    int64_t lacks = (int64_t)(bits + 1 + big_int_bits(den)) - (int64_t)big_int_bits(num);
    int r = lacks > 0 ? big_int_shl(a, num, (size_t)lacks, &num) : 0;
    if (r == 0)
        r = big_int_div(a, num, den, ret_quotient, &rest);
    if (r < 0)
        return r;
    *ret_exponent = lacks > 0 ? -lacks : 0;
    *ret_more = rest.count != 0;
    return 0;
}

/* More bits than any mantissa that is asked for, and a last one that stands for all that follow:
 * from there on one rounding to fewer bits is exact. */
static int to_float(struct arena *a, struct big_rat x, struct big_float *ret)
{
    bool more;
    *ret = (struct big_float){0};
    if (!x.num.count)
        return 0;
    int r = big_rat_quotient(a, x, 66, &ret->mantissa, &ret->exponent, &more);
    if (r == 0)
        r = big_int_shl(a, ret->mantissa, 1, &ret->mantissa);
    if (r == 0 && more)
        r = big_int_add(a, ret->mantissa, big_int_of_u64(1), &ret->mantissa);
    ret->exponent--;
    ret->mantissa.negative = x.num.negative;
    return r;
}

int big_rat_to_f64(struct arena *a, struct big_rat x, double *ret)
{
    struct big_float f;
    int r = to_float(a, x, &f);
    if (r == 0)
        *ret = big_float_to_f64(f);
    return r;
}

int big_rat_to_f32(struct arena *a, struct big_rat x, float *ret)
{
    struct big_float f;
    int r = to_float(a, x, &f);
    if (r == 0)
        *ret = big_float_to_f32(f);
    return r;
}

int big_rat_of_f64(struct arena *a, double v, struct big_rat *ret)
{
    int exponent;
    double part = frexp(v, &exponent);
    struct big_int num = big_int_of_i64((int64_t)ldexp(part, 53)), den = big_int_of_u64(1);
    exponent -= 53;
    int r = exponent >= 0 ? big_int_shl(a, num, (size_t)exponent, &num)
                          : big_int_shl(a, den, (size_t)-exponent, &den);
    return r < 0 ? r : big_rat_make(a, num, den, ret);
}
