#include "store/etcd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "rt/file.h"
#include "store/etcd_store.h"

#define FIRST_KEY SLICE("\0")

enum { ALONE_MS = 2000 }; /* for the word of a member without a leader */

/* ---- reading ---- */

/* etcd bounds an answer by keys and not by bytes. What is more than was asked for is cut off, and
 * the next page asks for about as many keys as this one had room for: so a list of large values
 * is not read again and again. */
static void cut(struct etcd *s, const struct store_range *q, struct store_range_result *r)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < r->count; i++) {
        bytes += r->kvs[i].key.size + r->kvs[i].value.size;
        if (bytes < q->bytes_max || i + 1 == r->count)
            continue;
        r->count = i + 1;
        r->more = true;
        r->total = -1;
        s->page_keys = r->count * 2;
        return;
    }
    if (s->page_keys && bytes < q->bytes_max / 4)
        s->page_keys = s->page_keys < STORE_RANGE_LIMIT_MAX / 2 ? s->page_keys * 2 : 0;
}

static int range_bounded(struct etcd *s, const struct etcd_method *m, const struct store_range *q,
                         struct buf *reply, struct err *err, rt_time deadline)
{
    struct store_range page = *q;
    struct buf message = BUF(MEM_STORE, 0);
    int r;
    if (page.limit == 0)
        page.limit = STORE_RANGE_LIMIT_MAX;
    for (;;) {
        if (q->bytes_max && s->page_keys && page.limit > s->page_keys)
            page.limit = s->page_keys;
        buf_clear(&message);
        etcd_put_range(&message, &page);
        r = etcd_call(s, m, buf_slice(&message), reply, err, deadline);
        if (r != -EMSGSIZE || q->bytes_max == 0 || page.limit == 1)
            break;
        s->page_keys = (uint32_t)(page.limit + 7) / 8; /* more than STORE_ETCD_ANSWER_BYTES_MAX */
    }
    buf_done(&message);
    return r;
}

static int etcd_range(struct store *st, const struct store_range *q, struct arena *arena,
                      struct store_range_result *ret, struct err *err, rt_time deadline)
{
    static const struct etcd_method range = {.path = SLICE("/etcdserverpb.KV/Range"),
                                             .repeats = true};
    struct buf reply = BUF(MEM_STORE, 0);
    int r = range_bounded(etcd_of(st), &range, q, &reply, err, deadline);
    if (r == 0) {
        r = etcd_get_range(buf_slice(&reply), arena, ret);
        if (r < 0)
            err_sys(err, r, "etcd: the answer to a range");
        else if (q->bytes_max)
            cut(etcd_of(st), q, ret);
    }
    buf_done(&reply);
    return r;
}

int etcd_revision(struct etcd *s, struct slice key, int64_t *ret_revision, struct err *err,
                  rt_time deadline)
{
    struct arena arena = ARENA(MEM_STORE, 0);
    struct store_range_result found;
    struct store_range q = {.keys = store_key(key.size ? key : FIRST_KEY), .count_only = true};
    int r = etcd_range(&s->store, &q, &arena, &found, err, deadline);
    if (r == 0)
        *ret_revision = found.revision;
    arena_done(&arena);
    return r;
}

/* ---- writing ---- */

/* One operation without a compare is a request of its own: less to say, and less for etcd to do. */
static bool is_single(const struct store_txn *txn)
{
    return txn->compare_count == 0 && txn->otherwise_count == 0 && txn->then_count == 1 &&
           txn->then[0].type != STORE_READ;
}

static int get_single(struct slice reply, const struct store_op *op, struct arena *arena,
                      struct store_txn_result *ret)
{
    struct etcd_answer a;
    int r = etcd_get_answer(reply, &a);
    if (r < 0)
        return r;
    struct store_txn_result made = {.succeeded = true, .revision = a.revision, .op_count = 1};
    made.ops = arena_new(arena, struct store_op_result);
    if (!made.ops)
        return -ENOSPC;
    made.ops->deleted = op->type == STORE_DELETE ? (int64_t)a.number[2] : 0;
    *ret = made;
    return 0;
}

