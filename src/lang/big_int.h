/* big_int.h - whole numbers of any size up to a bound.
 *
 * A number is a value: it never changes, is copied by assignment, and its limbs live as long as
 * the arena that it was computed in. One limb needs no memory at all, so small constants cost
 * nothing. All zeroes is 0. Pure.
 *
 * Results are untouched on failure. -ERANGE: beyond BIG_INT_BITS_MAX; -ENOMEM: the arena is full.
 */
#ifndef FIREBREAK_LANG_BIG_INT_H
#define FIREBREAK_LANG_BIG_INT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"

/* Twice the largest part of a fraction (big_rat.h), and a little room for sums. */
enum { BIG_INT_BITS_MAX = 16384 + 64 };

struct big_int {
    bool negative;  /* never of 0 */
    uint32_t count; /* limbs; the last is not 0 */
    union {
        uint64_t one;          /* count <= 1 */
        const uint64_t *limbs; /* lowest first */
    };
};

struct big_int big_int_of_i64(int64_t v);
struct big_int big_int_of_u64(uint64_t v);
/* Digits of that base (2 … 16, '_' between them is skipped; no prefix, no sign).
 * Returns 0, -EINVAL, -ERANGE or -ENOMEM. */
int big_int_parse(struct arena *a, struct slice digits, unsigned base, struct big_int *ret);
/* Appends it in decimal. Returns 0, -EMSGSIZE or -ENOMEM; `a` is for what is computed between. */
int big_int_append(struct buf *to, struct arena *a, struct big_int x);

/* -1, 0, 1 */
int big_int_sign(struct big_int x);
int big_int_cmp(struct big_int x, struct big_int y);
/* Bits of |x|; 0 of 0. */
size_t big_int_bits(struct big_int x);
/* How many low bits of |x| are 0; 0 of 0. */
size_t big_int_zero_bits(struct big_int x);
/* Whether bit `at` of |x| is set; and whether any bit below `at` is. */
bool big_int_bit(struct big_int x, size_t at);
bool big_int_any_below(struct big_int x, size_t at);
bool big_int_to_i64(struct big_int x, int64_t *ret); /* false, untouched: does not fit */
bool big_int_to_u64(struct big_int x, uint64_t *ret);

struct big_int big_int_neg(struct big_int x);
int big_int_add(struct arena *a, struct big_int x, struct big_int y, struct big_int *ret);
int big_int_sub(struct arena *a, struct big_int x, struct big_int y, struct big_int *ret);
int big_int_mul(struct arena *a, struct big_int x, struct big_int y, struct big_int *ret);
/* Truncated towards zero, as Go's / and %: the remainder has x's sign. y is not 0. Either result
 * may be NULL. */
int big_int_div(struct arena *a, struct big_int x, struct big_int y, struct big_int *ret_quotient,
                struct big_int *ret_rest);
/* Of |x| and |y|, at least one of which is not 0. */
int big_int_gcd(struct arena *a, struct big_int x, struct big_int y, struct big_int *ret);
int big_int_pow(struct arena *a, uint64_t base, unsigned exponent, struct big_int *ret);
int big_int_shl(struct arena *a, struct big_int x, size_t bits, struct big_int *ret);
/* Arithmetic: rounds towards minus infinity, as Go's >> does. */
int big_int_shr(struct arena *a, struct big_int x, size_t bits, struct big_int *ret);

/* As on two's complement numbers without an end. */
enum big_int_bitop { BIG_INT_AND, BIG_INT_OR, BIG_INT_XOR, BIG_INT_AND_NOT };
int big_int_bitwise(struct arena *a, enum big_int_bitop op, struct big_int x, struct big_int y,
                    struct big_int *ret);
int big_int_not(struct arena *a, struct big_int x, struct big_int *ret);

#endif
