#include "model/cron.h"

#include <errno.h>

#include "model/civil.h"
#include "tests/tap.h"
#include "wire/posix_tz.h"

static struct cron c;
static struct cron_fault fault;
static struct zone z;

static int parse(const char *text)
{
    memset(&fault, 0, sizeof(fault));
    return cron_parse(slice_from(text), &c, &fault);
}

static void in_zone(const char *rule)
{
    struct err err = {0};
    z = (struct zone){.name = rule, .has_rule = true};
    CHECK_INT(posix_tz_parse(slice_from(rule), &z.rule, &err), 0);
}

#define BERLIN    "CET-1CEST,M3.5.0,M10.5.0/3"
#define NEW_YORK  "EST5EDT,M3.2.0,M11.1.0"
#define LORD_HOWE "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"
#define CAIRO     "EET-2EEST,M4.5.5/0,M10.5.4/24"

/* "2026-03-29T02:30" or with seconds. */
static int64_t utc(const char *text)
{
    int n[6] = {0};
    for (int i = 0; i < 6 && *text; i++) {
        n[i] = (int)strtol(text, (char **)(uintptr_t)&text, 10);
        text += *text != 0;
    }
    return civil_days(n[0], (uint32_t)n[1], n[2]) * CIVIL_DAY_SECONDS + n[3] * 3600 + n[4] * 60 +
           n[5];
}

/* The next times after one, in local time, a blank between; all offsets shown where `offsets`. */
static const char *next_times(const char *expression, const char *after, int count, bool offsets)
{
    static char out[800];
    int64_t t = utc(after);
    size_t size = 0;
    out[0] = 0;
    CHECK_INT(parse(expression), 0);
    for (int i = 0; i < count; i++) {
        char text[CIVIL_TEXT_BYTES] = "never";
        int64_t before = t;
        if (cron_next(&c, &z, t, &t) == 0) {
            CHECK(t > before);
            civil_format(t, zone_span_at(&z, t).offset_s, text);
        }
        if (!offsets && text[0] != 'n')
            text[strncmp(text + 17, "00", 2) == 0 ? 16 : 19] = 0;
        size += (size_t)snprintf(out + size, sizeof(out) - size, "%s%s", i ? " " : "", text);
    }
    return out;
}

#define NEXT(expression, after, count, want) \
    CHECK_STR(next_times(expression, after, count, false), want)

/* ---- the calendar ---- */

static void five_fields_and_six(void)
{
    in_zone("UTC0");
    NEXT("30 5 * * *", "2026-01-01", 2, "2026-01-01T05:30 2026-01-02T05:30");
    NEXT("15 30 5 * * *", "2026-01-01", 2, "2026-01-01T05:30:15 2026-01-02T05:30:15");
    NEXT("*/20 * * * * *", "2026-01-01T23:59:30", 3,
         "2026-01-01T23:59:40 2026-01-02T00:00 2026-01-02T00:00:20");
    NEXT("* * * * *", "2026-12-31T23:59", 1, "2027-01-01T00:00");
    NEXT("  0\t12  1 1 ?  ", "2026-01-01T12:00", 1, "2027-01-01T12:00");
}

static void after_is_not_included(void)
{
    in_zone("UTC0");
    NEXT("0 0 * * *", "2026-01-01", 1, "2026-01-02T00:00");
    NEXT("0 0 * * *", "2025-12-31T23:59:59", 1, "2026-01-01T00:00");
}

static void lists_ranges_steps_and_names(void)
{
    in_zone("UTC0");
    NEXT("0 9-17/4 * * *", "2026-01-01", 4,
         "2026-01-01T09:00 2026-01-01T13:00 2026-01-01T17:00 2026-01-02T09:00");
    NEXT("10/20,5 0 * * *", "2026-01-01", 4,
         "2026-01-01T00:05 2026-01-01T00:10 2026-01-01T00:30 2026-01-01T00:50");
    NEXT("0 0 1 jan,Apr-JUN *", "2026-01-01", 4,
         "2026-04-01T00:00 2026-05-01T00:00 2026-06-01T00:00 2027-01-01T00:00");
    NEXT("0 0 * * mon-fri", "2026-01-02", 2, "2026-01-05T00:00 2026-01-06T00:00");
    NEXT("0 */24 * * *", "2026-01-01", 2, "2026-01-02T00:00 2026-01-03T00:00");
}

