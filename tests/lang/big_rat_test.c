#include "lang/big_rat.h"

#include <math.h>

#include "tests/lang/lang_check.h"

static struct big_rat rat(int64_t num, int64_t den)
{
    struct big_rat x = {0};
    CHECK_INT(big_rat_make(&test_arena, big_int_of_i64(num), big_int_of_i64(den), &x), 0);
    return x;
}

static bool is(struct big_rat x, int64_t num, int64_t den)
{
    return big_int_cmp(x.num, big_int_of_i64(num)) == 0 &&
           big_int_cmp(x.den, big_int_of_i64(den)) == 0;
}

static void fractions_are_in_lowest_terms_with_the_sign_above(void)
{
    CHECK(is(rat(6, 4), 3, 2));
    CHECK(is(rat(6, -4), -3, 2));
    CHECK(is(rat(0, -7), 0, 1));
    CHECK(big_rat_is_int(rat(8, 4)) && !big_rat_is_int(rat(1, 3)));
}

static void arithmetic_is_exact(void)
{
    struct big_rat v;
    CHECK_INT(big_rat_add(&test_arena, rat(1, 3), rat(1, 6), &v), 0);
    CHECK(is(v, 1, 2));
    CHECK_INT(big_rat_sub(&test_arena, rat(1, 3), rat(1, 3), &v), 0);
    CHECK(is(v, 0, 1));
    CHECK_INT(big_rat_mul(&test_arena, rat(2, 3), rat(-3, 4), &v), 0);
    CHECK(is(v, -1, 2));
    CHECK_INT(big_rat_div(&test_arena, rat(1, 3), rat(-2, 3), &v), 0);
    CHECK(is(v, -1, 2));
}

static void the_larger_is_known(void)
{
    int order;
    CHECK_INT(big_rat_cmp(&test_arena, rat(1, 3), rat(3334, 10000), &order), 0);
    CHECK_INT(order, -1);
    CHECK_INT(big_rat_cmp(&test_arena, rat(-1, 3), rat(-2, 6), &order), 0);
    CHECK_INT(order, 0);
}

static void the_nearest_float_with_ties_to_even(void)
{
    double d;
    float f;
    CHECK(big_rat_to_f64(&test_arena, rat(1, 10), &d) == 0 && d == 0.1);
    CHECK(big_rat_to_f32(&test_arena, rat(1, 10), &f) == 0 && f == 0.1f);
    CHECK(big_rat_to_f64(&test_arena, rat(9007199254740993, 1), &d) == 0 &&
          d == 9007199254740992.0);
    CHECK(big_rat_to_f64(&test_arena, rat(9007199254740995, 1), &d) == 0 &&
          d == 9007199254740996.0);
    CHECK(big_rat_to_f32(&test_arena, rat(-16777217, 1), &f) == 0 && f == -16777216.0f);
    CHECK(big_rat_to_f64(&test_arena, rat(0, 1), &d) == 0 && d == 0 && !signbit(d));
}

/* A bit far behind the tie decides it, which a rounding to fewer bits before would lose. */
static void nothing_is_rounded_twice(void)
{
    struct big_rat tie = {.den = big_int_of_u64(1)}, bit = tie;
    double d;
    CHECK_INT(big_int_shl(&test_arena, big_int_of_u64(1), 700, &tie.num), 0);
    CHECK_INT(big_int_shl(&test_arena, big_int_of_u64(1), 700 - 53, &bit.num), 0);
    CHECK_INT(big_int_add(&test_arena, tie.num, bit.num, &tie.num), 0);
    CHECK(big_rat_to_f64(&test_arena, tie, &d) == 0 && d == 0x1p700);
    CHECK_INT(big_int_add(&test_arena, tie.num, big_int_of_u64(1), &tie.num), 0);
    CHECK(big_rat_to_f64(&test_arena, tie, &d) == 0 && d == 0x1.0000000000001p700);
}

static void floats_become_exactly_what_they_are(void)
{
    struct big_rat x;
    double back;
    const double values[] = {0, 1, -0.1, 0x1p-1074, 0x1.fffffffffffffp1023, 3.5};
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        CHECK_INT(big_rat_of_f64(&test_arena, values[i], &x), 0);
        CHECK_INT(big_rat_to_f64(&test_arena, x, &back), 0);
        CHECK(back == values[i]);
    }
}

int main(void)
{
    TAP_RUN(fractions_are_in_lowest_terms_with_the_sign_above);
    TAP_RUN(arithmetic_is_exact);
    TAP_RUN(the_larger_is_known);
    TAP_RUN(the_nearest_float_with_ties_to_even);
    TAP_RUN(nothing_is_rounded_twice);
    TAP_RUN(floats_become_exactly_what_they_are);
    return LANG_DONE();
}
