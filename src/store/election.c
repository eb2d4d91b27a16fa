#include "store/election.h"

#include <errno.h>
#include <stdio.h>

#include "base/fault.h"

enum { TRY_AGAIN_MS = 100 };

static struct slice key_of(const struct election *e)
{
    return slice_from(e->key);
}

static int name_key(char *key, struct slice prefix, struct slice role, struct err *err)
{
    int n =
        snprintf(key, STORE_KEY_BYTES_MAX, "%.*s/leader/%.*s", SLICE_ARG(prefix), SLICE_ARG(role));
    if (n >= STORE_KEY_BYTES_MAX)
        return err_set(err, -EMSGSIZE, "the key of the role %.*s is longer than %d bytes",
                       SLICE_ARG(role), STORE_KEY_BYTES_MAX);
    return 0;
}

/* Creates the key, or tells who holds it. Asking again after a doubt is harmless: the answer then
 * shows our own lease. */
static int claim(struct election *e, struct slice value, struct arena *arena,
                 struct store_kv *ret_holder, int64_t *ret_revision, struct err *err,
                 rt_time deadline)
{
    struct store_compare absent = {
        .key = key_of(e),
        .target = STORE_CREATE_REVISION,
        .relation = STORE_EQUAL,
    };
    struct store_op ops[] = {
        {.type = STORE_PUT, .key = key_of(e), .value = value, .lease = e->lease},
        {.type = STORE_READ, .range.keys = store_key(key_of(e))},
    };
    struct store_txn txn = {
        .compares = &absent,
        .compare_count = 1,
        .then = ops,
        .then_count = 2,
        .otherwise = &ops[1],
        .otherwise_count = 1,
    };
    struct store_txn_result result;
    int r = store_txn(e->store, &txn, arena, &result, err, deadline);
    if (r < 0)
        return r;
    *ret_holder = result.ops[result.op_count - 1].range.kvs[0];
    *ret_revision = result.revision;
    return 0;
}

/* Waits until the key goes, or is another one. Anything unclear ends the wait: the caller claims
 * again. */
static int wait_until_gone(struct election *e, int64_t from, struct err *err, rt_time deadline)
{
    struct store_watch w;
    struct store_watch_request q = {.keys = store_key(key_of(e)), .revision = from};
    int r = store_watch(e->store, &q, &w, err, deadline);
    bool gone = false;
    while (r == 0 && !gone) {
        struct store_batch *b;
        r = rt_recv(&w.batches, &b, deadline);
        if (r < 0)
            break;
        gone = b->count > 0 || b->end != STORE_WATCH_GOES_ON;
        store_batch_free(b);
    }
    store_unwatch(&w);
    return r == -EPIPE ? 0 : r;
}

static int one_round(struct election *e, struct slice value, struct err *err, rt_time deadline)
{
    struct arena arena = ARENA(MEM_STORE, 0);
    struct store_kv holder;
    int64_t revision;
    int r = claim(e, value, &arena, &holder, &revision, err, deadline);
    if (r == 0 && holder.lease == e->lease) {
        e->create_revision = holder.create_revision;
    } else if (r == 0 && holder.lease == 0) {
        r = store_session_clear(e->store, &holder, err, deadline);
        if (r == 0)
            r = -EAGAIN;
    } else if (r == 0) {
        /* From the revision at which the key was seen: that at which it was made may have been
         * compacted long ago, and a watch from there would end at once, again and again. */
        r = wait_until_gone(e, revision + 1, err, deadline);
        if (r == 0)
            r = -EAGAIN;
    }
    arena_done(&arena);
    return r;
}

int election_campaign(struct election *e, struct store_session *se, struct slice prefix,
                      struct slice role, struct slice value, struct err *err, rt_time deadline)
{
    struct election made = {.store = se->store, .lease = se->lease};
    int r = name_key(made.key, prefix, role, err);
    if (r < 0)
        return r;
    for (;;) {
        /* Until the session would be over: a lost one must not wait for a key it cannot hold. */
        rt_time until = se->until < deadline ? se->until : deadline;
        r = one_round(&made, value, err, until);
        if (r == 0)
            break;
        if (r == -ENOENT || se->lost.set || rt_now() >= se->until)
            return err_set(err, -ENOLINK, "the session's lease %llx is gone",
                           (unsigned long long)se->lease);
        bool again = r == -EAGAIN || store_is_away(r) || (r == -ETIMEDOUT && rt_now() < deadline);
        if (!again)
            return r;
        if (r != -EAGAIN && rt_sleep(rt_now() + TRY_AGAIN_MS * RT_MS) < 0)
            return -ECANCELED;
    }
    *e = made;
    return 0;
}

struct store_compare election_guard(const struct election *e)
{
    return (struct store_compare){
        .key = key_of(e),
        .target = STORE_CREATE_REVISION,
        .relation = fault_mutant("store_guard_missing") ? STORE_NOT_EQUAL : STORE_EQUAL,
        .number = fault_mutant("store_guard_missing") ? -1 : e->create_revision,
    };
}

int election_observe(struct store *s, struct slice prefix, struct slice role, struct arena *arena,
                     struct store_kv *ret, struct err *err, rt_time deadline)
{
    char key[STORE_KEY_BYTES_MAX];
    int r = name_key(key, prefix, role, err);
    return r < 0 ? r : store_get(s, slice_from(key), arena, ret, err, deadline);
}

int election_resign(struct election *e, struct err *err, rt_time deadline)
{
    struct store_compare guard = election_guard(e);
    struct store_op op = {.type = STORE_DELETE, .keys = store_key(key_of(e))};
    struct store_txn txn = {.compares = &guard, .compare_count = 1, .then = &op, .then_count = 1};
    return store_txn(e->store, &txn, NULL, NULL, err, deadline);
}
