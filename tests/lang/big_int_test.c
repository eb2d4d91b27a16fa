#include "lang/big_int.h"

#include <errno.h>

#include "tests/lang/lang_check.h"

static struct big_int of(const char *text)
{
    bool negative = text[0] == '-';
    struct big_int x = {0};
    int r = big_int_parse(&test_arena, slice_from(text + negative), 10, &x);
    CHECK_INT(r, 0);
    return negative ? big_int_neg(x) : x;
}

static const char *text(struct big_int x)
{
    buf_clear(&test_text);
    return big_int_append(&test_text, &test_arena, x) < 0 ? "(failed)" : test_text.data;
}

static void text_of_any_base_is_read_and_written_in_decimal(void)
{
    struct big_int x;
    CHECK_STR(text(of("0")), "0");
    CHECK_STR(text(of("-0")), "0");
    CHECK_STR(text(of("-18446744073709551616")), "-18446744073709551616");
    CHECK_STR(text(of("100000000000000000000000000000000000000001")),
              "100000000000000000000000000000000000000001");
    CHECK_INT(big_int_parse(&test_arena, SLICE("ff_ff"), 16, &x), 0);
    CHECK_STR(text(x), "65535");
    CHECK_INT(big_int_parse(&test_arena, SLICE("12"), 2, &x), -EINVAL);
    CHECK_INT(big_int_parse(&test_arena, SLICE(""), 10, &x), -EINVAL);
}

static void what_is_beyond_the_bound_is_refused_and_nothing_changed(void)
{
    struct big_int x = of("7"), big;
    CHECK_INT(big_int_shl(&test_arena, of("1"), BIG_INT_BITS_MAX - 1, &big), 0);
    CHECK_INT(big_int_bits(big), BIG_INT_BITS_MAX);
    CHECK_INT(big_int_shl(&test_arena, big, 1, &x), -ERANGE);
    CHECK_INT(big_int_add(&test_arena, big, big, &x), -ERANGE);
    CHECK_INT(big_int_mul(&test_arena, big, of("2"), &x), -ERANGE);
    CHECK_INT(big_int_shl(&test_arena, of("1"), SIZE_MAX, &x), -ERANGE);
    CHECK_STR(text(x), "7");
}

static void a_full_arena_is_no_memory(void)
{
    struct arena small = ARENA(MEM_TEST, 64);
    struct big_int x = of("1"), big = of("340282366920938463463374607431768211456");
    CHECK_INT(big_int_mul(&small, big, big, &x), 0);
    CHECK_INT(big_int_mul(&small, big, big, &x), -ENOMEM);
    arena_done(&small);
}

