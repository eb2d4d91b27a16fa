/* reconcile.h - samples in; verdicts, events and wanted repairs out: the assets, the state each is
 * in, and what is done about it.
 *
 *     samples -> checks (counts, For, observers that agree) -> verdict -> the table of moves
 *                                                                     \-> a remedy? -> order
 *     order -> (somebody makes a task) -> samples of its end -> verification -> outcome
 *
 * Pure but for its own memory: time is an argument (now_ns monotonic, wall_ns for people), what is
 * told goes out by callbacks. One task owns it. Callbacks may wait: what they tell has been done,
 * and meanwhile others may read, but nothing may be taken.
 *
 * The rules:
 *  - A move is made only as model/asset_moves.h has it. Each is told as an event of type STATE.
 *  - A check fails after Fail misses in a row that last For; a pushed event counts at once. With
 *    several observers each has such a verdict, and Agree of them must have failed.
 *  - An observer that looks elsewhere says what it sees altogether (SAMPLE_VIEW); that stands until
 *    it says otherwise, ends (SAMPLE_UNSEEN) or is not heard of for too long. Too few that see, for
 *    RECONCILE_FEW_S: nobody knows, so the asset is Unknown, never Failed.
 *  - Whose state another plane says (`judges`) is shown as that one wrote it (reconciler_mirror).
 *  - An answer of `limit` says that we could not look: after RECONCILE_BLIND in a row that observer
 *    is blind. An asset is Unknown where we are blind as a whole, or where none of its checks that
 *    see has failed and some do not see. In Unknown nothing is judged and no repair begins.
 *  - Flapping: each fall from Healthy adds 1 to a penalty that halves every RECONCILE_FLAP_HALF_S.
 *    At RECONCILE_FLAP_DAMP it is damped, until the penalty is below RECONCILE_FLAP_FREE: its falls
 *    then have the reason `flapping`, and no repair begins (`rate`).
 *  - A repair begins only for what fails now. Its life: order -> task -> verification (the Verify
 *    check, or every one, has passed by an answer that came after the task's end, within Within) ->
 *    verified; or Rollback -> rolled_back; then Then, the next remedy. Behind the last one the
 *    asset is repair_exhausted, and the chain begins anew after a pause that doubles from its
 *    Cooldown to RECONCILE_AGAIN_MAX_S.
 *  - Where all that failed passes again, without a miss for Settle, before a remedy was begun, that
 *    remedy is verified without being done: its outcome says so. Not while frozen.
 *  - What holds a remedy back is one word of enum repair_why, told once as long as it stays. */
#ifndef FIREBREAK_RECONCILE_RECONCILE_H
#define FIREBREAK_RECONCILE_RECONCILE_H

#include "base/histogram.h"
#include "base/map.h"
#include "model/asset.h"
#include "model/event.h"
#include "model/remedy.h"
#include "model/sample.h"
#include "reconcile/notifier.h"
#include "reconcile/orders.h" /* the other half of the stage: how orders become tasks */
#include "reconcile/views.h"  /* and what several observers see */

enum {
    RECONCILE_ASSETS_MAX = 50 * 1000,
    RECONCILE_REMEDIES_MAX = 20 * 1000,
    RECONCILE_FAIL = 2,      /* misses in a row before a check has failed */
    RECONCILE_SETTLE_S = 30, /* all green that long: Healthy */
    RECONCILE_GONE_S = 300,  /* an asset without a listener leaves the list after it */
    RECONCILE_BLIND = CHECK_VIEW_BLIND, /* answers of `limit` in a row */
    RECONCILE_AWAY_S = 15, /* what other checks say of what does not answer is waited for */
    RECONCILE_STALE_S = 30,  /* an observer is not heard of for so long, or 5 x Every: */
    RECONCILE_FEW_S = 5, /* what was known stands so long, while too few observers see */
    RECONCILE_RESYNC_S = 30, /* each asset is looked at again, though nothing happens */
    RECONCILE_FLAP_HALF_S = 300,
    RECONCILE_FLAP_DAMP = 5,
    RECONCILE_FLAP_FREE = 2,
    RECONCILE_BRAKE_MIN = 3,      /* so many of one group, or … */
    RECONCILE_BRAKE_ALL_MIN = 10, /* … of all, fail within … */
    RECONCILE_BRAKE_S = 300,      /* … and they are more than … */
    RECONCILE_BRAKE_PERCENT = 50, /* … of these: it is the network, or us */
    RECONCILE_HOLD_MS = 50,       /* before one of a group, or one that depends on others, is
                                   * repaired: what fails with it is told by then */
    RECONCILE_HOLD_OTHER_MS = 1500, /* the same where another plane looks at what it depends on */
    RECONCILE_AT_ONCE_MAX = 16,   /* repairs open at once, of all assets: beyond it `rate` */
    RECONCILE_BEGIN_PER_S = 10,   /* repairs begun within a second, likewise */
    RECONCILE_TASK_MAX_S = 3600,  /* a task that does not end is canceled: timed_out */
    RECONCILE_AGAIN_MAX_S = 3600,
};

struct reconciler;

