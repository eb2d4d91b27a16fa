/* keep.h - what reconcile found, written down: each asset's state, and what happened to it.
 *
 * A state is written whole, "/state/assets/NAMESPACE/NAME", in one transaction with the events
 * that led to it, "/events/NAMESPACE/NAME/REVISION", and with those of other assets that wait, too.
 * It names this node as its "owner_plane": only that one deletes it, and only as it left it, so
 * that nodes which share a store keep to their own. The revision is 20 digits, so that keys sort by
 * time; it is the next one of the store, as far as this process knew, or of our events, which may
 * be further: unique for the asset, and it grows. How far they are stands in each state, so that
 * our next life, or another plane, goes on behind them.
 *
 * What an earlier life of this node, or another plane, left there is read first, and given to
 * reconcile before an asset is known: its state, its open repair, and when its remedies were used.
 * With several planes each writes only what it owns, guarded by its own life (reconcile/plane.h).
 *
 * Where the store takes no writes, states wait (only the newest of each asset counts), and up to
 * KEEP_EVENTS_MAX events and KEEP_EVENTS_EACH more for each asset, for at the start each has some
 * to tell; beyond that the oldest are dropped, counted, and told in the log once it writes again.
 * What is being written is dropped by nobody. */
#ifndef FIREBREAK_APP_KEEP_H
#define FIREBREAK_APP_KEEP_H

#include "app/up.h"
#include "store/store.h"

enum {
    KEEP_EVENTS_MAX = 4096,      /* that wait to be written … */
    KEEP_EVENTS_EACH = 8,        /* … and so many more for each asset */
    KEEP_EVENTS_AT_ONCE = 64,    /* of one asset in one transaction */
    KEEP_OPS_AT_ONCE = 100,      /* of one transaction: etcd takes 128, by default */
    KEEP_EVENTS_OF_ASSET = 1000, /* older ones go … */
    KEEP_TRIM_EVENTS = 64,       /* … when so many have been added */
    KEEP_AGAIN_MS = 1000,        /* after a write that failed */
    KEEP_READ_AGAIN_MS = 100,    /* the first reading, where the store did not answer */
    KEEP_STATE_MS = 2000,        /* a check that moved without its asset is written within it */
    KEEP_STEADY_MS = 30 * 1000,  /* all are looked through, where nothing moves */
    KEEP_OLD_S = 15, /* what an earlier life found, and this one not since it began, is forgotten */
};

struct keep;

/* `u` is asked for its assets and its log. */
struct keep *keep_new(struct up *u, struct store *store);
/* Reads what earlier lives and other planes left. Returns 0 or why not. */
int keep_read(struct keep *k, struct err *err);
/* What is known of that asset from there is given to reconcile, once. Does not wait. `namespace_`
 * "": default. */
void keep_restore(struct keep *k, const char *namespace_, const char *name);
/* Which assets are ours may have changed: what another plane left of those that are now is given to
 * reconcile. Does not wait. */
void keep_owners(struct keep *k);
/* The state of "namespace/name" as another plane wrote it last, while that is not ours; NULL: none.
 * Until the next wait. */
const char *keep_theirs(const struct keep *k, const char *name);
/* Must be told before the next wait. Does not wait. */
void keep_event(struct keep *k, const struct event *e);
/* Reconcile has taken it, and a check may have moved without its asset. Does not wait. */
void keep_sample(struct keep *k, const struct sample *s);
/* A task where several planes share the store: follows what the others write. */
void keep_follow_main(void *keep);
/* A task: runs until it is cancelled; what waits then is still written, where that goes at once. */
void keep_main(void *keep);
void keep_free(struct keep *k); /* NULL is accepted */
uint64_t keep_dropped_total(const struct keep *k);
uint64_t keep_waiting(const struct keep *k);

#endif
