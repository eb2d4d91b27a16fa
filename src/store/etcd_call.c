#include <errno.h>

#include "base/fault.h"
#include "store/etcd_store.h"

enum { AGAIN_MIN_MS = 20, AGAIN_MAX_MS = 500, LOGINS_MAX = 2 };

/* ---- who we are ---- */

void etcd_token_drop(struct etcd *s, uint64_t number)
{
    s->no_auth = false;
    if (s->token_number != number)
        return; /* another one has fetched a new one since */
    mem_free(MEM_STORE, s->token);
    s->token = NULL;
}

static int authenticate(struct etcd *s, struct etcd_conn *c, struct err *err, rt_time deadline)
{
    static const struct grpc_request request = {.path = SLICE("/etcdserverpb.Auth/Authenticate")};
    struct grpc_answer answer = {0};
    struct buf message = BUF(MEM_STORE, 0), reply = BUF(MEM_STORE, 0);
    struct etcd_answer a;
    enum etcd_class class = ETCD_FINAL;
    etcd_put_login(&message, slice_from(s->url.user), slice_from(s->url.password));
    int r = grpc_call(c->grpc, &request, buf_slice(&message), &reply, &answer, err, deadline);
    if (r == -EREMOTEIO) {
        r = etcd_status_errno(&answer.status, &class);
        err_set(err, r, "etcd: log in as %s: %s", s->url.user, answer.status.message);
    }
    if (class == ETCD_NO_AUTH) {
        s->no_auth = true;
        r = 0;
    } else if (r == 0) {
        r = etcd_get_answer(buf_slice(&reply), &a);
        if (r == 0 && a.text[2].size)
            s->token = mem_strdup(MEM_STORE, a.text[2]);
        else
            r = err_set(err, -EBADMSG, "etcd: log in as %s: no token came", s->url.user);
        s->token_number++;
    }
    buf_done(&message);
    buf_done(&reply);
    return r;
}

/* One task logs in for all. */
static int log_in(struct etcd *s, struct etcd_conn *c, struct err *err, rt_time deadline)
{
    while (s->url.user && !s->token && !s->no_auth) {
        int r;
        if (s->logging_in) {
            r = rt_event_wait(&s->logged_in, deadline);
            if (r < 0)
                return err_sys(err, r, "etcd: log in");
            continue;
        }
        s->logging_in = true;
        rt_event_clear(&s->logged_in);
        r = authenticate(s, c, err, deadline);
        s->logging_in = false;
        rt_event_set(&s->logged_in);
        if (r < 0)
            return r;
    }
    return 0;
}

int etcd_metadata(struct etcd *s, struct etcd_conn *c, struct etcd_metadata *ret, struct err *err,
                  rt_time deadline)
{
    int r = log_in(s, c, err, deadline);
    if (r < 0)
        return r;
    *ret = (struct etcd_metadata){.token_number = s->token_number};
    ret->fields[ret->count++] = (struct grpc_field){SLICE("hasleader"), SLICE("true")};
    if (s->token)
        ret->fields[ret->count++] = (struct grpc_field){SLICE("token"), slice_from(s->token)};
    return 0;
}

/* ---- one try ---- */

struct attempt {
    const struct etcd_method *method;
    struct slice message;
    struct buf *reply;
    struct err *err;
    enum etcd_class class; /* of its failure */
    bool unsent;           /* there was no connection for it */
    uint32_t logins;
};

/* What the failure means, and what becomes of the connection. */
static int judge(struct etcd *s, enum etcd_link_name name, struct etcd_conn *c, int r,
                 const struct grpc_status *status, enum etcd_class *ret_class)
{
    *ret_class = ETCD_FINAL;
    switch (r) {
    case -EREMOTEIO:
        r = etcd_status_errno(status, ret_class);
        if (*ret_class == ETCD_NOT_DONE && r == -ENETDOWN)
            etcd_link_blame(s, name, c, "the member has no leader");
        break;
    case -ENETDOWN:
        *ret_class = ETCD_NOT_DONE;
        if (!grpc_usable(c->grpc))
            etcd_link_blame(s, name, c, "the connection has ended");
        break;
    case -ECONNRESET:
        *ret_class = ETCD_DOUBT;
        if (!grpc_usable(c->grpc))
            etcd_link_blame(s, name, c, "the connection broke");
        break;
    case -EBADMSG:
    case -EPROTONOSUPPORT:
        etcd_link_blame(s, name, c, "the endpoint does not speak etcd's protocol");
        break;
    }
    return r;
}

