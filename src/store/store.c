#include "store/store.h"

#include <assert.h>
#include <errno.h>

#include "base/map.h"
#include "store/prefix.h"
#include "store/watch.h"

/* Every request passes here on its way to a back end, so that all of them refuse the same. */

static int check_key(struct slice key, struct err *err)
{
    if (key.size == 0)
        return err_set(err, -EINVAL, "an empty key");
    if (key.size > STORE_KEY_BYTES_MAX)
        return err_set(err, -EMSGSIZE, "a key of %zu bytes: at most %d", key.size,
                       STORE_KEY_BYTES_MAX);
    return 0;
}

static int check_keys(const struct store_keys *keys, struct err *err)
{
    if (keys->key.size > STORE_KEY_BYTES_MAX || keys->end.size > STORE_KEY_BYTES_MAX)
        return err_set(err, -EMSGSIZE, "a key of more than %d bytes", STORE_KEY_BYTES_MAX);
    if (keys->scope == STORE_KEY)
        return check_key(keys->key, err);
    if (keys->scope == STORE_SPAN && keys->end.size && slice_compare(keys->key, keys->end) >= 0)
        return err_set(err, -EINVAL, "a span that ends before it begins");
    return 0;
}

static int check_range(const struct store_range *q, struct err *err)
{
    int r = check_keys(&q->keys, err);
    if (r < 0)
        return r;
    if (q->revision < 0)
        return err_set(err, -EINVAL, "revision %lld", (long long)q->revision);
    if (q->limit < 0 || q->limit > STORE_RANGE_LIMIT_MAX)
        return err_set(err, -EINVAL, "a limit of %lld keys: 0 to %d", (long long)q->limit,
                       STORE_RANGE_LIMIT_MAX);
    return 0;
}

static int check_put(const struct store_op *op, struct err *err)
{
    int r = check_key(op->key, err);
    if (r < 0)
        return r;
    if (op->value.size > STORE_VALUE_BYTES_MAX)
        return err_set(err, -EMSGSIZE, "the value of %.*s has %zu bytes: at most %d",
                       SLICE_ARG(op->key), op->value.size, STORE_VALUE_BYTES_MAX);
    if (op->keep_value && op->value.size)
        return err_set(err, -EINVAL, "%.*s: a value beside keep_value", SLICE_ARG(op->key));
    if (op->lease < 0)
        return err_set(err, -EINVAL, "lease %lld", (long long)op->lease);
    return 0;
}

/* Which operation put which key: a slot has its place, plus one. Twice as many slots as there can
 * be operations; keys that share a hash only cost time, and at most STORE_TXN_OPS_MAX looks each.
 */
struct put_keys {
    uint8_t slots[STORE_TXN_OPS_MAX * 2];
};

static bool put_before(struct put_keys *keys, const struct store_op *ops, uint32_t i)
{
    size_t at = map_hash((struct map_seed){0}, ops[i].key.data, ops[i].key.size);
    for (;; at++) {
        uint8_t *slot = &keys->slots[at % sizeof(keys->slots)];
        if (*slot == 0) {
            *slot = (uint8_t)(i + 1);
            return false;
        }
        if (slice_eq(ops[*slot - 1].key, ops[i].key))
            return true;
    }
}

static const struct store_op *put_among(const struct store_op *ops, uint32_t count,
                                        const struct store_keys *keys)
{
    for (uint32_t i = 0; i < count; i++)
        if (ops[i].type == STORE_PUT && store_keys_have(keys, ops[i].key))
            return &ops[i];
    return NULL;
}

static int check_once(const struct store_op *ops, uint32_t count, struct err *err)
{
    struct put_keys keys = {0};
    for (uint32_t i = 0; i < count; i++) {
        const struct store_op *twice = NULL;
        if (ops[i].type == STORE_PUT && put_before(&keys, ops, i))
            twice = &ops[i];
        if (ops[i].type == STORE_DELETE)
            twice = put_among(ops, count, &ops[i].keys);
        if (twice)
            return err_set(err, -EINVAL, "%.*s is written twice in one transaction",
                           SLICE_ARG(twice->key));
    }
    return 0;
}

static int check_branch(const struct store_op *ops, uint32_t count, size_t *bytes, struct err *err)
{
    if (count > STORE_TXN_OPS_MAX)
        return err_set(err, -EMSGSIZE, "a transaction of %u operations: at most %d", count,
                       STORE_TXN_OPS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        const struct store_op *op = &ops[i];
        int r = op->type == STORE_PUT      ? check_put(op, err)
                : op->type == STORE_DELETE ? check_keys(&op->keys, err)
                                           : check_range(&op->range, err);
        if (r == 0 && op->type == STORE_READ && op->range.revision)
            r = err_set(err, -EINVAL, "a transaction reads at its own revision");
        if (r == 0 && op->type == STORE_READ && op->range.bytes_max)
            r = err_set(err, -EINVAL, "a transaction's read has no bound of bytes");
        if (r < 0)
            return r;
        *bytes += op->key.size + op->value.size;
    }
    return check_once(ops, count, err);
}

