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

int main(void)
{
    TAP_RUN(every_day_of_eight_centuries_is_what_the_c_library_says);
    TAP_RUN(months_have_their_days);
    TAP_RUN(seconds_before_1970_belong_to_the_day_that_they_are_in);
    TAP_RUN(a_moment_is_shown_as_a_clock_has_it);
    return tap_done();
}
