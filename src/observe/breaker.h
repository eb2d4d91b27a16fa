/* breaker.h - when a target that does not answer well is left alone, and when it is tried again.
 *
 *     closed --BREAKER_OPEN_AFTER attempts failed--> open --its time has come--> half_open
 *       ^                                             ^                            |
 *       +------------------ well ---------------------|------- failed -------------+
 *
 * Each vain trial doubles the time until the next one, up to the longest; half of it is drawn, so
 * that a rack that died at once is not asked at once. What says nothing about the target (limit)
 * never opens a breaker, and never closes one.
 *
 * Pure: the caller passes time and chance. */
#ifndef FIREBREAK_OBSERVE_BREAKER_H
#define FIREBREAK_OBSERVE_BREAKER_H

#include "model/probe.h"
#include "rt/rt.h"

enum { BREAKER_OPEN_AFTER = 3 /* attempts in a row */ };

enum breaker_news { BREAKER_WELL, BREAKER_FAILED, BREAKER_UNTOLD };

struct breaker_times {
    int64_t first_ns, longest_ns; /* > 0 */
};

/* All zeroes is not valid: begin with BREAKER. */
struct breaker {
    rt_time try_at;   /* open: not before */
    uint16_t failed;  /* attempts in a row, as far as they matter */
    uint8_t trials;   /* vain ones since it opened, as far as they matter */
    uint8_t state;    /* enum probe_breaker */
};
#define BREAKER ((struct breaker){.state = PROBE_BREAKER_CLOSED})

/* Whether the target may be asked now; an open one whose time has come is half open from then. */
bool breaker_may(struct breaker *b, rt_time now);
/* What the probe, of so many attempts, came to. */
void breaker_hear(struct breaker *b, enum breaker_news news, uint32_t attempts,
                  const struct breaker_times *times, rt_time now, uint64_t chance);

#endif
