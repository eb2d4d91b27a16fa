/* event.h - something that happens once, and the tasks that wait for it.
 *
 * For callbacks of libraries: setting never waits and cannot fail. One loop. All zeroes is a
 * valid event that has not happened; it owns nothing. */
#ifndef FIREBREAK_RT_EVENT_H
#define FIREBREAK_RT_EVENT_H

#include "rt/rt.h"

struct rt_event {
    struct list waiters;
    bool set;
};

/* Returns 0 once it has happened, -ETIMEDOUT, -ECANCELED. */
int rt_event_wait(struct rt_event *e, rt_time deadline);
/* It has happened: wakes every waiter. Idempotent. */
void rt_event_set(struct rt_event *e);
/* It has not happened (again). No task may be waiting. */
static inline void rt_event_clear(struct rt_event *e)
{
    e->set = false;
}

#endif
