#include <assert.h>
#include <errno.h>

#include "base/fault.h"
#include "store/etcd_store.h"
#include "store/watch.h"

/* All watches of a store are on one stream. Two tasks serve it: the receiver, which opens the
 * stream and takes what comes, and, while it stands, the sender, which asks for every watch that
 * the server does not know yet. So a watch is only ever in this list with what it wants, whoever
 * put it there; when the stream breaks, no watch is known any more, and the next stream's sender
 * asks for all of them again, each from the revision behind the last one that was told. */

struct etcd_watch {
    struct etcd *s;
    struct store_watch *w;
    struct list link; /* of s->unasked, then of s->creating, then of none */
    int64_t id;
    struct store_keys keys;
    char *key_bytes;
    int64_t next; /* the first revision that was not told */
    bool progress;
    bool asked;      /* on this stream */
    bool stood;      /* the server has taken it once */
    bool ended;      /* its last word is in the queue */
    uint32_t logins; /* new tokens that were tried for it, in a row */
    rt_time patience;
    struct rt_event answered; /* it stands, or `error` says why not */
    struct err why;
    struct store_batch *partial; /* fragments, until the last one */
};

static void end(struct etcd_watch *w, enum store_watch_end how, int64_t compacted,
                const struct err *err)
{
    if (!w->stood) { /* somebody waits for it in etcd_watch */
        w->why = err ? *err : (struct err){.code = -EIO};
        if (how == STORE_WATCH_COMPACTED) {
            w->stood = true;
            watch_queue_end(w->w, how, compacted, NULL);
        }
        rt_event_set(&w->answered);
    } else {
        watch_queue_end(w->w, how, compacted, err);
    }
    w->ended = true;
    list_remove(&w->link);
    store_batch_free(w->partial);
    w->partial = NULL;
}

/* Tells the server to forget the id, unless the stream is another one by then. */
static void forget(struct etcd *s, int64_t id)
{
    if (!s->watch_stream)
        return;
    (void)buf_append(&s->unwatched, &id, sizeof(id));
    rt_event_set(&s->watch_changed);
}

/* ---- what comes ---- */

/* An answer that the server gives no id of ours is to the oldest question. */
static struct etcd_watch *watch_of(struct etcd *s, const struct etcd_watch_response *m)
{
    struct etcd_watch *w = m->id > 0 ? map_get_u64(&s->watches, (uint64_t)m->id) : NULL;
    if (!w && m->created && m->canceled && !list_empty(&s->creating))
        w = list_entry(s->creating.next, struct etcd_watch, link);
    return w && !w->ended ? w : NULL;
}

/* The stream has the token that it was opened with, which may be too old by now; 3.4 then says
 * "permission denied", as if it were about the keys. So another token and another stream are tried
 * before a watch is given up. */
static bool may_be_the_token(struct etcd_watch *w, struct slice reason)
{
    enum { LOGINS_MAX = 2 };
    static const char *const words[] = {"permission denied", "auth token", "auth store",
                                        "user name is empty"};
    if (!w->s->url.user || w->logins == LOGINS_MAX)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (slice_find(reason, slice_from(words[i])) >= 0) {
            w->logins++;
            return true;
        }
    return false;
}

static int on_canceled(struct etcd_watch *w, const struct etcd_watch_response *m)
{
    struct err why = {0};
    if (m->compact_revision > 0) {
        end(w, STORE_WATCH_COMPACTED, m->compact_revision, NULL);
        return 0;
    }
    if (may_be_the_token(w, m->cancel_reason)) {
        etcd_token_drop(w->s, w->s->watch_token);
        return -EAGAIN;
    }
    bool denied = slice_find(m->cancel_reason, SLICE("permission denied")) >= 0;
    err_set(&why, denied ? -EACCES : -EIO, "etcd ended the watch: %.*s",
            SLICE_ARG(m->cancel_reason));
    end(w, STORE_WATCH_LOST, 0, &why);
    return 0;
}

static void on_progress(struct etcd_watch *w, int64_t revision)
{
    if (revision < w->next)
        return;
    w->next = revision + 1;
    if (w->progress && !watch_queue_deliver(w->w, watch_queue_batch(revision)))
        w->ended = true;
}

