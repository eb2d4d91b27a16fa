#include <math.h>

#include "tests/wire/yaml_tests.h"

static void words_of_the_core_schema(void)
{
    CHECK_JSON(yaml("[null, Null, NULL, ~, ]"), "[null,null,null,null]");
    CHECK_JSON(yaml("[true, True, TRUE, false, False, FALSE]"),
               "[true,true,true,false,false,false]");
    CHECK_JSON(yaml("a:"), "{\"a\":null}");
}

static void no_is_norway(void)
{
    CHECK_JSON(
        yaml("[no, yes, on, off, y, n, No, tRUE, nULL, Inf, nan, 12:30:00, 2001-12-14, 0b1]"),
        "[\"no\",\"yes\",\"on\",\"off\",\"y\",\"n\",\"No\",\"tRUE\",\"nULL\",\"Inf\",\"nan\","
        "\"12:30:00\",\"2001-12-14\",\"0b1\"]");
}

static void whole_numbers(void)
{
    CHECK_JSON(yaml("[0, -1, +12, 007, 0o17, 0xFf, 9223372036854775807, -9223372036854775808]"),
               "[0,-1,12,7,15,255,9223372036854775807,-9223372036854775808]");
    CHECK_JSON(yaml("[0o8, 0xg, 1_000, -0x1, 0x, '1']"),
               "[\"0o8\",\"0xg\",\"1_000\",\"-0x1\",\"0x\",\"1\"]");
}

static void large_whole_numbers_keep_their_digits(void)
{
    const struct value *v =
        yaml("[9223372036854775808, +0012345678901234567890, -12345678901234567890]");
    CHECK_JSON(v, "[9223372036854775808,12345678901234567890,-12345678901234567890]");
    CHECK_INT(v->first->type, VALUE_NUMBER);
    CHECK_STR(yaml_fault("0xFFFFFFFFFFFFFFFF"),
              "1:1: out_of_range: '0xFFFFFFFFFFFFFFFF' does not fit a whole number of 64 bits");
}

static void numbers_with_a_fraction(void)
{
    CHECK_JSON(yaml("[1.5, -.5, 1., 1e3, 6.02E+23, +1.0e-2]"), "[1.5,-0.5,1,1000,6.02e+23,0.01]");
    CHECK_INT(yaml("1e3")->type, VALUE_FLOAT);
    CHECK_JSON(yaml("[., 1e, e1, 1.2.3, 1e+, +, .e1]"),
               "[\".\",\"1e\",\"e1\",\"1.2.3\",\"1e+\",\"+\",\".e1\"]");
    CHECK_JSON(yaml("[1.e400, -.5e999]"), "[1e400,-0.5e999]");
}

static void numbers_that_are_none(void)
{
    CHECK(yaml(".inf")->number == INFINITY);
    CHECK(yaml("-.Inf")->number == -INFINITY);
    CHECK(yaml("+.INF")->number == INFINITY);
    CHECK(isnan(yaml(".NaN")->number));
    CHECK_INT(yaml("-.nan")->type, VALUE_STRING);
}

int main(void)
{
    TAP_RUN(words_of_the_core_schema);
    TAP_RUN(no_is_norway);
    TAP_RUN(whole_numbers);
    TAP_RUN(large_whole_numbers_keep_their_digits);
    TAP_RUN(numbers_with_a_fraction);
    TAP_RUN(numbers_that_are_none);
    value_tests_done();
    return tap_done();
}
