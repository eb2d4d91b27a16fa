/* schedule.h - wanted tasks in, run tasks out: a controller gives them to workers.
 *
 * All that is known of a task is in the store (wire/task_key.h says where), so any controller and
 * any worker can die at any moment.
 *
 *  - One controller of several leads (store/election.h); each of its writes is guarded by its
 *    election, and compares all that it relies on (plan.h).
 *  - A worker lives while its session does (store/session.h). It claims what is given to its node,
 *    runs it, and writes how it ended. A claim compares that the task is still given to this life
 *    of the node; a completion compares that, and that none was accepted before. So a task may be
 *    run more than once, by a worker that was thought dead; but one completion is accepted.
 *  - What is refused is recorded in the task's attempt: `refused_reason`.
 *
 *  - The leading controller keeps the calendar, too (calendar.h): a schedule's time that has come
 *    is a task like any other, with a dedup key of that time.
 *
 * Losing its session never stops what a worker runs: it makes the result come too late. Being taken
 * back, or told to stop, does stop it.
 *
 * Controller and worker are tasks of the store's loop, each to be spawned into a group of its own;
 * cancelling that ends it: a worker ends what it runs, which is then given anew elsewhere. */
#ifndef FIREBREAK_SCHEDULE_SCHEDULE_H
#define FIREBREAK_SCHEDULE_SCHEDULE_H

#include "base/histogram.h"
#include "base/map.h"
#include "model/action.h"
#include "model/task.h"
#include "schedule/calendar.h"
#include "store/store.h"

enum {
    SCHEDULE_QUEUE_TASKS_MAX = 1024, /* queue_tasks_max: given to one node and not ended */
    SCHEDULE_WORKER_MAX = 32,        /* of a node, where /config/worker_max says nothing */
    SCHEDULE_WORKER_MAX_MAX = 4096,
    SCHEDULE_LEASE_TTL_MS = 5000,
    SCHEDULE_TASKS_KEPT = 10 * 1000, /* ended ones; older ones go, with their results and output */
    SCHEDULE_HANDS = 64,             /* transactions of a controller under way at once */
    SCHEDULE_RATES_MAX = 10 * 1000, /* actions with a rate that began lately: beyond, others wait */
    SCHEDULE_LOST_NODES_MAX = 1000, /* lost_nodes_max: that are remembered, the newest */
    SCHEDULE_LOST_HOURS_MAX = 7 * 24, /* lost_hours_max: … and for so long */
    SCHEDULE_OUTPUT_PIECE_BYTES = 16 * 1024,
    SCHEDULE_OUTPUT_EVERY_MS = 200,
};

/* What only people care about: for the log. Nobody has to act on it. */
enum schedule_note {
    SCHEDULE_NOTE_LEADS,       /* a controller leads now */
    SCHEDULE_NOTE_LEADS_NOT,   /* and no longer */
    SCHEDULE_NOTE_JOINED,      /* a worker lives */
    SCHEDULE_NOTE_LOST,        /* its session is lost; it opens another one */
    SCHEDULE_NOTE_REFUSED,     /* a result was refused: text is the reason */
    SCHEDULE_NOTE_MENDED,      /* memory differed from the store, and was mended */
    SCHEDULE_NOTE_BAD_VALUE,   /* a key's value is none that it may have */
    SCHEDULE_NOTE_UNREACHABLE, /* the store does not answer */
    SCHEDULE_NOTE_UNDOABLE,    /* a schedule does something that no task can do: it never runs */
    SCHEDULE_NOTE_MISSED,      /* times of schedules were missed */
    SCHEDULE_NOTE_CLOCK_BACK,  /* the clock was set back by hours */
};

struct schedule_stats {
    uint64_t ended_total[TASK_STATE_COUNT]; /* tasks, by the state they ended in */
    uint64_t refused_total[TASK_REFUSED_COUNT];
    uint64_t mended_total, bad_values_total, conflicts_total, terms_total, claims_total;
    struct histogram dispatch;        /* from the task's appearance here to its being given */
    uint32_t tasks[TASK_STATE_COUNT]; /* that the leading controller knows */
    uint32_t worker_max, running, queued;
    uint64_t queue_full_total; /* nodes that had room for no more when a task wanted one */
    uint64_t rate_waits_total; /* tasks that waited since their action's rate was used up */
    bool leads;
    const struct map *rates; /* of whoever leads, for schedule_rate; NULL: another process does */
    struct calendar_stats calendar;
};

/* Of an action with a rate: how often it began within the last hour, and when it may again. */
struct schedule_rate {
    uint32_t begun;
    rt_time next;
};
/* Returns whether it is known: this process leads, and the action began lately. */
bool schedule_rate(const struct schedule_stats *s, struct slice action, struct schedule_rate *ret);

struct schedule_options {
    struct store *store;  /* outlives both */
    struct slice prefix;  /* Store.Prefix */
    struct slice node;    /* this process's name; another one on the same store has another one */
    int64_t lease_ttl_ms; /* 0: SCHEDULE_LEASE_TTL_MS */
    const struct executor *executor; /* of a worker */
    uint32_t worker_max; /* of a worker, where the store says nothing; 0: SCHEDULE_WORKER_MAX */
    /* Of a controller: finds the zones of schedules, with `ctx`. NULL: it runs no schedules. */
    calendar_zone_fn *zone;
    uint32_t tasks_kept; /* 0: SCHEDULE_TASKS_KEPT */
    rt_time relist;      /* how often memory is compared with the store; 0: 30 s */
    struct slice version;
    const struct task_label *labels;
    uint32_t label_count;
    /* This worker's process; zeroes: nobody can look whether it lives. */
    struct slice boot;
    int64_t pid;
    uint64_t pid_started;
    /* Whether the process of a node surely runs no more: asked by a controller, now and then, and
     * by a worker that finds its name taken. Does not wait. NULL: never sure. */
    bool (*process_gone)(void *ctx, const struct node *n);
    void (*note)(void *ctx, enum schedule_note note, struct slice what, const char *text);
    void *ctx;
    struct schedule_stats *stats; /* of whoever runs both; outlives both */
};

/* Tasks: `arg` is a struct schedule_options, which outlives them. */
void schedule_controller(void *options);
void schedule_worker(void *options);

#endif