static int get_result(struct slice reply, const struct store_txn *txn, struct arena *arena,
                      struct store_txn_result *ret, struct err *err)
{
    bool single = is_single(txn);
    int r = single ? get_single(reply, &txn->then[0], arena, ret)
                   : etcd_get_txn(reply, txn, arena, ret);
    if (r == 0)
        return 0;
    bool wrote = single || etcd_txn_wrote(reply, txn);
    if (r == -ENOSPC && wrote) /* this back end cannot take it back */
        return err_set(err, -ECONNRESET,
                       "etcd: the transaction happened, but its answer does not fit");
    if (r == -EBADMSG && wrote)
        return err_set(err, -ECONNRESET, "etcd: a broken answer to a transaction");
    return err_sys(err, r, "etcd: the answer to a transaction");
}

static int etcd_txn(struct store *st, const struct store_txn *txn, struct arena *arena,
                    struct store_txn_result *ret, struct err *err, rt_time deadline)
{
    static const struct etcd_method whole = {.path = SLICE("/etcdserverpb.KV/Txn")},
                                    put = {.path = SLICE("/etcdserverpb.KV/Put")},
                                    delete = {.path = SLICE("/etcdserverpb.KV/DeleteRange")};
    struct buf message = BUF(MEM_STORE, 0), reply = BUF(MEM_STORE, 0);
    const struct etcd_method *m = &whole;
    if (is_single(txn)) {
        m = txn->then[0].type == STORE_PUT ? &put : &delete;
        etcd_put_op(&message, &txn->then[0]);
    } else {
        etcd_put_txn(&message, txn);
    }
    int r = etcd_call(etcd_of(st), m, buf_slice(&message), &reply, err, deadline);
    if (r == 0)
        r = get_result(buf_slice(&reply), txn, arena, ret, err);
    buf_done(&message);
    buf_done(&reply);
    return r;
}

static int etcd_compact(struct store *st, int64_t revision, struct err *err, rt_time deadline)
{
    /* Twice does no harm, but the second says that it is done: which is not an error then. */
    static const struct etcd_method compact = {.path = SLICE("/etcdserverpb.KV/Compact")};
    struct buf message = BUF(MEM_STORE, 0), reply = BUF(MEM_STORE, 0);
    etcd_put_numbers(&message, revision, 0);
    int r = etcd_call(etcd_of(st), &compact, buf_slice(&message), &reply, err, deadline);
    buf_done(&message);
    buf_done(&reply);
    return r;
}

/* ---- how it is ---- */

static void say_where(const struct etcd *s, struct store_status *ret)
{
    const struct etcd_conn *c = s->links[LINK_CALLS].conn;
    uint32_t at = c ? c->endpoint : s->preferred;
    snprintf(ret->where, sizeof(ret->where), "%s:%u", s->url.endpoints[at].host,
             s->endpoints[at].port);
}

/* The member's own word: its numbers are those of that moment, its revision may lag. */
static int ask_member(struct etcd *s, struct store_status *ret, struct err *err, rt_time deadline)
{
    static const struct etcd_method status = {
        .path = SLICE("/etcdserverpb.Maintenance/Status"), .repeats = true, .without_leader = true};
    struct buf reply = BUF(MEM_STORE, 0);
    struct etcd_answer a;
    int r = etcd_call(s, &status, (struct slice){0}, &reply, err, deadline);
    if (r == 0)
        r = etcd_get_answer(buf_slice(&reply), &a);
    if (r == 0)
        r = etcd_get_texts(buf_slice(&reply), 8, ret->trouble, sizeof(ret->trouble));
    if (r == 0) {
        snprintf(ret->version, sizeof(ret->version), "%.*s", SLICE_ARG(a.text[2]));
        ret->revision = a.revision;
        ret->bytes = (int64_t)a.number[3];
        ret->leader = a.number[4];
        ret->bytes_max = (int64_t)a.number[12];
    }
    buf_done(&reply);
    return r;
}

/* ---- what is below our prefix, which we may read where others' keys are not ours to see ---- */

static struct store_keys own_keys(const struct etcd *s, struct arena *arena)
{
    struct slice prefix = s->store.prefix;
    if (prefix.size == 0)
        return store_prefix((struct slice){0});
    return store_prefix(slice_from(arena_printf(arena, "%.*s/", SLICE_ARG(prefix))));
}

