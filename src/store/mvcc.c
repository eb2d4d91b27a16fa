#include "store/mvcc.h"

#include <errno.h>

#include "store/mvcc_data.h"

/* ---- the sorted array ---- */

size_t mvcc_find(const struct mvcc *m, struct slice key)
{
    size_t low = 0, high = m->item_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (slice_compare(mvcc_key(m->items[middle]), key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct mvcc_item *mvcc_item(const struct mvcc *m, struct slice key)
{
    size_t at = mvcc_find(m, key);
    if (at == m->item_count || !slice_eq(mvcc_key(m->items[at]), key))
        return NULL;
    return m->items[at];
}

void mvcc_span(const struct mvcc *m, const struct store_keys *keys, size_t *ret_begin,
               size_t *ret_end)
{
    char room[STORE_KEY_BYTES_MAX];
    *ret_begin = mvcc_find(m, keys->key);
    *ret_end = m->item_count;
    if (keys->scope == STORE_KEY) {
        *ret_end = *ret_begin + (mvcc_item(m, keys->key) != NULL);
    } else if (keys->scope == STORE_SPAN) {
        if (keys->end.size)
            *ret_end = mvcc_find(m, keys->end);
    } else {
        struct slice end = store_prefix_end(keys->key, room);
        if (end.size)
            *ret_end = mvcc_find(m, end);
    }
}

static void *room_for_one(void *items, size_t count, size_t *cap)
{
    if (count < *cap)
        return items;
    *cap = *cap ? *cap * 2 : 64;
    return mem_resize(MEM_STORE, items, *cap * sizeof(void *));
}

static struct mvcc_item *item_add(struct mvcc *m, struct slice key)
{
    struct mvcc_item *item = mem_alloc(MEM_STORE, sizeof(*item) + key.size);
    item->size = key.size;
    memcpy(item->key, key.data, key.size);
    size_t at = mvcc_find(m, key);
    m->items = room_for_one(m->items, m->item_count, &m->item_cap);
    memmove(m->items + at + 1, m->items + at, (m->item_count - at) * sizeof(*m->items));
    m->items[at] = item;
    m->item_count++;
    m->bytes += (int64_t)key.size;
    return item;
}

static void item_remove(struct mvcc *m, struct mvcc_item *item)
{
    size_t at = mvcc_find(m, mvcc_key(item));
    m->item_count--;
    memmove(m->items + at, m->items + at + 1, (m->item_count - at) * sizeof(*m->items));
    m->bytes -= (int64_t)item->size;
    mem_free(MEM_STORE, item);
}

/* ---- versions ---- */

static struct mvcc_version *version_push(struct mvcc *m, struct mvcc_item *item, int64_t revision,
                                         bool deleted, struct slice value)
{
    struct mvcc_version *v = mem_alloc(MEM_STORE, sizeof(*v) + value.size);
    struct mvcc_version *old = item->newest;
    bool was_there = old && !old->deleted;
    v->item = item;
    v->older = old;
    v->mod = revision;
    v->deleted = deleted;
    v->size = value.size;
    if (value.size)
        memcpy(v->value, value.data, value.size);
    if (!deleted) {
        v->create = was_there ? old->create : revision;
        v->version = was_there ? old->version + 1 : 1;
    }
    item->newest = v;
    m->log = room_for_one(m->log, m->log_count, &m->log_cap);
    m->log[m->log_count++] = v;
    m->keys += !deleted - was_there;
    m->bytes += (int64_t)value.size;
    return v;
}

static void version_free(struct mvcc *m, struct mvcc_version *v)
{
    m->bytes -= (int64_t)v->size;
    mem_free(MEM_STORE, v);
}

/* Takes the versions behind log[count] back, newest first. */
static void take_back(struct mvcc *m, size_t count)
{
    while (m->log_count > count) {
        struct mvcc_version *v = m->log[--m->log_count];
        struct mvcc_item *item = v->item;
        m->keys -= !v->deleted - (v->older && !v->older->deleted);
        item->newest = v->older;
        version_free(m, v);
        if (!item->newest)
            item_remove(m, item);
    }
}

static const struct mvcc_version *version_at(const struct mvcc_item *item, int64_t revision)
{
    const struct mvcc_version *v = item->newest;
    while (v && v->mod > revision)
        v = v->older;
    return v && !v->deleted ? v : NULL;
}

static struct store_kv kv_of(const struct mvcc_version *v)
{
    return (struct store_kv){
        .key = mvcc_key(v->item),
        .value = {v->value, v->size},
        .create_revision = v->create,
        .mod_revision = v->mod,
        .version = v->version,
        .lease = v->lease,
    };
}

/* ---- reading ---- */

static int range_fill(const struct mvcc *m, const struct store_range *q, int64_t revision,
                      struct arena *arena, struct store_range_result *ret)
{
    size_t begin, end;
    mvcc_span(m, &q->keys, &begin, &end);
    uint32_t limit = q->limit ? (uint32_t)q->limit : STORE_RANGE_LIMIT_MAX;
    size_t bytes = 0;
    size_t most = end - begin < limit ? end - begin : limit;
    if (!q->count_only && !(ret->kvs = arena_alloc_array(arena, most + 1, sizeof(*ret->kvs))))
        return -ENOSPC;
    for (size_t i = begin; i < end && !ret->more; i++) {
        const struct mvcc_version *v = version_at(m->items[i], revision);
        if (!v)
            continue;
        ret->total++;
        if (q->count_only)
            continue;
        if (ret->count == limit || (q->bytes_max && bytes >= q->bytes_max)) {
            ret->more = true;
            ret->total = -1;
            continue;
        }
        struct store_kv kv = kv_of(v);
        if (q->keys_only)
            kv.value = (struct slice){NULL, 0};
        if (store_kv_copy(arena, &kv, &ret->kvs[ret->count]) < 0)
            return -ENOSPC;
        bytes += kv.key.size + kv.value.size;
        ret->count++;
    }
    return 0;
}

/* `now`: the revision that counts as the newest. */
static int range_at(const struct mvcc *m, const struct store_range *q, int64_t now,
                    struct arena *arena, struct store_range_result *ret, struct err *err)
{
    if (q->revision > now)
        return err_set(err, -ERANGE, "revision %lld is not there yet: the newest is %lld",
                       (long long)q->revision, (long long)now);
    if (q->revision && q->revision < m->compacted)
        return err_set(err, -ENODATA, "revision %lld was compacted: the oldest is %lld",
                       (long long)q->revision, (long long)m->compacted);
    struct store_range_result made = {.revision = now};
    int r = range_fill(m, q, q->revision ? q->revision : now, arena, &made);
    if (r < 0)
        return err_set(err, r, "the answer is too large for its arena");
    *ret = made;
    return 0;
}

int mvcc_range(const struct mvcc *m, const struct store_range *q, struct arena *arena,
               struct store_range_result *ret, struct err *err)
{
    return range_at(m, q, m->revision, arena, ret, err);
}

int mvcc_events(const struct mvcc *m, const struct store_keys *keys, int64_t from, int64_t to,
                struct arena *arena, struct store_event **ret_events, uint32_t *ret_count)
{
    size_t first = m->log_count, count = 0, filled = 0;
    while (first > 0 && m->log[first - 1]->mod >= from)
        first--;
    for (size_t i = first; i < m->log_count && m->log[i]->mod <= to; i++)
        count += store_keys_have(keys, mvcc_key(m->log[i]->item));
    struct store_event *events = arena_alloc_array(arena, count + 1, sizeof(*events));
    if (!events)
        return -ENOSPC;
    for (size_t i = first; filled < count; i++) {
        const struct mvcc_version *v = m->log[i];
        if (!store_keys_have(keys, mvcc_key(v->item)))
            continue;
        struct store_kv kv = kv_of(v);
        events[filled].type = v->deleted ? STORE_EVENT_DELETE : STORE_EVENT_PUT;
        if (store_kv_copy(arena, &kv, &events[filled++].kv) < 0)
            return -ENOSPC;
    }
    *ret_events = events;
    *ret_count = (uint32_t)count;
    return 0;
}

/* ---- transactions ---- */

static bool holds(const struct mvcc *m, const struct store_compare *c)
{
    const struct mvcc_item *item = mvcc_item(m, c->key);
    const struct mvcc_version *v = item ? version_at(item, m->revision) : NULL;
    int64_t number = 0;
    if (c->target == STORE_VALUE)
        return v && store_relation_holds(
                        c->relation, slice_compare((struct slice){v->value, v->size}, c->value));
    if (v)
        number = c->target == STORE_VERSION           ? v->version
                 : c->target == STORE_CREATE_REVISION ? v->create
                 : c->target == STORE_MOD_REVISION    ? v->mod
                                                      : v->lease;
    return store_relation_holds(c->relation, (number > c->number) - (number < c->number));
}

/* What would fail in the middle is found before anything is done. */
static int check_puts(const struct mvcc *m, const struct store_op *ops, uint32_t count,
                      struct err *err)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct store_op *op = &ops[i];
        if (op->type != STORE_PUT)
            continue;
        if (op->lease && !map_get_u64(&m->leases, (uint64_t)op->lease))
            return err_set(err, -ENOENT, "put %.*s: there is no lease %llx", SLICE_ARG(op->key),
                           (unsigned long long)op->lease);
        const struct mvcc_item *item = mvcc_item(m, op->key);
        if (op->keep_value && (!item || item->newest->deleted))
            return err_set(err, -EINVAL, "put %.*s: there is no value to keep", SLICE_ARG(op->key));
    }
    return 0;
}

static void put(struct mvcc *m, const struct store_op *op, int64_t revision)
{
    struct mvcc_item *item = mvcc_item(m, op->key);
    struct slice value = op->value;
    if (op->keep_value)
        value = (struct slice){item->newest->value, item->newest->size};
    if (!item)
        item = item_add(m, op->key);
    version_push(m, item, revision, false, value)->lease = op->lease;
}

void mvcc_delete_item(struct mvcc *m, struct mvcc_item *item, int64_t revision)
{
    version_push(m, item, revision, true, (struct slice){NULL, 0});
}

int64_t mvcc_delete(struct mvcc *m, const struct store_keys *keys, int64_t revision)
{
    size_t begin, end;
    int64_t count = 0;
    mvcc_span(m, keys, &begin, &end);
    for (size_t i = begin; i < end; i++) {
        if (m->items[i]->newest->deleted)
            continue;
        mvcc_delete_item(m, m->items[i], revision);
        count++;
    }
    return count;
}

/* One operation of a transaction that began with log_count entries in the log. */
static int apply(struct mvcc *m, const struct store_op *op, size_t log_count, struct arena *arena,
                 struct store_op_result *ret, struct err *err)
{
    int64_t revision = m->revision + 1;
    switch (op->type) {
    case STORE_PUT:
        put(m, op, revision);
        return 0;
    case STORE_DELETE:
        ret->deleted = mvcc_delete(m, &op->keys, revision);
        return 0;
    case STORE_READ:
        return range_at(m, &op->range, m->log_count > log_count ? revision : m->revision, arena,
                        &ret->range, err);
    }
    return -EINVAL;
}

int mvcc_txn(struct mvcc *m, const struct store_txn *txn, struct arena *arena,
             struct store_txn_result *ret, struct err *err)
{
    bool succeeded = true;
    if (!fault_mutant("store_compare_ignored"))
        for (uint32_t i = 0; i < txn->compare_count && succeeded; i++)
            succeeded = holds(m, &txn->compares[i]);
    const struct store_op *ops = succeeded ? txn->then : txn->otherwise;
    uint32_t count = succeeded ? txn->then_count : txn->otherwise_count;

    int r = check_puts(m, ops, count, err);
    if (r < 0)
        return r;
    struct store_op_result *results = arena_alloc_array(arena, count + 1, sizeof(*results));
    if (!results)
        return err_set(err, -ENOSPC, "the answer is too large for its arena");
    size_t log_count = m->log_count;
    for (uint32_t i = 0; i < count && r == 0; i++)
        r = apply(m, &ops[i], log_count, arena, &results[i], err);
    if (r < 0) {
        take_back(m, log_count);
        return r;
    }
    m->revision += m->log_count > log_count;
    *ret = (struct store_txn_result){
        .succeeded = succeeded,
        .revision = m->revision,
        .ops = results,
        .op_count = count,
    };
    return 0;
}

/* ---- the whole ---- */

/* Drops the versions of an item that no read at or behind `revision` can see. Returns whether
 * nothing is left of it. */
static bool trim(struct mvcc *m, struct mvcc_item *item, int64_t revision)
{
    struct mvcc_version **at = &item->newest;
    while (*at && (*at)->mod > revision)
        at = &(*at)->older;
    if (*at && !(*at)->deleted)
        at = &(*at)->older; /* what is seen at `revision` itself stays */
    for (struct mvcc_version *v = *at, *older; v; v = older) {
        older = v->older;
        version_free(m, v);
    }
    *at = NULL;
    return item->newest == NULL;
}

int mvcc_compact(struct mvcc *m, int64_t revision, struct err *err)
{
    if (revision > m->revision)
        return err_set(err, -ERANGE, "revision %lld is not there yet: the newest is %lld",
                       (long long)revision, (long long)m->revision);
    if (revision <= m->compacted)
        return err_set(err, -ENODATA, "revision %lld was compacted: the oldest is %lld",
                       (long long)revision, (long long)m->compacted);
    m->compacted = revision;
    size_t first = 0, kept = 0;
    while (first < m->log_count && m->log[first]->mod <= revision)
        first++;
    m->log_count -= first;
    memmove(m->log, m->log + first, m->log_count * sizeof(*m->log));
    for (size_t i = 0; i < m->item_count; i++) {
        struct mvcc_item *item = m->items[i];
        if (trim(m, item, revision)) {
            m->bytes -= (int64_t)item->size;
            mem_free(MEM_STORE, item);
        } else {
            m->items[kept++] = item;
        }
    }
    m->item_count = kept;
    return 0;
}

struct mvcc *mvcc_new(void)
{
    struct mvcc *m = mem_alloc(MEM_STORE, sizeof(*m));
    m->leases = MAP(MEM_STORE, 0, (struct map_seed){0});
    m->revision = 1; /* as an empty etcd: 0 can then mean "now" and "none" */
    return m;
}

void mvcc_free(struct mvcc *m)
{
    if (!m)
        return;
    struct map_entry e;
    for (size_t at = 0; map_next(&m->leases, &at, &e);)
        mem_free(MEM_STORE, e.value);
    map_done(&m->leases);
    for (size_t i = 0; i < m->item_count; i++) {
        for (struct mvcc_version *v = m->items[i]->newest, *older; v; v = older) {
            older = v->older;
            mem_free(MEM_STORE, v);
        }
        mem_free(MEM_STORE, m->items[i]);
    }
    mem_free(MEM_STORE, m->items);
    mem_free(MEM_STORE, m->log);
    mem_free(MEM_STORE, m);
}

int64_t mvcc_revision(const struct mvcc *m)
{
    return m->revision;
}

int64_t mvcc_compacted(const struct mvcc *m)
{
    return m->compacted;
}

int64_t mvcc_keys(const struct mvcc *m)
{
    return m->keys;
}

int64_t mvcc_bytes(const struct mvcc *m)
{
    return m->bytes;
}
