/* network.h - how much one destination network is asked at once, and how fast.
 *
 * A network is a /24 of IPv4, a /64 of IPv6, or the name of a host. What comes back decides: each
 * window's worth of answers adds a step to the window (additive increase), a burst of time-outs
 * without an answer between them halves it (multiplicative decrease), and with it the rate. Halved
 * is what was really under way, so that a network that falls silent is at its floor within two
 * bursts. The floor is a share of all probes in flight: a dead network may cost that much and no
 * more, and still enough is asked of it to see it come back.
 *
 * A burst is heard once: of probes that were under way when it was heard, no further time-out
 * counts, as they were sent by the old window.
 *
 * Pure but for allocation: the caller passes the time. One loop owns it. */
#ifndef FIREBREAK_OBSERVE_NETWORK_H
#define FIREBREAK_OBSERVE_NETWORK_H

#include "base/map.h"
#include "model/probe.h"
#include "rt/rt.h"

enum {
    NETWORK_BURST = 8,         /* time-outs in a row */
    NETWORK_STEPS = 16,        /* of growth from nothing to the largest window */
    NETWORK_KEPT_MAX = 4096,   /* at rest, and remembered because they were slowed down */
    NETWORK_NOBODY = UINT32_MAX, /* the end of a queue */
};

enum network_verdict {
    NETWORK_ANSWERED, /* whatever the answer was */
    NETWORK_SILENT,   /* the probe timed out */
    NETWORK_UNTOLD,   /* we could not look: says nothing */
};

/* Who waits for a place, by number; `next` of each is the caller's array. */
struct network_queue {
    uint32_t first, last;
};

struct network {
    uint64_t key;
    uint32_t in_flight, window, answered, silent;
    rt_time heard;          /* probes begun before belong to a burst that was heard */
    rt_time interval, next; /* of the rate; interval 0: as fast as the window lets */
    rt_time second;         /* since when `begun` counts */
    uint32_t begun, begun_before; /* this second, the one before */
    uint32_t rate_peak;     /* a second: what it took before it was slowed down */
    struct network_queue news, known; /* those whose answer is news go first */
    bool resting;
    struct list link;       /* in `ready`, `paced` or `resting`, or in none */
};

struct network_table {
    struct map by_key;
    uint32_t window_max, window_floor;
    struct list ready;   /* somebody waits, and there is a place */
    struct list paced;   /* somebody waits for the rate's next time */
    struct list resting; /* slowed down, nothing under way; the longest first */
    struct list spare;   /* memory */
    uint32_t resting_count, waiting;
    rt_time paced_at;    /* the next time of any in `paced`, or earlier */
    uint32_t *next;      /* of who waits; the caller's array */
    struct network *last; /* looked up */
};

/* The network that a target is in; 0: none (a program, a socket of this host). */
uint64_t network_key(const struct probe_target *t);

/* `next` has room for every number that may wait. floor <= max, both >= 1. */
void network_table_init(struct network_table *t, uint32_t window_max, uint32_t window_floor,
                        uint32_t *next);
void network_table_done(struct network_table *t);
/* The key's network; made when it is new. key is not 0. Never NULL. Then begin, or wait. */
struct network *network_get(struct network_table *t, uint64_t key);

/* Whether one more may begin now. Where only the rate says no, *at becomes its next time if that
 * is earlier. */
bool network_may(const struct network *n, rt_time now, rt_time *at);
void network_begin(struct network *n, rt_time now);
/* What one attempt came to, of those that are told; `begun` is when it began. */
void network_hear(struct network_table *t, struct network *n, enum network_verdict v,
                  rt_time begun, rt_time now);
/* The probe, with all its attempts, is over. The network may be gone after this. */
void network_end(struct network_table *t, struct network *n, rt_time now);

/* `id` waits for a place; `news`: before those whose answer is expected. */
void network_wait(struct network_table *t, struct network *n, uint32_t id, bool news, rt_time now);
/* The next who may begin, with its network; false: nobody. *at as in network_may. */
bool network_take(struct network_table *t, rt_time now, uint32_t *ret_id, struct network **ret_net,
                  rt_time *at);

#endif