/* Adds the events of one answer to the batch; those that were told before (a stream that broke may
 * have done it) are left out. */
static int collect(struct etcd_watch *w, struct slice message, uint32_t count)
{
    struct store_batch *b = w->partial;
    if (!b)
        b = w->partial = watch_queue_batch(0);
    struct store_event *events = arena_alloc_array(&b->arena, b->count + count, sizeof(*events));
    uint32_t added = 0;
    if (b->count)
        memcpy(events, b->events, b->count * sizeof(*events));
    int r = etcd_get_events(message, w->next, &b->arena, events + b->count, &added);
    b->events = events;
    b->count += added;
    return r;
}

static void on_events(struct etcd_watch *w, const struct etcd_watch_response *m,
                      struct slice message)
{
    struct err why = {0};
    int64_t id = w->id;
    int r = collect(w, message, m->event_count);
    struct store_batch *b = w->partial;
    if (r < 0) {
        err_set(&why, -EBADMSG, "etcd sent a broken event");
        end(w, STORE_WATCH_LOST, 0, &why);
        forget(w->s, id);
        return;
    }
    if (m->fragment && b->arena.used <= STORE_ETCD_FRAGMENTS_BYTES_MAX)
        return;
    if (m->fragment) {
        end(w, STORE_WATCH_SLOW, 0, NULL);
        forget(w->s, id);
        return;
    }
    w->partial = NULL;
    if (b->count == 0) {
        store_batch_free(b);
        return;
    }
    /* The header's revision may be ahead of what a watch that catches up has been sent. */
    b->revision = b->events[b->count - 1].kv.mod_revision;
    w->next = b->revision + 1;
    if (!watch_queue_deliver(w->w, b)) {
        w->ended = true;
        forget(w->s, id);
        return;
    }
    /* One read from the network may bring more than the queue holds: a watcher that is ready to
     * run is not slow. */
    if (rt_chan_len(&w->w->batches) > STORE_WATCH_QUEUE / 2)
        w->s->watch_crowded = true;
}

static int on_message(struct etcd *s, struct slice message)
{
    struct etcd_watch_response m;
    int r = etcd_get_watch(message, &m);
    if (r < 0)
        return r;
    struct etcd_watch *w = watch_of(s, &m);
    if (!w)
        return 0; /* of one that was ended since */
    if (m.created && !m.canceled) {
        list_remove(&w->link);
        w->stood = true;
        w->logins = 0;
        rt_event_set(&w->answered);
    }
    if (m.canceled)
        return on_canceled(w, &m);
    if (m.event_count)
        on_events(w, &m, message);
    else if (!m.created && !m.fragment)
        on_progress(w, m.revision);
    return 0;
}

/* ---- what goes ---- */

static int send_message(struct grpc_stream *stream, struct buf *message)
{
    int r = grpc_stream_send(stream, buf_slice(message), NULL, RT_NEVER);
    buf_clear(message);
    return r;
}

static int send_forgotten(struct etcd *s, struct buf *message)
{
    int r = 0;
    struct buf ids = s->unwatched;
    s->unwatched = BUF(MEM_STORE, 0);
    for (size_t at = 0; r == 0 && at < ids.size; at += sizeof(int64_t)) {
        int64_t id;
        memcpy(&id, ids.data + at, sizeof(id));
        etcd_put_unwatch(message, id);
        r = send_message(s->watch_stream, message);
    }
    buf_done(&ids);
    return r;
}

static int send_wanted(struct etcd *s, struct buf *message)
{
    struct list *first;
    int r = 0;
    while (r == 0 && (first = list_pop_front(&s->unasked))) {
        struct etcd_watch *w = list_entry(first, struct etcd_watch, link);
        struct etcd_watch_request q = {.keys = w->keys, .id = w->id, .revision = w->next};
        if (fault_mutant("etcd_watch_gap") && w->stood)
            q.revision = 0; /* from now on, and not from where it was */
        etcd_put_watch(message, &q);
        w->asked = true;
        list_push_back(&s->creating, &w->link);
        r = send_message(s->watch_stream, message);
    }
    return r;
}

