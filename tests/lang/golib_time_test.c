#include "tests/lang/lang_check.h"

static const int64_t SECOND = 1000000000;

static union golib_value of(const char *full, int64_t d, int64_t m)
{
    union golib_value args[] = {{.integer = d}, {.integer = m}}, ret[GOLIB_RESULTS_MAX] = {0};
    CHECK_INT(call(full, args, ret), 0);
    return ret[0];
}

static void a_duration_in_other_units(void)
{
    CHECK_SLICE(of("time.Duration.String", 90 * SECOND, 0).text, "1m30s");
    CHECK(of("time.Duration.Hours", 5400 * SECOND, 0).number == 1.5);
    CHECK(of("time.Duration.Minutes", 90 * SECOND, 0).number == 1.5);
    CHECK(of("time.Duration.Seconds", SECOND / 2, 0).number == 0.5);
    CHECK_INT(of("time.Duration.Milliseconds", -1500000, 0).integer, -1);
    CHECK_INT(of("time.Duration.Microseconds", 1500, 0).integer, 1);
    CHECK_INT(of("time.Duration.Nanoseconds", 1500, 0).integer, 1500);
}

static void rounding_is_away_from_zero_and_stops_at_the_ends(void)
{
    CHECK_INT(of("time.Duration.Round", 15, 10).integer, 20);
    CHECK_INT(of("time.Duration.Round", -15, 10).integer, -20);
    CHECK_INT(of("time.Duration.Round", 14, 10).integer, 10);
    CHECK_INT(of("time.Duration.Round", 14, 0).integer, 14);
    CHECK_INT(of("time.Duration.Round", INT64_MAX, 10).integer, INT64_MAX);
    CHECK_INT(of("time.Duration.Round", INT64_MIN, 10).integer, INT64_MIN);
    CHECK_INT(of("time.Duration.Truncate", -19, 10).integer, -10);
    CHECK_INT(of("time.Duration.Abs", INT64_MIN, 0).integer, INT64_MAX);
}

static const char *why(const char *text)
{
    union golib_value arg = {.text = slice_from(text)}, ret[GOLIB_RESULTS_MAX];
    CHECK_INT(call("time.ParseDuration", &arg, ret), 0);
    CHECK(!ret[1].error || ret[0].integer == 0);
    return ret[1].error ? arena_strdup(&test_arena, ret[1].error->text) : "";
}

static void text_that_is_none_is_refused_in_gos_words(void)
{
    CHECK_STR(why("1h30m"), "");
    CHECK_STR(why("30"), "time: missing unit in duration \"30\"");
    CHECK_STR(why("3x"), "time: unknown unit \"x\" in duration \"3x\"");
    CHECK_STR(why(""), "time: invalid duration \"\"");
    CHECK_STR(why("\"é"), "time: invalid duration \"\\\"\\xc3\\xa9\"");
}

int main(void)
{
    TAP_RUN(a_duration_in_other_units);
    TAP_RUN(rounding_is_away_from_zero_and_stops_at_the_ends);
    TAP_RUN(text_that_is_none_is_refused_in_gos_words);
    return LANG_DONE();
}
