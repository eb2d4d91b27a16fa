#include "store/mvcc_data.h"

#include <errno.h>

/* Which keys a lease holds is written on the keys; there is no second list that could differ. */

static struct mvcc_lease *find(const struct mvcc *m, int64_t id)
{
    return map_get_u64(&m->leases, (uint64_t)id);
}

static int no_lease(int64_t id, struct err *err)
{
    return err_set(err, -ENOENT, "there is no lease %llx", (unsigned long long)id);
}

static struct store_lease told(const struct mvcc_lease *l, int64_t now_ms)
{
    return (struct store_lease){.id = l->id, .ttl_ms = l->ttl_ms, .left_ms = l->ends_ms - now_ms};
}

int mvcc_lease_grant(struct mvcc *m, int64_t id, int64_t ttl_ms, int64_t now_ms,
                     struct store_lease *ret, struct err *err)
{
    if (id && find(m, id))
        return err_set(err, -EEXIST, "lease %llx exists", (unsigned long long)id);
    while (!id || find(m, id))
        id = ++m->lease_last;
    struct mvcc_lease *l = mem_alloc(MEM_STORE, sizeof(*l));
    *l = (struct mvcc_lease){.id = id, .ttl_ms = ttl_ms, .ends_ms = now_ms + ttl_ms};
    map_put_u64(&m->leases, (uint64_t)id, l, NULL);
    *ret = told(l, now_ms);
    return 0;
}

int mvcc_lease_keep(struct mvcc *m, int64_t id, int64_t now_ms, struct store_lease *ret,
                    struct err *err)
{
    struct mvcc_lease *l = find(m, id);
    if (!l || (now_ms >= l->ends_ms && !fault_mutant("store_lease_revived")))
        return no_lease(id, err);
    l->ends_ms = now_ms + l->ttl_ms;
    *ret = told(l, now_ms);
    return 0;
}

static void end(struct mvcc *m, struct mvcc_lease *l)
{
    int64_t revision = m->revision + 1;
    size_t log_count = m->log_count;
    for (size_t i = 0; i < m->item_count; i++)
        if (!m->items[i]->newest->deleted && m->items[i]->newest->lease == l->id)
            mvcc_delete_item(m, m->items[i], revision);
    m->revision += m->log_count > log_count;
    map_remove_u64(&m->leases, (uint64_t)l->id);
    mem_free(MEM_STORE, l);
}

int mvcc_lease_revoke(struct mvcc *m, int64_t id, struct err *err)
{
    struct mvcc_lease *l = find(m, id);
    if (!l)
        return no_lease(id, err);
    end(m, l);
    return 0;
}

int mvcc_lease_get(const struct mvcc *m, int64_t id, int64_t now_ms, struct arena *arena,
                   struct store_lease *ret)
{
    const struct mvcc_lease *l = find(m, id);
    struct store_lease made = {.id = id, .left_ms = -1};
    if (l)
        made = told(l, now_ms);
    for (size_t i = 0; l && arena && i < m->item_count; i++)
        made.key_count += !m->items[i]->newest->deleted && m->items[i]->newest->lease == id;
    if (made.key_count &&
        !(made.keys = arena_alloc_array(arena, made.key_count, sizeof(*made.keys))))
        return -ENOSPC;
    for (size_t i = 0, n = 0; n < made.key_count; i++) {
        const struct mvcc_item *item = m->items[i];
        if (item->newest->deleted || item->newest->lease != id)
            continue;
        char *key = arena_strdup(arena, mvcc_key(item));
        if (!key)
            return -ENOSPC;
        made.keys[n++] = (struct slice){key, item->size};
    }
    *ret = made;
    return 0;
}

/* The lease that ends first, of equal ones that of the smallest id, so that the order is one. */
static struct mvcc_lease *first_to_end(const struct mvcc *m)
{
    struct mvcc_lease *first = NULL;
    struct map_entry e;
    for (size_t at = 0; map_next(&m->leases, &at, &e);) {
        struct mvcc_lease *l = e.value;
        if (!first || l->ends_ms < first->ends_ms ||
            (l->ends_ms == first->ends_ms && l->id < first->id))
            first = l;
    }
    return first;
}

int64_t mvcc_lease_expire(struct mvcc *m, int64_t now_ms)
{
    struct mvcc_lease *l;
    while ((l = first_to_end(m)) && l->ends_ms <= now_ms)
        end(m, l);
    return l ? l->ends_ms : INT64_MAX;
}

int64_t mvcc_leases(const struct mvcc *m)
{
    return (int64_t)m->leases.count;
}
