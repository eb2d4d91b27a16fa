/* recent.h - the recent past of this process: its series, their clock, and this host's numbers.
 *
 * Times of series are milliseconds of the wall clock as it was when we began, and then of the clock
 * that does not jump: who sets the time of the machine makes no hole in what was seen. What a page
 * says about its own times is moved by as much. Loop 0. */
#ifndef FIREBREAK_APP_RECENT_H
#define FIREBREAK_APP_RECENT_H

#include "rt/rt.h"
#include "series/series.h"
#include "wire/openmetrics_write.h"

enum {
    RECENT_HOST_EVERY_MS = 5000, /* the numbers of this host */
    RECENT_HOST_UNASKED_MS = 15 * 1000, /* the same, until somebody has asked for the first time */
    RECENT_EXPIRE_EVERY_MS = 60000,
};

struct recent;

struct recent *recent_new(void);
void recent_free(struct recent *r); /* NULL is accepted */
struct series_set *recent_series(struct recent *r);
int64_t recent_now_ms(const struct recent *r);
/* A time that another program told, of the wall clock. */
int64_t recent_ms_of_wall(const struct recent *r, int64_t wall_ns);
/* Waits until this host was read once, or until the deadline. */
void recent_wait_first(struct recent *r, rt_time deadline);
/* Before something is asked about the series. Does not wait. */
void recent_asked(struct recent *r);
/* A task: reads this host, and forgets what is too old, until it is cancelled. */
void recent_main(void *recent);
void recent_metrics(const struct recent *r, struct metrics_writer *w);

#endif
