#include <errno.h>
#include <inttypes.h>

#include "base/fault.h"
#include "store/sqlite_store.h"

/* That a lease exists is on the disk; until when it lasts is in memory alone. A keep-alive costs no
 * write, and a start grants every lease its whole time again: late, never early. So its time begins
 * by the exact clock: that of the loop's round is as old as the round is long. */

enum { RETRY_MS = 1000 };

static struct sqlite_store *store_of(struct store *s)
{
    return CONTAINER_OF(s, struct sqlite_store, store);
}

static struct sqlite_lease *find(const struct sqlite_store *s, int64_t id)
{
    struct sqlite_lease *l = map_get_u64(&s->leases, (uint64_t)id);
    return l && !l->ending && rt_now() < l->ends ? l : NULL;
}

static int no_lease(int64_t id, struct err *err)
{
    return err_set(err, -ENOENT, "there is no lease %" PRIx64, id);
}

static struct store_lease told(const struct sqlite_lease *l)
{
    return (struct store_lease){
        .id = l->id,
        .ttl_ms = l->ttl_ms,
        .left_ms = (l->ends - rt_now()) / RT_MS,
    };
}

void sqlite_lease_add(struct sqlite_store *s, int64_t id, int64_t ttl_ms)
{
    struct sqlite_lease *l = mem_alloc(MEM_STORE, sizeof(*l));
    *l = (struct sqlite_lease){.id = id, .ttl_ms = ttl_ms, .ends = rt_now_exact() + ttl_ms * RT_MS};
    map_put_u64(&s->leases, (uint64_t)id, l, NULL);
    sqlite_kick(&s->lease_changed);
}

/* Its keys go with a commit; until then nobody can keep it. */
static int end(struct sqlite_store *s, struct sqlite_lease *l, struct err *err, rt_time deadline)
{
    struct sqlite_request q = {.work = SQLITE_WORK_END, .lease = l->id, .err = err};
    l->ending = true;
    int r = sqlite_submit(s, &q, deadline);
    if (r < 0) {
        l->ending = false;
        sqlite_kick(&s->lease_changed); /* its time may have come meanwhile */
        return r;
    }
    map_remove_u64(&s->leases, (uint64_t)l->id);
    mem_free(MEM_STORE, l);
    return 0;
}

struct due {
    struct sqlite_store *s;
    struct sqlite_lease *lease;
};

static void end_task(void *arg)
{
    struct due *d = arg;
    int r = end(d->s, d->lease, NULL, RT_NEVER);
    if (r < 0 && r != -ECANCELED) /* a full disk: the keys stay a little longer */
        d->s->lease_retry = rt_now() + RETRY_MS * RT_MS;
    if (d->s->lease_ends_under_way-- == STORE_SQLITE_BATCH_MAX)
        sqlite_kick(&d->s->lease_changed); /* there may be more */
    mem_free(MEM_STORE, d);
}

static bool begin_end(struct sqlite_store *s, struct sqlite_lease *l)
{
    struct due *d = mem_alloc(MEM_STORE, sizeof(*d));
    *d = (struct due){s, l};
    l->ending = rt_go(&s->group, end_task, d) == 0;
    if (l->ending)
        s->lease_ends_under_way++;
    else
        mem_free(MEM_STORE, d);
    return l->ending;
}

/* Those whose time has come end at once and share commits: after a restart that may be every one.
 * Returns when to look again. */
static rt_time end_all_due(struct sqlite_store *s)
{
    rt_time next = RT_NEVER, now = rt_now();
    struct map_entry e;
    for (size_t at = 0; map_next(&s->leases, &at, &e);) {
        struct sqlite_lease *l = e.value;
        rt_time ends = l->ends;
        if (fault_mutant("store_lease_early"))
            ends -= l->ttl_ms * RT_MS / 4;
        if (l->ending || s->lease_ends_under_way == STORE_SQLITE_BATCH_MAX)
            continue;
        if (ends < s->lease_retry)
            ends = s->lease_retry;
        if (ends <= now && !begin_end(s, l))
            ends = s->lease_retry = now + RETRY_MS * RT_MS;
        if (!l->ending && ends < next)
            next = ends;
    }
    return next;
}

void sqlite_lease_clock(void *arg)
{
    struct sqlite_store *s = arg;
    for (int r = 0; r != -ECANCELED;) {
        char c;
        r = rt_recv(&s->lease_changed, &c, end_all_due(s));
    }
}

int sqlite_lease_grant(struct store *store, int64_t id, int64_t ttl_ms, struct store_lease *ret,
                       struct err *err, rt_time deadline)
{
    struct sqlite_store *s = store_of(store);
    if (id && map_get_u64(&s->leases, (uint64_t)id))
        return err_set(err, -EEXIST, "lease %" PRIx64 " exists", id);
    while (!id || map_get_u64(&s->leases, (uint64_t)id))
        id = (int64_t)(rt_random() >> 1);
    struct sqlite_request q = {
        .work = SQLITE_WORK_GRANT,
        .lease = id,
        .ttl_ms = ttl_ms,
        .err = err,
    };
    int r = sqlite_submit(s, &q, deadline);
    if (r == 0)
        *ret = (struct store_lease){.id = id, .ttl_ms = ttl_ms, .left_ms = ttl_ms};
    return r;
}

int sqlite_lease_keep(struct store *store, int64_t id, struct store_lease *ret, struct err *err,
                      rt_time deadline)
{
    struct sqlite_lease *l = find(store_of(store), id);
    if (rt_now() > deadline)
        return err_sys(err, -ETIMEDOUT, "keep a lease");
    if (!l)
        return no_lease(id, err);
    l->ends = rt_now_exact() + l->ttl_ms * RT_MS;
    if (ret)
        *ret = told(l);
    return 0;
}

int sqlite_lease_revoke(struct store *store, int64_t id, struct err *err, rt_time deadline)
{
    struct sqlite_store *s = store_of(store);
    struct sqlite_lease *l = find(s, id);
    return l ? end(s, l, err, deadline) : no_lease(id, err);
}

struct read_keys {
    struct sdb *db;
    struct arena *arena;
    struct store_lease *ret;
    struct err *err;
    int r;
};

static void read_keys(void *arg)
{
    struct read_keys *k = arg;
    k->r = sdb_lease_keys(k->db, k->ret->id, k->arena, k->ret, k->err);
}

int sqlite_lease_get(struct store *store, int64_t id, struct arena *arena, struct store_lease *ret,
                     struct err *err, rt_time deadline)
{
    struct sqlite_store *s = store_of(store);
    const struct sqlite_lease *l = find(s, id);
    struct store_lease made = {.id = id, .left_ms = -1};
    if (l)
        made = told(l);
    if (l && arena) {
        struct read_keys k = {.arena = arena, .ret = &made, .err = err};
        int r = sqlite_reader_get(s, &k.db, err, deadline);
        if (r < 0)
            return r;
        r = rt_offload(read_keys, &k, deadline);
        sqlite_reader_put(s, k.db);
        if (r < 0 || k.r < 0)
            return r < 0 ? r : k.r;
    }
    *ret = made;
    return 0;
}
