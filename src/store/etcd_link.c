#include <assert.h>
#include <errno.h>
#include <stdio.h>

#include "store/etcd_store.h"

void etcd_conn_put(struct etcd_conn *c)
{
    assert(c->users > 0);
    if (--c->users > 0)
        return;
    grpc_close(c->grpc);
    mem_free(MEM_STORE, c);
}

/* The link holds its connection as one of the users. */
static void drop(struct etcd_link *l)
{
    struct etcd_conn *c = l->conn;
    l->conn = NULL;
    if (c)
        etcd_conn_put(c);
}

static void eject(struct etcd *s, struct etcd_endpoint *e)
{
    int64_t ms = STORE_ETCD_EJECT_MAX_MS;
    if (e->failures < 6)
        ms = STORE_ETCD_EJECT_MIN_MS << e->failures;
    /* Spread, so that a fleet of us does not come back in one moment. */
    ms += (int64_t)(rt_random() % (uint64_t)(ms / 4 + 1));
    e->failures++;
    s->looked = 0; /* who asks how we are hears of it at once */
    e->ejected_until = rt_now() + ms * RT_MS;
}

void etcd_link_blame(struct etcd *s, enum etcd_link_name name, struct etcd_conn *c, const char *why)
{
    struct etcd_link *l = &s->links[name];
    grpc_break(c->grpc, why);
    if (l->conn != c)
        return; /* somebody has said so before */
    eject(s, &s->endpoints[c->endpoint]);
    drop(l);
}

void etcd_links_close(struct etcd *s)
{
    for (size_t i = 0; i < LINK_COUNT; i++)
        drop(&s->links[i]);
}

/* ---- making one ---- */

static int dial(struct etcd *s, uint32_t at, struct etcd_conn **ret, struct err *err,
                rt_time deadline)
{
    enum { PING_EVERY_MS = 6000, PING_WAIT_MS = 2000 }; /* etcd allows one in 5 s */
    const struct etcd_endpoint *e = &s->endpoints[at];
    rt_time most = rt_now() + STORE_ETCD_CONNECT_MS * RT_MS;
    struct grpc_options o = {
        .dns = s->dns,
        .tls = s->tls,
        .host = e->host,
        .port = e->port,
        .server_name = slice_from(s->url.server_name),
        .message_bytes_max = STORE_ETCD_ANSWER_BYTES_MAX,
        .ping_every = PING_EVERY_MS * RT_MS,
        .ping_wait = PING_WAIT_MS * RT_MS,
    };
    struct grpc_conn *grpc;
    int r = grpc_connect(&o, &grpc, err, deadline < most ? deadline : most);
    if (r < 0)
        return r;
    struct etcd_conn *c = mem_alloc(MEM_STORE, sizeof(*c));
    *c = (struct etcd_conn){.grpc = grpc, .users = 1, .endpoint = at};
    *ret = c;
    return 0;
}

/* The next one to try: from the preferred one on, those that are not ejected; once all are, the one
 * whose time is up first. -1: every one was tried. */
static int choose(const struct etcd *s, uint32_t tried)
{
    int best = -1;
    for (uint32_t i = 0; i < s->endpoint_count; i++) {
        uint32_t at = (s->preferred + i) % s->endpoint_count;
        const struct etcd_endpoint *e = &s->endpoints[at];
        if (tried & 1u << at)
            continue;
        if (e->ejected_until <= rt_now())
            return (int)at;
        if (best < 0 || e->ejected_until < s->endpoints[best].ejected_until)
            best = (int)at;
    }
    return best;
}

/* A failure in time that was the caller's own shortness says nothing about the endpoint. */
static bool is_ours(int r, rt_time began, rt_time deadline)
{
    return r == -ECANCELED || r == -EMFILE || r == -ENFILE || r == -ENOMEM || r == -ENOBUFS ||
           (r == -ETIMEDOUT && deadline - began < STORE_ETCD_CONNECT_MS * RT_MS);
}

static int dial_any(struct etcd *s, struct etcd_conn **ret, struct err *err, rt_time deadline)
{
    struct err why;
    char all[ERR_TEXT_MAX] = "";
    size_t used = 0;
    uint32_t tried = 0;
    int at, r = -ENETDOWN;
    while ((at = choose(s, tried)) >= 0) {
        rt_time began = rt_now();
        tried |= 1u << at;
        err_clear(&why);
        r = dial(s, (uint32_t)at, ret, &why, deadline);
        if (r == 0) {
            s->endpoints[at].failures = 0;
            s->endpoints[at].ejected_until = 0;
            s->preferred = (uint32_t)at;
            return 0;
        }
        if (used < sizeof(all)) {
            int n = snprintf(all + used, sizeof(all) - used, "%s%s:%u: %s", used ? "; " : "",
                             s->url.endpoints[at].host, s->endpoints[at].port, why.text);
            used += n > 0 ? (size_t)n : 0;
        }
        if (is_ours(r, began, deadline))
            return err_set(err, r, "etcd: %s", all);
        eject(s, &s->endpoints[at]);
        if (r == -EKEYREJECTED || rt_now() >= deadline)
            break;
    }
    return err_set(err, r == -EKEYREJECTED ? r : -ENETDOWN, "etcd: no endpoint answers: %s", all);
}

int etcd_link_get(struct etcd *s, enum etcd_link_name name, struct etcd_conn **ret, struct err *err,
                  rt_time deadline)
{
    struct etcd_link *l = &s->links[name];
    for (;;) {
        if (l->conn && grpc_usable(l->conn->grpc)) {
            l->conn->users++;
            *ret = l->conn;
            return 0;
        }
        if (!l->dialing)
            break;
        /* Who dials may be out of time, or cancelled: then the next one does. */
        int r = rt_event_wait(&l->dialed, deadline);
        if (r < 0)
            return err_sys(err, r, "etcd");
    }
    drop(l);
    struct etcd_conn *c = NULL;
    l->dialing = true;
    rt_event_clear(&l->dialed);
    int r = dial_any(s, &c, err, deadline);
    l->dialing = false;
    rt_event_set(&l->dialed);
    if (r < 0)
        return r;
    l->conn = c;
    c->users++;
    *ret = c;
    return 0;
}

const char *etcd_links_look(struct etcd *s, rt_time deadline)
{
    struct etcd_conn *used = s->links[LINK_CALLS].conn;
    size_t at = 0;
    if (s->looked && rt_now() < s->looked + ETCD_LOOK_EVERY_MS * RT_MS)
        return s->dead;
    s->looked = rt_now();
    s->dead[0] = 0;
    for (uint32_t i = 0; i < s->endpoint_count; i++) {
        struct etcd_conn *c;
        struct err why = {0};
        rt_time most = rt_now() + ETCD_LOOK_MS * RT_MS;
        if (used && used->endpoint == i)
            continue; /* it has just answered */
        int r = dial(s, i, &c, &why, deadline < most ? deadline : most);
        if (r == 0)
            etcd_conn_put(c);
        if (r == -ECANCELED)
            break;
        if (r < 0 && at < sizeof(s->dead)) {
            int n = snprintf(s->dead + at, sizeof(s->dead) - at, "%s%s:%u does not answer: %s",
                             at ? "; " : "", s->url.endpoints[i].host, s->endpoints[i].port,
                             why.text);
            at += n > 0 ? (size_t)n : 0;
        }
    }
    return s->dead;
}
