/* watch.h - the half of a watch that all back ends share: its bounded queue. Inside of store/.
 *
 * A back end makes batches and hands them over without ever waiting: a watcher that does not read
 * gets STORE_WATCH_SLOW once its queue is full, and nothing after it. One slot is kept for that
 * last word, so that an end is never lost. */
#ifndef FIREBREAK_STORE_WATCH_H
#define FIREBREAK_STORE_WATCH_H

#include "store/store.h"

struct store_batch *watch_queue_batch(int64_t revision);

void watch_queue_open(struct store_watch *w);
/* Takes the batch in every case. Returns whether the watch goes on: false once it has ended. */
bool watch_queue_deliver(struct store_watch *w, struct store_batch *b);
/* The last word. Idempotent. `err` may be NULL. */
void watch_queue_end(struct store_watch *w, enum store_watch_end end, int64_t compacted,
                     const struct err *err);
/* Frees what nobody received, and the channel. */
void watch_queue_done(struct store_watch *w);

#endif
