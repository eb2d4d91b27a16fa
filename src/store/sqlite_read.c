#include <errno.h>

#include "store/sqlite_data.h"

/* Column 0 … 6: key, id, op, crev, ver, lease, val. */
static struct store_kv row_kv(sqlite3_stmt *st)
{
    return (struct store_kv){
        .key = sdb_column_bytes(st, 0),
        .value = sdb_column_bytes(st, 6),
        .mod_revision = sqlite3_column_int64(st, 1) >> SDB_SUB_BITS,
        .create_revision = sqlite3_column_int64(st, 3),
        .version = sqlite3_column_int64(st, 4),
        .lease = sqlite3_column_int64(st, 5),
    };
}

/* Grows in the arena: what it grew out of stays there until the arena's end. */
static int append_kv(struct store_range_result *to, uint32_t *cap, const struct store_kv *kv,
                     struct arena *arena)
{
    if (to->count == *cap) {
        uint32_t more = *cap ? *cap * 2 : 16;
        struct store_kv *grown = arena_alloc_array(arena, more, sizeof(*grown));
        if (!grown)
            return -ENOSPC;
        if (to->count)
            memcpy(grown, to->kvs, to->count * sizeof(*grown));
        to->kvs = grown;
        *cap = more;
    }
    int r = store_kv_copy(arena, kv, &to->kvs[to->count]);
    to->count += r == 0;
    return r;
}

static int read_rows(struct sdb *db, sqlite3_stmt *st, const struct store_range *q, uint32_t limit,
                     struct arena *arena, struct store_range_result *to, struct err *err)
{
    uint32_t cap = 0;
    size_t bytes = 0;
    int r;
    while ((r = sdb_step(db, st, err)) > 0) {
        if (to->count == limit || (q->bytes_max && bytes >= q->bytes_max)) {
            to->more = true;
            break;
        }
        struct store_kv kv = row_kv(st);
        if (q->keys_only)
            kv.value = (struct slice){NULL, 0};
        if (append_kv(to, &cap, &kv, arena) < 0) {
            r = err_set(err, -ENOSPC, "the answer is too large for its arena");
            break;
        }
        bytes += kv.key.size + kv.value.size;
    }
    sqlite3_reset(st);
    to->total = to->more ? -1 : (int64_t)to->count;
    return r < 0 ? r : 0;
}

static int read_count(struct sdb *db, sqlite3_stmt *st, struct store_range_result *to,
                      struct err *err)
{
    int r = sdb_step(db, st, err);
    if (r > 0)
        to->total = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return r < 0 ? r : 0;
}

int sdb_range_inside(struct sdb *db, const struct store_range *q, int64_t now, struct arena *arena,
                     struct store_range_result *ret, struct err *err)
{
    if (q->revision > now)
        return err_set(err, -ERANGE, "revision %lld is not there yet: the newest is %lld",
                       (long long)q->revision, (long long)now);
    if (q->revision && q->revision < db->compacted)
        return err_set(err, -ENODATA, "revision %lld was compacted: the oldest is %lld",
                       (long long)q->revision, (long long)db->compacted);
    char room[STORE_KEY_BYTES_MAX + 1];
    bool past = q->revision && q->revision < now;
    struct store_range_result made = {.revision = now};
    uint32_t limit = q->limit ? (uint32_t)q->limit : STORE_RANGE_LIMIT_MAX;
    sqlite3_stmt *st = sdb_statement(db, q->count_only ? (past ? SDB_COUNT_AT : SDB_COUNT)
                                                       : (past ? SDB_RANGE_AT : SDB_RANGE));
    sdb_bind_keys(st, &q->keys, room);
    if (past)
        sqlite3_bind_int64(st, 4, sdb_first_id(q->revision + 1));
    if (!q->count_only)
        sqlite3_bind_int64(st, 3, (int64_t)limit + 1);
    int r = q->count_only ? read_count(db, st, &made, err)
                          : read_rows(db, st, q, limit, arena, &made, err);
    if (r == 0)
        *ret = made;
    return r;
}

int sdb_range(struct sdb *db, const struct store_range *q, struct arena *arena,
              struct store_range_result *ret, struct err *err)
{
    int r = sdb_run(db, SDB_BEGIN_READ, err);
    if (r < 0)
        return r;
    r = sdb_read_state(db, err);
    if (r == 0)
        r = sdb_range_inside(db, q, db->revision, arena, ret, err);
    sdb_run(db, SDB_COMMIT, NULL);
    return r;
}

