#include <errno.h>

#include "base/fault.h"
#include "store/sqlite_store.h"

enum { CATCH_UP_BYTES = 1024 * 1024 };

/* The changes that are this watch's, as a batch of its own; NULL: there are none. */
static struct store_batch *pick(const struct sqlite_watch *w, const struct sdb_changes *c,
                                int64_t revision)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < c->count; i++)
        count +=
            c->items[i].kv.mod_revision >= w->next && store_keys_have(&w->keys, c->items[i].kv.key);
    if (count == 0 && !w->progress)
        return NULL;
    struct store_batch *b = watch_queue_batch(revision);
    b->events = arena_alloc_array(&b->arena, count + 1, sizeof(*b->events));
    for (uint32_t i = 0; i < c->count; i++) {
        const struct store_event *e = &c->items[i];
        if (e->kv.mod_revision < w->next || !store_keys_have(&w->keys, e->kv.key))
            continue;
        b->events[b->count].type = e->type;
        store_kv_copy(&b->arena, &e->kv, &b->events[b->count++].kv);
    }
    return b;
}

void sqlite_watches_tell(struct sqlite_store *s, int64_t revision, const struct sdb_changes *c)
{
    if (c->count == 0)
        return;
    list_each (it, &s->watches) {
        struct sqlite_watch *w = list_entry(it, struct sqlite_watch, link);
        if (!w->live || revision < w->next)
            continue;
        struct store_batch *b = pick(w, c, revision);
        w->next = revision + 1;
        if (b && !watch_queue_deliver(w->w, b))
            w->live = false;
    }
}

/* ---- catching up ---- */

struct catch_up {
    struct sdb *db;
    struct arena arena;
    struct sdb_changes changes;
    int64_t from, to;
    struct err err;
    int r;
};

static void read_log(void *arg)
{
    struct catch_up *c = arg;
    c->changes = (struct sdb_changes){.arena = &c->arena};
    c->r = sdb_events(c->db, c->from, CATCH_UP_BYTES, &c->changes, &c->to, &c->err);
}

/* One piece of the log. Returns 0, -ENODATA (compacted), or why not. */
static int read_piece(struct sqlite_watch *w, struct catch_up *c)
{
    int r = sqlite_reader_get(w->s, &c->db, &c->err, RT_NEVER);
    if (r < 0)
        return r;
    c->from = w->next;
    r = rt_offload(read_log, c, RT_NEVER);
    sqlite_reader_put(w->s, c->db);
    return r < 0 ? r : c->r;
}

/* A watcher that is behind may take its time: the log waits for it. */
static int tell_piece(struct sqlite_watch *w, struct catch_up *c)
{
    struct store_batch *b = pick(w, &c->changes, c->to);
    if (!b)
        return 0;
    int r = rt_send(&w->w->batches, b, RT_NEVER);
    if (r < 0)
        store_batch_free(b);
    return r;
}

static int catch_up(struct sqlite_watch *w, struct catch_up *c)
{
    int r = 0;
    while (r == 0 && w->next <= w->s->revision) {
        r = read_piece(w, c);
        if (r == 0)
            r = tell_piece(w, c);
        if (r == 0)
            w->next = c->to + (fault_mutant("store_watch_twice") && c->to < w->s->revision ? 0 : 1);
        arena_reset(&c->arena);
        if (r == 0 && fault_mutant("store_watch_gap"))
            w->next = w->s->revision + 1; /* what was committed in between is never told */
    }
    return r;
}

/* There is no wait between the last look at the revision and going live: no commit is missed. */
static void catch_up_task(void *arg)
{
    struct sqlite_watch *w = arg;
    struct catch_up *c = mem_alloc(MEM_STORE, sizeof(*c));
    c->arena = ARENA(MEM_STORE, 0);
    int r = catch_up(w, c);
    if (r == 0)
        w->live = true;
    else if (r == -ENODATA)
        watch_queue_end(w->w, STORE_WATCH_COMPACTED, w->s->compacted, NULL);
    else if (r != -ECANCELED)
        watch_queue_end(w->w, STORE_WATCH_LOST, 0, &c->err);
    arena_done(&c->arena);
    mem_free(MEM_STORE, c);
}

/* ---- opening and closing ---- */

static struct sqlite_watch *watch_new(struct sqlite_store *s, const struct store_watch_request *q,
                                      struct store_watch *sw)
{
    struct sqlite_watch *w = mem_alloc(MEM_STORE, sizeof(*w));
    w->s = s;
    w->w = sw;
    w->keys = store_keys_copy(&q->keys, &w->key_bytes);
    w->next = q->revision ? q->revision : s->revision + 1;
    w->progress = q->progress;
    rt_group_init(&w->group, "store_watch");
    list_push_back(&s->watches, &w->link);
    s->watch_count++;
    return w;
}

static void watch_free(struct sqlite_watch *w)
{
    rt_group_done(&w->group);
    list_remove(&w->link);
    w->s->watch_count--;
    mem_free(MEM_STORE, w->key_bytes);
    mem_free(MEM_STORE, w);
}

int sqlite_watch_open(struct store *store, const struct store_watch_request *request,
                      struct store_watch *sw, struct err *err, rt_time deadline)
{
    struct sqlite_store *s = CONTAINER_OF(store, struct sqlite_store, store);
    (void)deadline; /* nothing waits */
    if (s->watch_count == STORE_WATCHES_MAX)
        return err_set(err, -ENOSPC, "more than %d watches", STORE_WATCHES_MAX);
    watch_queue_open(sw);
    struct sqlite_watch *w = watch_new(s, request, sw);
    w->live = w->next > s->revision;
    int r = w->live ? 0 : rt_go(&w->group, catch_up_task, w);
    if (r < 0) {
        watch_free(w);
        watch_queue_done(sw);
        return err_sys(err, r, "watch");
    }
    sw->impl = w;
    return 0;
}

void sqlite_watch_close(struct store_watch *sw)
{
    watch_free(sw->impl);
}

void sqlite_watches_end(struct sqlite_store *s)
{
    struct err err;
    err_set(&err, -ENOLINK, "the store was closed");
    while (!list_empty(&s->watches)) {
        struct sqlite_watch *w = list_entry(s->watches.next, struct sqlite_watch, link);
        watch_queue_end(w->w, STORE_WATCH_LOST, 0, &err);
        w->w->impl = NULL;
        watch_free(w);
    }
}
