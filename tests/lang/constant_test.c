#include "lang/constant.h"

#include <errno.h>
#include <math.h>

#include "tests/lang/lang_check.h"

static void literals_of_every_form(void)
{
    static const char *const cases[][2] = {
        {"0", "0"},      {"1_000", "1000"},    {"0b101", "5"},        {"0o17", "15"},
        {"017", "15"},   {"0xFF_FF", "65535"}, {"1.5", "3/2"},        {".25", "1/4"},
        {"1e3", "1000"}, {"0x1.8p1", "3"},     {"1_0.5e-1", "21/20"}, {"0x.8p0", "1/2"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        CHECK_STR(exact(number(cases[i][0])), cases[i][1]);
    struct constant v;
    CHECK_INT(constant_literal(&test_arena, LITERAL_RUNE, SLICE("'é'"), &v), 0);
    CHECK_STR(exact(v), "233");
    CHECK_INT(constant_literal(&test_arena, LITERAL_STRING, SLICE("\"a\\tb\""), &v), 0);
    CHECK_SLICE(v.text, "a\tb");
    CHECK_INT(constant_literal(&test_arena, LITERAL_IMAGINARY, SLICE("1i"), &v), -EINVAL);
}

static void a_literal_beyond_any_bound_is_an_overflow(void)
{
    struct constant v = constant_i64(4);
    char *digits = arena_alloc(&test_arena, 9001);
    memset(digits, '9', 9000);
    struct slice long_one = {digits, 9000};
    CHECK_INT(constant_literal(&test_arena, LITERAL_INT, long_one, &v), -ERANGE);
    CHECK_INT(constant_literal(&test_arena, LITERAL_FLOAT, SLICE("1e9999999999"), &v), -ERANGE);
    CHECK_STR(exact(v), "4");
}

/* Up to CONSTANT_RAT_BITS_MAX a float is a fraction; beyond it has 512 bits. */
static void large_fractions_become_floats(void)
{
    CHECK(number("1e1000").is_fraction);
    CHECK(!number("1e2000").is_fraction);
    CHECK(number("1e-1000").is_fraction);
    CHECK(!number("1e-2000").is_fraction);
    CHECK_STR(exact(number("1e-999999999")), "0");
}

static void numbers_of_c_come_exactly(void)
{
    struct constant v;
    CHECK_INT(constant_f64(&test_arena, 0.1, &v), 0);
    CHECK_STR(exact(v), "3602879701896397/36028797018963968");
    CHECK_INT(constant_f64(&test_arena, -0.0, &v), 0);
    CHECK_STR(exact(v), "0");
    CHECK_INT(constant_f64(&test_arena, INFINITY, &v), 0);
    CHECK_INT(v.kind, CONSTANT_UNKNOWN);
    CHECK_STR(exact(constant_u64(UINT64_MAX)), "18446744073709551615");
}

static void what_is_whole_becomes_an_int(void)
{
    struct constant v = constant_i64(0);
    bool whole;
    CHECK(constant_to_int(&test_arena, number("3.0"), &whole, &v) == 0 && whole);
    CHECK_INT(v.kind, CONSTANT_INT);
    CHECK(constant_to_int(&test_arena, number("3.5"), &whole, &v) == 0 && !whole);
    CHECK(constant_to_int(&test_arena, number("1e1200"), &whole, &v) == 0 && whole);
    CHECK(constant_to_int(&test_arena, number("1e2000"), &whole, &v) == 0 && !whole);
    CHECK_INT(constant_to_int(&test_arena, constant_bool(true), &whole, &v), -EINVAL);
}

/* A third of 1e2000 thrice: not whole in the last bits of 512, and yet meant to be. */
static void a_rounding_error_does_not_hide_a_whole_number(void)
{
    struct constant x = number("0x1p-4000"), y = number("0x1p4000"), v;
    bool whole;
    CHECK_INT(constant_binary(&test_arena, CONSTANT_QUO, x, number("3e2000"), &v), 0);
    CHECK_INT(constant_binary(&test_arena, CONSTANT_MUL, v, number("9e2000"), &v), 0);
    CHECK_INT(constant_binary(&test_arena, CONSTANT_MUL, v, y, &v), 0);
    CHECK(!v.is_fraction);
    CHECK(constant_to_int(&test_arena, v, &whole, &v) == 0 && whole);
    CHECK_STR(exact(v), "3");
}

static void a_number_as_a_character(void)
{
    struct constant v;
    CHECK_INT(constant_rune_string(&test_arena, constant_i64(0x20ac), &v), 0);
    CHECK_SLICE(v.text, "€");
    CHECK_INT(constant_rune_string(&test_arena, constant_i64(-1), &v), 0);
    CHECK_SLICE(v.text, "\xEF\xBF\xBD");
    CHECK_INT(constant_rune_string(&test_arena, number("0xd800"), &v), 0);
    CHECK_SLICE(v.text, "\xEF\xBF\xBD");
}

static void signs_and_bits(void)
{
    CHECK_INT(constant_sign(number("-0.5")), -1);
    CHECK_INT(constant_sign(number("0.0")), 0);
    CHECK_INT(constant_sign((struct constant){0}), 1);
    CHECK_INT(constant_bits(number("256")), 9);
    CHECK_INT(constant_bits(number("1.5")), 0);
}

int main(void)
{
    TAP_RUN(literals_of_every_form);
    TAP_RUN(a_literal_beyond_any_bound_is_an_overflow);
    TAP_RUN(large_fractions_become_floats);
    TAP_RUN(numbers_of_c_come_exactly);
    TAP_RUN(what_is_whole_becomes_an_int);
    TAP_RUN(a_rounding_error_does_not_hide_a_whole_number);
    TAP_RUN(a_number_as_a_character);
    TAP_RUN(signs_and_bits);
    return LANG_DONE();
}