static void ranges_go_round(void)
{
    in_zone("UTC0");
    NEXT("0 22-2/2 * * *", "2026-01-01T12:00", 3,
         "2026-01-01T22:00 2026-01-02T00:00 2026-01-02T02:00");
    NEXT("0 0 * * FRI-MON", "2026-01-01", 5,
         "2026-01-02T00:00 2026-01-03T00:00 2026-01-04T00:00 2026-01-05T00:00 2026-01-09T00:00");
    NEXT("0 0 1 NOV-FEB *", "2026-02-01", 4,
         "2026-11-01T00:00 2026-12-01T00:00 2027-01-01T00:00 2027-02-01T00:00");
    NEXT("0 0 * * 5-7", "2026-01-01", 3, "2026-01-02T00:00 2026-01-03T00:00 2026-01-04T00:00");
}

static void sunday_is_0_and_7(void)
{
    struct cron sunday;
    CHECK_INT(parse("0 0 * * 0"), 0);
    sunday = c;
    CHECK_INT(parse("0 0 * * 7"), 0);
    CHECK_INT(memcmp(&c, &sunday, sizeof(c)), 0);
    CHECK_INT(parse("0 0 * * SUN"), 0);
    CHECK_INT(memcmp(&c, &sunday, sizeof(c)), 0);
    CHECK_INT(parse("0 0 * * 0-7"), 0);
    CHECK_INT(c.weekdays, 127);
}

static void one_kind_of_day_is_enough_where_none_begins_with_a_star(void)
{
    in_zone("UTC0");
    NEXT("0 0 13 * FRI", "2026-02-01", 4,
         "2026-02-06T00:00 2026-02-13T00:00 2026-02-20T00:00 2026-02-27T00:00");
    NEXT("0 0 13 * *", "2026-02-01", 2, "2026-02-13T00:00 2026-03-13T00:00");
    NEXT("0 0 13 * ?", "2026-02-01", 2, "2026-02-13T00:00 2026-03-13T00:00");
    NEXT("0 0 ? * FRI", "2026-02-07", 2, "2026-02-13T00:00 2026-02-20T00:00");
    /* A step over all days begins with a star, too: both must hold. */
    NEXT("0 0 */2 * FRI", "2026-02-01", 3, "2026-02-13T00:00 2026-02-27T00:00 2026-03-13T00:00");
}

static void the_last_days_of_a_month(void)
{
    in_zone("UTC0");
    NEXT("0 0 L * *", "2024-01-01", 3, "2024-01-31T00:00 2024-02-29T00:00 2024-03-31T00:00");
    NEXT("0 0 L-3 2 *", "2023-01-01", 2, "2023-02-25T00:00 2024-02-26T00:00");
    NEXT("0 0 1,L * *", "2026-02-01", 3, "2026-02-28T00:00 2026-03-01T00:00 2026-03-31T00:00");
    NEXT("0 0 LW * *", "2026-01-01", 3, "2026-01-30T00:00 2026-02-27T00:00 2026-03-31T00:00");
    NEXT("0 0 L-1W 1 *", "2026-01-01", 1, "2026-01-30T00:00");
    NEXT("0 0 L-30 * *", "2026-01-31", 2, "2026-03-01T00:00 2026-05-01T00:00");
}

static void the_nearest_weekday_stays_in_its_month(void)
{
    in_zone("UTC0");
    NEXT("0 0 15W 8 *", "2026-01-01", 1, "2026-08-14T00:00");  /* the 15th is a Saturday */
    NEXT("0 0 15W 11 *", "2026-01-01", 1, "2026-11-16T00:00"); /* a Sunday */
    NEXT("0 0 15W 1 *", "2026-01-01", 1, "2026-01-15T00:00");
    NEXT("0 0 1W 8 *", "2026-01-01", 1, "2026-08-03T00:00");    /* a Saturday, the month's first */
    NEXT("0 0 31W 5 *", "2026-01-01", 1, "2026-05-29T00:00");   /* a Sunday, the month's last */
    NEXT("0 0 31W 4,5 *", "2026-01-01", 1, "2026-05-29T00:00"); /* April has none */
    NEXT("0 0 30w 5 *", "2026-01-01", 1, "2026-05-29T00:00");
}

