#include "app/node.h"

#include <errno.h>
#include <string.h>

#include "host/alive.h"
#include "host/self.h"
#include "store/election.h"
#include "wire/json.h"

enum { MORE_MS = 3000, AGAIN_MS = 1000, SOON_MS = 100 };

struct node_claim {
    struct up *up;
    char *role, *who;
    struct store_session session;
    bool open; /* the session is */
    struct election election;
};

static void let_go(struct node_claim *c, rt_time deadline)
{
    if (c->open)
        store_session_close(&c->session, deadline);
    c->open = false;
}

/* ---- whose it is ---- */

/* The value of the key: a process, so that those who can look see whether it lives. */
struct holder {
    struct slice host, boot; /* boot: as host_boot; empty: nobody can look */
    int64_t pid, started;
};

static void write_holder(struct buf *out)
{
    struct buf host = BUF(MEM_APP, 0), boot = BUF(MEM_APP, 0);
    struct json_writer w;
    uint64_t started = 0;
    (void)host_name(&host);
    if (host_boot(&boot) < 0 || host_started(host_pid(), &started) < 0)
        buf_clear(&boot);
    json_begin(&w, out, 0);
    json_object_open(&w);
    json_text_member(&w, "host", buf_slice(&host));
    json_i64_member(&w, "pid", host_pid());
    json_i64_member(&w, "pid_started", (int64_t)started);
    json_text_member(&w, "boot", buf_slice(&boot));
    json_object_close(&w);
    (void)json_end(&w);
    buf_done(&host);
    buf_done(&boot);
}

static struct slice text_of(const struct json_value *v, const char *key)
{
    const struct json_value *m = json_get(v, key);
    return m && m->type == JSON_STRING ? m->text : (struct slice){0};
}

static int read_holder(struct slice value, struct arena *a, struct holder *ret)
{
    struct json_value *v;
    if (json_parse(value, a, 0, &v, NULL) < 0 || v->type != JSON_OBJECT)
        return -EBADMSG;
    const struct json_value *pid = json_get(v, "pid"), *started = json_get(v, "pid_started");
    struct holder h = {.host = text_of(v, "host"), .boot = text_of(v, "boot")};
    if (!pid || json_to_i64(pid, &h.pid) < 0 || !started || json_to_i64(started, &h.started) < 0)
        return -EBADMSG;
    *ret = h;
    return 0;
}

enum seen { NOBODY_HERE, LIVES_HERE };

/* A process of this machine that was killed says nothing more: its lease is ended. Of those that
 * are elsewhere only their leases tell. */
static enum seen look_at_holder(struct node_claim *c, rt_time deadline)
{
    struct arena arena = ARENA(MEM_APP, 0);
    struct buf boot = BUF(MEM_APP, 0);
    struct store_kv kv = {.version = 0};
    struct holder h;
    enum seen seen = NOBODY_HERE;
    if (election_observe(c->up->store, (struct slice){0}, slice_from(c->role), &arena, &kv, NULL,
                         deadline) == 0 &&
        kv.lease && !slice_eq_cstr(kv.value, c->who) && read_holder(kv.value, &arena, &h) == 0 &&
        host_boot(&boot) == 0 && slice_eq(h.boot, buf_slice(&boot))) {
        if (!host_gone(h.pid, (uint64_t)h.started))
            seen = LIVES_HERE;
        else
            (void)store_lease_revoke(c->up->store, kv.lease, NULL, deadline);
    }
    buf_done(&boot);
    arena_done(&arena);
    return seen;
}

static int tell_holder(struct node_claim *c, int r, struct err *err)
{
    struct arena arena = ARENA(MEM_APP, 0);
    struct store_kv kv = {.version = 0};
    struct holder h;
    (void)election_observe(c->up->store, (struct slice){0}, slice_from(c->role), &arena, &kv, NULL,
                           rt_now() + MORE_MS * RT_MS);
    if (kv.version && !slice_eq_cstr(kv.value, c->who)) {
        const char *who =
            read_holder(kv.value, &arena, &h) == 0
                ? arena_printf(&arena, "process %lld of %.*s", (long long)h.pid, SLICE_ARG(h.host))
                : arena_printf(&arena, "%.*s", SLICE_ARG(kv.value));
        r = err_set(err, -EBUSY,
                    "the node '%s' is up already on this store, as %s: give this one another name "
                    "with --node",
                    c->up->node, who);
    }
    arena_done(&arena);
    return r;
}

/* ---- taking it ---- */

