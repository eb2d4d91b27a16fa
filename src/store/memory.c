#include "store/memory.h"

#include <assert.h>
#include <errno.h>

#include "base/fault.h"
#include "store/backend.h"
#include "store/mvcc.h"
#include "store/watch.h"

RT_CHAN(kick_chan, char);

struct store_memory {
    struct mvcc *mvcc;
    struct store_memory_faults faults;
    struct store_memory_counts counts;
    rt_time clock_ahead, full_until;
    struct rt_group group; /* the clock of leases, and requests under way */
    struct kick_chan lease_changed;
    struct list watches; /* of all clients */
    store_memory_observer *observe;
    void *observe_ctx;
    uint64_t clients; /* opened so far */
    int64_t observed; /* the newest revision that was */
};

struct client {
    struct store store;
    struct store_memory *server;
    struct list watches;
    uint32_t watch_count;
    uint64_t number;
    enum store_memory_cut cut;
    bool dead, dies;
    uint64_t writes_left; /* of one that dies */
};

struct watch {
    struct store_memory *server;
    struct client *client;
    struct store_watch *w;
    struct store_keys keys;
    char *key_bytes;
    int64_t next; /* the first revision that was not told */
    bool progress;
    struct kick_chan changed;
    struct list of_server, of_client;
    struct rt_group group; /* its one task */
};

static bool chance(uint32_t ppm)
{
    return ppm && rt_random() % 1000000 < ppm;
}

static rt_time up_to(rt_time max)
{
    return max > 0 ? (rt_time)(rt_random() % (uint64_t)max) : 0;
}

static int64_t server_ms(const struct store_memory *m)
{
    return (rt_now() + m->clock_ahead) / RT_MS;
}

/* For the beginning of a lease: rounded up, so that none ends a part of a millisecond early. */
static int64_t server_ms_up(const struct store_memory *m)
{
    return (rt_now() + m->clock_ahead + RT_MS - 1) / RT_MS;
}

/* Wakes the task behind a channel; it looks for itself what there is to do. */
static void kick(struct kick_chan *c)
{
    rt_shield_begin();
    if (rt_chan_len(c) == 0)
        (void)rt_send(c, 0, rt_now());
    rt_shield_end();
}

static void kick_watches(struct store_memory *m)
{
    list_each (it, &m->watches)
        kick(&list_entry(it, struct watch, of_server)->changed);
}

static void observe(struct store_memory *m, uint64_t client)
{
    static const struct store_keys all = {.scope = STORE_PREFIX};
    struct arena a = ARENA(MEM_STORE, 0);
    struct store_event *events;
    uint32_t count;
    int64_t newest = mvcc_revision(m->mvcc);
    if (m->observe && newest > m->observed &&
        mvcc_events(m->mvcc, &all, m->observed + 1, newest, &a, &events, &count) == 0)
        m->observe(m->observe_ctx, client, events, count);
    m->observed = newest;
    arena_done(&a);
}

void store_memory_observe(struct store_memory *m, store_memory_observer *fn, void *ctx)
{
    m->observe = fn;
    m->observe_ctx = ctx;
    m->observed = mvcc_revision(m->mvcc);
}

/* ---- the server's clock ---- */

static void expire(struct store_memory *m, int64_t *ret_next)
{
    int64_t before = mvcc_leases(m->mvcc), revision = mvcc_revision(m->mvcc);
    int64_t next = mvcc_lease_expire(m->mvcc, server_ms(m));
    m->counts.leases_expired += (uint64_t)(before - mvcc_leases(m->mvcc));
    if (mvcc_revision(m->mvcc) != revision) {
        observe(m, 0);
        kick_watches(m);
    }
    if (ret_next)
        *ret_next = next;
}

static void lease_clock(void *arg)
{
    struct store_memory *m = arg;
    char c;
    int r = 0;
    while (r != -ECANCELED && r != -EPIPE) {
        int64_t next;
        expire(m, &next);
        rt_time until = next == INT64_MAX ? RT_NEVER : next * RT_MS - m->clock_ahead;
        r = rt_recv(&m->lease_changed, &c, until);
    }
}