static void weekdays_of_a_month_are_counted(void)
{
    in_zone("UTC0");
    NEXT("0 0 * * FRI#2", "2026-01-01", 3, "2026-01-09T00:00 2026-02-13T00:00 2026-03-13T00:00");
    NEXT("0 0 * * 5#5", "2026-01-01", 2, "2026-01-30T00:00 2026-05-29T00:00");
    NEXT("0 0 * * FRIL", "2026-01-01", 2, "2026-01-30T00:00 2026-02-27T00:00");
    NEXT("0 0 * * 7L", "2026-01-01", 2, "2026-01-25T00:00 2026-02-22T00:00");
    NEXT("0 0 * * 0#1,MON#1", "2026-01-01", 2, "2026-01-04T00:00 2026-01-05T00:00");
    NEXT("0 0 1 * FRI#2", "2026-01-01", 3, "2026-01-09T00:00 2026-02-01T00:00 2026-02-13T00:00");
}

static void words_stand_for_expressions(void)
{
    in_zone("UTC0");
    NEXT("@hourly", "2026-01-01", 1, "2026-01-01T01:00");
    NEXT("@daily", "2026-01-01", 1, "2026-01-02T00:00");
    NEXT("@midnight", "2026-01-01", 1, "2026-01-02T00:00");
    NEXT("@weekly", "2026-01-01", 1, "2026-01-04T00:00");
    NEXT("@monthly", "2026-01-01", 1, "2026-02-01T00:00");
    NEXT("@yearly", "2026-01-01", 1, "2027-01-01T00:00");
    NEXT(" @annually ", "2026-01-01", 1, "2027-01-01T00:00");
}

static void every_counts_from_1970(void)
{
    in_zone(BERLIN);
    NEXT("@every 90m", "2026-01-01T00:00", 2, "2026-01-01T02:30 2026-01-01T04:00");
    CHECK_INT(parse("@every 1h30m"), 0);
    CHECK_INT(c.every_s, 5400);
    int64_t t;
    CHECK_INT(cron_next(&c, &z, -1, &t), 0);
    CHECK_INT(t, 0);
    CHECK_INT(cron_next(&c, &z, 0, &t), 0);
    CHECK_INT(t, 5400);
    CHECK_INT(cron_next(&c, &z, -5400, &t), 0);
    CHECK_INT(t, 0);
    CHECK_INT(cron_next(&c, &z, -5401, &t), 0);
    CHECK_INT(t, -5400);
}

static void the_29th_of_february_is_found_however_far(void)
{
    in_zone("UTC0");
    NEXT("0 0 29 2 *", "2026-01-01", 2, "2028-02-29T00:00 2032-02-29T00:00");
    NEXT("0 0 29 2 *", "2097-01-01", 1, "2104-02-29T00:00");
    CHECK_INT(parse("0 0 29 2 */7"), 0); /* a Sunday: 2100 is in between, so forty years */
    int64_t t;
    CHECK_INT(cron_next(&c, &z, utc("2088-03-01"), &t), 0);
    CHECK_INT(t, utc("2128-02-29"));
}

static void time_ends_with_the_year_9999(void)
{
    int64_t t = 4711;
    in_zone("UTC0");
    NEXT("0 0 1 1 *", "9998-06-01", 2, "9999-01-01T00:00 never");
    CHECK_INT(cron_next(&c, &z, ZONE_TIME_MAX, &t), -ENOENT);
    CHECK_INT(cron_next(&c, &z, INT64_MAX, &t), -ENOENT);
    CHECK_INT(t, 4711);
    CHECK_INT(cron_next(&c, &z, INT64_MIN, &t), 0);
}

/* ---- days on which clocks are changed ---- */

#define OFFSETS(expression, after, count, want) \
    CHECK_STR(next_times(expression, after, count, true), want)

