#include <errno.h>

#include "tests/lang/lang_check.h"

static const char *binary(const char *x, enum constant_op op, const char *y)
{
    struct constant v;
    return constant_binary(&test_arena, op, number(x), number(y), &v) < 0 ? "(failed)" : exact(v);
}

static void whole_numbers_are_exact_however_large(void)
{
    CHECK_STR(binary("18446744073709551615", CONSTANT_MUL, "18446744073709551615"),
              "340282366920938463426481119284349108225");
    CHECK_STR(binary("1", CONSTANT_SUB, "18446744073709551616"), "-18446744073709551615");
    CHECK_STR(binary("-7", CONSTANT_QUO_INT, "2"), "-3");
    CHECK_STR(binary("-7", CONSTANT_REM, "2"), "-1");
    CHECK_STR(binary("12", CONSTANT_AND_NOT, "10"), "4");
    CHECK_STR(binary("12", CONSTANT_AND, "-8"), "8");
    CHECK_STR(binary("12", CONSTANT_XOR, "10"), "6");
    CHECK_STR(binary("12", CONSTANT_OR, "3"), "15");
}

static void floats_are_fractions(void)
{
    CHECK_STR(binary("1", CONSTANT_QUO, "3"), "1/3");
    CHECK_STR(binary("0.1", CONSTANT_ADD, "0.2"), "3/10");
    CHECK_STR(binary("1", CONSTANT_ADD, "0.5"), "3/2");
    CHECK_STR(binary("1.5", CONSTANT_MUL, "2"), "3");
    CHECK_STR(binary("1e2000", CONSTANT_QUO, "1e2000"), "0x.8p+1");
}

static void division_by_zero_and_foreign_operands_are_told_apart(void)
{
    struct constant v = constant_i64(9), text = constant_string(SLICE("a"));
    CHECK_INT(constant_binary(&test_arena, CONSTANT_QUO_INT, number("1"), number("0"), &v), -EDOM);
    CHECK_INT(constant_binary(&test_arena, CONSTANT_REM, number("1"), number("0"), &v), -EDOM);
    CHECK_INT(constant_binary(&test_arena, CONSTANT_QUO, number("1"), number("0.0"), &v), -EDOM);
    CHECK_INT(constant_binary(&test_arena, CONSTANT_REM, number("1.5"), number("2"), &v), -EINVAL);
    CHECK_INT(constant_binary(&test_arena, CONSTANT_AND, number("1.5"), number("2"), &v), -EINVAL);
    CHECK_INT(constant_binary(&test_arena, CONSTANT_ADD, text, number("2"), &v), -EINVAL);
    CHECK_INT(constant_binary(&test_arena, CONSTANT_SUB, text, text, &v), -EINVAL);
    CHECK_STR(exact(v), "9");
}

static void what_is_unknown_stays_unknown(void)
{
    struct constant unknown = {0}, v = constant_i64(1);
    bool truth = true;
    CHECK_INT(constant_binary(&test_arena, CONSTANT_QUO_INT, unknown, number("0"), &v), 0);
    CHECK_INT(v.kind, CONSTANT_UNKNOWN);
    CHECK_INT(constant_unary(&test_arena, CONSTANT_MINUS, unknown, 0, &v), 0);
    CHECK_INT(v.kind, CONSTANT_UNKNOWN);
    CHECK_INT(constant_compare(&test_arena, CONSTANT_EQ, unknown, unknown, &truth), 0);
    CHECK(!truth);
}

static void strings_and_bools(void)
{
    struct constant v;
    CHECK_INT(constant_binary(&test_arena, CONSTANT_ADD, constant_string(SLICE("a")),
                              constant_string(SLICE("b")), &v),
              0);
    CHECK_SLICE(v.text, "ab");
    CHECK_INT(
        constant_binary(&test_arena, CONSTANT_LAND, constant_bool(true), constant_bool(false), &v),
        0);
    CHECK(!v.boolean);
    CHECK_INT(constant_unary(&test_arena, CONSTANT_NOT, v, 0, &v), 0);
    CHECK(v.boolean);
}

static void complement_knows_the_width_of_unsigned_types(void)
{
    struct constant v;
    CHECK_INT(constant_unary(&test_arena, CONSTANT_COMPLEMENT, number("1"), 8, &v), 0);
    CHECK_STR(exact(v), "254");
    CHECK_INT(constant_unary(&test_arena, CONSTANT_COMPLEMENT, number("1"), 0, &v), 0);
    CHECK_STR(exact(v), "-2");
    CHECK_INT(constant_unary(&test_arena, CONSTANT_COMPLEMENT, number("1.5"), 0, &v), -EINVAL);
}

static void shifts_are_of_whole_numbers(void)
{
    struct constant v = constant_i64(3);
    CHECK_INT(constant_shift(&test_arena, number("1"), true, 100, &v), 0);
    CHECK_STR(exact(v), "1267650600228229401496703205376");
    CHECK_INT(constant_shift(&test_arena, number("-5"), false, 1, &v), 0);
    CHECK_STR(exact(v), "-3");
    CHECK_INT(constant_shift(&test_arena, number("1.0"), true, 1, &v), -EINVAL);
    CHECK_INT(constant_shift(&test_arena, number("1"), true, UINT64_MAX, &v), -ERANGE);
}

static void comparisons(void)
{
    bool truth;
    CHECK(constant_compare(&test_arena, CONSTANT_LT, number("1"), number("1.5"), &truth) == 0 &&
          truth);
    CHECK(constant_compare(&test_arena, CONSTANT_EQ, number("0.5"), number("1e-1"), &truth) == 0 &&
          !truth);
    CHECK(constant_compare(&test_arena, CONSTANT_GT, number("1e2000"), number("1"), &truth) == 0 &&
          truth);
    CHECK(constant_compare(&test_arena, CONSTANT_GE, constant_string(SLICE("ab")),
                           constant_string(SLICE("a")), &truth) == 0 &&
          truth);
    CHECK_INT(constant_compare(&test_arena, CONSTANT_LT, constant_bool(true), constant_bool(false),
                               &truth),
              -EINVAL);
}

int main(void)
{
    TAP_RUN(whole_numbers_are_exact_however_large);
    TAP_RUN(floats_are_fractions);
    TAP_RUN(division_by_zero_and_foreign_operands_are_told_apart);
    TAP_RUN(what_is_unknown_stays_unknown);
    TAP_RUN(strings_and_bools);
    TAP_RUN(complement_knows_the_width_of_unsigned_types);
    TAP_RUN(shifts_are_of_whole_numbers);
    TAP_RUN(comparisons);
    return LANG_DONE();
}
