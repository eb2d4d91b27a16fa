#include "model/cron.h"

#include <errno.h>

#include "base/fault.h"
#include "model/civil.h"

/* ---- which days ---- */

static uint32_t bit(uint32_t n)
{
    return UINT32_C(1) << n;
}

/* The Monday to Friday nearest to a day of a month that has `count` days, `day` among them. */
static uint32_t nearest_weekday(uint32_t day, uint32_t count, uint32_t weekday)
{
    if (weekday == 6)
        return day > 1 ? day - 1 : day + 2;
    if (weekday == 0)
        return day < count ? day + 1 : day - 2;
    return day;
}

/* Bits of the days that the first kind of day wants. `first`: the weekday of the 1st. */
static uint32_t by_month_day(const struct cron *c, uint32_t count, uint32_t first)
{
    uint32_t days = c->month_days;
    if (!(c->from_last | c->near_days | c->near_last))
        return days;
    for (uint32_t n = 0; n < count; n++) {
        uint32_t day = count - n, other = n + 1;
        if (c->from_last & bit(n))
            days |= bit(day);
        if (c->near_last & bit(n))
            days |= bit(nearest_weekday(day, count, (first + day - 1) % 7));
        if (c->near_days & bit(other))
            days |= bit(nearest_weekday(other, count, (first + other - 1) % 7));
    }
    return days;
}

static uint32_t by_weekday(const struct cron *c, uint32_t count, uint32_t first)
{
    uint32_t days = 0;
    for (uint32_t w = 0; w < 7; w++) {
        uint32_t start = 1 + (w + 7 - first) % 7; /* the first such day */
        for (uint32_t n = 0, day = start; day <= count; n++, day += 7)
            if ((c->weekdays & bit(w)) || (c->nth_weekdays[n] & bit(w)) ||
                ((c->last_weekdays & bit(w)) && day + 7 > count))
                days |= bit(day);
    }
    return days;
}

static uint32_t days_of_month(const struct cron *c, int32_t year, uint32_t month)
{
    if (!(c->months & bit(month)))
        return 0;
    uint32_t count = civil_month_days(year, month);
    uint32_t first = civil_weekday(civil_days(year, month, 1));
    uint32_t a = by_month_day(c, count, first), b = by_weekday(c, count, first);
    uint32_t days = c->any_month_day || c->any_weekday ? a & b : a | b;
    return days & (uint32_t)((UINT64_C(1) << (count + 1)) - 1);
}

/* ---- local times ---- */

/* The first set bit from `from` on, or -1. */
static int32_t next_bit(uint64_t mask, int32_t from)
{
    mask = from < 64 ? mask >> from : 0;
    return mask ? from + __builtin_ctzll(mask) : -1;
}

/* The first second of a day from `from` on that fits, or -1. */
static int32_t next_second(const struct cron *c, int32_t from)
{
    int32_t hour = from / 3600, minute = from / 60 % 60, second = from % 60;
    int32_t h = next_bit(c->hours, hour), m = -1, s = -1;
    if (h == hour) {
        m = next_bit(c->minutes, minute);
        if (m == minute && (s = next_bit(c->seconds, second)) < 0)
            m = next_bit(c->minutes, minute + 1);
        if (m < 0)
            h = next_bit(c->hours, hour + 1);
    }
    if (h < 0)
        return -1;
    if (h != hour)
        m = next_bit(c->minutes, 0);
    if (h != hour || m != minute)
        s = next_bit(c->seconds, 0);
    return h * 3600 + m * 60 + s;
}

/* The first local time from `from` on that fits, or -ENOENT. */
static int next_local(const struct cron *c, int64_t from, int64_t *ret)
{
    int32_t second;
    int64_t today = civil_split(from, &second);
    struct civil_date d = civil_date(today);
    uint32_t month = d.month, days = days_of_month(c, d.year, month);
    int32_t year = d.year, last = year + CRON_YEARS_MAX;
    int32_t found = days & bit(d.day) ? next_second(c, second) : -1;
    if (found >= 0) {
        *ret = today * CIVIL_DAY_SECONDS + found;
        return 0;
    }
    days &= ~(bit(d.day) | (bit(d.day) - 1));
    while (!days && year <= last) {
        month = month % 12 + 1;
        year += month == 1;
        days = days_of_month(c, year, month);
    }
    if (!days)
        return -ENOENT;
    *ret = civil_days(year, month, __builtin_ctz(days)) * CIVIL_DAY_SECONDS + next_second(c, 0);
    return 0;
}

