/* inside.h - what the files of this folder share: the reconciler's own memory. */
#ifndef FIREBREAK_RECONCILE_INSIDE_H
#define FIREBREAK_RECONCILE_INSIDE_H

#include <stdio.h>
#include <string.h>

#include "base/heap.h"
#include "base/map.h"
#include "model/asset_moves.h"
#include "reconcile/reconcile.h"

#define SECOND_NS INT64_C(1000000000)

/* A group of a namespace: what shares a blast radius. */
struct group {
    struct list members; /* struct held */
    uint32_t count;
    size_t key_size;
    char key[];
};

/* A declared remedy, and what came of it. Stays as long as an asset has it open. */
struct declared {
    struct remedy remedy;
    struct list link; /* of its asset's */
    char key[ASSET_KEY_BYTES_MAX];       /* "namespace/name" */
    char asset_key[ASSET_KEY_BYTES_MAX]; /* of its asset */
    struct arena arena;
};

/* The remedies of an asset, declared before or after it. */
struct cabinet {
    struct list remedies; /* struct declared, in their order of declaration */
    uint32_t count;
    size_t key_size;
    char key[];
};

/* Counts outlive the declaration. */
struct counted {
    struct repair_count count;
    char key[];
};

struct held {
    struct asset asset; /* first: what is handed out */
    struct heap_link due;
    int64_t due_ns;
    struct group *group;
    struct list group_link;
    struct list open_link;    /* of r->open, while a repair is open */
    struct arena texts;       /* of the open repair: they go with it */
    char next[ASSET_NAME_BYTES_MAX]; /* of asset.next_remedy */
    int64_t fell_ns;          /* monotonic: left what is well; 0: it is well */
    int64_t blind_ns;         /* monotonic: it became Unknown */
    bool fails;               /* a check of it that is not `away` */
    int64_t returned_ns;      /* monotonic: when none did any more */
    int64_t restored_ns;      /* its open repair is of an earlier life, and not ordered in this */
    bool fell_counted;        /* it is among r->down */
    bool falling;             /* a check of it misses: among r->falling */
    uint32_t why_told;        /* bits of what held its remedies back, as it was last told */
    char notified_trace[ASSET_TRACE_BYTES]; /* the story whose notifications were ordered */
    uint32_t notified;        /* bits of its remedies that were */
    int64_t gate_ns;          /* when what holds a remedy back may have changed; 0: nothing does */
    bool moved;               /* since it was last looked at */
};

struct reconciler {
    struct reconcile_options options;
    struct list assets;
    struct map by_name;   /* "namespace/name": in the asset's arena */
    struct map groups;    /* "namespace/group" -> struct group */
    struct map cabinets;  /* asset's key -> struct cabinet */
    struct map remedies;  /* "namespace/name" -> struct declared */
    struct map counts;    /* "namespace/name" -> struct counted */
    struct list open;
    struct heap work; /* by due_ns */
    uint32_t count, remedy_count;
    uint32_t down;    /* that are Failed, by themselves */
    uint32_t falling; /* that miss, or are down */
    bool frozen;
    char frozen_by[EVENT_TEXT_BYTES_MAX]; /* "frozen by uid 0: moving racks"; "": nobody says */
    bool blind[BLIND_COUNT];
    int64_t begun_ns[RECONCILE_BEGIN_PER_S]; /* when repairs began: a ring */
    uint32_t begun_at;
    uint64_t revision, trace_count;
    struct reconcile_stats stats;
};

static inline struct held *held_of(const struct asset *a)
{
    return (struct held *)(uintptr_t)a;
}

/* ---- tell.c: events ---- */

/* An event of the asset, at this time, in its story. The texts it points to must last until
 * tell_event returns. */
struct event tell_of(const struct held *h, enum event_type type, struct reconcile_time t);
void tell_evidence(struct event *e, const char *text); /* empty or NULL: nothing */
void tell_event(struct reconciler *r, struct held *h, struct event *e);
/* Begins a new story. */
void tell_begin(struct reconciler *r, struct held *h);

/* ---- judge.c: states ---- */

/* Whether its state is ours to say. */
bool judge_ours(const struct reconciler *r, const struct asset *a);
/* Makes the move that the table has for this cause, and tells it; returns whether it has one. */
bool judge_move(struct reconciler *r, struct held *h, enum asset_cause cause, const char *reason,
                const char *evidence, const char *by, struct reconcile_time t);
/* The same state for another reason: one that fails by itself counts among those that fail, one
 * that fails with what it depends on does not. */