/* ---- what has happened since ---- */

static int append_event(struct sdb_changes *out, sqlite3_stmt *st)
{
    if (out->count == out->cap) {
        uint32_t more = out->cap ? out->cap * 2 : 16;
        struct store_event *grown = arena_alloc_array(out->arena, more, sizeof(*grown));
        if (!grown)
            return -ENOSPC;
        if (out->count)
            memcpy(grown, out->items, out->count * sizeof(*grown));
        out->items = grown;
        out->cap = more;
    }
    struct store_kv kv = row_kv(st);
    struct store_event *e = &out->items[out->count];
    e->type = sqlite3_column_int64(st, 2) ? STORE_EVENT_DELETE : STORE_EVENT_PUT;
    int r = store_kv_copy(out->arena, &kv, &e->kv);
    out->count += r == 0;
    return r;
}

static int read_events(struct sdb *db, sqlite3_stmt *st, size_t bytes_max, struct sdb_changes *out,
                       int64_t *ret_to, struct err *err)
{
    size_t bytes = 0;
    int64_t last = 0;
    int r;
    while ((r = sdb_step(db, st, err)) > 0) {
        int64_t revision = sqlite3_column_int64(st, 1) >> SDB_SUB_BITS;
        if (bytes > bytes_max && revision != last) {
            *ret_to = last; /* a revision is told whole */
            break;
        }
        last = revision;
        bytes += sdb_column_bytes(st, 0).size + sdb_column_bytes(st, 6).size;
        if (append_event(out, st) < 0) {
            r = err_set(err, -ENOSPC, "the answer is too large for its arena");
            break;
        }
    }
    sqlite3_reset(st);
    return r < 0 ? r : 0;
}

int sdb_events(struct sdb *db, int64_t from, size_t bytes_max, struct sdb_changes *out,
               int64_t *ret_to, struct err *err)
{
    int r = sdb_run(db, SDB_BEGIN_READ, err);
    if (r < 0)
        return r;
    r = sdb_read_state(db, err);
    if (r == 0 && from <= db->compacted)
        r = err_set(err, -ENODATA, "revision %lld was compacted", (long long)from);
    if (r == 0) {
        sqlite3_stmt *st = sdb_statement(db, SDB_LOG_FROM);
        sqlite3_bind_int64(st, 1, sdb_first_id(from));
        int64_t to = db->revision;
        r = read_events(db, st, bytes_max, out, &to, err);
        if (r == 0)
            *ret_to = to;
    }
    sdb_run(db, SDB_COMMIT, NULL);
    return r;
}

/* ---- leases ---- */

int sdb_leases(struct sdb *db, void (*fn)(void *ctx, int64_t id, int64_t ttl_ms), void *ctx,
               struct err *err)
{
    sqlite3_stmt *st = sdb_statement(db, SDB_LEASE_ALL);
    int r;
    while ((r = sdb_step(db, st, err)) > 0)
        fn(ctx, sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1));
    sqlite3_reset(st);
    return r;
}

int sdb_lease_keys(struct sdb *db, int64_t id, struct arena *arena, struct store_lease *ret,
                   struct err *err)
{
    struct store_range_result found = {0};
    uint32_t cap = 0;
    sqlite3_stmt *st = sdb_statement(db, SDB_CUR_LEASED);
    sqlite3_bind_int64(st, 1, id);
    int r;
    while ((r = sdb_step(db, st, err)) > 0) {
        struct store_kv kv = {.key = sdb_column_bytes(st, 0)};
        if (append_kv(&found, &cap, &kv, arena) < 0) {
            r = err_set(err, -ENOSPC, "the answer is too large for its arena");
            break;
        }
    }
    sqlite3_reset(st);
    struct slice *keys = r < 0 ? NULL : arena_alloc_array(arena, found.count + 1, sizeof(*keys));
    if (!keys)
        return r < 0 ? r : -ENOSPC;
    for (uint32_t i = 0; i < found.count; i++)
        keys[i] = found.kvs[i].key;
    ret->keys = keys;
    ret->key_count = found.count;
    return 0;
}