static int check_txn(const struct store_txn *txn, struct err *err)
{
    size_t bytes = 0;
    if (txn->compare_count > STORE_TXN_OPS_MAX)
        return err_set(err, -EMSGSIZE, "a transaction of %u compares: at most %d",
                       txn->compare_count, STORE_TXN_OPS_MAX);
    for (uint32_t i = 0; i < txn->compare_count; i++) {
        int r = check_key(txn->compares[i].key, err);
        if (r < 0)
            return r;
        bytes += txn->compares[i].key.size + txn->compares[i].value.size;
    }
    int r = check_branch(txn->then, txn->then_count, &bytes, err);
    if (r == 0)
        r = check_branch(txn->otherwise, txn->otherwise_count, &bytes, err);
    if (r == 0 && bytes > STORE_TXN_BYTES_MAX)
        r = err_set(err, -EMSGSIZE, "a transaction of %zu bytes: at most %d", bytes,
                    STORE_TXN_BYTES_MAX);
    return r;
}

static int check_ttl(int64_t ttl_ms, struct err *err)
{
    if (ttl_ms < STORE_LEASE_TTL_MIN_MS || ttl_ms > STORE_LEASE_TTL_MAX_MS)
        return err_set(err, -EINVAL, "a lease of %lld ms: %d to %d", (long long)ttl_ms,
                       STORE_LEASE_TTL_MIN_MS, STORE_LEASE_TTL_MAX_MS);
    return 0;
}

/* ---- what calls take ---- */

static const char *const call_names[STORE_CALL_COUNT] = {
    [STORE_CALL_RANGE] = "range",     [STORE_CALL_TXN] = "txn",
    [STORE_CALL_WATCH] = "watch",     [STORE_CALL_LEASE] = "lease",
    [STORE_CALL_COMPACT] = "compact", [STORE_CALL_STATUS] = "status",
    [STORE_CALL_BACKUP] = "backup",
};

const char *store_call_name(enum store_call call)
{
    return call_names[call];
}

const struct store_stats *store_stats_of(const struct store *s)
{
    return &s->stats;
}

const char *store_backend_name(const struct store *s)
{
    return s->backend->name;
}

/* Counts a call that began at `began`. Returns its result. */
static int took(struct store *s, enum store_call call, rt_time began, int r)
{
    histogram_add(&s->stats.took[call], rt_now_exact() - began);
    if (r < 0)
        s->stats.failed_total[call]++;
    return r;
}

/* ---- the calls ---- */

int store_range(struct store *s, const struct store_range *request, struct arena *arena,
                struct store_range_result *ret, struct err *err, rt_time deadline)
{
    rt_time began = rt_now_exact();
    struct arena own = ARENA(MEM_STORE, 0);
    struct store_range below = *request;
    int r = check_range(request, err);
    if (r == 0)
        r = prefix_keys(s, &below.keys, &own, err);
    if (r == 0)
        r = s->backend->range(s, &below, arena, ret, err, deadline);
    if (r == 0)
        prefix_strip_range(s, ret);
    arena_done(&own);
    return took(s, STORE_CALL_RANGE, began, r);
}

int store_get(struct store *s, struct slice key, struct arena *arena, struct store_kv *ret,
              struct err *err, rt_time deadline)
{
    struct store_range_result found;
    int r =
        store_range(s, &(struct store_range){.keys = store_key(key)}, arena, &found, err, deadline);
    if (r == 0)
        *ret = found.count ? found.kvs[0] : (struct store_kv){.key = key};
    return r;
}

int store_txn(struct store *s, const struct store_txn *txn, struct arena *arena,
              struct store_txn_result *ret, struct err *err, rt_time deadline)
{
    rt_time began = rt_now_exact();
    int r = check_txn(txn, err);
    if (r < 0)
        return took(s, STORE_CALL_TXN, began, r);
    struct arena own = ARENA(MEM_STORE, 0);
    struct store_txn below;
    struct store_txn_result result;
    r = prefix_txn(s, txn, &own, &below, err);
    if (r == 0)
        r = s->backend->txn(s, &below, arena ? arena : &own, &result, err, deadline);
    if (r == 0)
        prefix_strip_txn(s, &result);
    if (r == 0 && ret)
        *ret = result;
    arena_done(&own);
    return took(s, STORE_CALL_TXN, began, r);
}

int store_put(struct store *s, struct slice key, struct slice value, int64_t lease,
              int64_t *ret_revision, struct err *err, rt_time deadline)
{
    struct store_op op = {.type = STORE_PUT, .key = key, .value = value, .lease = lease};
    struct store_txn_result result;
    int r = store_txn(s, &(struct store_txn){.then = &op, .then_count = 1}, NULL, &result, err,
                      deadline);
    if (r == 0 && ret_revision)
        *ret_revision = result.revision;
    return r;
}

