/* memory.h - a store in memory, with faults: the server is a struct, its clients are stores.
 *
 * For the simulator. Several clients, on any hosts of a world, share one server, which never
 * fails; what fails is between them. A call takes a drawn time there and back; its request or its
 * reply may be lost, and a lost request may still arrive after the caller has given up, once or
 * twice. Watches are told late, each by its own delay. The server forgets history by itself, so
 * that a watch which lags meets a compaction, and its clock jumps forward, so that leases end
 * before their owner's clock says so. Its disk is full for a while, or does not sync what was
 * written: then the caller is told, and the write is in doubt (store.h).
 *
 * All of it is drawn from the loop's generator: the same seed, the same faults. The tasks of a
 * server and its clients are of one loop. */
#ifndef FIREBREAK_STORE_MEMORY_H
#define FIREBREAK_STORE_MEMORY_H

#include "store/store.h"

/* Chances are per million calls. All zeroes: a sound store without any delay. */
struct store_memory_faults {
    rt_time latency_max;       /* each way, drawn from 0 */
    uint32_t refuse_ppm;       /* -ECONNREFUSED, nothing happened */
    uint32_t lose_request_ppm; /* -ECONNRESET, nothing happened */
    uint32_t lose_reply_ppm;   /* -ECONNRESET, it happened */
    uint32_t late_ppm;         /* -ECONNRESET, and it happens later, after up to late_max */
    uint32_t twice_ppm;        /* -ECONNRESET, and it happens now and once more later */
    rt_time late_max;
    rt_time watch_late_max;  /* a watch is told after up to so long */
    uint32_t compact_ppm;    /* of writes: the server then forgets all but the newest revision */
    uint32_t clock_jump_ppm; /* of calls: the server's clock jumps by up to clock_jump_max */
    rt_time clock_jump_max;
    uint32_t disk_full_ppm; /* of writes: from now on, for up to disk_full_max, each is -ENOSPC */
    rt_time disk_full_max;
    uint32_t sync_fail_ppm; /* of writes: -EIO, and it happened or not */
};

/* How a client is cut off from the server. */
enum store_memory_cut {
    STORE_MEMORY_JOINED,
    STORE_MEMORY_CUT,       /* nothing gets through, either way */
    STORE_MEMORY_HALF_OPEN, /* what it sends arrives, and it hears nothing */
    STORE_MEMORY_PAUSED,    /* its process stands still: what it sends and hears comes when it goes
                             * on, also where its deadline is past by then */
};

struct store_memory_counts {
    uint64_t calls, refused, requests_lost, replies_lost, late, twice, compactions, clock_jumps;
    uint64_t disk_full, sync_failures; /* writes that met them */
    uint64_t leases_expired, watches_late, watches_compacted, watches_slow;
};

struct store_memory;

struct store_memory *store_memory_new(const struct store_memory_faults *faults);
/* Every client was closed. NULL is accepted. Waits for requests that are still on their way. */
void store_memory_free(struct store_memory *m);
int store_memory_open(struct store_memory *m, struct store **ret_store);
/* From now on nothing fails and nothing is late. */
void store_memory_calm(struct store_memory *m);
/* Told of everything that changes, at once and in order, before anybody else is. `client` asked for
 * it, maybe long ago: numbers from 1, in the order in which they were opened; 0: the server's
 * clock. Must not wait. For checking invariants. */
typedef void store_memory_observer(void *ctx, uint64_t client, const struct store_event *events,
                                   uint32_t count);
void store_memory_observe(struct store_memory *m, store_memory_observer *fn, void *ctx);
uint64_t store_memory_client(const struct store *client);
/* Calls wait until their deadline, or until it is healed; watches are silent meanwhile, and then go
 * on. */
void store_memory_cut(struct store *client, enum store_memory_cut cut);
/* The client's process dies with its `writes`-th transaction from now, which has happened or not:
 * from then on each call fails at once, and nothing of it reaches the server. 0: it is dead now. */
void store_memory_kill(struct store *client, uint64_t writes);
bool store_memory_killed(const struct store *client);
struct store_memory_counts store_memory_counts(const struct store_memory *m);

#endif