int etcd_stream_failed(struct etcd *s, enum etcd_link_name name, struct etcd_conn *c, int code,
                       const struct grpc_status *status, uint64_t token_number, bool *ret_final)
{
    enum etcd_class class;
    int r = judge(s, name, c, code, status, &class);
    if (class == ETCD_TOKEN)
        etcd_token_drop(s, token_number);
    *ret_final = class == ETCD_FINAL && code == -EREMOTEIO;
    return r;
}

static int try_on(struct etcd *s, struct etcd_conn *c, struct attempt *a, rt_time deadline)
{
    struct etcd_metadata md;
    struct grpc_answer answer = {0};
    int r = etcd_metadata(s, c, &md, a->err, deadline);
    if (r < 0) {
        /* Logging in twice does no harm. */
        a->class = r == -ENETDOWN || r == -ECONNRESET ? ETCD_NOT_DONE : ETCD_FINAL;
        if (a->class == ETCD_NOT_DONE)
            etcd_link_blame(s, LINK_CALLS, c, "no login");
        return r;
    }
    struct grpc_request request = {
        .path = a->method->path,
        .metadata = md.fields,
        .metadata_count = md.count,
        .no_timeout = true, /* a fifth more puts in a second; etcd has a time limit of its own */
    };
    if (a->method->without_leader) {
        request.metadata++;
        request.metadata_count--;
    }
    rt_time began = rt_now();
    buf_clear(a->reply);
    r = grpc_call(c->grpc, &request, a->message, a->reply, &answer, a->err, deadline);
    if (r == 0)
        return 0;
    /* Not a word since we asked: the next call had better go elsewhere. */
    if (r == -ETIMEDOUT && grpc_heard(c->grpc) <= began)
        etcd_link_blame(s, LINK_CALLS, c, "no answer in time");
    r = judge(s, LINK_CALLS, c, r, &answer.status, &a->class);
    if (a->class == ETCD_TOKEN && a->logins++ < LOGINS_MAX)
        etcd_token_drop(s, md.token_number);
    else if (a->class == ETCD_TOKEN)
        a->class = ETCD_FINAL;
    if (a->err)
        a->err->code = r;
    return r;
}

static int try_once(struct etcd *s, struct attempt *a, rt_time deadline)
{
    struct etcd_conn *c;
    a->class = ETCD_FINAL;
    int r = etcd_link_get(s, LINK_CALLS, &c, a->err, deadline);
    a->unsent = r < 0;
    if (r < 0) {
        a->class = r == -ENETDOWN ? ETCD_NOT_DONE : ETCD_FINAL;
        return r;
    }
    r = try_on(s, c, a, deadline);
    etcd_conn_put(c);
    return r;
}

/* ---- as often as it makes sense ---- */

int etcd_call(struct etcd *s, const struct etcd_method *m, struct slice message, struct buf *reply,
              struct err *err, rt_time deadline)
{
    struct attempt a = {.method = m, .message = message, .reply = reply, .err = err};
    rt_time patience = rt_now() + STORE_ETCD_PATIENCE_MS * RT_MS;
    rt_time pause = AGAIN_MIN_MS * RT_MS;
    /* That our time was up while we dialled once more is no reason: what was said before is. */
    struct err before = {0};
    if (rt_now() >= deadline)
        return err_sys(err, -ETIMEDOUT, "etcd");
    for (uint32_t tries = 1;; tries++) {
        int r = try_once(s, &a, deadline);
        if (r == 0)
            return 0;
        if (tries > 1 && r == -ETIMEDOUT && a.unsent) {
            if (err)
                *err = before;
            return before.code;
        }
        if (err)
            before = *err;
        before.code = r;
        bool repeats = m->repeats || fault_mutant("etcd_write_repeated");
        bool again = a.class == ETCD_NOT_DONE || (a.class == ETCD_DOUBT && repeats);
        if (a.class == ETCD_TOKEN)
            continue; /* at once, and LOGINS_MAX times at most */
        if (!again || (tries > 1 && rt_now() >= patience))
            return r;
        rt_time until = rt_now() + pause;
        if (until >= deadline)
            return r;
        if (rt_sleep(until) < 0)
            return err_sys(err, -ECANCELED, "etcd");
        pause = pause * 2 < AGAIN_MAX_MS * RT_MS ? pause * 2 : AGAIN_MAX_MS * RT_MS;
    }
}