static void sender(void *arg)
{
    struct etcd *s = arg;
    struct buf message = BUF(MEM_STORE, 0);
    int r = 0;
    while (r == 0) {
        rt_event_clear(&s->watch_changed);
        r = send_forgotten(s, &message);
        if (r == 0)
            r = send_wanted(s, &message);
        if (r == 0)
            r = rt_event_wait(&s->watch_changed, RT_NEVER);
    }
    buf_done(&message);
}

/* ---- the stream ---- */

static void stream_begins(struct etcd *s)
{
    struct map_entry e;
    buf_clear(&s->unwatched);
    for (size_t at = 0; map_next(&s->watches, &at, &e);) {
        struct etcd_watch *w = e.value;
        w->asked = false;
        list_remove(&w->link);
        if (!w->ended)
            list_push_back(&s->unasked, &w->link);
        store_batch_free(w->partial); /* told again, from its first event on */
        w->partial = NULL;
    }
}

/* Returns why the stream ended; never 0. -EAGAIN: it had an old token. */
static int run_stream(struct etcd *s, struct grpc_stream *stream, struct err *err)
{
    struct rt_group g;
    struct slice message;
    stream_begins(s);
    s->watch_stream = stream;
    rt_group_init(&g, "etcd_watch");
    int r = rt_go(&g, sender, s);
    while (r == 0 && (r = grpc_stream_recv(stream, &message, err, RT_NEVER)) > 0) {
        r = on_message(s, message);
        if (s->watch_crowded && r == 0)
            r = rt_yield();
        s->watch_crowded = false;
    }
    rt_group_done(&g);
    s->watch_stream = NULL;
    return r < 0 ? r : -ECONNRESET;
}

/* Nothing can be had: who waits for a new watch is told, once its patience is over or where trying
 * again is in vain; watches that stood end only in the latter case. */
static void tell_failure(struct etcd *s, const struct err *err, bool final)
{
    struct map_entry e;
    for (size_t at = 0; map_next(&s->watches, &at, &e);) {
        struct etcd_watch *w = e.value;
        if (!w->ended && (final || (!w->stood && rt_now() >= w->patience)))
            end(w, STORE_WATCH_LOST, 0, err);
    }
}

static int watch_once(struct etcd *s, struct err *err, bool *ret_final)
{
    struct etcd_conn *c;
    struct etcd_metadata md;
    struct grpc_answer answer = {0};
    struct grpc_stream *stream;
    *ret_final = false;
    int r = etcd_link_get(s, LINK_WATCHES, &c, err, RT_NEVER);
    if (r < 0)
        return r;
    r = etcd_metadata(s, c, &md, err, rt_now() + STORE_ETCD_PATIENCE_MS * RT_MS);
    if (r == 0) {
        struct grpc_request q = {.path = SLICE("/etcdserverpb.Watch/Watch"),
                                 .metadata = md.fields,
                                 .metadata_count = md.count};
        s->watch_token = md.token_number;
        r = grpc_stream_open(c->grpc, &q, &answer, &stream, err, RT_NEVER);
        if (r == 0) {
            r = run_stream(s, stream, err);
            grpc_stream_close(stream);
        }
        if (!rt_cancelled() && r != -EAGAIN)
            r = etcd_stream_failed(s, LINK_WATCHES, c, r, &answer.status, md.token_number,
                                   ret_final);
    } else {
        *ret_final = r == -EACCES;
    }
    etcd_conn_put(c);
    if (err->code == 0)
        err_set(err, r, "etcd: watch");
    err->code = r;
    return r;
}

