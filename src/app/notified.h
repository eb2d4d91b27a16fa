/* notified.h - what became of telling somebody, written down for whoever asks why.
 *
 * It stands in a record of each asset, "/notified/NAMESPACE/ASSET" (explain/explain.h), which
 * whoever owns the asset changes: read, and written where nobody has written meanwhile. What the
 * store does not take yet waits, up to NOTIFIED_WAITING_MAX; beyond that the oldest is forgotten,
 * for it is told to nobody but who asks. The record of an asset that is gone stays as long as
 * somebody may ask what it was, and goes NOTIFIED_GONE_H after the last that it says. Lives on
 * loop 0. */
#ifndef FIREBREAK_APP_NOTIFIED_H
#define FIREBREAK_APP_NOTIFIED_H

#include "base/list.h"
#include "explain/explain.h"
#include "model/task.h"
#include "store/store.h"

enum {
    NOTIFIED_WAITING_MAX = 16 * 1024,
    NOTIFIED_ROUND_MS = 500, /* then others have their turn */
    NOTIFIED_GONE_H = 7 * 24,
    NOTIFIED_SWEPT_AT_ONCE = 100, /* records that are looked at, then others have their turn */
};

struct notified {
    struct store *store;
    struct list waiting;
    uint32_t count;
    struct buf swept; /* where the next look begins; empty: at the beginning */
};

void notified_init(struct notified *n, struct store *store);
void notified_done(struct notified *n);
/* "namespace/asset". Everything is copied. Does not wait. */
void notified_say(struct notified *n, struct slice asset, const struct told *t);
/* Writes what waits. Returns 0 (some may be left for the next round), or why the store does not
 * take it. */
int notified_write(struct notified *n, rt_time deadline);

/* Whether "namespace/asset" is known here. Does not wait. */
typedef bool notified_known_fn(void *ctx, const char *asset);
/* Looks at some records, behind those of the last call: the old ones of assets that are neither
 * known here nor have a state in the store go. Returns 1: there are more, 0: this was the end, and
 * the next call begins anew; or why the store does not answer. */
int notified_sweep(struct notified *n, notified_known_fn *known, void *ctx, int64_t wall_ms,
                   rt_time deadline);

/* What has become of the task of a delivery: outcome, when, attempts, why. Texts are the task's. */
void notified_of_task(const struct task *task, struct told *t);

/* The record of "namespace/asset", or NULL: there is none. Of a delivery that was under way when
 * its plane ended, its task says how it ended. Lies in the arena. Returns 0 or an error. */
int notified_read(struct store *store, struct slice asset, struct arena *a,
                  const struct json_value **ret_items, struct err *err, rt_time deadline);

#endif
