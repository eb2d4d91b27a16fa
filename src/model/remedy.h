/* remedy.h - what repairs an asset and when it may; what is ordered of others, and how it ended.
 *
 * Plain data. A remedy's texts lie in the arena of whoever made it; orders stand for themselves
 * only while they are told: who keeps one copies it (repair_order_copy). */
#ifndef FIREBREAK_MODEL_REMEDY_H
#define FIREBREAK_MODEL_REMEDY_H

#include "base/arena.h"
#include "model/asset.h"
#include "model/task.h"

enum {
    REMEDY_WITHIN_S = 30,
    REMEDY_COOLDOWN_S = 60,
    REMEDY_MAX_PER_HOUR = 10,
    REMEDIES_OF_ASSET_MAX = 32,
    REMEDY_CHAIN_MAX = 32, /* Then, and then, and then */
};

/* As it is declared. Texts are "" where nothing is said, never NULL. */
struct remedy {
    const char *namespace_, *name;
    const char *asset; /* of the same namespace, or "namespace/name" */
    bool when_any;     /* both Degraded and Failed; else: */
    enum asset_state when_state;
    const char *when_check, *when_reason; /* "": any */
    const char *precondition;             /* a query; "": none */
    const char *action, *rollback;        /* the Action as JSON; rollback "": none */
    const char *verify;                   /* the check that must pass; "": every one */
    const char *then;                     /* the remedy that is tried next; "": none */
    int64_t within_ns, cooldown_ns;       /* 0: as above */
    uint32_t max_per_hour;                /* 0: as above */
    bool approve;                         /* a person must say yes to each */
    bool notifies; /* its action tells somebody and repairs nothing: it needs no verification, makes
                    * no asset Healthy, counts in no blast radius, and is done beside a repair. */
    bool fails_over; /* its action is Failover: the standby takes over */
};

/* Why a remedy that fits is not taken now: a closed list of public words. */
enum repair_why {
    REPAIR_COOLDOWN,
    REPAIR_BLAST_RADIUS,
    REPAIR_BRAKE,
    REPAIR_FROZEN,
    REPAIR_PRECONDITION,
    REPAIR_NEEDS_APPROVAL,
    REPAIR_RATE, /* MaxPerHour; a flapping asset; so many at once */
    REPAIR_DEPENDENCY,
    REPAIR_NOT_OWNER,
    REPAIR_WHY_COUNT,
};
const char *repair_why_name(enum repair_why w);
/* REPAIR_WHY_COUNT: it is none. */
enum repair_why repair_why_parse(struct slice word);

/* How a repair ended. */
enum repair_outcome {
    REPAIR_VERIFIED,    /* what it was to repair passes */
    REPAIR_FAILED,      /* its task failed, or nothing got better within Within */
    REPAIR_ROLLED_BACK, /* so, and Rollback undid it */
    REPAIR_TIMED_OUT,   /* its task came to no end in time */
    REPAIR_DRY_RUN,     /* it was only asked for */
    REPAIR_OUTCOME_COUNT,
};
const char *repair_outcome_name(enum repair_outcome o);
enum repair_outcome repair_outcome_parse(struct slice word);

enum repair_phase {
    REPAIR_ORDERED,      /* an order was told; of its task nothing is known yet */
    REPAIR_WAITING,      /* the task waits for a person's yes */
    REPAIR_RUNNING,      /* the task is there */
    REPAIR_VERIFYING,    /* it has succeeded; do checks pass now? */
    REPAIR_ROLLING_BACK, /* it did not help: the rollback's task is ordered or there */
    REPAIR_PHASE_COUNT,
};
const char *repair_phase_name(enum repair_phase p);
enum repair_phase repair_phase_parse(struct slice word);

/* What is asked of whoever makes tasks. The dedup key is the same for the same repair, whoever
 * orders it and however often: an order is told again after a restart or a takeover. */
enum repair_order_type {
    REPAIR_ORDER_START,  /* make the task, or find the one with this dedup key */
    REPAIR_ORDER_CANCEL, /* `task`, of this dedup key, is to end; NULL: it is not known yet */
    REPAIR_ORDER_OVER,   /* the repair is over, with all its tasks: its place is free */
    REPAIR_ORDER_LEAVE,  /* another plane goes on with it: nothing more is told of it here */
};
struct repair_order {
    enum repair_order_type type;
    const char *key, *asset, *namespace_; /* "namespace/name", and its parts */
    const char *group;                    /* what the blast radius is shared with: see plane.h */
    const char *standby;                  /* of the asset; "": none */
    const char *remedy;
    const char *action; /* JSON: the remedy's Do, or its Rollback */
    bool rollback, approve, notifies;
    const char *dedup_key, *trace_id;
    const char *task;   /* CANCEL */
    uint32_t open_max;  /* of the group so many repairs may be open at once, this one among them;
                         * 0: any */
};
/* One block, freed with repair_order_free (NULL is accepted). */
struct repair_order *repair_order_copy(const struct repair_order *o);
void repair_order_free(struct repair_order *o);

#endif
