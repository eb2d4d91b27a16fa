/* cron.h - when something is due: cron expressions, and the next moment in a time zone.
 *
 *     minute hour day month weekday          0 5 * * MON-FRI
 *     second minute hour day month weekday   30 0 5 * * MON-FRI
 *     @yearly @annually @monthly @weekly @daily @midnight @hourly
 *     @every 1h30m
 *
 * A field is a list of items with commas: `*`, a number, a range `a-b`, either with a step `/n`
 * (`a/n` goes from a to the field's end); months and weekdays also by the first three letters of
 * their names, in any case. Weekdays are 0 to 7, 0 and 7 being Sunday. Ranges go round their end
 * (`22-2`, `FRI-MON`), except those of days of the month. `?` is `*`, for the two kinds of day
 * only. Days of the month may be `L` (the last), `L-3` (three before it), `15W` (the weekday,
 * Monday to Friday, that is nearest to the 15th in that month) and `LW`; weekdays may be `FRIL` or
 * `5L` (the last Friday of the month) and `FRI#2` (the second).
 *
 * As in Vixie's cron, where neither kind of day begins with `*` (or `?`), one of the two is enough;
 * else both must hold.
 *
 * Days on which clocks are changed. An expression of which neither the hour nor the minute begins
 * with `*` names times of a clock: each local time comes once. One that the clock leaps over is due
 * at the moment behind the leap, one that it shows twice is due the first time. That is one rule: a
 * local time is due at the first moment at which the clock shows it or a later time. An expression
 * whose hour or minute begins with `*` means a rhythm: it is due whenever the clock shows a time
 * that fits, twice where that is shown twice, and not at all where it is not shown. `@every` counts
 * elapsed time from 1970-01-01T00:00:00Z, in every zone, so that it needs no memory.
 *
 * Pure; any thread. A struct cron is plain data. */
#ifndef FIREBREAK_MODEL_CRON_H
#define FIREBREAK_MODEL_CRON_H

#include "model/zone.h"

enum {
    CRON_TEXT_BYTES_MAX = 512,
    CRON_YEARS_MAX = 48, /* no two days that fit are further apart: 29 February on a Monday, 2100 */
    CRON_NTH_MAX = 5,
    CRON_WORD_BYTES_MAX = 96,
};

struct cron {
    uint64_t seconds, minutes; /* a bit for each that fits */
    uint32_t hours, month_days, months;
    uint32_t from_last; /* bit n: n days before the last of the month */
    uint32_t near_days; /* bit n: the weekday nearest to the n-th */
    uint32_t near_last; /* bit n: that nearest to n days before the last */
    uint8_t weekdays, last_weekdays;
    uint8_t nth_weekdays[CRON_NTH_MAX]; /* [n]: the n+1-th of the month */
    bool any_month_day, any_weekday;    /* the field begins with '*' or '?' */
    bool is_rhythm;                     /* the hour or the minute does */
    int64_t every_s;                    /* @every; else 0 */
};

struct cron_fault {
    uint32_t column;   /* from 1, in bytes */
    char message[200]; /* one clause, without a full stop */
    char
        suggestion[CRON_WORD_BYTES_MAX]; /* the whole expression as it may have been meant, or "" */
};

/* Returns 0, or -EINVAL with *fault (may be NULL): what is wrong, or that no day ever fits. */
int cron_parse(struct slice text, struct cron *ret, struct cron_fault *fault);

/* The first moment after `after` at which it is due, in seconds since 1970. Takes time by the
 * number of fields, not by how far that is. Returns 0, or -ENOENT: there is none up to
 * ZONE_TIME_MAX, or, of a rhythm, none within CRON_YEARS_MAX (its times are only those that a clock
 * leaps over). */
int cron_next(const struct cron *c, const struct zone *z, int64_t after, int64_t *ret);
/* The last one up to and including `until` that is after `after`; -ENOENT: there is none. Some
 * forty times the work of cron_next. */
int cron_last(const struct cron *c, const struct zone *z, int64_t after, int64_t until,
              int64_t *ret);

#endif
