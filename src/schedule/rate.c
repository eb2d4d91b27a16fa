#include "schedule/rate.h"

#define MINUTE (60 * RT_SEC)

void rate_begin(struct rate *r, int64_t per_hour, rt_time now)
{
    int64_t minute = now / MINUTE, passed = minute - r->minute;
    for (int64_t i = 1; i <= passed && i <= RATE_MINUTES; i++)
        r->begun[(r->minute + i) % RATE_MINUTES] = 0;
    r->minute = minute;
    if (r->begun[minute % RATE_MINUTES] < UINT16_MAX)
        r->begun[minute % RATE_MINUTES]++;
    r->next = now + RATE_MINUTES * MINUTE / per_hour;
}

uint32_t rate_begun(const struct rate *r, rt_time now)
{
    uint32_t sum = 0;
    for (int64_t m = now / MINUTE - RATE_MINUTES + 1; m <= r->minute; m++)
        if (m > r->minute - RATE_MINUTES && m >= 0)
            sum += r->begun[m % RATE_MINUTES];
    return sum;
}