static int claim_once(struct node_claim *c, struct err *err, rt_time deadline)
{
    int64_t ttl_ms = c->up->lease_ttl_ns / RT_MS;
    rt_time grace = rt_now() + MORE_MS * RT_MS; /* it may just be ending */
    while (look_at_holder(c, deadline) == LIVES_HERE) {
        if (rt_now() >= grace || rt_now() >= deadline)
            return -EBUSY;
        if (rt_sleep(rt_now() + SOON_MS * RT_MS) < 0)
            return -ECANCELED;
    }
    int r = store_session_open(&c->session, c->up->store, ttl_ms, err, deadline);
    c->open = r == 0;
    if (r == 0)
        r = election_campaign(&c->election, &c->session, (struct slice){0}, slice_from(c->role),
                              slice_from(c->who), err, deadline);
    return r;
}

/* The lease of one that died elsewhere has its time to live left, and all of it once more where
 * etcd's leader moves meanwhile. */
static rt_time until_free(const struct up *u)
{
    return rt_now() + 2 * u->lease_ttl_ns + MORE_MS * RT_MS;
}

/* Where our own session is lost while we wait for whoever had the name, another one asks. */
static int claim(struct node_claim *c, struct err *err, rt_time deadline)
{
    for (;;) {
        int r = claim_once(c, err, deadline);
        if (r != -ENOLINK || rt_now() >= deadline)
            return r;
        let_go(c, rt_now());
        if (rt_sleep(rt_now() + SOON_MS * RT_MS) < 0)
            return -ECANCELED;
    }
}

/* With the name, what the life before ours held by it is ours to end: it need not lapse first. */
static void end_former_life(struct up *u)
{
    enum { ROLES = 2 };
    rt_time soon = rt_now() + MORE_MS * RT_MS;
    for (int i = 0; i < ROLES; i++) {
        struct arena arena = ARENA(MEM_APP, 0);
        struct store_kv kv = {.version = 0};
        const char *role = i == 0 ? "controller" : arena_printf(&arena, "planes/%s", u->node);
        if (election_observe(u->store, (struct slice){0}, slice_from(role), &arena, &kv, NULL,
                             soon) == 0 &&
            kv.lease && slice_eq_cstr(kv.value, u->node))
            (void)store_lease_revoke(u->store, kv.lease, NULL, soon);
        arena_done(&arena);
    }
}

int node_claim(struct up *u, struct node_claim **ret, struct err *err)
{
    *ret = NULL;
    if (strcmp(store_backend_name(u->store), "etcd") != 0)
        return 0;
    struct node_claim *c = mem_alloc(MEM_APP, sizeof(*c));
    struct buf who = BUF(MEM_APP, 0), role = BUF(MEM_APP, 0);
    c->up = u;
    write_holder(&who);
    buf_printf(&role, "node/%s", u->node);
    c->who = mem_strdup(MEM_APP, buf_slice(&who));
    c->role = mem_strdup(MEM_APP, buf_slice(&role));
    buf_done(&who);
    buf_done(&role);
    int r = claim(c, err, until_free(u));
    if (r < 0 && r != -ECANCELED)
        r = tell_holder(c, r, err);
    if (r == 0) {
        end_former_life(u);
        *ret = c;
    } else {
        node_release(c, rt_now() + MORE_MS * RT_MS);
    }
    return r;
}

void node_main(void *arg)
{
    struct node_claim *c = arg;
    bool told = false;
    while (!rt_cancelled()) {
        struct err err = {0};
        if (c->open && rt_event_wait(&c->session.lost, RT_NEVER) < 0)
            return;
        if (!told && c->up->app->logsink)
            log_warn(&c->up->app->log, "the lease of this node's name is lost: it is claimed anew",
                     log_event("node_lost"), log_str("node", c->up->node));
        told = true;
        let_go(c, rt_now());
        int r = claim_once(c, &err, until_free(c->up));
        if (r == -ECANCELED)
            return;
        if (r == 0) {
            told = false;
            continue;
        }
        let_go(c, rt_now());
        if (tell_holder(c, r, &err) == -EBUSY && c->up->app->logsink)
            log_error(&c->up->app->log, "another process has this node's name",
                      log_event("node_taken"), log_err(&err));
        if (rt_sleep(rt_now() + AGAIN_MS * RT_MS) < 0)
            return;
    }
}

void node_release(struct node_claim *c, rt_time deadline)
{
    if (!c)
        return;
    let_go(c, deadline);
    mem_free(MEM_APP, c->role);
    mem_free(MEM_APP, c->who);
    mem_free(MEM_APP, c);
}
