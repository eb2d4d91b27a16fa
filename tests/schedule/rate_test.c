#include "schedule/rate.h"

#include "tests/tap.h"

enum { MINUTE_S = 60, HOUR_S = 3600 };

static void it_begins_evenly(void)
{
    struct rate r = {.next = 0};
    rate_begin(&r, 3, 1000 * RT_SEC);
    CHECK_INT(r.next, (1000 + HOUR_S / 3) * RT_SEC);
    rate_begin(&r, 7200, 5000 * RT_SEC);
    CHECK_INT(r.next, 5000 * RT_SEC + RT_SEC / 2);
}

static void what_began_within_the_hour_is_counted(void)
{
    struct rate r = {.next = 0};
    CHECK_INT(rate_begun(&r, 0), 0);
    for (int i = 0; i < 3; i++)
        rate_begin(&r, 3, (i * 20 * MINUTE_S + 5) * RT_SEC);
    CHECK_INT(rate_begun(&r, 59 * MINUTE_S * RT_SEC), 3);
    CHECK_INT(rate_begun(&r, 60 * MINUTE_S * RT_SEC), 2);
    rate_begin(&r, 3, 60 * MINUTE_S * RT_SEC);
    CHECK_INT(rate_begun(&r, 60 * MINUTE_S * RT_SEC), 3);
    CHECK_INT(rate_begun(&r, 119 * MINUTE_S * RT_SEC), 1);
    CHECK_INT(rate_begun(&r, 120 * MINUTE_S * RT_SEC), 0);
}

static void a_long_pause_forgets_all(void)
{
    struct rate r = {.next = 0};
    for (int i = 0; i < 100; i++)
        rate_begin(&r, 3600, (100 + i) * RT_SEC);
    CHECK_INT(rate_begun(&r, 200 * RT_SEC), 100);
    rate_begin(&r, 3600, 1000 * (rt_time)HOUR_S * RT_SEC);
    CHECK_INT(rate_begun(&r, 1000 * (rt_time)HOUR_S * RT_SEC), 1);
}

int main(void)
{
    TAP_RUN(it_begins_evenly);
    TAP_RUN(what_began_within_the_hour_is_counted);
    TAP_RUN(a_long_pause_forgets_all);
    return tap_done();
}
