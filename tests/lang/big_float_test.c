#include "lang/big_float.h"

#include <errno.h>
#include <math.h>

#include "tests/lang/lang_check.h"

static struct big_float of(int64_t mantissa, int64_t exponent)
{
    struct big_float x = {0};
    CHECK_INT(big_float_make(&test_arena, big_int_of_i64(mantissa), exponent, false, &x), 0);
    return x;
}

static bool same(struct big_float x, struct big_float y)
{
    int order = 1;
    CHECK_INT(big_float_cmp(&test_arena, x, y, &order), 0);
    return order == 0;
}

static void equal_values_are_equal_fields(void)
{
    struct big_float x = of(8, 0), y = of(1, 3);
    CHECK(x.exponent == y.exponent && big_int_cmp(x.mantissa, y.mantissa) == 0);
    CHECK_INT(of(0, 99).exponent, 0);
}

static void sums_align_and_differences_cancel(void)
{
    struct big_float v;
    CHECK_INT(big_float_add(&test_arena, of(1, 10), of(3, 0), &v), 0);
    CHECK(same(v, of(1027, 0)));
    CHECK_INT(big_float_sub(&test_arena, of(1, 10), of(1024, 0), &v), 0);
    CHECK_INT(big_float_sign(v), 0);
}

/* 512 bits: the last of them, and a half of it. */
static void rounding_is_to_the_nearest_with_ties_to_even(void)
{
    struct big_float v, one = of(1, 0), last = of(1, -511), half = of(1, -512);
    CHECK_INT(big_float_add(&test_arena, one, half, &v), 0);
    CHECK(same(v, one));
    CHECK_INT(big_float_add(&test_arena, one, last, &v), 0);
    CHECK(!same(v, one));
    CHECK_INT(big_float_add(&test_arena, v, half, &v), 0);
    CHECK(same(v, of(1, 0)) == false);
    struct big_float two_last = of(1, -510), want;
    CHECK_INT(big_float_add(&test_arena, one, two_last, &want), 0);
    CHECK(same(v, want));
}

static void what_is_far_too_small_still_decides_a_tie(void)
{
    struct big_float v, one = of(1, 0), odd, tiny = of(1, -1000000);
    CHECK_INT(big_float_add(&test_arena, one, of(1, -512), &odd), 0);
    CHECK(same(odd, one));
    /* one + half of the last bit, exactly, is kept as a product's bits before the tiny joins. */
    struct big_int m;
    CHECK_INT(big_int_shl(&test_arena, big_int_of_u64(1), 512, &m), 0);
    CHECK_INT(big_int_add(&test_arena, m, big_int_of_u64(1), &m), 0);
    CHECK_INT(big_float_make(&test_arena, m, -512, true, &v), 0);
    CHECK(!same(v, one));
    CHECK_INT(big_float_add(&test_arena, one, tiny, &v), 0);
    CHECK(same(v, one));
    CHECK_INT(big_float_sub(&test_arena, one, tiny, &v), 0);
    CHECK(same(v, one));
}

static void products_and_quotients(void)
{
    struct big_float v;
    CHECK_INT(big_float_mul(&test_arena, of(-3, 5), of(5, -2), &v), 0);
    CHECK(same(v, of(-15, 3)));
    CHECK_INT(big_float_div(&test_arena, of(1, 0), of(3, 0), &v), 0);
    CHECK(big_float_to_f64(v) == 1.0 / 3);
    CHECK_INT(big_float_div(&test_arena, of(0, 0), of(-3, 0), &v), 0);
    CHECK_INT(big_float_sign(v), 0);
}

static void beyond_the_exponent_is_an_error_and_below_it_zero(void)
{
    struct big_float v = of(5, 0);
    CHECK_INT(big_float_make(&test_arena, big_int_of_u64(1), INT64_C(1) << 31, false, &v), -ERANGE);
    CHECK_INT(big_float_sign(v), 1);
    CHECK_INT(big_float_make(&test_arena, big_int_of_u64(1), -(INT64_C(1) << 32), false, &v), 0);
    CHECK_INT(big_float_sign(v), 0);
}

static void powers_of_ten_are_right_to_the_last_bit_that_counts(void)
{
    struct big_float v, w;
    CHECK_INT(big_float_scaled(&test_arena, big_int_of_u64(1), 10, 2000, &v), 0);
    CHECK_INT(big_float_scaled(&test_arena, big_int_of_u64(1), 10, -2000, &w), 0);
    CHECK_INT(big_float_mul(&test_arena, v, w, &v), 0);
    CHECK(big_float_to_f64(v) == 1.0);
    CHECK_INT(big_float_scaled(&test_arena, big_int_of_u64(17976931348623157), 10, 292, &v), 0);
    CHECK(big_float_to_f64(v) == 1.7976931348623157e308);
    CHECK_INT(big_float_scaled(&test_arena, big_int_of_u64(5), 10, -324, &v), 0);
    CHECK(big_float_to_f64(v) == 4.9406564584124654e-324);
    CHECK_INT(big_float_scaled(&test_arena, big_int_of_u64(1), 10, INT64_MAX / 2, &v), -ERANGE);
    CHECK_INT(big_float_scaled(&test_arena, big_int_of_u64(1), 10, -999999999, &v), 0);
    CHECK_INT(big_float_sign(v), 0);
}

static void whole_parts_are_truncated(void)
{
    struct big_int i;
    CHECK_INT(big_float_to_int(&test_arena, of(-7, -1), &i), 0);
    CHECK_INT(big_int_cmp(i, big_int_of_i64(-3)), 0);
    CHECK(big_float_is_int(of(6, -1)) && !big_float_is_int(of(7, -1)));
    CHECK_INT(big_float_to_int(&test_arena, of(1, 1000000), &i), -ERANGE);
}

static void doubles_and_singles_at_their_edges(void)
{
    CHECK(isinf(big_float_to_f64(of(1, 1024))));
    CHECK(big_float_to_f64(of(-1, -1074)) == -0x1p-1074);
    CHECK(big_float_to_f64(of(1, -1075)) == 0);
    CHECK(big_float_to_f64(of(3, -1076)) == 0x1p-1074);
    CHECK(big_float_to_f64(of(1, -5000000)) == 0);
    CHECK(isinf(big_float_to_f32(of(0x1ffffff, 103))));
    CHECK(big_float_to_f32(of(0xffffff, 104)) == 0x1.fffffep127f);
    CHECK(big_float_to_f32(of(3, -151)) == 0x1p-149f);
}

int main(void)
{
    TAP_RUN(equal_values_are_equal_fields);
    TAP_RUN(sums_align_and_differences_cancel);
    TAP_RUN(rounding_is_to_the_nearest_with_ties_to_even);
    TAP_RUN(what_is_far_too_small_still_decides_a_tie);
    TAP_RUN(products_and_quotients);
    TAP_RUN(beyond_the_exponent_is_an_error_and_below_it_zero);
    TAP_RUN(powers_of_ten_are_right_to_the_last_bit_that_counts);
    TAP_RUN(whole_parts_are_truncated);
    TAP_RUN(doubles_and_singles_at_their_edges);
    return LANG_DONE();
}