void judge_say(struct reconciler *r, struct held *h, const char *reason);
/* Whether it counts among those that fail, or are about to. */
void judge_count(struct reconciler *r, struct held *h);
/* Looks at the checks, and moves. */
void judge_asset(struct reconciler *r, struct held *h, struct reconcile_time t);
/* Whether what we are told of this check now can be evidence. */
bool judge_looks(const struct reconciler *r, const struct asset_check *c);
/* Whether this check can be seen now. */
bool judge_sees(const struct reconciler *r, const struct asset_check *c);
/* The failed check that weighs most; of equals the first; NULL: none has. */
const struct asset_check *judge_worst(const struct reconciler *r, const struct asset *a);
/* Every check passes, without a miss, and is seen. */
bool judge_green(const struct reconciler *r, const struct asset *a);
int64_t judge_settle_ns(const struct reconciler *r, const struct asset *a);
/* The next time at which it has something to say of this asset. */
int64_t judge_due(const struct reconciler *r, const struct held *h, int64_t now_ns);
bool judge_flapping(struct held *h, int64_t now_ns); /* damped now */

/* ---- checks.c: counts ---- */

void check_take(struct reconciler *r, struct held *h, struct asset_check *c,
                const struct sample *s, struct reconcile_time t);
/* Another observer's whole view, or its end. */
void check_view_take(struct reconciler *r, struct held *h, struct asset_check *c,
                     const struct sample *s, struct reconcile_time t);
void check_gone(struct reconciler *r, struct held *h, struct asset_check *c,
                struct reconcile_time t);
/* Observers that were not heard of for too long count no more. */
void check_age(struct reconciler *r, struct held *h, struct asset_check *c,
               struct reconcile_time t);
/* When that next changes something; INT64_MAX: never by itself. */
int64_t check_due(const struct asset_check *c);
/* What was known is forgotten: it was long ago. What another observer says now is not. */
void check_forget_views(struct asset_check *c);
void check_done(struct asset_check *c);

/* ---- remedies.c: what is declared ---- */

int remedies_declare(struct reconciler *r, const struct remedy *m, struct reconcile_time t);
void remedies_forget(struct reconciler *r, const char *namespace_, const char *name,
                     struct reconcile_time t);
void remedies_done(struct reconciler *r);
struct cabinet *remedies_of(const struct reconciler *r, const char *key); /* NULL: none */
const struct remedy *remedies_find(const struct reconciler *r, const char *namespace_,
                                   const char *name);
/* Whether any is declared that repairs (not only tells). */
bool remedies_repair(const struct reconciler *r, const struct held *h);
void remedies_count(struct reconciler *r, const struct held *h, const char *name,
                    enum repair_outcome outcome);

/* ---- gates.c: why not ---- */

/* Whether the remedy is for this trouble. */
bool gates_fits(const struct reconciler *r, const struct held *h, const struct remedy *m);
/* What holds it back now; REPAIR_WHY_COUNT: nothing. *ret_again: when that may have changed. */
enum repair_why gates_why(const struct reconciler *r, const struct held *h, const struct remedy *m,
                          int64_t now_ns, int64_t *ret_again);
/* What the word does not tell: which dependency is down, who froze it, how often it ran and when it
 * may again, that it is not the remedy's own MaxPerHour or Precondition. In *ret, the reconciler's,
 * or a literal; NULL or "": nothing. */
struct gates_text {
    char text[EVENT_TEXT_BYTES_MAX];
};
const char *gates_words(const struct reconciler *r, const struct held *h, const struct remedy *m,
                        enum repair_why why, struct reconcile_time t, struct gates_text *ret);
/* The dependency that is down; NULL: none is. */
const struct held *gates_dependency(const struct reconciler *r, const struct held *h);
bool gates_braked(const struct reconciler *r, const struct held *h, int64_t now_ns);
/* Monotonic: not repaired before; 0: at once. */
int64_t gates_hold_until(const struct reconciler *r, const struct held *h);
/* Of its group so many repairs may be open; 0: any number. */
uint32_t gates_open_max(const struct held *h);

/* ---- repair.c: the engine ---- */

/* Begins, goes on with or ends what is to be done about it. */
void repair_step(struct reconciler *r, struct held *h, struct reconcile_time t);
void repair_task(struct reconciler *r, struct held *h, const struct sample *s,
                 struct reconcile_time t);
/* The open one ends without an answer: a person took over, or the asset goes. */
void repair_drop(struct reconciler *r, struct held *h, const char *why, struct reconcile_time t);
/* All that was counted against it is forgotten: it is well. */
void repair_well(struct held *h);
int64_t repair_due(const struct reconciler *r, const struct held *h, int64_t now_ns);
struct remedy_use *repair_use_of(struct held *h, const char *remedy, bool make);
/* The chain goes on with this one; NULL: it begins anew. */
void repair_set_next(struct held *h, const char *remedy);

/* ---- reconcile.c ---- */

struct asset_check *add_check(struct held *h, const char *name);
/* It is looked at, at the next tick. */
void work_soon(struct reconciler *r, struct held *h);
struct held *held_find(const struct reconciler *r, const char *key);
struct held *held_add(struct reconciler *r, const char *namespace_, const char *name,
                      struct reconcile_time t, bool tells);

#endif
