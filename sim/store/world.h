/* world.h - a store and its clients, in a world where everything may fail, and what must hold.
 *
 * Seeds with an odd number run SQLite on the simulated disk: the host of the store loses power at
 * any time, writes are torn, syncs fail, the disk is full. It is opened again and again until the
 * chaos ends. Even seeds run the memory store with its faults: requests and replies that are lost,
 * late or sent twice, late watches, compactions, a clock that jumps.
 *
 * Clients put, get, delete, and compare and swap a few keys, and write down each call with its
 * beginning, its end and its answer; calls without a sure answer are in doubt. In the end the
 * history must be one that a plain map could have given, each acknowledged write must be in the log
 * of changes once, and what watches told must be that log. */
#ifndef FIREBREAK_SIM_STORE_WORLD_H
#define FIREBREAK_SIM_STORE_WORLD_H

#include <errno.h>

#include "rt/event.h"
#include "sim/search.h"
#include "store/memory.h"
#include "store/sqlite.h"
#include "tools/linear.h"

enum {
    CLIENTS = 4,
    KEYS = 3,
    OPS_MAX = 400, /* of all clients */
    OPS_EACH = 40,
    TOLD_MAX = 4000, /* events that one watcher was told */
    HOST = 0x0a000001,
    LEASE_TTL_MS = 1000,
};

#define CHAOS_FOR (4 * RT_SEC)
#define CALL_MAX  (400 * RT_MS)
#define SOON      (rt_now() + 20 * RT_SEC)

enum check {
    CHECK_LINEAR,    /* the history is one that a plain map could have given */
    CHECK_LOGGED,    /* an acknowledged write is in the log, once, at its revision */
    CHECK_FORWARD,   /* revisions grow, through every restart */
    CHECK_TOLD,      /* a watch tells the log: nothing twice, nothing left out */
    CHECK_NOT_EARLY, /* no lease ends before its time */
    CHECK_NOT_LATE,  /* one that nobody keeps ends, soon after its time */
    CHECK_READABLE,  /* the file can always be opened, once the disk is well */
    CHECK_LIVE,      /* healed, it serves */
    CHECK_ENDED,     /* all tasks end */
    CHECK_COUNT,
};

enum event {
    EVENT_ACKNOWLEDGED,
    EVENT_IN_DOUBT,
    EVENT_REFUSED, /* writes that surely did not happen */
    EVENT_SWAPPED, /* compares that held */
    EVENT_NOT_SWAPPED,
    EVENT_RESTARTED,
    EVENT_OPEN_FAILED, /* the disk failed while the store was opened */
    EVENT_FULL,        /* writes refused by a full disk */
    EVENT_DISK_FAILED, /* calls that met a failed disk */
    EVENT_WATCH_TOLD,
    EVENT_WATCH_AGAIN, /* watches that ended and began anew */
    EVENT_COMPACTED,   /* watches that met a compaction */
    EVENT_LEASE_ENDED,
    EVENT_LEASE_KEPT,
    EVENT_COUNT,
};

/* A change as a watch, or the log at the end, tells it. */
struct told {
    int64_t revision;
    uint64_t value; /* 0: deleted */
    uint32_t key;
};

/* What one watcher was told: unbroken from `first`, until it had to begin anew. */
struct watcher {
    struct told told[TOLD_MAX];
    uint32_t count;
    int64_t next; /* the first revision that was not told; 0: begin anywhere */
};

struct acknowledged {
    int64_t revision;
    uint64_t value; /* 0: deleted */
    uint32_t key;
};

struct world {
    struct sim_world sim;
    bool sqlite;
    int64_t history;

    struct store_memory *memory;
    struct store *stores[CLIENTS + 2]; /* of the memory store, one each; of SQLite all the same */
    struct rt_group clients;           /* of this life */
    struct rt_event disk_failed;
    bool calm, open;
    int64_t newest; /* revision that was acknowledged */

    struct linear_op ops[OPS_MAX];
    uint32_t op_count, done[CLIENTS];
    uint64_t values; /* values written are 1, 2, … */
    struct acknowledged acknowledged[OPS_MAX];
    uint32_t acknowledged_count;
    struct watcher watcher;

    rt_time lease_sure; /* the lease of the moment lasts at least until then */
};

void check(struct world *w, enum check which, bool holds, const char *fmt, ...) PRINTF_LIKE(4, 5);
void happened(struct world *w, enum event event);
void say(const struct world *w, const char *fmt, ...) PRINTF_LIKE(2, 3);

struct slice key_name(uint32_t key); /* "k/0" … */
uint32_t key_number(struct slice name);
uint64_t value_number(struct slice text); /* decimal; 0: empty */

/* Tasks; their arg is a struct actor. */
struct actor {
    struct world *w;
    uint32_t id;
};
void task_client(void *arg);
void task_watcher(void *arg);
void task_lease_holder(void *arg);

/* After the chaos, with a store that is well. */
void check_the_end(struct world *w);

#endif