struct reconcile_options {
    uint32_t fail;        /* 0: RECONCILE_FAIL */
    int64_t settle_ns;    /* 0: RECONCILE_SETTLE_S */
    int64_t gone_ns;      /* 0: RECONCILE_GONE_S */
    const char *owner;    /* of all assets: outlives them; NULL: none */
    struct map_seed seed; /* of trace ids: drawn anew in each life */
    void (*on_event)(void *ctx, const struct event *e); /* in order; NULL: nobody listens */
    /* NULL: no repair begins, as if frozen. */
    void (*on_order)(void *ctx, const struct repair_order *o);
    /* Whether the query is true now; *ret_why, else, has words for people ("" is put there before).
     * NULL: no query can be asked, and what has one is not done. Must not wait. */
    bool (*precondition)(void *ctx, const struct asset *a, const struct remedy *m,
                         const char **ret_why);
    /* Whether its repairs are ours: asked at each decision. NULL: all are. Must not wait. */
    bool (*owns)(void *ctx, const struct asset *a);
    /* Whether its state is ours to say; else reconciler_mirror is told. NULL: all are. As above. */
    bool (*judges)(void *ctx, const struct asset *a);
    void *ctx;
};

struct reconciler *reconciler_new(const struct reconcile_options *options);
void reconciler_free(struct reconciler *r); /* NULL is accepted */

struct reconcile_time {
    int64_t now_ns, wall_ns;
};

/* FOUND registers the check (and brings back one that was gone, or sets other rules); GONE
 * fails it, whatever probes say; a RESULT of `limit` or `canceled` is no evidence against it, and
 * one of a check that is not there or gone changes nothing. ASSET registers an asset that stays
 * without checks, too; FORGET takes a check out, FORGET_ASSET an asset that has
 * none; with checks it lives on undeclared, as one that was found. A REMEDY may come before its
 * asset. A TASK of another order than the open one changes nothing. Returns 0; -ENOSPC: beyond
 * RECONCILE_ASSETS_MAX, ASSET_CHECKS_MAX, REMEDIES_OF_ASSET_MAX or RECONCILE_REMEDIES_MAX, and what
 * it says is not taken; -ENOENT: MAINTAIN or RECOVER of an asset that is not there. */
int reconciler_take(struct reconciler *r, const struct sample *s, struct reconcile_time t);
/* Time has passed: assets settle; those long gone leave, and so do single checks long gone; repairs
 * that were held back begin, and those that take too long end. Costs what is due, not what is
 * there. */
void reconciler_tick(struct reconciler *r, struct reconcile_time t);
/* When the next tick has something to do; INT64_MAX: only after a sample. */
int64_t reconciler_due_ns(const struct reconciler *r);

/* An asset as it was written down (wire/asset_json.h), by an earlier life or another plane: its
 * state and since when, what its checks had said, its repairs of the last hour, and its open
 * repair, which is ordered again under the same dedup key. Before its checks are found, or later:
 * then it takes the place of what is known. Texts are copied. Tells no event. */
int reconciler_restore(struct reconciler *r, const struct asset *saved, struct reconcile_time t);

/* What another plane, which judges the asset, has written of it: its state and its verdicts. Tells
 * no event. Nothing where it is not there, or ours to judge. */
void reconciler_mirror(struct reconciler *r, const struct asset *saved, struct reconcile_time t);

/* Ownership may have moved, or the group's repairs: every asset is looked at again, soon. */
void reconciler_resync(struct reconciler *r, struct reconcile_time t);

/* ---- what would be done now ---- */

/* Of an asset that is Degraded or Failed: the remedy that would be begun now, or, where
 * asset->repair is there, that is under way; or NULL; and those that would not, and why. Lies in
 * the caller's hands until the callback returns. */
struct repair_plan {
    const struct asset *asset;
    const struct remedy *remedy;
    struct event_rejected rejected[EVENT_REJECTED_MAX];
    const char *words[EVENT_REJECTED_MAX]; /* more of each: when it may again; NULL: none */
    uint32_t rejected_count;
};
/* In the order of the assets. Nothing is done or told, but that owns and precondition are asked. */
void reconciler_plan(const struct reconciler *r, struct reconcile_time t,
                     void (*fn)(void *ctx, const struct repair_plan *p), void *ctx);

/* ---- reading ---- */

/* `namespace_` NULL or "": default. */
struct asset *reconciler_find_in(const struct reconciler *r, const char *namespace_,
                                 const char *name);
struct asset *reconciler_find(const struct reconciler *r, const char *name);
/* "namespace/name" */
struct asset *reconciler_find_key(const struct reconciler *r, const char *key);
/* In the order in which they were added; NULL begins, NULL ends. */
struct asset *reconciler_next(const struct reconciler *r, const struct asset *a);
uint32_t reconciler_count(const struct reconciler *r);
/* The key under which an asset's repairs share their blast radius, and by which planes divide them
 * (plane.h): its group where it has one, else itself. "NAMESPACE/group/GROUP" or
 * "NAMESPACE/asset/NAME", in `buf`; returned. */
enum { RECONCILE_SHARE_BYTES_MAX = 320 };
const char *reconciler_share_of(const struct asset *a, char *buf);

/* Since the beginning. By remedy: reconciler_each_count. */
struct reconcile_stats {
    uint64_t skipped_total[REPAIR_WHY_COUNT]; /* decisions that were held back, by their word */
    struct histogram time_to_repair;          /* ns, from the failure to the verification */
    uint64_t moves_total, samples_total, orders_total;
    uint32_t open, queued; /* now: repairs, and assets that wait to be looked at */
    bool frozen, braked, blind;
};
const struct reconcile_stats *reconciler_stats(const struct reconciler *r);
struct repair_count {
    const char *namespace_, *remedy;
    uint64_t outcome_total[REPAIR_OUTCOME_COUNT];
};
void reconciler_each_count(const struct reconciler *r,
                           void (*fn)(void *ctx, const struct repair_count *c), void *ctx);

#endif
