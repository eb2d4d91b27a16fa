#include "tests/lang/lang_check.h"

static enum constant_fit fit(const char *text, enum constant_type type, const char *becomes)
{
    struct constant v = constant_string(SLICE("untouched"));
    enum constant_fit f = CONSTANT_MISMATCH;
    CHECK_INT(constant_fit(&test_arena, number(text), type, &f, &v), 0);
    CHECK_STR(exact(v), f == CONSTANT_FITS ? becomes : "\"untouched\"");
    return f;
}

static void whole_types_end_where_they_end(void)
{
    CHECK_INT(fit("127", CONSTANT_TYPE_INT8, "127"), CONSTANT_FITS);
    CHECK_INT(fit("128", CONSTANT_TYPE_INT8, ""), CONSTANT_OVERFLOWS);
    CHECK_INT(fit("-128", CONSTANT_TYPE_INT8, "-128"), CONSTANT_FITS);
    CHECK_INT(fit("-129", CONSTANT_TYPE_INT8, ""), CONSTANT_OVERFLOWS);
    CHECK_INT(fit("255", CONSTANT_TYPE_UINT8, "255"), CONSTANT_FITS);
    CHECK_INT(fit("-1", CONSTANT_TYPE_UINT64, ""), CONSTANT_OVERFLOWS);
    CHECK_INT(fit("18446744073709551615", CONSTANT_TYPE_UINT, "18446744073709551615"),
              CONSTANT_FITS);
    CHECK_INT(fit("9223372036854775808", CONSTANT_TYPE_INT, ""), CONSTANT_OVERFLOWS);
    CHECK_INT(fit("-9223372036854775808", CONSTANT_TYPE_INT64, "-9223372036854775808"),
              CONSTANT_FITS);
    CHECK_INT(fit("65536", CONSTANT_TYPE_UINT16, ""), CONSTANT_OVERFLOWS);
    CHECK_INT(fit("4294967295", CONSTANT_TYPE_UINT32, "4294967295"), CONSTANT_FITS);
}

static void a_float_for_a_whole_type_must_be_whole(void)
{
    CHECK_INT(fit("3.0", CONSTANT_TYPE_INT, "3"), CONSTANT_FITS);
    CHECK_INT(fit("3.5", CONSTANT_TYPE_INT, ""), CONSTANT_TRUNCATED);
    CHECK_INT(fit("1e100", CONSTANT_TYPE_INT, ""), CONSTANT_TRUNCATED);
}

static void a_number_for_a_float_is_rounded(void)
{
    CHECK_INT(fit("0.1", CONSTANT_TYPE_FLOAT32, "13421773/134217728"), CONSTANT_FITS);
    CHECK_INT(fit("16777217", CONSTANT_TYPE_FLOAT32, "16777216"), CONSTANT_FITS);
    CHECK_INT(fit("1e39", CONSTANT_TYPE_FLOAT32, ""), CONSTANT_OVERFLOWS);
    CHECK_INT(fit("1e400", CONSTANT_TYPE_FLOAT64, ""), CONSTANT_OVERFLOWS);
    CHECK_INT(fit("-1e-400", CONSTANT_TYPE_FLOAT64, "0"), CONSTANT_FITS);
}

static void other_kinds_do_not_mix(void)
{
    enum constant_fit f;
    CHECK_INT(constant_fit(&test_arena, constant_bool(true), CONSTANT_TYPE_INT, &f, NULL), 0);
    CHECK_INT(f, CONSTANT_MISMATCH);
    CHECK_INT(constant_fit(&test_arena, constant_bool(true), CONSTANT_TYPE_BOOL, &f, NULL), 0);
    CHECK_INT(f, CONSTANT_FITS);
    CHECK_INT(constant_fit(&test_arena, number("1"), CONSTANT_TYPE_STRING, &f, NULL), 0);
    CHECK_INT(f, CONSTANT_MISMATCH);
    CHECK_INT(constant_fit(&test_arena, (struct constant){0}, CONSTANT_TYPE_INT8, &f, NULL), 0);
    CHECK_INT(f, CONSTANT_FITS);
}

int main(void)
{
    TAP_RUN(whole_types_end_where_they_end);
    TAP_RUN(a_float_for_a_whole_type_must_be_whole);
    TAP_RUN(a_number_for_a_float_is_rounded);
    TAP_RUN(other_kinds_do_not_mix);
    return LANG_DONE();
}
