/* lag.h - whether a failure may be our own: how long this loop, or this machine, stood still.
 *
 * While probes run, a metronome of the loop ticks every LAG_TICK_MS; what it comes late by was no
 * time in which an answer could be heard. Where they take long, the kernel is asked once a second
 * whether everything on this machine waited (memory or processors under full pressure, or a
 * hypervisor that ran others).
 * A probe that ran out of time while we stood still for more than the bound proves nothing: its
 * result is `limit`. An answer is an answer, however late we read it.
 *
 * Each loop has its own. */
#ifndef FIREBREAK_OBSERVE_LAG_H
#define FIREBREAK_OBSERVE_LAG_H

#include "rt/rt.h"

enum {
    LAG_TICK_MS = 20,
    LAG_NOISE_MS = 2,       /* not counted: a loop's ordinary round */
    LAG_MS_MAX = 250,       /* the bound on what one probe may miss … */
    LAG_SHARE = 4,          /* … which is at most this part of its time-out */
    LAG_STARVED_PERCENT = 50, /* of a second in which the machine stood still */
};

struct lag_watch;

/* What was so when a probe began. */
struct lag_mark {
    rt_time held;
    uint64_t starved;
};

struct lag_watch *lag_open(void);
void lag_close(struct lag_watch *w); /* NULL is accepted; no probe may be running */

struct lag_mark lag_begin(struct lag_watch *w);
/* How long we stood still since. *ret_starved: the machine did. */
rt_time lag_end(struct lag_watch *w, struct lag_mark m, bool *ret_starved);
/* More than it, and an attempt with this time-out proves nothing. */
rt_time lag_bound(int64_t timeout_ns);

#endif