static void a_time_that_the_clock_leaps_over_is_due_behind_the_leap(void)
{
    in_zone(BERLIN);
    OFFSETS("30 2 * * *", "2026-03-27T12:00", 3,
            "2026-03-28T02:30:00+01:00 2026-03-29T03:00:00+02:00 2026-03-30T02:30:00+02:00");
    /* Several of them in one leap, or one at its end, make one. */
    OFFSETS("0,15,30,45 2 * * *", "2026-03-28T12:00", 2,
            "2026-03-29T03:00:00+02:00 2026-03-30T02:00:00+02:00");
    OFFSETS("0 2,3 * * *", "2026-03-28T12:00", 2,
            "2026-03-29T03:00:00+02:00 2026-03-30T02:00:00+02:00");
    OFFSETS("*/10 30 2 * * *", "2026-03-28T12:00", 2,
            "2026-03-29T03:00:00+02:00 2026-03-30T02:30:00+02:00");
    in_zone(CAIRO); /* it leaps at midnight */
    OFFSETS("@daily", "2026-04-23T00:00", 3,
            "2026-04-24T01:00:00+03:00 2026-04-25T00:00:00+03:00 2026-04-26T00:00:00+03:00");
}

static void a_time_that_the_clock_shows_twice_is_due_once(void)
{
    in_zone(BERLIN);
    OFFSETS("30 2 * * *", "2026-10-24T12:00", 2,
            "2026-10-25T02:30:00+02:00 2026-10-26T02:30:00+01:00");
    OFFSETS("0 2 * * *", "2026-10-24T12:00", 2,
            "2026-10-25T02:00:00+02:00 2026-10-26T02:00:00+01:00");
    OFFSETS("0 3 * * *", "2026-10-24T12:00", 2,
            "2026-10-25T03:00:00+01:00 2026-10-26T03:00:00+01:00");
    /* Asked in the second of the two hours. */
    OFFSETS("30 2 * * *", "2026-10-25T01:10", 1, "2026-10-26T02:30:00+01:00");
    in_zone(CAIRO); /* back from midnight to 23:00 */
    OFFSETS("30 23 * * *", "2026-10-28T22:00", 3,
            "2026-10-29T23:30:00+03:00 2026-10-30T23:30:00+02:00 2026-10-31T23:30:00+02:00");
    OFFSETS("@daily", "2026-10-28T22:00", 2, "2026-10-30T00:00:00+02:00 2026-10-31T00:00:00+02:00");
}

static void a_rhythm_goes_on_by_elapsed_time(void)
{
    in_zone(BERLIN);
    OFFSETS("0 * * * *", "2026-03-28T23:30", 3,
            "2026-03-29T01:00:00+01:00 2026-03-29T03:00:00+02:00 2026-03-29T04:00:00+02:00");
    OFFSETS("*/30 * * * *", "2026-10-25T00:00", 5,
            "2026-10-25T02:30:00+02:00 2026-10-25T02:00:00+01:00 2026-10-25T02:30:00+01:00 "
            "2026-10-25T03:00:00+01:00 2026-10-25T03:30:00+01:00");
    /* Its minute begins with a star: it is not moved out of an hour that is not there. */
    OFFSETS("*/30 2 * * *", "2026-03-28T12:00", 2,
            "2026-03-30T02:00:00+02:00 2026-03-30T02:30:00+02:00");
    in_zone(LORD_HOWE); /* half an hour */
    OFFSETS("*/15 * * * *", "2026-04-04T14:30", 4,
            "2026-04-05T01:45:00+11:00 2026-04-05T01:30:00+10:30 2026-04-05T01:45:00+10:30 "
            "2026-04-05T02:00:00+10:30");
}

static void west_of_greenwich_it_is_the_same(void)
{
    in_zone(NEW_YORK);
    OFFSETS("30 2 * * *", "2026-03-07T12:00", 2,
            "2026-03-08T03:00:00-04:00 2026-03-09T02:30:00-04:00");
    OFFSETS("30 1 * * *", "2026-10-31T12:00", 2,
            "2026-11-01T01:30:00-04:00 2026-11-02T01:30:00-05:00");
}

