#include "wire/number.h"

#include <errno.h>
#include <math.h>

#include "tests/tap.h"

static double parse(const char *text)
{
    double d = -12345;
    if (number_parse(slice_from(text), &d) < 0)
        return -12345;
    return d;
}

static void a_number_is_the_nearest_double(void)
{
    static const char *const texts[] = {"0",
                                        "1",
                                        "-1",
                                        "+1",
                                        "0.1",
                                        ".5",
                                        "5.",
                                        "1e5",
                                        "1E+05",
                                        "1.5e-3",
                                        "123456789012345678",
                                        "0.013300656000000001",
                                        "1.345758e+06",
                                        "2.2250738585072014e-308",
                                        "1e-400",
                                        "1e400",
                                        "9007199254740993",
                                        "12345678901234567890.1234567890",
                                        "0.1e23",
                                        "1e22",
                                        "1e23",
                                        "8.5e-22",
                                        "18446744073709551615",
                                        "18446744073709551616",
                                        "0.000000000000000000000000000001",
                                        "00000000000000000000000000000000000000000042",
                                        "4.9e-324",
                                        "-0.0",
                                        "0e999",
                                        "100000000000000000000000000000000000000000e-41"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        double got = parse(texts[i]), want = strtod(texts[i], NULL);
        if (memcmp(&got, &want, sizeof(got)) != 0)
            printf("# %s is %.17g, wanted %.17g\n", texts[i], got, want);
        CHECK(memcmp(&got, &want, sizeof(got)) == 0);
    }
}

static void words_are_numbers_in_any_case(void)
{
    CHECK(isnan(parse("NaN")));
    CHECK(isnan(parse("nan")));
    CHECK(parse("+Inf") == INFINITY);
    CHECK(parse("inf") == INFINITY);
    CHECK(parse("-INFINITY") == -INFINITY);
}

static void anything_else_is_none(void)
{
    static const char *const texts[] = {"",    "+",   "-",      ".",    "e5",   "1e",    "1e+",
                                        "1_2", "0x1", "0x1p-3", "0b1",  "0o1",  "1.1.1", " 1",
                                        "1 ",  "1z",  "--1",    "-nan", "infi", "1e5.0"};
    char many[NUMBER_TEXT_BYTES_MAX + 2];
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        double d = 7;
        CHECK_INT(number_parse(slice_from(texts[i]), &d), -EINVAL);
        CHECK(d == 7);
    }
    memset(many, '3', sizeof(many));
    CHECK_INT(number_parse((struct slice){many, sizeof(many)}, &(double){0}), -EINVAL);
}

static int64_t seconds(const char *text)
{
    int64_t ns = -12345;
    return number_parse_seconds(slice_from(text), &ns) < 0 ? -12345 : ns;
}

static void seconds_are_exact_to_the_nanosecond(void)
{
    CHECK_INT(seconds("0"), 0);
    CHECK_INT(seconds("000"), 0);
    CHECK_INT(seconds("1.1"), 1100000000);
    CHECK_INT(seconds("-1.1"), -1100000000);
    CHECK_INT(seconds("1520879607.789123456"), 1520879607789123456);
    CHECK_INT(seconds("0.0000000019"), 1);
    CHECK_INT(seconds("1.5e3"), 1500000000000);
    CHECK_INT(seconds("12345678901234567890.1234567890"), INT64_MAX);
    CHECK_INT(seconds("-1e300"), INT64_MIN);
    CHECK_INT(seconds("1e-300"), 0);
}

static void a_time_is_finite(void)
{
    CHECK_INT(seconds("NaN"), -12345);
    CHECK_INT(seconds("+Inf"), -12345);
    CHECK_INT(seconds("1z"), -12345);
    CHECK_INT(seconds(""), -12345);
}

int main(void)
{
    TAP_RUN(a_number_is_the_nearest_double);
    TAP_RUN(words_are_numbers_in_any_case);
    TAP_RUN(anything_else_is_none);
    TAP_RUN(seconds_are_exact_to_the_nanosecond);
    TAP_RUN(a_time_is_finite);
    return tap_done();
}
