#include "model/zone.h"

#include <assert.h>
#include <errno.h>

#include "base/defs.h"
#include "model/civil.h"

/* ---- rules ---- */

static int64_t day_of_year(const struct zone_day *d, int32_t year)
{
    if (d->type == ZONE_DAY_YEAR)
        return civil_days(year, 1, 1) + d->day;
    if (d->type == ZONE_DAY_JULIAN)
        return civil_days(year, 1, 1) + d->day - 1 + (d->day >= 60 && civil_is_leap(year));
    int64_t first = civil_days(year, d->month, 1);
    uint32_t until = (d->weekday + 7 - civil_weekday(first)) % 7; /* days to the first such one */
    uint32_t day = until + 7 * (d->week - 1u);
    while (day >= civil_month_days(year, d->month))
        day -= 7;
    return first + day;
}

struct rule_change {
    int64_t at;
    bool daylight;
};

/* Changes of the rule in the years around `t`, in their order; where daylight time ends at the very
 * moment at which it begins anew, it goes on. */
static void changes_around(const struct zone_rule *r, int64_t t, struct rule_change changes[6])
{
    int32_t second, year = civil_date(civil_split(t, &second)).year;
    for (int i = 0; i < 6; i++) {
        bool daylight = i % 2;
        const struct zone_day *d = daylight ? &r->start : &r->end;
        int32_t before = daylight ? r->standard_s : r->daylight_s;
        int64_t at = day_of_year(d, year - 1 + i / 2) * CIVIL_DAY_SECONDS + d->time_s - before;
        int n = i;
        for (; n > 0 && changes[n - 1].at > at; n--)
            changes[n] = changes[n - 1];
        changes[n] = (struct rule_change){at, daylight};
    }
}

static struct zone_span rule_span(const struct zone_rule *r, int64_t t)
{
    if (!r->has_daylight)
        return (struct zone_span){INT64_MIN, INT64_MAX, r->standard_s};
    struct rule_change changes[6];
    changes_around(r, t, changes);
    int i = 5;
    while (i > 0 && changes[i].at > t)
        i--;
    int64_t end = i < 5 ? changes[i + 1].at : INT64_MAX;
    return (struct zone_span){changes[i].at, end,
                              changes[i].daylight ? r->daylight_s : r->standard_s};
}

/* ---- any time ---- */

struct zone_span zone_span_at(const struct zone *z, int64_t t)
{
    assert(t >= ZONE_TIME_MIN && t <= ZONE_TIME_MAX);
    uint32_t low = 0, high = z->count; /* changes before `low` are not behind t */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (z->changes[middle] <= t)
            low = middle + 1;
        else
            high = middle;
    }
    int64_t start = low ? z->changes[low - 1] : INT64_MIN;
    if (low < z->count || !z->has_rule)
        return (struct zone_span){start, low < z->count ? z->changes[low] : INT64_MAX,
                                  low ? z->offsets[low - 1] : z->first_s};
    struct zone_span s = rule_span(&z->rule, t);
    if (s.start < start)
        s.start = start;
    return s;
}

/* ---- fixed offsets ---- */

/* "05", "5", "0530" or "05:30" as seconds. */
static int offset_parse(struct slice s, int32_t *ret)
{
    uint64_t hours, minutes = 0;
    struct slice h = slice_sub(s, 0, s.size <= 2 ? s.size : 2), m = {0};
    if (s.size == 4)
        m = slice_sub(s, 2, 4);
    else if (s.size == 5 && s.data[2] == ':')
        m = slice_sub(s, 3, 5);
    else if (s.size > 2)
        return -ENOENT;
    if (slice_to_u64(h, 23, &hours) < 0 || (m.size && slice_to_u64(m, 59, &minutes) < 0))
        return -ENOENT;
    *ret = (int32_t)(hours * 3600 + minutes * 60);
    return 0;
}

int zone_fixed(const char *name, struct zone *ret)
{
    static const char *const names[] = {"UTC", "Etc/UTC", "GMT", "Etc/GMT", "Z"};
    int32_t offset = 0;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(name, names[i]) == 0) {
            *ret = (struct zone){.name = name};
            return 0;
        }
    if ((name[0] != '+' && name[0] != '-') || offset_parse(slice_from(name + 1), &offset) < 0)
        return -ENOENT;
    *ret = (struct zone){.name = name, .first_s = name[0] == '-' ? -offset : offset};
    return 0;
}
