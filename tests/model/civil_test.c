#include "model/civil.h"

#include <time.h>

#include "tests/tap.h"

static void every_day_of_eight_centuries_is_what_the_c_library_says(void)
{
    int wrong = 0;
    for (int64_t day = civil_days(1600, 1, 1); day < civil_days(2400, 1, 1); day++) {
        time_t t = (time_t)(day * CIVIL_DAY_SECONDS);
        struct tm tm;
        gmtime_r(&t, &tm);
        struct civil_date d = civil_date(day);
        wrong += d.year != tm.tm_year + 1900 || d.month != tm.tm_mon + 1 || d.day != tm.tm_mday ||
                 civil_weekday(day) != (uint32_t)tm.tm_wday ||
                 civil_days(d.year, d.month, d.day) != day;
    }
    CHECK_INT(wrong, 0);
}

static void months_have_their_days(void)
{
    CHECK_INT(civil_month_days(2024, 2), 29);
    CHECK_INT(civil_month_days(2100, 2), 28);
    CHECK_INT(civil_month_days(2000, 2), 29);
    CHECK_INT(civil_month_days(2026, 11), 30);
    CHECK_INT(civil_days(2024, 3, 0), civil_days(2024, 2, 29));
}

static void seconds_before_1970_belong_to_the_day_that_they_are_in(void)
{
    int32_t second;
    CHECK_INT(civil_split(-1, &second), -1);
    CHECK_INT(second, CIVIL_DAY_SECONDS - 1);
    CHECK_INT(civil_split(0, &second), 0);
    CHECK_INT(second, 0);
}

static void a_moment_is_shown_as_a_clock_has_it(void)
{
    char text[CIVIL_TEXT_BYTES];
    CHECK_STR(civil_format(0, 0, text), "1970-01-01T00:00:00Z");
    CHECK_STR(civil_format(1774746000, 7200, text), "2026-03-29T03:00:00+02:00");
    CHECK_STR(civil_format(0, -12600, text), "1969-12-31T20:30:00-03:30");
}

static void what_was_written_is_read(void)
{
    static const char *const bad[] = {"",
                                      "2026-03-29",
                                      "2026-03-29T03:00:00",
                                      "2026-03-29T03:00:00+02:00",
                                      "2026-02-29T03:00:00Z",
                                      "2026-13-01T03:00:00Z",
                                      "2026-03-29 03:00:00Z",
                                      "2026-03-29T24:00:00Z",
                                      "2026-03-29T03:00:0xZ",
                                      "2026-03-29T03:00:00xZ"};
    int64_t t = 4711;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK_INT(civil_parse(slice_from(bad[i]), &t), -22);
    CHECK_INT(t, 4711);
    CHECK_INT(civil_parse(slice_from("2026-03-29T01:00:00Z"), &t), 0);
    CHECK_INT(t, 1774746000);
    CHECK_INT(civil_parse(slice_from("2026-03-29T01:00:00.999Z"), &t), 0);
    CHECK_INT(t, 1774746000);
    for (t = -1000000007; t < 4000000000; t += 98765432) {
        char text[CIVIL_TEXT_BYTES];
        int64_t again = 0;
        CHECK_INT(civil_parse(slice_from(civil_format(t, 0, text)), &again), 0);
        CHECK_INT(again, t);
    }
}

int main(void)
{
    TAP_RUN(every_day_of_eight_centuries_is_what_the_c_library_says);
    TAP_RUN(months_have_their_days);
    TAP_RUN(seconds_before_1970_belong_to_the_day_that_they_are_in);
    TAP_RUN(a_moment_is_shown_as_a_clock_has_it);
    TAP_RUN(what_was_written_is_read);
    return tap_done();
}
