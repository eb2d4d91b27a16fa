/* waiting.h - what a task that is not at work waits for, and since when.
 *
 * Nothing of it is written anywhere: it is told from the task, the nodes, the locks and the leader
 * as the store has them when somebody asks. So it costs nothing while nobody asks, and what was
 * told is as old as what was seen. What only the leader's memory knows (whose turn it is, the rate
 * of an action) is told as far as the task itself says it, or `rate` of the view knows it. */
#ifndef FIREBREAK_STORE_WAITING_H
#define FIREBREAK_STORE_WAITING_H

#include "base/map.h"
#include "model/task.h"
#include "store/store.h"

enum {
    WAITING_NODES_MAX = 10 * 1000, /* that are looked at */
    WAITING_LOCKS_MAX = 1000,
};

enum waiting_reason {
    WAITING_NOT, /* it is at work, or has ended */
    WAITING_APPROVAL,
    WAITING_CONTROLLER,  /* nobody leads */
    WAITING_BACKOFF,     /* between two attempts */
    WAITING_CONCURRENCY, /* another task has its key */
    WAITING_NO_NODE,     /* there is none at all, or none that takes tasks */
    WAITING_NODE_ABSENT, /* the one that it is for is not there */
    WAITING_NODE_LOST,   /* … and it did not say goodbye */
    WAITING_NODE_CORDONED,
    WAITING_NO_MATCH, /* no node fits its selector */
    WAITING_ROOM,
    WAITING_RATE,
    WAITING_TURN,  /* nothing is in its way: it is about to be given */
    WAITING_BEGIN, /* it is given, and has not begun */
    WAITING_COUNT,
};

/* The public word: "node_absent"; NULL: it does not wait. */
const char *waiting_name(enum waiting_reason r);
struct waiting_node {
    struct node node; /* its state is what people said of it */
    bool there;
    bool lost;       /* it is not there, and did not leave: `node` is as it joined */
    int64_t lost_ms; /* since when, since 1970; 0: nobody has written it yet */
    struct waiting_node *next;
};

/* Of an action with a rate. */
struct waiting_rate {
    uint32_t begun;  /* within the last hour */
    int64_t next_ms; /* when it may begin again, since 1970 */
};
typedef bool waiting_rate_fn(void *ctx, struct slice action, struct waiting_rate *ret);

/* What the store has beside the tasks, at one revision. */
struct waiting_view {
    struct map nodes; /* by name -> struct waiting_node */
    struct waiting_node *first;
    struct map locks; /* concurrency key -> const struct store_kv, whose value is the task */
    bool seen, led;   /* seen: the store has answered */
    uint32_t there, ready, lost; /* nodes */
    waiting_rate_fn *rate; /* the caller's, set behind waiting_look; NULL: nobody knows */
    void *rate_ctx;
};

struct waiting {
    enum waiting_reason reason;
    struct slice what; /* "node web-9, which is not there"; in the arena */
    int64_t since_ms;  /* since 1970 */
};

/* The view lies in `arena`, until waiting_done. Returns 0 or as store_txn. */
int waiting_look(struct store *s, struct slice prefix, struct arena *arena,
                 struct waiting_view *ret, struct err *err, rt_time deadline);
void waiting_done(struct waiting_view *v); /* all zeroes is accepted */
/* `wall_ms`: now, since 1970. */
struct waiting waiting_of(const struct waiting_view *v, const struct task *t, struct arena *arena,
                          int64_t wall_ms);

#endif