static int count_at(struct etcd *s, struct store_keys keys, int64_t revision,
                    struct store_range_result *ret, struct err *err, rt_time deadline)
{
    struct arena arena = ARENA(MEM_STORE, 0);
    struct store_range q = {.keys = keys, .count_only = true, .revision = revision};
    int r = etcd_range(&s->store, &q, &arena, ret, err, deadline);
    arena_done(&arena);
    return r;
}

static int count_keys(struct etcd *s, struct store_status *ret, struct err *err, rt_time deadline)
{
    struct arena arena = ARENA(MEM_STORE, 0);
    struct store_range_result got;
    int r = count_at(s, own_keys(s, &arena), 0, &got, err, deadline);
    if (r == 0) {
        ret->revision = got.revision;
        ret->keys = got.total;
    }
    arena_done(&arena);
    return r;
}

/* etcd tells nobody what it has compacted, but refuses to read behind it. One read says that
 * nothing has changed; where something has, a few more find the place. */
static int find_oldest(struct etcd *s, int64_t revision, int64_t *ret, rt_time deadline)
{
    struct arena arena = ARENA(MEM_STORE, 0);
    struct store_range_result got;
    struct store_keys keys = store_key(own_keys(s, &arena).key);
    int64_t gone = (s->oldest ? s->oldest : 1) - 1, left = revision, at = gone + 1;
    int r = 0;
    if (keys.key.size == 0)
        keys = store_key(FIRST_KEY);
    while (r == 0 && left > gone + 1) {
        r = count_at(s, keys, at, &got, NULL, deadline);
        if (r == 0)
            left = at;
        else if (r == -ENODATA)
            gone = at, r = 0;
        at = gone + (left - gone) / 2;
    }
    if (r == 0)
        *ret = s->oldest = left;
    arena_done(&arena);
    return r;
}

/* The cluster's word for the revision. A user with a few keys may not ask for it: then the member's
 * stands. Where there is none, the member answers and the cluster does not: that is the trouble. */
static int ask_cluster(struct etcd *s, struct store_status *ret, struct err *err, rt_time deadline)
{
    struct err why = {0};
    int r = count_keys(s, ret, &why, deadline);
    if (r == -ECANCELED || (r == -EACCES && !s->token))
        return err_set(err, r, "%s", why.text);
    if (r < 0 && r != -EACCES)
        snprintf(ret->trouble, sizeof(ret->trouble), "%s", why.text);
    return 0;
}

static int etcd_status(struct store *st, struct store_status *ret, struct err *err,
                       rt_time deadline)
{
    struct etcd *s = etcd_of(st);
    struct store_status *made = mem_alloc(MEM_STORE, sizeof(*made)); /* too large for a frame */
    made->backend = "etcd";
    made->compacted = made->keys = made->leases = -1;
    made->watches = (uint32_t)s->watches.count;
    int r = ask_member(s, made, err, deadline);
    if (r == 0)
        r = ask_cluster(s, made, err, deadline);
    int64_t oldest;
    if (r == 0 && made->keys >= 0 && find_oldest(s, made->revision, &oldest, deadline) == 0)
        made->compacted = oldest > 1 ? oldest : 0;
    if (r == 0) {
        made->writable = made->trouble[0] == 0;
        if (made->writable) /* by those that are left */
            snprintf(made->trouble, sizeof(made->trouble), "%s", etcd_links_look(s, deadline));
        say_where(s, made);
        *ret = *made;
    }
    mem_free(MEM_STORE, made);
    return r;
}

/* ---- opening and closing ---- */

static void etcd_close(struct store *st)
{
    struct etcd *s = etcd_of(st);
    rt_group_done(&s->group);
    etcd_watches_close(s);
    while (!list_empty(&s->keeps))
        mem_free(MEM_STORE, list_pop_front(&s->keeps)); /* left behind: the link is their head */
    etcd_links_close(s);
    dns_resolver_close(s->dns);
    tls_context_close(s->tls);
    mem_free(MEM_STORE, s->token);
    arena_done(&s->arena);
    mem_free(MEM_STORE, s);
}