struct store_memory *store_memory_new(const struct store_memory_faults *faults)
{
    struct store_memory *m = mem_alloc(MEM_STORE, sizeof(*m));
    m->mvcc = mvcc_new();
    if (faults)
        m->faults = *faults;
    list_init(&m->watches);
    rt_group_init(&m->group, "store_memory");
    rt_chan_init(&m->lease_changed, 1, "store_lease");
    if (rt_go(&m->group, lease_clock, m) < 0) {
        store_memory_free(m);
        return NULL;
    }
    return m;
}

void store_memory_free(struct store_memory *m)
{
    if (!m)
        return;
    assert(list_empty(&m->watches));
    rt_group_done(&m->group);
    rt_chan_done(&m->lease_changed);
    mvcc_free(m->mvcc);
    mem_free(MEM_STORE, m);
}

void store_memory_calm(struct store_memory *m)
{
    m->faults = (struct store_memory_faults){0};
    m->full_until = 0;
}

struct store_memory_counts store_memory_counts(const struct store_memory *m)
{
    return m->counts;
}

/* ---- a call: there, done, and back ---- */

enum fate { FATE_WELL, FATE_REFUSED, FATE_REQUEST_LOST, FATE_REPLY_LOST, FATE_LATE, FATE_TWICE };

static enum fate draw_fate(struct store_memory *m)
{
    const struct store_memory_faults *f = &m->faults;
    if (chance(f->refuse_ppm))
        return m->counts.refused++, FATE_REFUSED;
    if (chance(f->lose_request_ppm))
        return m->counts.requests_lost++, FATE_REQUEST_LOST;
    if (chance(f->lose_reply_ppm))
        return m->counts.replies_lost++, FATE_REPLY_LOST;
    if (chance(f->late_ppm))
        return m->counts.late++, FATE_LATE;
    if (chance(f->twice_ppm))
        return m->counts.twice++, FATE_TWICE;
    return FATE_WELL;
}

static void maybe_jump(struct store_memory *m)
{
    if (!chance(m->faults.clock_jump_ppm))
        return;
    m->counts.clock_jumps++;
    m->clock_ahead += up_to(m->faults.clock_jump_max);
    kick(&m->lease_changed);
}

/* Waits as long as it is cut off like that. */
static int wait_cut(struct client *c, enum store_memory_cut cut, rt_time deadline)
{
    enum { LOOK_MS = 10 };
    while (c->cut == cut && !c->dead) {
        rt_time look = rt_now() + LOOK_MS * RT_MS;
        if (rt_now() >= deadline)
            return -ETIMEDOUT;
        if (rt_sleep(look < deadline ? look : deadline) < 0)
            return -ECANCELED;
    }
    return 0;
}

/* The way there. Returns 0 (the server may act), or what the caller gets; then nothing happened. */
static int way_there(struct client *c, enum fate *ret_fate, struct err *err, rt_time deadline)
{
    struct store_memory *m = c->server;
    m->counts.calls++;
    int r = wait_cut(c, STORE_MEMORY_CUT, deadline);
    if (r == 0)
        r = wait_cut(c, STORE_MEMORY_PAUSED, RT_NEVER);
    if (r < 0)
        return err_sys(err, r, "store");
    if (c->dead)
        return err_sys(err, -ENOLINK, "store");
    if (rt_now() > deadline)
        return err_sys(err, -ETIMEDOUT, "store");
    rt_time arrives = rt_now() + up_to(m->faults.latency_max);
    r = rt_sleep(arrives < deadline ? arrives : deadline);
    if (r < 0)
        return err_sys(err, r, "store");
    if (arrives > deadline)
        return err_sys(err, -ETIMEDOUT, "store");
    maybe_jump(m);
    *ret_fate = draw_fate(m);
    if (*ret_fate == FATE_REFUSED)
        return err_sys(err, -ECONNREFUSED, "store");
    if (*ret_fate == FATE_REQUEST_LOST)
        return err_sys(err, -ECONNRESET, "store");
    expire(m, NULL);
    return 0;
}

