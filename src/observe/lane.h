/* lane.h - one loop's part of a run: the inside of run.c, sweep.c and watch.c.
 *
 * Workers, each a task in a straight line, share the lane's targets; their number is the number of
 * probes in flight. Where the next probe comes from is the plan's business: a sweep walks the
 * targets once, a watch keeps each target's next time. One worker without a job waits for the next
 * (the scout); any other one ends, and whoever finds a job starts a scout in its place. So a short
 * list has few workers, and a slow rate holds few stacks. */
#ifndef FIREBREAK_OBSERVE_LANE_H
#define FIREBREAK_OBSERVE_LANE_H

#include <stdatomic.h>

#include "observe/kind.h"
#include "observe/network.h"
#include "rt/event.h"

/* Probes begun a second, all loops together: the generic cell rate algorithm. Each beginning
 * reserves the next free instant; instants that nobody came for are kept for a short burst, so that
 * a loop which was late for one makes up for it. */
struct rate {
    _Atomic int64_t next;
    int64_t interval, burst; /* ns; interval 0: as fast as it goes */
};
/* When one could begin, without taking the instant. */
rt_time rate_peek(const struct rate *r);
/* Takes it: a past instant is now. */
rt_time rate_take(struct rate *r, rt_time now);

/* A probe to be made. */
struct job {
    uint64_t index;       /* of its target */
    uint32_t check;       /* a watch's */
    struct network *net;  /* NULL: none */
    uint32_t more;        /* attempts, where the first one fails */
    enum probe_breaker breaker;
    bool unsent;          /* only told: the breaker is open */
    rt_time sent_after;   /* the rate's instant */
    rt_time begun;        /* of its latest attempt */
};

struct lane;

struct plan {
    /* The next job that may begin now; false: none, and *at is when one may, if time alone
     * decides. A job has its place in its network. */
    bool (*take)(struct lane *l, rt_time now, struct job *ret, rt_time *at);
    /* Nothing is left to take, now and later. */
    bool (*is_done)(const struct lane *l);
    /* A job is over. */
    void (*end)(struct lane *l, const struct job *j, const struct probe_result *r);
};

struct lane {
    const struct probe_run *run;
    struct probe_progress *progress;
    struct rate *rate;
    const struct plan *plan;
    struct observer *observer;
    struct rt_group group;
    struct rt_event news; /* for the scout: a place is free, or a job has come */
    bool scouting;
    uint32_t index, loops;
    uint32_t workers, allowed, in_flight_max, quiet;
    rt_time shrunk_at;
    struct network_table networks;
    struct sweep *sweep;
    struct watch *watch;
    struct target_slot scratch; /* to look at a target before it has a worker */
    struct err err;
    int result;
};

/* Returns 0, or -E2BIG with the lane's err. */
int lane_sweep_open(struct lane *l);
void lane_sweep_close(struct lane *l);
int lane_watch_open(struct lane *l);
void lane_watch_close(struct lane *l);

static inline void lane_count(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

#endif