static void division_truncates_and_the_rest_has_the_dividends_sign(void)
{
    static const char *const cases[][4] = {
        {"7", "2", "3", "1"},
        {"-7", "2", "-3", "-1"},
        {"7", "-2", "-3", "1"},
        {"-7", "-2", "3", "-1"},
        {"1", "18446744073709551616", "0", "1"},
        {"340282366920938463463374607431768211455", "18446744073709551616", "18446744073709551615",
         "18446744073709551615"},
        {"-340282366920938463463374607431768211455", "10",
         "-34028236692093846346337460743176821145", "-5"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct big_int q, rest;
        CHECK_INT(big_int_div(&test_arena, of(cases[i][0]), of(cases[i][1]), &q, &rest), 0);
        CHECK_STR(text(q), cases[i][2]);
        CHECK_STR(text(rest), cases[i][3]);
    }
}

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Limbs of all ones and all zeroes are where a division's guess is wrong. */
static struct big_int random_int(uint64_t *state)
{
    struct big_int x = {0};
    size_t limbs = next(state) % 9;
    for (size_t i = 0; i < limbs; i++) {
        uint64_t limb = next(state);
        limb = limb % 5 == 0 ? UINT64_MAX : limb % 5 == 1 ? 0 : limb % 5 == 2 ? 1 : limb;
        CHECK_INT(big_int_shl(&test_arena, x, 64, &x), 0);
        CHECK_INT(big_int_add(&test_arena, x, big_int_of_u64(limb), &x), 0);
    }
    return next(state) & 1 ? big_int_neg(x) : x;
}

static void what_is_divided_is_quotient_times_divisor_and_rest(void)
{
    uint64_t state = 88172645463325252;
    for (int i = 0; i < 20000; i++) {
        struct big_int x = random_int(&state), y = random_int(&state), q, rest, back;
        arena_reset(&test_arena);
        x = random_int(&state);
        y = random_int(&state);
        if (big_int_sign(y) == 0)
            continue;
        CHECK_INT(big_int_div(&test_arena, x, y, &q, &rest), 0);
        CHECK_INT(big_int_mul(&test_arena, q, y, &back), 0);
        CHECK_INT(big_int_add(&test_arena, back, rest, &back), 0);
        CHECK_INT(big_int_cmp(back, x), 0);
        rest.negative = y.negative = false;
        CHECK(big_int_cmp(rest, y) < 0);
    }
}

static void the_common_divisor_leaves_none_behind(void)
{
    uint64_t state = 424242;
    for (int i = 0; i < 2000; i++) {
        struct big_int x, y, d, xd, yd, one;
        arena_reset(&test_arena);
        x = random_int(&state);
        y = random_int(&state);
        if (big_int_sign(x) == 0 || big_int_sign(y) == 0)
            continue;
        CHECK_INT(big_int_gcd(&test_arena, x, y, &d), 0);
        CHECK_INT(big_int_div(&test_arena, x, d, &xd, &one), 0);
        CHECK_INT(big_int_sign(one), 0);
        CHECK_INT(big_int_div(&test_arena, y, d, &yd, &one), 0);
        CHECK_INT(big_int_sign(one), 0);
        CHECK_INT(big_int_gcd(&test_arena, xd, yd, &one), 0);
        CHECK_STR(text(one), "1");
    }
    struct big_int d;
    CHECK_INT(big_int_gcd(&test_arena, of("0"), of("-12"), &d), 0);
    CHECK_STR(text(d), "12");
}

static void bits_are_those_of_twos_complement_without_an_end(void)
{
    struct big_int v;
    CHECK_INT(big_int_bitwise(&test_arena, BIG_INT_AND, of("-1"), of("255"), &v), 0);
    CHECK_STR(text(v), "255");
    CHECK_INT(big_int_bitwise(&test_arena, BIG_INT_OR, of("-256"), of("1"), &v), 0);
    CHECK_STR(text(v), "-255");
    CHECK_INT(big_int_bitwise(&test_arena, BIG_INT_XOR, of("-1"), of("18446744073709551616"), &v),
              0);
    CHECK_STR(text(v), "-18446744073709551617");
    CHECK_INT(big_int_bitwise(&test_arena, BIG_INT_AND_NOT, of("7"), of("-3"), &v), 0);
    CHECK_STR(text(v), "2");
    CHECK_INT(big_int_not(&test_arena, of("0"), &v), 0);
    CHECK_STR(text(v), "-1");
}

static void shifting_right_rounds_down(void)
{
    struct big_int v;
    CHECK_INT(big_int_shr(&test_arena, of("-5"), 1, &v), 0);
    CHECK_STR(text(v), "-3");
    CHECK_INT(big_int_shr(&test_arena, of("-1"), 1000, &v), 0);
    CHECK_STR(text(v), "-1");
    CHECK_INT(big_int_shr(&test_arena, of("36893488147419103232"), 65, &v), 0);
    CHECK_STR(text(v), "1");
    CHECK_INT(big_int_shr(&test_arena, of("5"), 3, &v), 0);
    CHECK_STR(text(v), "0");
}

static void what_fits_64_bits_is_known(void)
{
    int64_t i = 1;
    uint64_t u = 1;
    CHECK(big_int_to_i64(of("-9223372036854775808"), &i) && i == INT64_MIN);
    CHECK(!big_int_to_i64(of("9223372036854775808"), &i) && i == INT64_MIN);
    CHECK(big_int_to_u64(of("18446744073709551615"), &u) && u == UINT64_MAX);
    CHECK(!big_int_to_u64(of("-1"), &u) && !big_int_to_u64(of("18446744073709551616"), &u));
    CHECK_INT(big_int_zero_bits(of("36893488147419103232")), 65);
    CHECK(big_int_bit(of("36893488147419103232"), 65));
    CHECK(!big_int_any_below(of("36893488147419103232"), 65));
}

static void powers_are_exact(void)
{
    struct big_int v;
    CHECK_INT(big_int_pow(&test_arena, 10, 0, &v), 0);
    CHECK_STR(text(v), "1");
    CHECK_INT(big_int_pow(&test_arena, 3, 100, &v), 0);
    CHECK_STR(text(v), "515377520732011331036461129765621272702107522001");
    CHECK_INT(big_int_pow(&test_arena, 10, 10000, &v), -ERANGE);
}

int main(void)
{
    TAP_RUN(text_of_any_base_is_read_and_written_in_decimal);
    TAP_RUN(what_is_beyond_the_bound_is_refused_and_nothing_changed);
    TAP_RUN(a_full_arena_is_no_memory);
    TAP_RUN(division_truncates_and_the_rest_has_the_dividends_sign);
    TAP_RUN(what_is_divided_is_quotient_times_divisor_and_rest);
    TAP_RUN(the_common_divisor_leaves_none_behind);
    TAP_RUN(bits_are_those_of_twos_complement_without_an_end);
    TAP_RUN(shifting_right_rounds_down);
    TAP_RUN(what_fits_64_bits_is_known);
    TAP_RUN(powers_are_exact);
    return LANG_DONE();
}
