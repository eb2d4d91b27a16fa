#include "model/zone.h"

#include <errno.h>

#include "model/civil.h"
#include "tests/tap.h"

static const struct zone_rule berlin = {
    .standard_s = 3600,
    .daylight_s = 7200,
    .has_daylight = true,
    .start = {.month = 3, .week = 5, .weekday = 0, .time_s = 2 * 3600},
    .end = {.month = 10, .week = 5, .weekday = 0, .time_s = 3 * 3600},
};

static int64_t at(int32_t year, uint32_t month, int32_t day, int32_t hour)
{
    return civil_days(year, month, day) * CIVIL_DAY_SECONDS + hour * 3600;
}

static void a_rule_goes_on_for_ever(void)
{
    struct zone z = {.has_rule = true, .rule = berlin};
    struct zone_span s = zone_span_at(&z, at(2026, 7, 1, 0));
    CHECK_INT(s.offset_s, 7200);
    CHECK_INT(s.start, at(2026, 3, 29, 1));
    CHECK_INT(s.end, at(2026, 10, 25, 1));
    CHECK_INT(zone_span_at(&z, s.start - 1).offset_s, 3600);
    CHECK_INT(zone_span_at(&z, s.start).offset_s, 7200);
    CHECK_INT(zone_span_at(&z, s.end).offset_s, 3600);
    CHECK_INT(zone_span_at(&z, at(2399, 8, 1, 0)).offset_s, 7200);
    /* Winter lasts over new year. */
    s = zone_span_at(&z, at(2027, 1, 1, 0));
    CHECK_INT(s.start, at(2026, 10, 25, 1));
    CHECK_INT(s.end, at(2027, 3, 28, 1));
}

static void the_south_has_its_summer_over_new_year(void)
{
    struct zone z = {.has_rule = true, .rule = berlin};
    z.rule.start = (struct zone_day){.month = 10, .week = 1, .weekday = 0, .time_s = 7200};
    z.rule.end = (struct zone_day){.month = 4, .week = 1, .weekday = 0, .time_s = 10800};
    CHECK_INT(zone_span_at(&z, at(2027, 1, 1, 0)).offset_s, 7200);
    CHECK_INT(zone_span_at(&z, at(2026, 7, 1, 0)).offset_s, 3600);
}

static void days_of_a_year_count_the_29th_of_february_or_not(void)
{
    struct zone z = {.has_rule = true, .rule = berlin};
    z.rule.start = (struct zone_day){.type = ZONE_DAY_JULIAN, .day = 60};
    z.rule.end = (struct zone_day){.type = ZONE_DAY_YEAR, .day = 60};
    CHECK_INT(zone_span_at(&z, at(2024, 3, 1, 0)).start, at(2024, 2, 29, 23));
    CHECK_INT(zone_span_at(&z, at(2023, 3, 1, 0)).start, at(2023, 2, 28, 23));
    CHECK_INT(zone_span_at(&z, at(2023, 5, 1, 0)).start, at(2023, 3, 1, 22));
    /* 2024: its 60th day counted from 0 is the 1st of March, too. */
    CHECK_INT(zone_span_at(&z, at(2024, 5, 1, 0)).start, at(2024, 2, 29, 23));
}

static void daylight_time_that_ends_when_it_begins_goes_on(void)
{
    struct zone z = {.has_rule = true,
                     .rule = {.standard_s = 7200, .daylight_s = 3600, .has_daylight = true}};
    z.rule.start = (struct zone_day){.type = ZONE_DAY_YEAR, .day = 0, .time_s = 0};
    z.rule.end = (struct zone_day){.type = ZONE_DAY_JULIAN, .day = 365, .time_s = 23 * 3600};
    for (int month = 1; month <= 12; month++)
        CHECK_INT(zone_span_at(&z, at(2030, (uint32_t)month, 1, 0)).offset_s, 3600);
    CHECK_INT(zone_span_at(&z, at(2030, 12, 31, 21)).offset_s, 3600);
    CHECK_INT(zone_span_at(&z, at(2030, 12, 31, 22)).offset_s, 3600);
}

static void a_table_comes_before_the_rule(void)
{
    static const int64_t changes[] = {100, 200};
    static const int32_t offsets[] = {60, 3600};
    struct zone z = {.changes = changes, .offsets = offsets, .count = 2, .first_s = 7};
    CHECK_INT(zone_span_at(&z, 99).offset_s, 7);
    CHECK_INT(zone_span_at(&z, 99).start, INT64_MIN);
    CHECK_INT(zone_span_at(&z, 100).offset_s, 60);
    CHECK_INT(zone_span_at(&z, 199).end, 200);
    CHECK_INT(zone_span_at(&z, 200).offset_s, 3600);
    CHECK_INT(zone_span_at(&z, ZONE_TIME_MAX).end, INT64_MAX);
    z.has_rule = true;
    z.rule = berlin;
    CHECK_INT(zone_span_at(&z, 250).start, 200); /* and not the autumn before */
    CHECK_INT(zone_span_at(&z, 199).end, 200);
}

static void fixed_offsets_need_no_file(void)
{
    static const struct {
        const char *name;
        int32_t offset_s;
    } good[] = {{"UTC", 0},        {"Etc/UTC", 0}, {"Z", 0},        {"+02:00", 7200},
                {"-0330", -12600}, {"+5", 18000},  {"-12", -43200}, {"+00:30", 1800}};
    static const char *const no[] = {"",      "Europe/Berlin", "+",     "+24:00", "+1:30", "+02:60",
                                     "+02-0", "utc+1",         "++200", "+12345", "+2 "};
    struct zone z;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        CHECK_INT(zone_fixed(good[i].name, &z), 0);
        CHECK_INT(zone_span_at(&z, 0).offset_s, good[i].offset_s);
        CHECK_STR(z.name, good[i].name);
    }
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
        z.name = "untouched";
        CHECK_INT(zone_fixed(no[i], &z), -ENOENT);
        CHECK_STR(z.name, "untouched");
    }
}

int main(void)
{
    TAP_RUN(a_rule_goes_on_for_ever);
    TAP_RUN(the_south_has_its_summer_over_new_year);
    TAP_RUN(days_of_a_year_count_the_29th_of_february_or_not);
    TAP_RUN(daylight_time_that_ends_when_it_begins_goes_on);
    TAP_RUN(a_table_comes_before_the_rule);
    TAP_RUN(fixed_offsets_need_no_file);
    return tap_done();
}