int64_t store_delete(struct store *s, struct store_keys keys, int64_t *ret_revision,
                     struct err *err, rt_time deadline)
{
    struct store_op op = {.type = STORE_DELETE, .keys = keys};
    struct arena arena = ARENA(MEM_STORE, 0);
    struct store_txn_result result;
    int64_t r = store_txn(s, &(struct store_txn){.then = &op, .then_count = 1}, &arena, &result,
                          err, deadline);
    if (r == 0) {
        r = result.ops[0].deleted;
        if (ret_revision)
            *ret_revision = result.revision;
    }
    arena_done(&arena);
    return r;
}

void store_batch_free(struct store_batch *b)
{
    if (!b)
        return;
    arena_done(&b->arena);
    mem_free(MEM_STORE, b);
}

int store_watch(struct store *s, const struct store_watch_request *request, struct store_watch *w,
                struct err *err, rt_time deadline)
{
    rt_time began = rt_now_exact();
    int r = check_keys(&request->keys, err);
    if (r == 0 && request->revision < 0)
        r = err_set(err, -EINVAL, "revision %lld", (long long)request->revision);
    struct arena own = ARENA(MEM_STORE, 0);
    struct store_watch_request below = *request;
    if (r == 0)
        r = prefix_keys(s, &below.keys, &own, err);
    if (r == 0) {
        *w = (struct store_watch){.store = s};
        r = s->backend->watch(s, &below, w, err, deadline);
        w->open = r == 0;
    }
    arena_done(&own);
    return took(s, STORE_CALL_WATCH, began, r);
}

void store_unwatch(struct store_watch *w)
{
    if (!w->open)
        return;
    if (w->impl)
        w->store->backend->unwatch(w);
    watch_queue_done(w);
    w->impl = NULL;
    w->open = false;
}

int store_lease_grant(struct store *s, int64_t id, int64_t ttl_ms, struct store_lease *ret,
                      struct err *err, rt_time deadline)
{
    rt_time began = rt_now_exact();
    int r = check_ttl(ttl_ms, err);
    if (r == 0 && id < 0)
        r = err_set(err, -EINVAL, "lease %lld", (long long)id);
    if (r == 0)
        r = s->backend->lease_grant(s, id, ttl_ms, ret, err, deadline);
    return took(s, STORE_CALL_LEASE, began, r);
}

int store_lease_keep(struct store *s, int64_t id, struct store_lease *ret, struct err *err,
                     rt_time deadline)
{
    rt_time began = rt_now_exact();
    return took(s, STORE_CALL_LEASE, began, s->backend->lease_keep(s, id, ret, err, deadline));
}

int store_lease_revoke(struct store *s, int64_t id, struct err *err, rt_time deadline)
{
    rt_time began = rt_now_exact();
    return took(s, STORE_CALL_LEASE, began, s->backend->lease_revoke(s, id, err, deadline));
}

int store_lease_get(struct store *s, int64_t id, struct arena *arena, struct store_lease *ret,
                    struct err *err, rt_time deadline)
{
    rt_time began = rt_now_exact();
    int r = s->backend->lease_get(s, id, arena, ret, err, deadline);
    if (r == 0 && arena)
        prefix_strip_lease(s, ret);
    return took(s, STORE_CALL_LEASE, began, r);
}

int store_compact(struct store *s, int64_t revision, struct err *err, rt_time deadline)
{
    if (revision <= 0)
        return err_set(err, -EINVAL, "revision %lld", (long long)revision);
    rt_time began = rt_now_exact();
    return took(s, STORE_CALL_COMPACT, began, s->backend->compact(s, revision, err, deadline));
}

int store_status(struct store *s, struct store_status *ret, struct err *err, rt_time deadline)
{
    rt_time began = rt_now_exact();
    return took(s, STORE_CALL_STATUS, began, s->backend->status(s, ret, err, deadline));
}

int store_backup(struct store *s, const char *path, int64_t *ret_revision, struct err *err,
                 rt_time deadline)
{
    if (!s->backend->backup)
        return err_set(err, -EOPNOTSUPP,
                       "the %s store makes no backups of this kind: its own tools do",
                       s->backend->name);
    rt_time began = rt_now_exact();
    return took(s, STORE_CALL_BACKUP, began,
                s->backend->backup(s, path, ret_revision, err, deadline));
}

int store_set_prefix(struct store *s, struct slice prefix, struct err *err)
{
    assert(s->prefix.size == 0);
    if (prefix.size == 0)
        return 0;
    if (!slice_starts_with(prefix, SLICE("/")) || slice_ends_with(prefix, SLICE("/")) ||
        prefix.size > STORE_KEY_BYTES_MAX / 2)
        return err_set(err, -EINVAL,
                       "the prefix '%.*s': write a path like /firebreak, without a "
                       "slash at its end",
                       SLICE_ARG(prefix));
    s->prefix = (struct slice){mem_strdup(MEM_STORE, prefix), prefix.size};
    return 0;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    char *prefix = (char *)(uintptr_t)s->prefix.data;
    s->backend->close(s); /* which still tells watchers */
    mem_free(MEM_STORE, prefix);
}