/* The way back. `r` is the server's answer. */
static int way_back(struct client *c, enum fate fate, int r, struct err *err, rt_time deadline)
{
    struct store_memory *m = c->server;
    if (c->cut == STORE_MEMORY_PAUSED) {
        int waited = wait_cut(c, STORE_MEMORY_PAUSED, RT_NEVER);
        if (waited < 0)
            return err_sys(err, waited, "store");
        deadline = RT_NEVER; /* the answer has been here for long */
    }
    if (c->dead)
        return err_sys(err, -ENOLINK, "store");
    if (c->cut == STORE_MEMORY_CUT)
        return err_sys(err, -ETIMEDOUT, "store");
    if (c->cut == STORE_MEMORY_HALF_OPEN) {
        int waited = wait_cut(c, STORE_MEMORY_HALF_OPEN, deadline);
        return err_sys(err, waited < 0 ? waited : -ECONNRESET, "store"); /* what was sent is lost */
    }
    if (fate != FATE_WELL)
        return err_sys(err, -ECONNRESET, "store");
    rt_time arrives = rt_now() + up_to(m->faults.latency_max);
    int slept = rt_sleep(arrives < deadline ? arrives : deadline);
    if (slept < 0)
        return err_sys(err, slept, "store");
    if (arrives > deadline)
        return err_sys(err, -ETIMEDOUT, "store");
    return r;
}

static struct client *client_of(struct store *s)
{
    return CONTAINER_OF(s, struct client, store);
}

static struct store_memory *server_of(struct store *s)
{
    return client_of(s)->server;
}

static int memory_range(struct store *s, const struct store_range *request, struct arena *arena,
                        struct store_range_result *ret, struct err *err, rt_time deadline)
{
    struct store_memory *m = server_of(s);
    struct store_range_result made;
    enum fate fate;
    int r = way_there(client_of(s), &fate, err, deadline);
    if (r < 0)
        return r;
    r = mvcc_range(m->mvcc, request, arena, &made, err);
    r = way_back(client_of(s), fate, r, err, deadline);
    if (r == 0)
        *ret = made;
    return r;
}

/* ---- transactions, also those that arrive when nobody waits for them any more ---- */

static int server_txn(struct store_memory *m, uint64_t client, const struct store_txn *txn,
                      struct arena *arena, struct store_txn_result *ret, struct err *err)
{
    int64_t before = mvcc_revision(m->mvcc);
    int r = mvcc_txn(m->mvcc, txn, arena, ret, err);
    int64_t after = mvcc_revision(m->mvcc);
    if (after == before)
        return r;
    observe(m, client);
    kick_watches(m);
    if (chance(m->faults.compact_ppm) && after > mvcc_compacted(m->mvcc)) {
        mvcc_compact(m->mvcc, after, NULL);
        m->counts.compactions++;
    }
    return r;
}

struct late {
    struct store_memory *server;
    uint64_t client;
    struct arena arena;
    struct store_txn txn;
    rt_time at;
};

static struct slice keep(struct arena *a, struct slice s)
{
    return (struct slice){arena_strdup(a, s), s.size};
}

static struct store_op *keep_ops(struct arena *a, const struct store_op *ops, uint32_t count)
{
    struct store_op *kept = arena_alloc_array(a, count + 1, sizeof(*kept));
    for (uint32_t i = 0; i < count; i++) {
        kept[i] = ops[i];
        kept[i].key = keep(a, ops[i].key);
        kept[i].value = keep(a, ops[i].value);
        kept[i].keys.key = keep(a, ops[i].keys.key);
        kept[i].keys.end = keep(a, ops[i].keys.end);
        kept[i].range.keys.key = keep(a, ops[i].range.keys.key);
        kept[i].range.keys.end = keep(a, ops[i].range.keys.end);
    }
    return kept;
}

static void arrive_late(void *arg)
{
    struct late *l = arg;
    struct store_txn_result ignored;
    if (rt_sleep(l->at) == 0) {
        expire(l->server, NULL);
        (void)server_txn(l->server, l->client, &l->txn, &l->arena, &ignored, NULL);
    }
    arena_done(&l->arena);
    mem_free(MEM_STORE, l);
}

