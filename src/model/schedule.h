/* schedule.h - what runs at which times, what is remembered of it, and the order to run it now.
 *
 * Plain values. Times are seconds since 1970, UTC. */
#ifndef FIREBREAK_MODEL_SCHEDULE_H
#define FIREBREAK_MODEL_SCHEDULE_H

#include "base/arena.h"
#include "model/cron.h"

enum {
    SCHEDULE_CATCH_UP = 10, /* defaults, as the configuration has them */
    SCHEDULE_HISTORY_MAX = 10,
    SCHEDULE_CATCH_UP_MAX = 1000,
    SCHEDULE_HISTORY_MAX_MAX = 1000,
    SCHEDULE_RUNNING_MAX = 1000, /* of one, side by side: beyond, no more begin */
};

/* What happens with times that passed while nobody could run it. */
enum schedule_misfire { MISFIRE_RUN_ONCE, MISFIRE_SKIP, MISFIRE_CATCH_UP, MISFIRE_COUNT };
/* What happens when it is due while it still runs. */
enum schedule_overlap { OVERLAP_FORBID, OVERLAP_ALLOW, OVERLAP_REPLACE, OVERLAP_COUNT };
/* Why it runs. */
enum schedule_cause { CAUSE_DUE, CAUSE_MISSED, CAUSE_TRIGGERED, CAUSE_COUNT };

/* The public words; each ends in NULL. */
extern const char *const schedule_misfires[MISFIRE_COUNT + 1];
extern const char *const schedule_overlaps[OVERLAP_COUNT + 1];
extern const char *const schedule_causes[CAUSE_COUNT + 1];
/* The place of a word in such a list, or -1. */
int schedule_word(const char *const *words, struct slice word);

struct schedule {
    struct slice namespace_, name;
    struct slice cron_text, zone_name;
    struct cron cron;
    const struct zone *zone;
    enum schedule_misfire misfire;
    enum schedule_overlap overlap;
    uint32_t catch_up, history_max;
    bool paused;
    int64_t jitter_ns;
    struct slice action; /* what it does, as JSON */
    struct slice node, selector;
};

/* How much later than `due_s` it begins: from 0 up to and including its jitter, the same for each
 * who asks, another one for each time and each schedule. */
int64_t schedule_delay_ns(const struct schedule *s, int64_t due_s);

/* One run of it. Texts are the owner's. */
struct schedule_run {
    struct slice task;  /* its name */
    struct slice state; /* of the task: a public word */
    int64_t due_s, started_s;
    enum schedule_cause cause;
    bool ended;
};

/* What is remembered. */
struct schedule_state {
    int64_t since_s;                    /* when it was first seen */
    int64_t settled_s;                  /* all times up to it were run, skipped or passed over */
    int64_t trigger;                    /* the last wish to run it by hand that was met */
    int64_t missed_from_s, missed_to_s; /* the latest times that were not run in time; 0: none */
    uint64_t overlap_total;             /* times that were passed over because it still ran */
    bool paused;
    struct slice cron_text, zone_name; /* that `settled_s` belongs to */
    struct slice refused;              /* why it never runs as it is declared; empty: it does */
    struct schedule_run *runs;         /* oldest first */
    uint32_t run_count;
};

/* "Run this now", or "stop this". Stands for itself: its texts lie in its own arena. */
enum schedule_order_type { ORDER_START, ORDER_CANCEL };
struct schedule_order {
    enum schedule_order_type type;
    struct slice namespace_, schedule;
    int64_t due_s;
    int64_t at_ns; /* when it was to begin: due, and its jitter */
    enum schedule_cause cause;
    struct slice dedup_key; /* START: the same for the same time, however often it is ordered */
    struct slice action, node, selector;
    struct slice task; /* CANCEL: which */
    struct arena arena;
};
void schedule_order_free(struct schedule_order *o); /* NULL is accepted */

#endif
