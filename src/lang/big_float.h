/* big_float.h - floats with a mantissa of 512 bits, rounded to nearest, ties to even.
 *
 * What constants become when their fraction grows too large. The value is
 * ±mantissa * 2^exponent with a mantissa of at most 512 bits; the exponent is
 * bounded, so that overflow is an error and never an infinity; underflow is 0. Values as in
 * big_int.h: all zeroes is 0. Pure. -ERANGE: the exponent is out of its range. */
#ifndef FIREBREAK_LANG_BIG_FLOAT_H
#define FIREBREAK_LANG_BIG_FLOAT_H

#include "lang/big_int.h"
#include "lang/big_rat.h"

enum { BIG_FLOAT_BITS = 512 };

struct big_float {
    struct big_int mantissa; /* odd, or 0: so that equal values are equal fields */
    int64_t exponent;        /* of the mantissa's lowest bit */
};

/* mantissa * 2^exponent, rounded; `more` says that a little more was cut off before. */
int big_float_make(struct arena *a, struct big_int mantissa, int64_t exponent, bool more,
                   struct big_float *ret);
int big_float_of_rat(struct arena *a, struct big_rat x, struct big_float *ret);
/* digits * base^exponent: base 10 or 2. Underflow of a sensible exponent gives 0. */
int big_float_scaled(struct arena *a, struct big_int digits, unsigned base, int64_t exponent,
                     struct big_float *ret);

int big_float_sign(struct big_float x);
int big_float_cmp(struct arena *a, struct big_float x, struct big_float y, int *ret);
int big_float_add(struct arena *a, struct big_float x, struct big_float y, struct big_float *ret);
int big_float_sub(struct arena *a, struct big_float x, struct big_float y, struct big_float *ret);
int big_float_mul(struct arena *a, struct big_float x, struct big_float y, struct big_float *ret);
/* y is not 0. */
int big_float_div(struct arena *a, struct big_float x, struct big_float y, struct big_float *ret);

/* e with 0.5 <= |x| / 2^e < 1; 0 of 0. */
int64_t big_float_exp(struct big_float x);
bool big_float_is_int(struct big_float x);
/* Truncated towards zero. -ERANGE where it has too many bits. */
int big_float_to_int(struct arena *a, struct big_float x, struct big_int *ret);
/* Rounded to `bits` of mantissa: towards minus and plus infinity in size (away = larger |x|). */
int big_float_round(struct arena *a, struct big_float x, unsigned bits, bool away,
                    struct big_float *ret);
/* Nearest, ties to even; infinity beyond the range, 0 below it. */
double big_float_to_f64(struct big_float x);
float big_float_to_f32(struct big_float x);

#endif
