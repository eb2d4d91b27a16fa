#include "store/watch.h"

#include "store/prefix.h"

struct store_batch *watch_queue_batch(int64_t revision)
{
    struct store_batch *b = mem_alloc(MEM_STORE, sizeof(*b));
    b->arena = ARENA(MEM_STORE, 0);
    b->revision = revision;
    return b;
}

void watch_queue_open(struct store_watch *w)
{
    rt_chan_init(&w->batches, STORE_WATCH_QUEUE + 1, "store_watch");
}

/* There is room: never waits, whoever the running task is and whatever became of its group. */
static void put(struct store_watch *w, struct store_batch *b)
{
    b->at = rt_now();
    rt_shield_begin();
    int r = rt_send(&w->batches, b, rt_now());
    rt_shield_end();
    if (r < 0)
        store_batch_free(b);
}

bool watch_queue_deliver(struct store_watch *w, struct store_batch *b)
{
    if (w->batches.chan.closed) {
        store_batch_free(b);
        return false;
    }
    if (rt_chan_len(&w->batches) >= STORE_WATCH_QUEUE) {
        store_batch_free(b);
        watch_queue_end(w, STORE_WATCH_SLOW, 0, NULL);
        return false;
    }
    prefix_strip_batch(w->store, b);
    put(w, b);
    return true;
}

void watch_queue_end(struct store_watch *w, enum store_watch_end end, int64_t compacted,
                     const struct err *err)
{
    if (w->batches.chan.closed)
        return;
    struct store_batch *b = watch_queue_batch(0);
    b->end = end;
    b->compacted = compacted;
    if (err)
        b->err = *err;
    put(w, b);
    rt_chan_close(&w->batches);
}

void watch_queue_done(struct store_watch *w)
{
    struct store_batch *b;
    rt_shield_begin();
    while (rt_chan_len(&w->batches) && rt_recv(&w->batches, &b, rt_now()) == 0)
        store_batch_free(b);
    rt_shield_end();
    rt_chan_close(&w->batches);
    rt_chan_done(&w->batches);
}