static void a_rhythm_only_of_times_that_are_leapt_over_has_none(void)
{
    in_zone(BERLIN);
    CHECK_INT(parse("* 2 ? 3 SUNL"), 0);
    int64_t t;
    CHECK_INT(cron_next(&c, &z, utc("2026-01-01"), &t), -ENOENT);
    in_zone("UTC0");
    CHECK_INT(cron_next(&c, &z, utc("2026-01-01"), &t), 0);
}

/* ---- looking back ---- */

static void the_last_due_moment_is_found(void)
{
    int64_t t = 0;
    in_zone(BERLIN);
    CHECK_INT(parse("30 2 * * *"), 0);
    CHECK_INT(cron_last(&c, &z, utc("2020-01-01"), utc("2026-10-25T12:00"), &t), 0);
    CHECK_INT(t, utc("2026-10-25T00:30"));
    CHECK_INT(cron_last(&c, &z, utc("2026-10-24T00:30"), utc("2026-10-25T00:30"), &t), 0);
    CHECK_INT(t, utc("2026-10-25T00:30"));
    CHECK_INT(cron_last(&c, &z, utc("2026-10-25T00:30"), utc("2026-10-26T01:29"), &t), -ENOENT);
    CHECK_INT(cron_last(&c, &z, utc("2026-10-26"), utc("2026-10-25"), &t), -ENOENT);
    CHECK_INT(parse("@every 7s"), 0);
    CHECK_INT(cron_last(&c, &z, 0, 100, &t), 0);
    CHECK_INT(t, 98);
}

/* ---- what is wrong ---- */

static const struct {
    const char *text;
    uint32_t column;
    const char *message, *suggestion;
} cases[] = {
    {"", 1, "this has 0", ""},
    {"* * * *", 1, "this has 4", ""},
    {"0 0 0 * * ? 2026", 1, "none for the year", ""},
    {"CRON_TZ=Europe/Berlin 0 5 * * *", 1, "the time zone is a field of its own", ""},
    {"60 * * * *", 1, "60 is no minute: those are 0 to 59", "0 * * * *"},
    {"0 24 * * *", 3, "24 is no hour", "0 0 * * *"},
    {"0 0 32 * *", 5, "32 is no day of the month: those are 1 to 31", ""},
    {"0 0 0 * *", 5, "0 is no day of the month", ""},
    {"0 0 * 13 *", 7, "13 is no month", ""},
    {"0 0 * * 8", 9, "8 is no weekday", ""},
    {"0 0 * * MNO", 9, "\"MNO\" is no weekday", "0 0 * * MON"},
    {"0 0 * * Monday", 9, "\"Monday\" is no weekday", "0 0 * * MON"},
    {"0 0 * * Monday-FRI", 9, "\"Monday\" is no weekday", "0 0 * * MON-FRI"},
    {"0 0 * JUNE *", 7, "\"JUNE\" is no month", "0 0 * JUN *"},
    {"0 0 * jna *", 7, "is no month", "0 0 * JAN *"},
    {"a * * * *", 1, "\"a\" is no minute", ""},
    {"*5 * * * *", 1, "\"*5\" is no minute", ""},
    {"5,,6 * * * *", 3, "an item of the minute is missing", ""},
    {"5, * * * *", 3, "an item of the minute is missing", ""},
    {"*/0 * * * *", 3, "\"0\" is no step", ""},
    {"*/x * * * *", 3, "\"x\" is no step", ""},
    {"*/ * * * *", 3, "is no step", ""},
    {"*/90 * * * *", 3, "longer than the whole minute field", ""},
    {"? * * * *", 1, "? is for days", ""},
    {"0 ? * * *", 3, "? is for days", ""},
    {"5-x * * * *", 3, "\"x\" is no minute", ""},
    {"5x * * * *", 2, "\"x\" is not expected in the minute", ""},
    {"0 0 25-5 * *", 5, "25-31,1-5", ""},
    {"0 0 L5 * *", 5, "is no day of the month: L-3", ""},
    {"0 0 W * *", 5, "W needs a day", ""},
    {"0 0 1-5W * *", 6, "not expected", ""},
    {"0 0 * * L", 9, "L needs a weekday before it", ""},
    {"0 0 * * FRI#6", 12, "1 to 5", ""},
    {"0 0 * * FRI#0", 12, "1 to 5", ""},
    {"0 0 * * 1-2#1", 10, "behind #", ""},
    {"0 0 30 2 *", 5, "no day ever fits", ""},
    {"0 0 31 2,4,6,9,11 ?", 5, "no day ever fits", ""},
    {"0 0 0 31W 4 ?", 7, "no day ever fits", ""},
    {"@dayly", 1, "there is no \"@dayly\"", "@daily"},
    {"@Daily", 1, "there is no", "@daily"},
    {"@reboot", 1, "@reboot is no time", ""},
    {"@daily 5", 8, "nothing stands behind @daily", ""},
    {"@every", 1, "@every needs a time", ""},
    {"@every 5", 8, "a time like", ""},
    {"@every 500ms", 8, "whole seconds", ""},
    {"@every -5m", 8, "whole seconds", ""},
    {"@every 5m 3s", 8, "a time like", ""},
    {"99999999999999999999 * * * *", 1, "is no minute", ""},
};