/* ---- local times in a zone ---- */

/* The latest local time that the zone's clock has shown up to and including `t`. */
static int64_t latest_shown(const struct zone *z, int64_t t)
{
    struct zone_span s = zone_span_at(z, t);
    int64_t latest = t + s.offset_s;
    /* A clock that was set back by all that is possible has caught up after as much. */
    int64_t since = t - 2 * ZONE_OFFSET_MAX_S;
    while (s.start > since && s.start > ZONE_TIME_MIN &&
           !fault_mutant("cron_doubled_at_fall_back")) {
        int64_t end = s.start;
        s = zone_span_at(z, end - 1);
        if (end - 1 + s.offset_s > latest)
            latest = end - 1 + s.offset_s;
    }
    return latest;
}

/* Each local time once, at the first moment at which the clock shows it or a later one. */
static int next_by_clock(const struct cron *c, const struct zone *z, int64_t after, int64_t *ret)
{
    int64_t local;
    if (next_local(c, latest_shown(z, after) + 1, &local) < 0)
        return -ENOENT;
    for (int64_t at = after + 1; at <= ZONE_TIME_MAX;) {
        struct zone_span s = zone_span_at(z, at);
        int64_t shown = local - s.offset_s;
        if (shown < at && fault_mutant("cron_misfire_lost_at_gap"))
            return next_by_clock(c, z, at, ret);
        if (shown < at)
            shown = at; /* the clock has leapt over it */
        if (shown < s.end && shown <= ZONE_TIME_MAX) {
            *ret = shown;
            return 0;
        }
        if (s.end == INT64_MAX)
            break;
        at = s.end;
    }
    return -ENOENT;
}

/* Whenever the clock shows a time that fits. */
static int next_by_rhythm(const struct cron *c, const struct zone *z, int64_t after, int64_t *ret)
{
    int64_t end = after + CRON_YEARS_MAX * INT64_C(366) * CIVIL_DAY_SECONDS, local;
    for (int64_t at = after + 1; at <= end && at <= ZONE_TIME_MAX;) {
        struct zone_span s = zone_span_at(z, at);
        if (next_local(c, at + s.offset_s, &local) < 0)
            return -ENOENT;
        int64_t shown = local - s.offset_s;
        if (shown < s.end && shown <= ZONE_TIME_MAX) {
            *ret = shown;
            return 0;
        }
        if (s.end == INT64_MAX)
            break;
        at = s.end;
    }
    return -ENOENT;
}

static int next_by_interval(const struct cron *c, int64_t after, int64_t *ret)
{
    int64_t n = after / c->every_s - (after % c->every_s < 0) + 1;
    if (n > ZONE_TIME_MAX / c->every_s)
        return -ENOENT;
    *ret = n * c->every_s;
    return 0;
}

int cron_next(const struct cron *c, const struct zone *z, int64_t after, int64_t *ret)
{
    if (after >= ZONE_TIME_MAX)
        return -ENOENT;
    if (after < ZONE_TIME_MIN)
        after = ZONE_TIME_MIN;
    if (c->every_s)
        return next_by_interval(c, after, ret);
    return c->is_rhythm ? next_by_rhythm(c, z, after, ret) : next_by_clock(c, z, after, ret);
}

int cron_last(const struct cron *c, const struct zone *z, int64_t after, int64_t until,
              int64_t *ret)
{
    int64_t next;
    if (after >= until || cron_next(c, z, after, &next) < 0 || next > until)
        return -ENOENT;
    /* What is next after a moment never comes earlier after a later one: look for the last moment
     * after which there is still one in time. */
    int64_t low = after, high = until;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2, found;
        if (cron_next(c, z, middle, &found) == 0 && found <= until) {
            low = middle;
            next = found;
        } else {
            high = middle;
        }
    }
    *ret = next;
    return 0;
}
