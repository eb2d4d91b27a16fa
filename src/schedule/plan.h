/* plan.h - what is to be written about one task now: a pure function of what is seen of it.
 *
 * The controller looks at a task, at what stands for each of its targets (given? claimed? ended?
 * accepted?) and at the nodes, and plans one transaction. It may see those parts at different
 * revisions, and late; so a plan compares all that it relies on, and a plan made from an old view
 * changes nothing:
 *
 *  - every plan that changes the task compares the task's revision, so of two plans made from one
 *    view at most one happens, whoever made them and however late they arrive;
 *  - to give a target to a node compares that the node is the one that was seen, that nothing of
 *    the task is given to it, and that no completion of it was accepted: an accepted target is
 *    never given again;
 *  - to take it back compares that what was given is as it was seen and no completion was accepted:
 *    so a completion and a taking back exclude each other, as do a claim and a taking back.
 *
 * The token of an attempt is the task's revision at which it was planned: it is part of the
 * compare, so no two attempts of a task have the same, and they grow.
 *
 * Times that are waited for are counted on the monotonic clock from when this controller first saw
 * the record, and never longer than the record's own spans: a wall clock that is set back an hour
 * does not make a task wait for an hour. Pure: no clock, no I/O. */
#ifndef FIREBREAK_SCHEDULE_PLAN_H
#define FIREBREAK_SCHEDULE_PLAN_H

#include "model/task.h"
#include "store/store.h"

enum {
    PLAN_TARGETS_AT_ONCE = 24, /* changes of one transaction */
    PLAN_MISSING_MS = 1000,    /* given, and to nobody, for so long: taken back */
    PLAN_RUNNING_MS = 50,      /* from its giving until a task that was claimed is told to run */
    PLAN_STOPPED_STATUS = 125, /* of what was canceled, or expired, before it ended */
    PLAN_BACKOFF_MS = 1000,    /* where the task says none */
    PLAN_BACKOFF_MAX_MS = 300 * 1000,
    PLAN_LOST_AT_ONCE = 3, /* attempts that were lost with their node: beyond, each waits longer */
    PLAN_LOST_BACKOFF_MS = 100,
    PLAN_LOST_BACKOFF_MAX_MS = 30 * 1000,
};

/* What is seen of a target. */
struct plan_seen {
    bool given, accepted;
    struct assignment assign; /* of `given` */
    int64_t assign_mod;
    struct task_result result; /* of `accepted` */
    int64_t incarnation;       /* the create revision of its node's key; 0: the node is gone */
    bool draining;
};

struct plan_clock {
    rt_time now;
    int64_t wall_ms; /* for what is written down only */
    rt_time seen_at; /* when this version of the record was first seen */
    int64_t seen_wall_ms;
    rt_time deadline_at; /* RT_NEVER: none */
    uint64_t random;     /* for jitter */
};

struct plan {
    struct arena *arena;
    struct slice prefix;
    struct task *task; /* as it will be */
    int64_t mod;       /* the task's, as it was seen */
    struct plan_clock clock;
    const struct plan_seen *seen; /* by target; those beyond seen_count were made here */
    uint32_t seen_count;
    struct store_compare compares[STORE_TXN_OPS_MAX];
    struct store_op ops[STORE_TXN_OPS_MAX];
    uint32_t compare_count, op_count, changes;
    bool touched;   /* the task itself is to be written */
    bool more;      /* beyond PLAN_TARGETS_AT_ONCE: plan again behind this */
    uint32_t ready; /* targets that may be given now */
    rt_time due;    /* when to look again though nothing happens; RT_NEVER */
};

/* `task` is changed in place; `seen` has one for each of its targets. `guard` is the election's. */
void plan_begin(struct plan *p, struct arena *arena, struct slice prefix,
                const struct store_compare *guard, struct task *task, int64_t mod,
                const struct plan_seen *seen, const struct plan_clock *clock);
/* Everything but giving. */
void plan_settle(struct plan *p);
/* A task with a selector wants one target for each of these nodes; once, when it has none. */
void plan_spread(struct plan *p, const struct slice *nodes, uint32_t count);
/* Whether target i may be given now. */
bool plan_is_ready(const struct plan *p, uint32_t i);
/* Gives it to a node, whose key has this create revision. */
void plan_give(struct plan *p, uint32_t i, struct slice node, int64_t incarnation);
/* How the task is to end where nothing else ends it; PENDING: it is not to end. */
enum task_state plan_stop(const struct plan *p);
/* Takes its concurrency key, where it has one and does not hold it. */
void plan_take_lock(struct plan *p);
/* Adds the task itself, once all is said. Returns whether there is anything to write; -EMSGSIZE:
 * the task would be too large. */
int plan_end(struct plan *p);

#endif
