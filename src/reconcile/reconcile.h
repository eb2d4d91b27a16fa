/* reconcile.h - samples in, verdicts out: the assets and the state each is in.
 *
 * Pure but for its own memory: time is an argument (now_ns monotonic, wall_ns for people). Every
 * move is told through on_change, in order, with a revision that only grows. One loop owns it. */
#ifndef FIREBREAK_RECONCILE_RECONCILE_H
#define FIREBREAK_RECONCILE_RECONCILE_H

#include "model/asset.h"
#include "model/sample.h"

enum {
    RECONCILE_ASSETS_MAX = 8192,
    RECONCILE_FAIL = 2,              /* misses in a row before a check has failed */
    RECONCILE_SETTLE_S = 30,         /* all green that long: Healthy */
    RECONCILE_GONE_S = 300,          /* an asset without a listener leaves the list after it */
};

struct reconciler;

struct reconcile_options {
    uint32_t fail;      /* 0: RECONCILE_FAIL */
    int64_t settle_ns;  /* 0: RECONCILE_SETTLE_S */
    int64_t gone_ns;    /* 0: RECONCILE_GONE_S */
    const char *owner;  /* of all assets: outlives them; NULL: none */
    /* May wait; the move has been made. */
    void (*on_change)(void *ctx, const struct asset_change *c);
    void *ctx;
};

struct reconciler *reconciler_new(const struct reconcile_options *options);
void reconciler_free(struct reconciler *r); /* NULL is accepted */

struct reconcile_time {
    int64_t now_ns, wall_ns;
};

/* FOUND registers the check (and brings back one that was gone, or sets another threshold); GONE
 * fails it, whatever probes say; a RESULT of `limit` or `canceled` is no evidence and changes
 * nothing, nor does one of a check that is not there or gone. ASSET registers an asset that stays
 * without checks, too; FORGET takes a check out, FORGET_ASSET an asset. Returns 0, or -ENOSPC:
 * beyond RECONCILE_ASSETS_MAX or ASSET_CHECKS_MAX, and the check is not watched. */
int reconciler_take(struct reconciler *r, const struct sample *s, struct reconcile_time t);
/* Time has passed: assets settle; those long gone leave, and so do single checks long gone. Call it
 * about once a second. */
void reconciler_tick(struct reconciler *r, struct reconcile_time t);

/* `namespace_` NULL or "": default. */
struct asset *reconciler_find_in(const struct reconciler *r, const char *namespace_,
                                 const char *name);
struct asset *reconciler_find(const struct reconciler *r, const char *name);
/* "namespace/name" */
struct asset *reconciler_find_key(const struct reconciler *r, const char *key);
/* In the order in which they were added; NULL begins, NULL ends. */
struct asset *reconciler_next(const struct reconciler *r, const struct asset *a);
uint32_t reconciler_count(const struct reconciler *r);

#endif
