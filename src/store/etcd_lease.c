#include <errno.h>

#include "store/etcd_store.h"

/* ---- calls ---- */

static int call(struct etcd *s, const struct etcd_method *m, int64_t one, int64_t two,
                struct buf *reply, struct etcd_answer *ret, struct err *err, rt_time deadline)
{
    struct buf message = BUF(MEM_STORE, 0);
    etcd_put_numbers(&message, one, two);
    int r = etcd_call(s, m, buf_slice(&message), reply, err, deadline);
    if (r == 0)
        r = etcd_get_answer(buf_slice(reply), ret);
    buf_done(&message);
    return r;
}

int etcd_lease_grant(struct store *st, int64_t id, int64_t ttl_ms, struct store_lease *ret,
                     struct err *err, rt_time deadline)
{
    static const struct etcd_method grant = {.path = SLICE("/etcdserverpb.Lease/LeaseGrant")};
    struct buf reply = BUF(MEM_STORE, 0);
    struct etcd_answer a;
    int r = call(etcd_of(st), &grant, (ttl_ms + 999) / 1000, id, &reply, &a, err, deadline);
    if (r == 0)
        *ret = (struct store_lease){
            .id = (int64_t)a.number[2],
            .ttl_ms = (int64_t)a.number[3] * 1000,
            .left_ms = (int64_t)a.number[3] * 1000,
        };
    buf_done(&reply);
    return r;
}

int etcd_lease_revoke(struct store *st, int64_t id, struct err *err, rt_time deadline)
{
    static const struct etcd_method revoke = {.path = SLICE("/etcdserverpb.Lease/LeaseRevoke")};
    struct buf reply = BUF(MEM_STORE, 0);
    struct etcd_answer a;
    int r = call(etcd_of(st), &revoke, id, 0, &reply, &a, err, deadline);
    buf_done(&reply);
    return r;
}

int etcd_lease_get(struct store *st, int64_t id, struct arena *arena, struct store_lease *ret,
                   struct err *err, rt_time deadline)
{
    static const struct etcd_method get = {.path = SLICE("/etcdserverpb.Lease/LeaseTimeToLive"),
                                           .repeats = true};
    struct buf reply = BUF(MEM_STORE, 0);
    struct etcd_answer a;
    int r = call(etcd_of(st), &get, id, arena != NULL, &reply, &a, err, deadline);
    if (r == 0) {
        int64_t left = (int64_t)a.number[3];
        struct store_lease made = {
            .id = id,
            .ttl_ms = (int64_t)a.number[4] * 1000,
            .left_ms = left < 0 ? -1 : left * 1000,
        };
        if (arena)
            r = etcd_get_lease_keys(buf_slice(&reply), arena, &made);
        if (r == 0)
            *ret = made;
    }
    buf_done(&reply);
    return r;
}

/* ---- keep-alives: one stream on a connection of its own ---- */

/* The server answers in the order in which it was asked. So the first one that was sent is the one
 * that is answered, also where nobody waits for it any more: an answer to an older question must
 * not be taken for one to a later, whose lease would then seem to live longer than it does. */
struct keep {
    struct list link;
    int64_t id;
    bool sent, left; /* left: nobody waits */
    struct rt_event answered;
    int64_t ttl_s; /* 0: gone */
    struct err why;
};

static void keep_free(struct keep *k)
{
    list_remove(&k->link);
    mem_free(MEM_STORE, k);
}

static void answer(struct keep *k)
{
    list_remove(&k->link);
    if (k->left)
        mem_free(MEM_STORE, k);
    else
        rt_event_set(&k->answered);
}

static int on_message(struct etcd *s, struct slice message)
{
    struct etcd_answer a;
    int r = etcd_get_answer(message, &a);
    if (r < 0)
        return r;
    struct keep *k = list_empty(&s->keeps) ? NULL : list_entry(s->keeps.next, struct keep, link);
    if (!k || !k->sent || k->id != (int64_t)a.number[2])
        return -EBADMSG;
    k->ttl_s = (int64_t)a.number[3];
    answer(k);
    return 0;
}

static void sender(void *arg)
{
    struct etcd *s = arg;
    struct buf message = BUF(MEM_STORE, 0);
    int r = 0;
    while (r == 0) {
        struct keep *k = NULL;
        rt_event_clear(&s->keep_wanted);
        list_each (it, &s->keeps) {
            k = list_entry(it, struct keep, link);
            if (!k->sent)
                break;
            k = NULL;
        }
        if (!k) {
            r = rt_event_wait(&s->keep_wanted, RT_NEVER);
            continue;
        }
        k->sent = true;
        buf_clear(&message);
        etcd_put_numbers(&message, k->id, 0);
        r = grpc_stream_send(s->keep_stream, buf_slice(&message), NULL, RT_NEVER);
    }
    buf_done(&message);
}

/* What was sent on a stream that is over is sent again: a lease that is kept twice is kept. */
static void stream_begins(struct etcd *s)
{
    list_each_safe (it, &s->keeps) {
        struct keep *k = list_entry(it, struct keep, link);
        k->sent = false;
        if (k->left)
            keep_free(k);
    }
}