static void send_late(struct client *c, const struct store_txn *txn)
{
    struct store_memory *m = c->server;
    struct late *l = mem_alloc(MEM_STORE, sizeof(*l));
    struct arena *a = &l->arena;
    l->server = m;
    l->client = c->number;
    *a = ARENA(MEM_STORE, 0);
    struct store_compare *compares =
        arena_alloc_array(a, txn->compare_count + 1, sizeof(*compares));
    for (uint32_t i = 0; i < txn->compare_count; i++) {
        compares[i] = txn->compares[i];
        compares[i].key = keep(a, txn->compares[i].key);
        compares[i].value = keep(a, txn->compares[i].value);
    }
    l->txn = (struct store_txn){
        .compares = compares,
        .compare_count = txn->compare_count,
        .then = keep_ops(a, txn->then, txn->then_count),
        .then_count = txn->then_count,
        .otherwise = keep_ops(a, txn->otherwise, txn->otherwise_count),
        .otherwise_count = txn->otherwise_count,
    };
    l->at = rt_now() + up_to(m->faults.late_max);
    if (rt_go(&m->group, arrive_late, l) < 0) { /* then it is lost for good: also allowed */
        arena_done(a);
        mem_free(MEM_STORE, l);
    }
}

/* What the server's disk makes of a write. *ret_happens: it is done, whatever the caller is told.
 */
static int disk_fails(struct store_memory *m, const struct store_txn *txn, bool *ret_happens,
                      struct err *err)
{
    bool writes = false;
    for (uint32_t i = 0; i < txn->then_count; i++)
        writes |= txn->then[i].type != STORE_READ;
    *ret_happens = true;
    if (!writes)
        return 0;
    if (chance(m->faults.disk_full_ppm))
        m->full_until = rt_now() + up_to(m->faults.disk_full_max);
    if (rt_now() < m->full_until) {
        m->counts.disk_full++;
        *ret_happens = chance(100000); /* it ran full behind the commit */
        return err_sys(err, -ENOSPC, "store");
    }
    if (chance(m->faults.sync_fail_ppm)) {
        m->counts.sync_failures++;
        *ret_happens = chance(500000);
        return err_sys(err, -EIO, "store");
    }
    return 0;
}

/* Counts down to the transaction with which the client's process dies. */
static bool dies_now(struct client *c)
{
    if (c->dies && --c->writes_left == 0)
        c->dead = true;
    return c->dead;
}

static int memory_txn(struct store *s, const struct store_txn *txn, struct arena *arena,
                      struct store_txn_result *ret, struct err *err, rt_time deadline)
{
    struct store_memory *m = server_of(s);
    struct store_txn_result made = {0};
    enum fate fate;
    int r = way_there(client_of(s), &fate, err, deadline);
    if (r < 0)
        return r;
    if (dies_now(client_of(s)) && chance(500000))
        return err_sys(err, -ENOLINK, "store");
    if (fate == FATE_LATE || fate == FATE_TWICE)
        send_late(client_of(s), txn);
    if (fate != FATE_LATE) {
        bool happens;
        int failed = disk_fails(m, txn, &happens, err);
        if (happens)
            r = server_txn(m, client_of(s)->number, txn, arena, &made, err);
        r = failed < 0 ? failed : r;
    }
    r = way_back(client_of(s), fate, r, err, deadline);
    if (r == 0)
        *ret = made;
    return r;
}

/* ---- watches ---- */

/* Tells what has happened since; false once the watch has ended. */
static bool advance(struct watch *w)
{
    struct store_memory *m = w->server;
    int64_t revision = mvcc_revision(m->mvcc);
    if (w->next > revision)
        return true;
    if (w->next <= mvcc_compacted(m->mvcc)) {
        m->counts.watches_compacted++;
        watch_queue_end(w->w, STORE_WATCH_COMPACTED, mvcc_compacted(m->mvcc), NULL);
        return false;
    }
    struct store_batch *b = watch_queue_batch(revision);
    mvcc_events(m->mvcc, &w->keys, w->next, revision, &b->arena, &b->events, &b->count);
    w->next = revision + 1;
    if (b->count == 0 && !w->progress) {
        store_batch_free(b);
        return true;
    }
    bool goes_on = watch_queue_deliver(w->w, b);
    m->counts.watches_slow += !goes_on;
    return goes_on;
}

