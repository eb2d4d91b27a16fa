#include "app/node.h"

#include <errno.h>
#include <string.h>

#include "host/self.h"
#include "store/election.h"

enum { MORE_MS = 3000, AGAIN_MS = 1000, SOON_MS = 100 };

struct node_claim {
    struct up *up;
    char *role, *who;
    struct store_session session;
    bool open; /* the session is */
    struct election election;
};

static int claim_once(struct node_claim *c, struct err *err, rt_time deadline)
{
    int64_t ttl_ms = c->up->lease_ttl_ns / RT_MS;
    int r = store_session_open(&c->session, c->up->store, ttl_ms, err, deadline);
    c->open = r == 0;
    if (r == 0)
        r = election_campaign(&c->election, &c->session, (struct slice){0}, slice_from(c->role),
                              slice_from(c->who), err, deadline);
    return r;
}

static void let_go(struct node_claim *c, rt_time deadline)
{
    if (c->open)
        store_session_close(&c->session, deadline);
    c->open = false;
}

/* A dead holder's lease has its time to live left, and all of it once more where etcd's leader
 * moves meanwhile. */
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

static int tell_holder(struct node_claim *c, int r, struct err *err)
{
    struct arena arena = ARENA(MEM_APP, 0);
    struct store_kv holder = {.version = 0};
    (void)election_observe(c->up->store, (struct slice){0}, slice_from(c->role), &arena, &holder,
                           NULL, rt_now() + MORE_MS * RT_MS);
    if (holder.version && !slice_eq_cstr(holder.value, c->who))
        r = err_set(err, -EBUSY,
                    "the node '%s' is up already on this store, as %.*s: give this one another "
                    "name with --node",
                    c->up->node, SLICE_ARG(holder.value));
    arena_done(&arena);
    return r;
}

int node_claim(struct up *u, struct node_claim **ret, struct err *err)
{
    *ret = NULL;
    if (strcmp(store_backend_name(u->store), "etcd") != 0)
        return 0;
    struct node_claim *c = mem_alloc(MEM_APP, sizeof(*c));
    struct buf who = BUF(MEM_APP, 0), role = BUF(MEM_APP, 0);
    c->up = u;
    buf_printf(&who, "process %d of ", host_pid());
    host_name(&who);
    buf_printf(&role, "node/%s", u->node);
    c->who = mem_strdup(MEM_APP, buf_slice(&who));
    c->role = mem_strdup(MEM_APP, buf_slice(&role));
    buf_done(&who);
    buf_done(&role);
    int r = claim(c, err, until_free(u));
    if (r < 0 && r != -ECANCELED)
        r = tell_holder(c, r, err);
    if (r == 0)
        *ret = c;
    else
        node_release(c, rt_now() + MORE_MS * RT_MS);
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
