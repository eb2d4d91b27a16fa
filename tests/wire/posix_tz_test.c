#include "wire/posix_tz.h"

#include <errno.h>

#include "tests/tap.h"

static struct zone_rule rule;
static struct err why;

static int parse(const char *text)
{
    return posix_tz_parse(slice_from(text), &rule, &why);
}

static void offsets_count_westwards(void)
{
    CHECK_INT(parse("CET-1"), 0);
    CHECK_INT(rule.standard_s, 3600);
    CHECK(!rule.has_daylight);
    CHECK_INT(parse("<+0330>-3:30"), 0);
    CHECK_INT(rule.standard_s, 12600);
    CHECK_INT(parse("EST5"), 0);
    CHECK_INT(rule.standard_s, -18000);
    CHECK_INT(parse("LMT0:00:36"), 0);
    CHECK_INT(rule.standard_s, -36);
}

static void daylight_time_is_an_hour_ahead_unless_said(void)
{
    CHECK_INT(parse("CET-1CEST,M3.5.0,M10.5.0/3"), 0);
    CHECK(rule.has_daylight);
    CHECK_INT(rule.daylight_s, 7200);
    CHECK_INT(rule.start.month, 3);
    CHECK_INT(rule.start.week, 5);
    CHECK_INT(rule.start.weekday, 0);
    CHECK_INT(rule.start.time_s, 7200);
    CHECK_INT(rule.end.time_s, 10800);
    CHECK_INT(parse("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"), 0);
    CHECK_INT(rule.daylight_s - rule.standard_s, 1800);
    CHECK_INT(parse("IST-1GMT0,M10.5.0,M3.5.0/1"), 0);
    CHECK_INT(rule.daylight_s - rule.standard_s, -3600);
}

static void changes_may_be_on_any_kind_of_day_at_any_hour(void)
{
    CHECK_INT(parse("EET-2EEST,M3.4.4/50,M10.4.4/50"), 0);
    CHECK_INT(rule.start.time_s, 50 * 3600);
    CHECK_INT(parse("<-02>2<-01>,M3.5.0/-1,M10.5.0/0"), 0);
    CHECK_INT(rule.start.time_s, -3600);
    CHECK_INT(parse("XXX-2<+01>-1,0/0,J365/23"), 0);
    CHECK_INT(rule.start.type, ZONE_DAY_YEAR);
    CHECK_INT(rule.start.day, 0);
    CHECK_INT(rule.end.type, ZONE_DAY_JULIAN);
    CHECK_INT(rule.end.day, 365);
    CHECK_INT(rule.end.time_s, 23 * 3600);
}

static void what_is_no_rule_is_refused_with_words_and_changes_nothing(void)
{
    static const char *const bad[] = {
        "",
        "C1",
        "CET",
        "CET-",
        "CET-25",
        "CET-1CEST",
        "CET-1CEST,",
        "CET-1CEST,M3.5.0",
        "CET-1CEST,M3.5.0,",
        "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.0.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,J0,J365",
        "CET-1CEST,366,1",
        "CET-1CEST,M3.5.0/168,M10.5.0",
        "CET-1CEST,M3.5.0,M10.5.0/3x",
        "<CE",
        "<CE>1",
        "CET-1:60",
        "CET-1 ",
        "CET-99999999999",
        "CET-1CEST,M3.5.0,M10.5.0,M1.1.1",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        rule = (struct zone_rule){.standard_s = 4711};
        why = (struct err){0};
        CHECK_INT(parse(bad[i]), -EBADMSG);
        CHECK_INT(rule.standard_s, 4711);
        CHECK(why.text[0]);
    }
    CHECK_INT(posix_tz_parse(SLICE("CET\0-1"), &rule, &why), -EBADMSG);
    char large[POSIX_TZ_BYTES_MAX + 2];
    memset(large, 'A', sizeof(large));
    CHECK_INT(posix_tz_parse((struct slice){large, sizeof(large)}, &rule, &why), -EBADMSG);
}

int main(void)
{
    TAP_RUN(offsets_count_westwards);
    TAP_RUN(daylight_time_is_an_hour_ahead_unless_said);
    TAP_RUN(changes_may_be_on_any_kind_of_day_at_any_hour);
    TAP_RUN(what_is_no_rule_is_refused_with_words_and_changes_nothing);
    return tap_done();
}