static void watch_main(void *arg)
{
    struct watch *w = arg;
    char c;
    for (;;) {
        if (!w->client->cut && !w->client->dead && !advance(w))
            return;
        if (rt_recv(&w->changed, &c, RT_NEVER) < 0)
            return;
        if (w->server->faults.watch_late_max) {
            w->server->counts.watches_late++;
            if (rt_sleep(rt_now() + up_to(w->server->faults.watch_late_max)) < 0)
                return;
        }
    }
}

static struct watch *watch_new(struct client *c, const struct store_watch_request *q,
                               struct store_watch *sw)
{
    struct watch *w = mem_alloc(MEM_STORE, sizeof(*w));
    w->server = c->server;
    w->client = c;
    w->w = sw;
    w->keys = store_keys_copy(&q->keys, &w->key_bytes);
    w->next = q->revision ? q->revision : mvcc_revision(c->server->mvcc) + 1;
    w->progress = q->progress;
    rt_chan_init(&w->changed, 1, "store_changed");
    rt_group_init(&w->group, "store_watch");
    list_push_back(&c->server->watches, &w->of_server);
    list_push_back(&c->watches, &w->of_client);
    c->watch_count++;
    return w;
}

static void watch_free(struct watch *w)
{
    rt_group_done(&w->group);
    rt_chan_done(&w->changed);
    list_remove(&w->of_server);
    list_remove(&w->of_client);
    w->client->watch_count--;
    mem_free(MEM_STORE, w->key_bytes);
    mem_free(MEM_STORE, w);
}

static int memory_watch(struct store *s, const struct store_watch_request *request,
                        struct store_watch *sw, struct err *err, rt_time deadline)
{
    struct client *c = CONTAINER_OF(s, struct client, store);
    enum fate fate;
    if (c->watch_count == STORE_WATCHES_MAX)
        return err_set(err, -ENOSPC, "more than %d watches", STORE_WATCHES_MAX);
    int r = way_there(c, &fate, err, deadline);
    if (r == 0)
        r = way_back(c, fate, 0, err, deadline);
    if (r < 0)
        return r;
    watch_queue_open(sw);
    struct watch *w = watch_new(c, request, sw);
    r = rt_go(&w->group, watch_main, w);
    if (r < 0) {
        watch_free(w);
        watch_queue_done(sw);
        return err_sys(err, r, "store: watch");
    }
    sw->impl = w;
    return 0;
}

static void memory_unwatch(struct store_watch *sw)
{
    watch_free(sw->impl);
}

/* ---- leases and the rest ---- */

static int memory_lease_grant(struct store *s, int64_t id, int64_t ttl_ms, struct store_lease *ret,
                              struct err *err, rt_time deadline)
{
    struct store_memory *m = server_of(s);
    struct store_lease made;
    enum fate fate;
    int r = way_there(client_of(s), &fate, err, deadline);
    if (r < 0)
        return r;
    if (fate != FATE_LATE)
        r = mvcc_lease_grant(m->mvcc, id, ttl_ms, server_ms_up(m), &made, err);
    kick(&m->lease_changed);
    r = way_back(client_of(s), fate, r, err, deadline);
    if (r == 0)
        *ret = made;
    return r;
}

static int memory_lease_keep(struct store *s, int64_t id, struct store_lease *ret, struct err *err,
                             rt_time deadline)
{
    struct store_memory *m = server_of(s);
    struct store_lease made;
    enum fate fate;
    int r = way_there(client_of(s), &fate, err, deadline);
    if (r < 0)
        return r;
    if (fate != FATE_LATE)
        r = mvcc_lease_keep(m->mvcc, id, server_ms_up(m), &made, err);
    r = way_back(client_of(s), fate, r, err, deadline);
    if (r == 0 && ret)
        *ret = made;
    return r;
}

