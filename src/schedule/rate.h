/* rate.h - how often an action began lately, and when it may again.
 *
 * An action with a rate begins evenly: no sooner than an hour's part after the last time. What it
 * did is counted by minutes, for who asks what holds a task back. Only the leader knows it, and a
 * new one begins with nothing. Pure; one loop owns it. */
#ifndef FIREBREAK_SCHEDULE_RATE_H
#define FIREBREAK_SCHEDULE_RATE_H

#include "rt/rt.h"

enum { RATE_MINUTES = 60 };

struct rate {
    rt_time next;                 /* when the action may begin again */
    int64_t minute;               /* of the last begin; the others are behind it */
    uint16_t begun[RATE_MINUTES]; /* [minute % RATE_MINUTES] */
    size_t size;
    char name[];
};

/* It begins: `next` is set. */
void rate_begin(struct rate *r, int64_t per_hour, rt_time now);
/* How often it began within this minute and the 59 before. */
uint32_t rate_begun(const struct rate *r, rt_time now);

#endif
