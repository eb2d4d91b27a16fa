/* task.h - wanted work: what is to be run and where, who holds it, and what became of it.
 *
 * A task is wanted on one or several nodes: its targets. For each it is given to the node under a
 * fencing token; that is an attempt. Tokens of a task grow. One completion of each target is
 * accepted, under the token of the attempt; what comes with another one is refused, and says why.
 *
 * Plain data; texts lie in the arena of whoever read or made the task. */
#ifndef FIREBREAK_MODEL_TASK_H
#define FIREBREAK_MODEL_TASK_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"
#include "model/action.h"

enum {
    TASK_NAME_BYTES_MAX = 64,
    TASK_KEY_BYTES_MAX = 256, /* of a dedup or concurrency key */
    TASK_ARGV_MAX = 20 * 1000,
    TASK_ENV_MAX = 1000,
    TASK_TARGETS_MAX = 512,
    TASK_ATTEMPTS_KEPT = 32, /* the newest; `tries` and `lost` count all */
    TASK_LABELS_MAX = 64,
    TASK_DETAIL_BYTES_MAX = 200,
    TASK_OUTPUTS_BYTES_MAX = 2048, /* KEY=VALUE lines of FIREBREAK_OUTPUT that are kept, as JSON */
    TASK_STEP_JSON_BYTES = 3072,   /* what becomes of a step, at most */
    TASK_WORKFLOW_DEPTH_MAX = 4,   /* workflows in workflows */
    TASK_WORKFLOW_BYTES_MAX = 200 * 1000, /* what a workflow is wanted to do, as JSON */
    TASK_ROUNDS_MAX = 99,          /* a workflow that was begun anew so often is not again */
};

enum task_state {
    TASK_AWAITING_APPROVAL,
    TASK_PENDING,
    TASK_ASSIGNED,
    TASK_RUNNING,
    TASK_SUCCEEDED,
    TASK_FAILED,
    TASK_CANCELED,
    TASK_TIMED_OUT,
    TASK_EXPIRED,
    TASK_STATE_COUNT,
};

/* Why a result is not accepted. */
enum task_refused {
    TASK_REFUSED_NOT, /* it was, or there is none yet */
    TASK_REFUSED_STALE_TOKEN,
    TASK_REFUSED_ALREADY_ACCEPTED,
    TASK_REFUSED_NOT_ASSIGNED,
    TASK_REFUSED_CANCELED,
    TASK_REFUSED_COUNT,
};

const char *task_state_name(enum task_state s); /* the public word */
/* TASK_STATE_COUNT where it is none. */
enum task_state task_state_parse(struct slice word);
const char *task_refused_name(enum task_refused r); /* NULL: not refused */
enum task_refused task_refused_parse(struct slice word);

static inline bool task_state_final(enum task_state s)
{
    return s >= TASK_SUCCEEDED;
}
/* Somebody may be at it. */
static inline bool task_state_held(enum task_state s)
{
    return s == TASK_ASSIGNED || s == TASK_RUNNING;
}

struct task_label {
    struct slice key, value;
};

/* How an attempt ended, from who ran it. */
struct task_result {
    enum task_state state; /* a final one */
    struct slice node;
    int64_t token;
    int32_t exit;        /* the program's status; < 0: it has none */
    int32_t status;      /* what `task run --wait` exits with */
    struct slice signal; /* "SIGTERM"; empty: none */
    struct slice detail; /* why it did not begin, or was lost */
    int64_t started_ms;  /* since 1970; 0: it did not begin */
    int64_t wall_ns;
    uint64_t output_cut_bytes;
    struct task_label *outputs; /* of FIREBREAK_OUTPUT */
    uint32_t output_count;
};

struct task_attempt {
    struct slice node;
    int64_t token;
    enum task_state state;
    bool accepted;
    enum task_refused refused;
    int32_t exit;
    struct slice detail;
    int64_t started_ms, wall_ns;
    uint64_t output_cut_bytes; /* beyond the task's limit */
};

struct task_target {
    struct slice node; /* empty: whichever fits; chosen when it is given */
    enum task_state state;
    int64_t token;         /* of the attempt under way, or of the last */
    uint32_t tries;        /* attempts that ended and count against `retries` */
    uint32_t lost;         /* attempts whose node went; these do not */
    int64_t not_before_ms; /* since 1970; 0: at once */
    int32_t exit, status;
};

