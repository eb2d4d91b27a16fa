/* world.h - a fleet that runs tasks, in a world where any process may die at any write.
 *
 * Three controllers and ten workers, each a process of its own with its own client of one store.
 * People want tasks of every kind, cancel some, cordon and drain nodes, change how much a node runs
 * at once. Meanwhile processes are killed at a write (which happened, or not), stopped in good
 * order, cut off from the store for longer than their lease (both ways, or so that they are heard
 * and hear nothing, or so that all of it comes late), and started again; requests and replies are
 * lost, late or sent twice; the store's disk is full, or fails to sync; watches are late and meet
 * compactions; leases end early; the wall clock is set back an hour. Then all of it heals.
 *
 * Two witnesses write down what happens. The observer (observer.c) is told of every change of the
 * store, in order, and knows who made it: tokens grow, nothing is given to two, nothing accepted is
 * given again, a completion is accepted once and under the token and life that it was given with.
 * The executor (process.c) is asked to run what is claimed: it keeps the ledger of side effects,
 * and says so where it is made to run more than it may, or is ended without a reason. */
#ifndef FIREBREAK_SIM_SCHEDULE_WORLD_H
#define FIREBREAK_SIM_SCHEDULE_WORLD_H

#include <errno.h>

#include "base/map.h"
#include "schedule/schedule.h"
#include "sim/search.h"
#include "store/memory.h"
#include "store/tasks.h"

enum {
    CONTROLLERS = 3,
    WORKERS = 10,
    PROCESSES = CONTROLLERS + WORKERS,
    TASKS_MAX = 1000,
    KEYS_MAX = 8, /* concurrency keys */
    LEASE_MS = 3000,
    RELIST_MS = 1500,   /* memory is compared with the store */
    MAXES = 64,         /* values of /config/worker_max that were set */
    MAX_SEEN_MS = 5000, /* within it a worker has seen a new value, whatever is late */
};

enum check {
    CHECK_TOKEN,     /* tokens of a task grow */
    CHECK_ALONE,     /* a target is given to one node at a time, to one that lives */
    CHECK_NOT_AGAIN, /* what was accepted is not given again */
    CHECK_CLAIM,     /* what is claimed is claimed once, and run once under a token */
    CHECK_FENCE,     /* a completion is of whoever holds it, in the life that claimed it */
    CHECK_ONCE,      /* and once */
    CHECK_LOCK,      /* of tasks with one concurrency key one is given at a time */
    CHECK_LEADER,    /* only the leader gives */
    CHECK_MAX,       /* a worker begins no more than it may */
    CHECK_ROOM,      /* nothing more is given to a node that is cordoned, or has all it may have */
    CHECK_REASON,    /* what runs is not ended without a reason */
    CHECK_DEDUP,     /* one dedup key, one task */
    CHECK_LEDGER,    /* in the end: each was run, as often as its attempts say; none was lost */
    CHECK_MENDED,    /* the net below the scheduler's memory finds nothing */
    CHECK_ENDS,      /* healed, every task ends */
    CHECK_CLEAN,     /* nothing given, and no lock, is left */
    CHECK_TOLD,      /* what a node's key says is so */
    CHECK_LOST,      /* who lives, or was stopped in good order, is not lost; all others are */
    CHECK_ENDED,     /* all of the program's tasks end */
    CHECK_COUNT,
};

enum event {
    EVENT_KILLED,
    EVENT_STOPPED,
    EVENT_CUT,
    EVENT_HALF_OPEN,
    EVENT_PAUSED,
    EVENT_STARTED,
    EVENT_CLOCK_BACK,
    EVENT_MAX_CHANGED,
    EVENT_CORDONED,
    EVENT_DRAINED,
    EVENT_CANCELED,
    EVENT_DEDUPLICATED,
    EVENT_GIVEN,
    EVENT_GIVEN_AGAIN,
    EVENT_CLAIMED,
    EVENT_TAKEN_BACK,
    EVENT_ACCEPTED,
    EVENT_RETRIED,
    EVENT_REFUSED,
    EVENT_REFUSED_STALE,
    EVENT_LEASE_ENDED,
    EVENT_NODE_LEFT,
    EVENT_NODE_LOST,
    EVENT_LEADER_CHANGED,
    EVENT_RUN,
    EVENT_RUN_LOST,  /* runs whose process died under them */
    EVENT_RUN_ENDED, /* runs that were ended: canceled, expired, taken back */
    EVENT_LOCKED,
    EVENT_WATCH_COMPACTED,
    EVENT_DISK_FULL,
    EVENT_SYNC_FAILED,
    EVENT_COUNT,
};

struct world;

struct process {
    struct world *w;
    uint32_t id;
    bool alive, controller;
    enum store_memory_cut cut;
    rt_time next; /* when it is healed or started again */
    char name[16];
    struct store *store;
    struct rt_group group;
    struct schedule_options options;
    struct schedule_stats stats;
    struct executor executor;
    uint32_t running;
};

/* A task as the witnesses know it, by its number; its name is "t" and that. */
struct wanted {
    bool submitted, canceled, pinned, spread;
    uint32_t key;   /* its concurrency key, from 1; 0: none */
    uint32_t fails; /* attempts that fail before one succeeds */
    uint32_t run_ms;
    bool always_fails;
    /* the ledger */
    uint32_t runs, finished;
    uint32_t accepted, given;
    int64_t token;  /* the newest */
    uint64_t nodes; /* to which it is given now */
    uint64_t done;  /* whose completion stands */
    enum task_state state;
};

/* What the observer knows of something given. */
struct given {
    int64_t token, claimed, stop;
};

struct world {
    struct sim_world sim;
    struct store_memory *memory;
    struct process processes[PROCESSES];
    struct wanted tasks[TASKS_MAX];
    uint32_t task_count, submitted;
    struct given given[WORKERS][TASKS_MAX];
    int64_t lives[WORKERS]; /* create revisions of the nodes' keys; 0: none */
    bool known[WORKERS];    /* what outlives those is there */
    bool stopped[WORKERS];  /* in good order, since it joined last */
    uint32_t loads[WORKERS];
    enum node_state wanted[WORKERS];
    rt_time wanted_at[WORKERS];
    int64_t leader;                   /* create revision of the key; 0: none */
    uint64_t leading;                 /* the client that made it */
    uint32_t locked_by[KEYS_MAX + 1]; /* 0: nobody, else the task's number and 1 */
    struct {
        rt_time at;
        uint32_t max;
    } maxes[MAXES];
    uint32_t max_count;
    rt_time max_put_at; /* the last one was answered */
    struct map ran; /* "task/node/token": runs under it */
    struct arena arena;
    struct store *people; /* their client */
    bool calm;
};

void check(struct world *w, enum check which, bool holds, const char *fmt, ...) PRINTF_LIKE(4, 5);
void happened(struct world *w, enum event event);
void say(const struct world *w, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* "t12" -> 12, "w3" -> 3; UINT32_MAX: none. */
uint32_t number_of(struct slice name, char letter);

/* observer.c */
void observe(void *world, uint64_t client, const struct store_event *events, uint32_t count);
/* process.c */
void process_start(struct process *p);
/* Ends it, and waits for that: dead (its writes fail), or in good order. */
void process_end(struct process *p, bool in_order);
/* people.c */
void people_main(void *world); /* a task: wants what is wanted, and meddles */
void people_check_end(struct world *w);

#endif