static const struct store_backend backend = {
    .name = "etcd",
    .range = etcd_range,
    .txn = etcd_txn,
    .watch = etcd_watch,
    .unwatch = etcd_unwatch,
    .lease_grant = etcd_lease_grant,
    .lease_keep = etcd_lease_keep,
    .lease_revoke = etcd_lease_revoke,
    .lease_get = etcd_lease_get,
    .compact = etcd_compact,
    .status = etcd_status,
    .close = etcd_close,
};

/* The first line of the file, or the variable's value. */
static int find_password(struct etcd *s, struct err *err, rt_time deadline)
{
    enum { PASSWORD_BYTES_MAX = 4096 };
    struct etcd_url *u = &s->url;
    if (u->password_env) {
        const char *value = getenv(u->password_env);
        if (!value || !value[0])
            return err_set(err, -EINVAL, "etcd: the environment has no %s, where the password is",
                           u->password_env);
        u->password = arena_strdup(&s->arena, slice_from(value));
    }
    if (!u->password_file)
        return 0;
    struct buf text = BUF(MEM_STORE, PASSWORD_BYTES_MAX);
    int r = rt_file_read_all(u->password_file, &text, deadline);
    struct slice rest = buf_slice(&text), line = slice_trim(slice_cut(&rest, '\n'));
    if (r < 0)
        err_sys(err, r, "etcd: password file %s", u->password_file);
    else if (line.size == 0)
        r = err_set(err, -EINVAL, "etcd: password file %s is empty", u->password_file);
    else
        u->password = arena_strdup(&s->arena, line);
    buf_done(&text);
    return r;
}

static int prepare(struct etcd *s, const char *url, struct err *err, rt_time deadline)
{
    int r = etcd_url_parse(slice_from(url), &s->arena, &s->url, err);
    if (r < 0)
        return r;
    s->endpoint_count = s->url.endpoint_count;
    for (uint32_t i = 0; i < s->endpoint_count; i++) {
        s->endpoints[i].host = slice_from(s->url.endpoints[i].host);
        s->endpoints[i].port = s->url.endpoints[i].port;
    }
    r = find_password(s, err, deadline);
    if (r == 0)
        r = dns_resolver_open(NULL, &s->dns, err);
    if (r == 0 && s->url.tls) {
        struct tls_options o = {
            .ca_file = s->url.ca, .cert_file = s->url.cert, .key_file = s->url.key};
        r = tls_context_open(&o, &s->tls, err, deadline);
    }
    return r;
}

/* A member of a cluster without a leader answers nothing but how it is: whoever asks that is told
 * more than "it cannot be opened". */
static bool a_member_answers(struct etcd *s, rt_time deadline)
{
    struct store_status *status = mem_alloc(MEM_STORE, sizeof(*status));
    rt_time soon = rt_now() + ALONE_MS * RT_MS;
    int r = ask_member(s, status, NULL, soon < deadline ? soon : deadline);
    mem_free(MEM_STORE, status);
    return r == 0;
}

/* Whether somebody answers and takes our name. What we may read, only our caller knows. */
static int first_call(struct etcd *s, struct err *err, rt_time deadline)
{
    int64_t revision;
    int r = etcd_revision(s, FIRST_KEY, &revision, err, deadline);
    if ((r == -EACCES && s->token) || (store_is_away(r) && a_member_answers(s, deadline)))
        return 0;
    return r;
}

int store_etcd_open(const char *url, struct store **ret_store, struct err *err, rt_time deadline)
{
    struct etcd *s = mem_alloc(MEM_STORE, sizeof(*s));
    s->store.backend = &backend;
    s->arena = ARENA(MEM_STORE, 0);
    s->unwatched = BUF(MEM_STORE, 0);
    s->watches = MAP(MEM_STORE, STORE_WATCHES_MAX, (struct map_seed){0});
    list_init(&s->unasked);
    list_init(&s->creating);
    list_init(&s->keeps);
    rt_group_init(&s->group, "store_etcd");
    int r = prepare(s, url, err, deadline);
    if (r == 0)
        r = first_call(s, err, deadline);
    if (r < 0) {
        etcd_close(&s->store);
        return r;
    }
    *ret_store = &s->store;
    return 0;
}
