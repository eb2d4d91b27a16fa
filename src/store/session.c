#include "store/session.h"

#include <errno.h>

#include "base/fault.h"

enum { TRIES_A_TTL = 3, TRY_AGAIN_MS = 100 };

/* One keep-alive, tried until the lease would be over. Returns false once it is lost. */
static bool keep(struct store_session *se)
{
    for (;;) {
        rt_time sent = rt_now();
        if (sent >= se->until)
            return false;
        struct store_lease l;
        int r = store_lease_keep(se->store, se->lease, &l, NULL, se->until);
        if (r == 0) {
            /* From when it was sent: the answer may have been long on its way. */
            se->until =
                (fault_mutant("store_session_from_reply") ? rt_now() : sent) + se->ttl_ms * RT_MS;
            se->kept_total++;
            return true;
        }
        se->missed_total++;
        if (r == -ENOENT || r == -ENOLINK || r == -ECANCELED)
            return false;
        rt_time again = rt_now() + TRY_AGAIN_MS * RT_MS;
        if (rt_sleep(again < se->until ? again : se->until) < 0)
            return false;
    }
}

static void keeper(void *arg)
{
    struct store_session *se = arg;
    do {
        if (rt_sleep(rt_now() + se->ttl_ms * RT_MS / TRIES_A_TTL) < 0)
            return;
    } while (keep(se));
    rt_event_set(&se->lost);
}

static int grant(struct store *s, int64_t ttl_ms, struct store_lease *ret, rt_time *ret_sent,
                 struct err *err, rt_time deadline)
{
    for (;;) {
        *ret_sent = rt_now();
        int r = store_lease_grant(s, 0, ttl_ms, ret, err, deadline);
        if (!store_is_away(r))
            return r;
        int slept = rt_now() < deadline ? rt_sleep(rt_now() + TRY_AGAIN_MS * RT_MS) : -ETIMEDOUT;
        if (slept < 0)
            return err_wrap(err, "grant a lease");
    }
}

int store_session_open(struct store_session *se, struct store *s, int64_t ttl_ms, struct err *err,
                       rt_time deadline)
{
    struct store_lease l;
    rt_time sent;
    int r = grant(s, ttl_ms, &l, &sent, err, deadline);
    if (r < 0)
        return r;
    *se = (struct store_session){
        .store = s,
        .lease = l.id,
        .ttl_ms = l.ttl_ms,
        .until = sent + l.ttl_ms * RT_MS,
    };
    rt_group_init(&se->group, "store_session");
    r = rt_go(&se->group, keeper, se);
    if (r < 0) {
        rt_group_done(&se->group);
        return err_sys(err, r, "keep a lease");
    }
    return 0;
}

int store_session_clear(struct store *s, const struct store_kv *seen, struct err *err,
                        rt_time deadline)
{
    struct store_compare same[] = {
        {.key = seen->key, .target = STORE_MOD_REVISION, .number = seen->mod_revision},
        {.key = seen->key, .target = STORE_LEASE},
    };
    struct store_op op = {.type = STORE_DELETE, .keys = store_key(seen->key)};
    struct store_txn txn = {
        .compares = same, .compare_count = ARRAY_LEN(same), .then = &op, .then_count = 1};
    return store_txn(s, &txn, NULL, NULL, err, deadline);
}

void store_session_close(struct store_session *se, rt_time deadline)
{
    rt_group_done(&se->group);
    rt_shield_begin();
    (void)store_lease_revoke(se->store, se->lease, NULL, deadline);
    rt_shield_end();
    rt_event_set(&se->lost);
}
