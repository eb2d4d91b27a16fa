/* notify.h - receivers: repair orders that tell somebody become alerts, and those deliveries.
 *
 *     repair order {notify} -> notifier (groups, waits, silences) -> delivery: a task -> act
 *     asset is Healthy, or gone -> notifier -> "it is over"
 *
 * Each plane tells of the assets that it owns. What it has told is written down, each second in
 * which it changed, as "/notices/NODE/NAMESPACE/RECEIVER", so that a restart neither forgets to
 * take something back nor says it twice. Silences are followed in the store.
 *
 * How it stands with each is written down for whoever asks why (notified.h).
 *
 * A delivery that the store does not take yet waits, up to NOTIFY_WAITING_MAX; beyond that the
 * oldest is dropped, counted, and told in the log. Lives on loop 0. */
#ifndef FIREBREAK_APP_NOTIFY_H
#define FIREBREAK_APP_NOTIFY_H

#include "app/up.h"
#include "config/object.h"

enum {
    NOTIFY_WAITING_MAX = 256,       /* deliveries that are no task yet */
    NOTIFY_OPEN_MAX = 1024,         /* whose ends are looked for */
    NOTIFY_ORPHANS_MAX = 16 * 1024, /* orders without a receiver: all assets may fail at a start */
    NOTIFY_TICK_MS = 1000,
    NOTIFY_SWEEP_MS = 10 * 60 * 1000, /* between looks for records of assets that are gone */
    NOTIFY_LAST_MS = 500,             /* for what is still to be written at the end */
    NOTIFY_CALL_MS = 5000,
    NOTIFY_RETRIES = 5,
    NOTIFY_BACKOFF_MS = 2000,
    NOTIFY_DEADLINE_MS = 15 * 60 * 1000, /* a delivery that did not begin by then is old news */
    /* Alertmanager itself says things again to people; it is told so often that something lasts. */
    NOTIFY_REFRESH_MS = 10 * 60 * 1000,
};

struct notify;

struct notify *notify_new(struct up *u, struct store *store);
void notify_free(struct notify *n); /* its task has ended; NULL is accepted */
/* A task, until it is cancelled. */
void notify_main(void *notify);

/* A receiver of the registry; `spec` is its JSON. Neither waits. */
void notify_declare(struct notify *n, const struct config_object *receiver, struct slice spec);
void notify_undeclare(struct notify *n, struct slice namespace_, struct slice name);
/* An order whose action notifies. One of a receiver that is not declared waits for it as long as
 * the story goes on, and its record says so. Does not wait. Returns 0, or with *err: -ENOENT: there
 * is no such receiver, and NOTIFY_ORPHANS_MAX wait; -EBADMSG; -ENOSPC. */
int notify_order(struct notify *n, const struct repair_order *o, const struct asset *a,
                 struct err *err);
/* What happened: a state that is well, or gone, ends alerts; `dependency` keeps them quiet. Does
 * not wait. */
void notify_event(struct notify *n, const struct event *e);
/* What somebody wants kept quiet, and no longer. Neither waits. Returns 0, or -ENOSPC or -EINVAL
 * with *err. */
int notify_silence(struct notify *n, struct slice name, struct slice selector, int64_t until_ms,
                   struct err *err);
void notify_unsilence(struct notify *n, struct slice name);
void notify_metrics(const struct notify *n, struct metrics_writer *w);

#endif