static void receiver(void *arg)
{
    enum { PAUSE_MIN_MS = 20, PAUSE_MAX_MS = 1000 };
    struct etcd *s = arg;
    struct err *err = mem_alloc(MEM_STORE, sizeof(*err));
    rt_time pause = PAUSE_MIN_MS * RT_MS;
    while (rt_event_wait(&s->watch_wanted, RT_NEVER) == 0) {
        bool final;
        rt_time began = rt_now();
        err_clear(err);
        watch_once(s, err, &final);
        if (rt_cancelled())
            break;
        tell_failure(s, err, final);
        if (s->watches.count == 0)
            rt_event_clear(&s->watch_wanted);
        if (rt_now() - began > RT_SEC)
            pause = PAUSE_MIN_MS * RT_MS; /* it had stood */
        if (rt_sleep(rt_now() + pause) < 0)
            break;
        pause = pause * 2 < PAUSE_MAX_MS * RT_MS ? pause * 2 : PAUSE_MAX_MS * RT_MS;
    }
    mem_free(MEM_STORE, err);
}

/* ---- opening and closing ---- */

static struct slice keep_bytes(char **at, struct slice s)
{
    char *begin = *at;
    if (s.size)
        memcpy(begin, s.data, s.size);
    *at += s.size;
    return (struct slice){begin, s.size};
}

static struct etcd_watch *watch_new(struct etcd *s, const struct store_watch_request *q,
                                    struct store_watch *sw, int64_t from)
{
    struct etcd_watch *w = mem_alloc(MEM_STORE, sizeof(*w));
    w->s = s;
    w->w = sw;
    w->id = ++s->watch_last;
    w->keys = q->keys;
    w->key_bytes = mem_alloc(MEM_STORE, q->keys.key.size + q->keys.end.size);
    char *at = w->key_bytes;
    w->keys.key = keep_bytes(&at, q->keys.key);
    w->keys.end = keep_bytes(&at, q->keys.end);
    w->next = from;
    w->progress = q->progress;
    w->patience = rt_now() + STORE_ETCD_PATIENCE_MS * RT_MS;
    (void)map_put_u64(&s->watches, (uint64_t)w->id, w, NULL);
    list_push_back(&s->unasked, &w->link);
    rt_event_set(&s->watch_wanted);
    rt_event_set(&s->watch_changed);
    return w;
}

static void watch_free(struct etcd_watch *w)
{
    struct etcd *s = w->s;
    (void)map_remove_u64(&s->watches, (uint64_t)w->id);
    list_remove(&w->link);
    if (w->asked && !w->ended)
        forget(s, w->id);
    store_batch_free(w->partial);
    mem_free(MEM_STORE, w->key_bytes);
    mem_free(MEM_STORE, w);
}

int etcd_watch(struct store *st, const struct store_watch_request *q, struct store_watch *sw,
               struct err *err, rt_time deadline)
{
    struct etcd *s = etcd_of(st);
    int64_t now = 0;
    int r = 0;
    if (s->watches.count >= STORE_WATCHES_MAX)
        return err_set(err, -ENOSPC, "more than %d watches", STORE_WATCHES_MAX);
    if (q->revision == 0) /* a member that lags would begin with what has been written before */
        r = etcd_revision(s, q->keys.key, &now, err, deadline);
    if (r == 0 && !s->watch_tasks) {
        r = rt_go(&s->group, receiver, s);
        s->watch_tasks = r == 0;
    }
    if (r < 0)
        return r;
    watch_queue_open(sw);
    struct etcd_watch *w = watch_new(s, q, sw, q->revision ? q->revision : now + 1);
    r = rt_event_wait(&w->answered, deadline);
    if (r < 0)
        err_sys(err, r, "etcd: watch");
    else if (!w->stood)
        r = err_set(err, w->why.code, "%s", w->why.text);
    if (r < 0) {
        watch_free(w);
        watch_queue_done(sw);
        return r;
    }
    sw->impl = w;
    return 0;
}

void etcd_unwatch(struct store_watch *sw)
{
    watch_free(sw->impl);
}

void etcd_watches_close(struct etcd *s)
{
    struct map_entry e;
    struct err why = {0};
    err_set(&why, -ENOLINK, "the store was closed");
    for (size_t at = 0; map_next(&s->watches, &at, &e); at = 0) {
        struct etcd_watch *w = e.value;
        assert(w->stood); /* else a call is under way */
        watch_queue_end(w->w, STORE_WATCH_LOST, 0, &why);
        w->w->impl = NULL;
        watch_free(w);
    }
    map_done(&s->watches);
    buf_done(&s->unwatched);
}