static int memory_lease_revoke(struct store *s, int64_t id, struct err *err, rt_time deadline)
{
    struct store_memory *m = server_of(s);
    enum fate fate;
    int r = way_there(client_of(s), &fate, err, deadline);
    if (r < 0)
        return r;
    if (fate != FATE_LATE) {
        r = mvcc_lease_revoke(m->mvcc, id, err);
        observe(m, client_of(s)->number);
        kick_watches(m);
    }
    return way_back(client_of(s), fate, r, err, deadline);
}

static int memory_lease_get(struct store *s, int64_t id, struct arena *arena,
                            struct store_lease *ret, struct err *err, rt_time deadline)
{
    struct store_memory *m = server_of(s);
    struct store_lease made;
    enum fate fate;
    int r = way_there(client_of(s), &fate, err, deadline);
    if (r < 0)
        return r;
    r = mvcc_lease_get(m->mvcc, id, server_ms_up(m), arena, &made);
    r = way_back(client_of(s), fate, r, err, deadline);
    if (r == 0)
        *ret = made;
    return r;
}

static int memory_compact(struct store *s, int64_t revision, struct err *err, rt_time deadline)
{
    struct store_memory *m = server_of(s);
    enum fate fate;
    int r = way_there(client_of(s), &fate, err, deadline);
    if (r < 0)
        return r;
    r = mvcc_compact(m->mvcc, revision, err);
    m->counts.compactions += r == 0;
    kick_watches(m);
    return way_back(client_of(s), fate, r, err, deadline);
}

static int memory_status(struct store *s, struct store_status *ret, struct err *err,
                         rt_time deadline)
{
    struct store_memory *m = server_of(s);
    enum fate fate;
    int r = way_there(client_of(s), &fate, err, deadline);
    if (r == 0)
        r = way_back(client_of(s), fate, 0, err, deadline);
    if (r < 0)
        return r;
    *ret = (struct store_status){
        .backend = s->backend->name,
        .where = "memory",
        .revision = mvcc_revision(m->mvcc),
        .compacted = mvcc_compacted(m->mvcc),
        .keys = mvcc_keys(m->mvcc),
        .bytes = mvcc_bytes(m->mvcc),
        .leases = mvcc_leases(m->mvcc),
        .writable = true,
        .watches = CONTAINER_OF(s, struct client, store)->watch_count,
    };
    return 0;
}

static void memory_close(struct store *s)
{
    struct client *c = CONTAINER_OF(s, struct client, store);
    struct err err;
    err_set(&err, -ENOLINK, "the store was closed");
    while (!list_empty(&c->watches)) {
        struct watch *w = list_entry(c->watches.next, struct watch, of_client);
        watch_queue_end(w->w, STORE_WATCH_LOST, 0, &err);
        w->w->impl = NULL;
        watch_free(w);
    }
    mem_free(MEM_STORE, c);
}

static const struct store_backend memory_backend = {
    .name = "memory",
    .range = memory_range,
    .txn = memory_txn,
    .watch = memory_watch,
    .unwatch = memory_unwatch,
    .lease_grant = memory_lease_grant,
    .lease_keep = memory_lease_keep,
    .lease_revoke = memory_lease_revoke,
    .lease_get = memory_lease_get,
    .compact = memory_compact,
    .status = memory_status,
    .close = memory_close,
};

void store_memory_cut(struct store *s, enum store_memory_cut cut)
{
    struct client *c = client_of(s);
    c->cut = cut;
    list_each (it, &c->watches)
        kick(&list_entry(it, struct watch, of_client)->changed);
}

void store_memory_kill(struct store *s, uint64_t writes)
{
    struct client *c = client_of(s);
    c->dead = writes == 0;
    c->dies = writes > 0;
    c->writes_left = writes;
}

uint64_t store_memory_client(const struct store *s)
{
    return CONTAINER_OF(s, const struct client, store)->number;
}

bool store_memory_killed(const struct store *s)
{
    return CONTAINER_OF(s, const struct client, store)->dead;
}

int store_memory_open(struct store_memory *m, struct store **ret_store)
{
    struct client *c = mem_alloc(MEM_STORE, sizeof(*c));
    c->store.backend = &memory_backend;
    c->server = m;
    c->number = ++m->clients;
    list_init(&c->watches);
    *ret_store = &c->store;
    return 0;
}