static void faults_say_where_and_what_was_meant(void)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memset(&c, 0x5a, sizeof(c));
        struct cron before = c;
        CHECK_INT(parse(cases[i].text), -EINVAL);
        CHECK_INT(memcmp(&c, &before, sizeof(c)), 0);
        CHECK_INT(fault.column, cases[i].column);
        CHECK(strstr(fault.message, cases[i].message));
        if (!strstr(fault.message, cases[i].message) || fault.column != cases[i].column)
            printf("# '%s': %u: %s\n", cases[i].text, fault.column, fault.message);
        CHECK_STR(fault.suggestion, cases[i].suggestion);
        CHECK_INT(cron_parse(slice_from(cases[i].text), &c, NULL), -EINVAL);
        /* What is advised is right. */
        if (fault.suggestion[0])
            CHECK_INT(cron_parse(slice_from(fault.suggestion), &c, NULL), 0);
    }
}

static void where_one_kind_of_day_is_enough_an_impossible_one_is_none(void)
{
    in_zone("UTC0");
    NEXT("0 0 30 2 MON", "2026-02-01", 1, "2026-02-02T00:00");
}

static void a_long_text_is_refused(void)
{
    char text[CRON_TEXT_BYTES_MAX + 2];
    memset(text, ' ', sizeof(text));
    CHECK_INT(cron_parse((struct slice){text, sizeof(text)}, &c, &fault), -EINVAL);
    CHECK(strstr(fault.message, "512"));
}

int main(void)
{
    TAP_RUN(five_fields_and_six);
    TAP_RUN(after_is_not_included);
    TAP_RUN(lists_ranges_steps_and_names);
    TAP_RUN(ranges_go_round);
    TAP_RUN(sunday_is_0_and_7);
    TAP_RUN(one_kind_of_day_is_enough_where_none_begins_with_a_star);
    TAP_RUN(the_last_days_of_a_month);
    TAP_RUN(the_nearest_weekday_stays_in_its_month);
    TAP_RUN(weekdays_of_a_month_are_counted);
    TAP_RUN(words_stand_for_expressions);
    TAP_RUN(every_counts_from_1970);
    TAP_RUN(the_29th_of_february_is_found_however_far);
    TAP_RUN(time_ends_with_the_year_9999);
    TAP_RUN(a_time_that_the_clock_leaps_over_is_due_behind_the_leap);
    TAP_RUN(a_time_that_the_clock_shows_twice_is_due_once);
    TAP_RUN(a_rhythm_goes_on_by_elapsed_time);
    TAP_RUN(west_of_greenwich_it_is_the_same);
    TAP_RUN(a_rhythm_only_of_times_that_are_leapt_over_has_none);
    TAP_RUN(the_last_due_moment_is_found);
    TAP_RUN(faults_say_where_and_what_was_meant);
    TAP_RUN(where_one_kind_of_day_is_enough_an_impossible_one_is_none);
    TAP_RUN(a_long_text_is_refused);
    return tap_done();
}
