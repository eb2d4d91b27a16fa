/* zone.h - a time zone: which offset from UTC a clock there shows, at any moment.
 *
 * A zone is a list of moments at which its offset changed and, for the time behind them, a rule
 * that repeats each year. Both come from a file (wire/tzif.h); a fixed offset needs neither.
 *
 * Times are seconds since 1970 in UTC; a local time is the same count as the zone's own clock would
 * have it (UTC plus offset). Around a change a local time may exist twice or not at all: what that
 * means is the caller's business (cron.h).
 *
 * Plain data in the arena of whoever made it. Pure; any thread. */
#ifndef FIREBREAK_MODEL_ZONE_H
#define FIREBREAK_MODEL_ZONE_H

#include "base/slice.h"

enum { ZONE_OFFSET_MAX_S = 26 * 3600 }; /* as RFC 9636 advises; none was ever beyond 16 hours */
/* Of times that are asked about: the years 1 to 9999. */
#define ZONE_TIME_MIN INT64_C(-62135596800)
#define ZONE_TIME_MAX INT64_C(253402300799)

enum zone_day_type {
    ZONE_DAY_MONTH_WEEK, /* the week-th weekday of a month; week 5: its last */
    ZONE_DAY_JULIAN,     /* 1 to 365: the 29th of February is not counted */
    ZONE_DAY_YEAR,       /* 0 to 365: it is */
};

struct zone_day {
    uint8_t type; /* enum zone_day_type */
    uint8_t month, week, weekday;
    uint16_t day;   /* JULIAN, YEAR */
    int32_t time_s; /* from that day's midnight, by the clock that is to be changed; maybe < 0 */
};

/* What goes on for ever. All zeroes: UTC. */
struct zone_rule {
    int32_t standard_s, daylight_s; /* offsets, east is positive */
    bool has_daylight;
    struct zone_day start, end; /* of daylight time */
};

struct zone {
    const char *name;
    const int64_t *changes; /* ascending */
    const int32_t *offsets; /* [i]: from changes[i] on */
    uint32_t count;
    int32_t first_s; /* before the first change */
    bool has_rule;   /* for times behind the last change; else the last offset stays */
    struct zone_rule rule;
};

/* A stretch of time with one offset: [start, end). Neighbours may have the same offset. */
struct zone_span {
    int64_t start, end; /* INT64_MIN: always was; INT64_MAX: for ever */
    int32_t offset_s;
};

/* The one that holds `t`, which is from ZONE_TIME_MIN to ZONE_TIME_MAX. */
struct zone_span zone_span_at(const struct zone *z, int64_t t);

/* A zone that needs no file: "UTC", "Etc/UTC", "GMT", "Z", or an offset as "+02:00", "-0330" or
 * "+5". Returns 0, or -ENOENT: it is none of these. `name` must live as long as *ret. */
int zone_fixed(const char *name, struct zone *ret);

#endif
