#include "model/civil.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { ERA_YEARS = 400, ERA_DAYS = 146097, DAYS_TO_1970 = 719468 };

bool civil_is_leap(int32_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

uint32_t civil_month_days(int32_t year, uint32_t month)
{
    static const uint32_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && civil_is_leap(year) ? 29 : days[month - 1];
}

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Years are counted from March, so that the day which comes and goes is the last one of a year; the
 * calendar repeats itself each 400 of them. */
int64_t civil_days(int32_t year, uint32_t month, int32_t day)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = floor_divide(y, ERA_YEARS), year_of_era = y - era * ERA_YEARS;
    int64_t month_of_year = month > 2 ? month - 3 : month + 9;
    int64_t day_of_year = (153 * month_of_year + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * ERA_DAYS + day_of_era - DAYS_TO_1970;
}

struct civil_date civil_date(int64_t days)
{
    int64_t from_era = days + DAYS_TO_1970;
    int64_t era = floor_divide(from_era, ERA_DAYS), day_of_era = from_era - era * ERA_DAYS;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / (ERA_DAYS - 1)) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_of_year = (5 * day_of_year + 2) / 153;
    int64_t month = month_of_year < 10 ? month_of_year + 3 : month_of_year - 9;
    return (struct civil_date){
        .year = (int32_t)(year_of_era + era * ERA_YEARS + (month <= 2)),
        .month = (uint8_t)month,
        .day = (uint8_t)(day_of_year - (153 * month_of_year + 2) / 5 + 1),
    };
}

uint32_t civil_weekday(int64_t days)
{
    return (uint32_t)(days + 4 - floor_divide(days + 4, 7) * 7); /* 1970 began on a Thursday */
}

int64_t civil_split(int64_t seconds, int32_t *ret_second)
{
    int64_t days = floor_divide(seconds, CIVIL_DAY_SECONDS);
    *ret_second = (int32_t)(seconds - days * CIVIL_DAY_SECONDS);
    return days;
}

const char *civil_format(int64_t seconds, int32_t offset_s, char text[CIVIL_TEXT_BYTES])
{
    int32_t s, minutes = abs(offset_s) / 60;
    struct civil_date d = civil_date(civil_split(seconds + offset_s, &s));
    int size = snprintf(text, CIVIL_TEXT_BYTES, "%04d-%02u-%02uT%02d:%02d:%02d", d.year, d.month,
                        d.day, s / 3600, s / 60 % 60, s % 60);
    if (offset_s == 0)
        snprintf(text + size, (size_t)(CIVIL_TEXT_BYTES - size), "Z");
    else
        snprintf(text + size, (size_t)(CIVIL_TEXT_BYTES - size), "%c%02d:%02d",
                 offset_s < 0 ? '-' : '+', minutes / 60, minutes % 60);
    return text;
}

int civil_parse(struct slice text, int64_t *ret_seconds)
{
    static const char form[] = "dddd-dd-ddTdd:dd:dd";
    static const struct {
        uint8_t at, size;
        uint32_t low, high;
    } parts[] = {{0, 4, 0, CIVIL_YEAR_MAX},
                 {5, 2, 1, 12},
                 {8, 2, 1, 31},
                 {11, 2, 0, 23},
                 {14, 2, 0, 59},
                 {17, 2, 0, 59}};
    uint64_t n[6];
    size_t size = sizeof(form) - 1;
    if (text.size <= size || text.data[text.size - 1] != 'Z' ||
        (text.size > size + 1 && text.data[size] != '.'))
        return -EINVAL;
    for (size_t i = 0; i < size; i++)
        if (form[i] != 'd' && text.data[i] != form[i])
            return -EINVAL;
    for (size_t i = 0; i < 6; i++) {
        struct slice part = slice_sub(text, parts[i].at, parts[i].at + parts[i].size);
        if (slice_to_u64(part, parts[i].high, &n[i]) < 0 || n[i] < parts[i].low)
            return -EINVAL;
    }
    if (n[2] > civil_month_days((int32_t)n[0], (uint32_t)n[1]))
        return -EINVAL;
    int64_t days = civil_days((int32_t)n[0], (uint32_t)n[1], (int32_t)n[2]);
    *ret_seconds = days * CIVIL_DAY_SECONDS + (int64_t)(n[3] * 3600 + n[4] * 60 + n[5]);
    return 0;
}
