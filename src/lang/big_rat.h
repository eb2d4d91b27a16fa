/* big_rat.h - exact fractions, always in lowest terms.
 *
 * Values as in big_int.h, with the same errors. All zeroes is not a fraction: the denominator is
 * at least 1. Pure. */
#ifndef FIREBREAK_LANG_BIG_RAT_H
#define FIREBREAK_LANG_BIG_RAT_H

#include "lang/big_int.h"

struct big_rat {
    struct big_int num, den; /* den > 0 */
};

struct big_rat big_rat_of_int(struct big_int x);
/* num / den in lowest terms; den is not 0. */
int big_rat_make(struct arena *a, struct big_int num, struct big_int den, struct big_rat *ret);
bool big_rat_is_int(struct big_rat x);
int big_rat_cmp(struct arena *a, struct big_rat x, struct big_rat y, int *ret);
int big_rat_add(struct arena *a, struct big_rat x, struct big_rat y, struct big_rat *ret);
int big_rat_sub(struct arena *a, struct big_rat x, struct big_rat y, struct big_rat *ret);
int big_rat_mul(struct arena *a, struct big_rat x, struct big_rat y, struct big_rat *ret);
/* y is not 0. */
int big_rat_div(struct arena *a, struct big_rat x, struct big_rat y, struct big_rat *ret);
/* |x| as quotient * 2^exponent with at least `bits` bits of quotient; *ret_more: it is a little
 * more than that. x is not 0. */
int big_rat_quotient(struct arena *a, struct big_rat x, size_t bits, struct big_int *ret_quotient,
                     int64_t *ret_exponent, bool *ret_more);
/* The nearest, ties to even, subnormals too; beyond the largest an infinity. */
int big_rat_to_f64(struct arena *a, struct big_rat x, double *ret);
int big_rat_to_f32(struct arena *a, struct big_rat x, float *ret);
/* Exact; v is finite. */
int big_rat_of_f64(struct arena *a, double v, struct big_rat *ret);

#endif