static int run_stream(struct etcd *s, struct grpc_stream *stream, struct err *err)
{
    struct rt_group g;
    struct slice message;
    stream_begins(s);
    s->keep_stream = stream;
    rt_group_init(&g, "etcd_keep");
    int r = rt_go(&g, sender, s);
    while (r == 0 && (r = grpc_stream_recv(stream, &message, err, RT_NEVER)) > 0)
        r = on_message(s, message);
    rt_group_done(&g);
    s->keep_stream = NULL;
    return r < 0 ? r : -ECONNRESET;
}

static int keep_once(struct etcd *s, struct err *err, bool *ret_final)
{
    struct etcd_conn *c;
    struct etcd_metadata md;
    struct grpc_answer said = {0};
    struct grpc_stream *stream;
    *ret_final = false;
    int r = etcd_link_get(s, LINK_LEASES, &c, err, RT_NEVER);
    if (r < 0)
        return r;
    r = etcd_metadata(s, c, &md, err, rt_now() + STORE_ETCD_PATIENCE_MS * RT_MS);
    if (r == 0) {
        struct grpc_request q = {.path = SLICE("/etcdserverpb.Lease/LeaseKeepAlive"),
                                 .metadata = md.fields,
                                 .metadata_count = md.count};
        r = grpc_stream_open(c->grpc, &q, &said, &stream, err, RT_NEVER);
        if (r == 0) {
            r = run_stream(s, stream, err);
            grpc_stream_close(stream);
        }
        if (!rt_cancelled())
            r = etcd_stream_failed(s, LINK_LEASES, c, r, &said.status, md.token_number, ret_final);
    } else {
        *ret_final = r == -EACCES;
    }
    etcd_conn_put(c);
    if (err->code == 0)
        err_set(err, r, "etcd: keep a lease");
    err->code = r;
    return r;
}

static void tell_failure(struct etcd *s, const struct err *err)
{
    list_each_safe (it, &s->keeps) {
        struct keep *k = list_entry(it, struct keep, link);
        k->why = *err;
        answer(k);
    }
}

static void keeper(void *arg)
{
    enum { PAUSE_MS = 50 };
    struct etcd *s = arg;
    struct err *err = mem_alloc(MEM_STORE, sizeof(*err));
    while (rt_event_wait(&s->keep_wanted, RT_NEVER) == 0) {
        bool final;
        err_clear(err);
        int r = keep_once(s, err, &final);
        if (rt_cancelled())
            break;
        /* Who waits asks again, until its lease is over (session.h). */
        if (final || r == -ENETDOWN)
            tell_failure(s, err);
        rt_event_clear(&s->keep_wanted);
        if (!list_empty(&s->keeps))
            rt_event_set(&s->keep_wanted);
        if (rt_sleep(rt_now() + PAUSE_MS * RT_MS) < 0)
            break;
    }
    mem_free(MEM_STORE, err);
}

/* One question. -ETIMEDOUT: and whoever keeps silent is left for another endpoint. */
static int ask(struct etcd *s, int64_t id, int64_t *ret_ttl_s, struct err *err, rt_time deadline)
{
    struct keep *k = mem_alloc(MEM_STORE, sizeof(*k));
    rt_time began = rt_now();
    k->id = id;
    list_push_back(&s->keeps, &k->link);
    rt_event_set(&s->keep_wanted);
    int r = rt_event_wait(&k->answered, deadline);
    if (r < 0) {
        struct etcd_conn *c = s->links[LINK_LEASES].conn;
        err_sys(err, r, "etcd: keep lease %llx", (unsigned long long)id);
        if (r == -ETIMEDOUT && c && s->keep_stream && grpc_heard(c->grpc) <= began)
            etcd_link_blame(s, LINK_LEASES, c, "no answer to a keep-alive");
        k->left = true;
        if (k->answered.set || !k->sent || !s->keep_stream)
            keep_free(k); /* else the server's answer to it is awaited */
        return r;
    }
    *ret_ttl_s = k->ttl_s;
    if (k->why.code)
        r = err_set(err, k->why.code, "%s", k->why.text);
    mem_free(MEM_STORE, k);
    return r;
}

int etcd_lease_keep(struct store *st, int64_t id, struct store_lease *ret, struct err *err,
                    rt_time deadline)
{
    struct etcd *s = etcd_of(st);
    int64_t ttl_s = 0;
    int r = 0;
    if (rt_now() >= deadline)
        return err_sys(err, -ETIMEDOUT, "etcd: keep lease %llx", (unsigned long long)id);
    if (!s->keep_tasks) {
        r = rt_go(&s->group, keeper, s);
        s->keep_tasks = r == 0;
    }
    while (r == 0) {
        rt_time most = rt_now() + STORE_ETCD_KEEP_MS * RT_MS;
        r = ask(s, id, &ttl_s, err, most < deadline ? most : deadline);
        if (r != -ETIMEDOUT || rt_now() >= deadline)
            break;
        r = 0;
    }
    if (r == 0 && ttl_s <= 0)
        r = err_set(err, -ENOENT, "lease %llx is gone", (unsigned long long)id);
    if (r == 0 && ret)
        *ret = (struct store_lease){.id = id, .ttl_ms = ttl_s * 1000, .left_ms = ttl_s * 1000};
    return r;
}
