/* civil.h - dates of the Gregorian calendar as counts of days, and back.
 *
 * A date here has no time zone: day 0 is 1970-01-01 wherever one is. The calendar reaches into the
 * past as if it had always been in use. Pure; any thread. */
#ifndef FIREBREAK_MODEL_CIVIL_H
#define FIREBREAK_MODEL_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum {
    CIVIL_DAY_SECONDS = 24 * 3600,
    CIVIL_YEAR_MAX = 9999, /* and as far into the past: all that fits four digits */
    CIVIL_TEXT_BYTES = 32,
};

struct civil_date {
    int32_t year;
    uint8_t month, day; /* from 1 */
};

bool civil_is_leap(int32_t year);
/* 28 to 31; month from 1 to 12. */
uint32_t civil_month_days(int32_t year, uint32_t month);
/* The day may lie outside of its month: the 0th of March is the last of February. */
int64_t civil_days(int32_t year, uint32_t month, int32_t day);
struct civil_date civil_date(int64_t days);
/* 0 is Sunday. */
uint32_t civil_weekday(int64_t days);

/* Seconds since 1970 as days and the second of the day, 0 to 86399. */
int64_t civil_split(int64_t seconds, int32_t *ret_second);
/* "2026-03-29T03:00:00+02:00" as a clock `offset_s` east of Greenwich shows it; "Z" for 0. Within
 * the years 0 to CIVIL_YEAR_MAX. Returned. */
const char *civil_format(int64_t seconds, int32_t offset_s, char text[CIVIL_TEXT_BYTES]);
/* Reads what civil_format and RFC 3339 write, UTC only ("Z"); a fraction is dropped. Returns 0 or
 * -EINVAL. */
int civil_parse(struct slice text, int64_t *ret_seconds);

#endif