/* A step of a workflow. What it does is done by a task of its own, and so is what undoes it. */
struct task_step {
    struct slice name, condition;   /* condition: empty: always */
    struct slice does, rollback;    /* actions, as JSON; rollback: empty: none */
    struct slice *needs;
    uint32_t need_count;
    /* what became of it */
    enum task_state state; /* PENDING, RUNNING, or a final one; passed over: SUCCEEDED */
    bool skipped;          /* its condition was not met */
    uint32_t ended;        /* its place in the order in which steps ended; 0: it has not */
    struct slice task;     /* that does it; empty: not begun */
    struct slice undo;     /* that undid it, or is about to */
    enum task_state undo_state; /* of `undo` */
    int32_t exit, status;
    struct slice detail;
    struct task_label *outputs;
    uint32_t output_count;
};

struct task {
    struct slice name, namespace_; /* "": default */
    /* what is wanted */
    struct slice *argv, *env; /* "K=V" */
    uint32_t argc, env_count;
    enum action_kind kind;
    struct slice does;              /* of another kind than RUN: the whole action, as JSON */
    struct slice dir, user, action; /* action: the name of a declared one; only for its rate */
    struct slice node, selector;    /* both empty: one node, whichever; then `node` tells which */
    bool pinned;                    /* `node` was asked for */
    struct slice dedup_key, concurrency, asset, remedy;
    int64_t timeout_ms, backoff_ms, deadline_ms; /* 0: none; deadline: from task_since() */
    int64_t output_bytes_max;                    /* 0: TASK_OUTPUT_BYTES */
    int64_t rate_per_hour;                       /* of its action; 0: any */
    int32_t priority;                            /* higher is sooner */
    struct slice rollback; /* what undoes it when it did not succeed: an action, as JSON */
    uint32_t retries;
    /* what became of it */
    enum task_state state;
    int64_t created_ms, finished_ms;     /* since 1970 */
    int64_t retried_ms;                  /* begun anew; 0: never */
    struct slice created_by, decided_by; /* who approved, rejected or canceled it */
    bool approve;                        /* it needs an approval that nobody has given yet */
    bool cancel;                         /* it is to end */
    bool locked;                         /* it holds its concurrency key */
    int32_t exit, status;                /* the highest of its targets; exit < 0: none */
    struct slice workflow;               /* the task that this is a step of */
    struct slice undo;                   /* the task that undoes it */
    uint32_t round;                      /* of a workflow: how often it was begun anew */
    struct task_step *steps;             /* of a workflow; it has no targets */
    uint32_t step_count;
    struct task_label *outputs; /* of the completion that was accepted last */
    uint32_t output_count;
    struct task_target *targets;
    uint32_t target_count;
    struct task_attempt *attempts; /* oldest first */
    uint32_t attempt_count;
};

/* From when on it is wanted, as it is now: a retry begins anew. */
static inline int64_t task_since(const struct task *t)
{
    return t->retried_ms ? t->retried_ms : t->created_ms;
}

/* One more; the oldest goes where there are TASK_ATTEMPTS_KEPT. */
struct task_attempt *task_attempt_add(struct task *t, struct arena *a);
/* By its node and token, or NULL. */
struct task_attempt *task_attempt_find(const struct task *t, struct slice node, int64_t token);
/* What the targets say together: whoever is furthest from its end decides; of ended ones the worst.
 * Also the highest exit status. Nothing where there are no targets. */
void task_sum_up(struct task *t);

/* A task given to a node: the value of /assign/<node>/<task>. */
struct assignment {
    int64_t token;
    int32_t priority;
    bool last;                 /* a failure of this attempt is the target's */
    int64_t claimed;           /* the incarnation of the node that claimed it; 0: nobody has */
    enum task_state stop;      /* CANCELED or EXPIRED: it is to end so; PENDING: it may go on */
    bool ended;                /* not accepted: there are retries left */
    struct task_result result; /* of `ended` */
};

enum node_state { NODE_READY, NODE_CORDONED, NODE_DRAINING, NODE_LOST, NODE_STATE_COUNT };
const char *node_state_name(enum node_state s);
enum node_state node_state_parse(struct slice word);

/* A worker: the value of /nodes/<node> while it lives, and of /nodes_known/<node> until it says
 * goodbye, which tells a Lost one. */
struct node {
    struct slice name, version;
    enum node_state state;
    int64_t since_ms; /* that it is in that state, since 1970; 0: not told */
    struct task_label *labels;
    uint32_t label_count;
    uint32_t running, capacity;
    int64_t lease_ms;
    /* Its process, so that others on the same host see it go at once. */
    struct slice boot; /* the kernel's boot id; empty: not told */
    int64_t pid;
    uint64_t pid_started; /* in the kernel's ticks */
};

struct selector;
/* By its labels; "name" is one, too, where it has none of that name. */
bool node_matches(const struct selector *s, const struct node *n);

#endif
