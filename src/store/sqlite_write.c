#include <errno.h>
#include <inttypes.h>

#include "base/fault.h"
#include "store/sqlite_data.h"

/* One transaction on its way: how many changes it made, in which revision. */
struct writing {
    struct sdb *db;
    int64_t revision;
    uint32_t sub;
    struct sdb_changes *changes;
    struct err *err;
};

/* The value of a row of the log, copied into the arena. */
static int get_value(struct sdb *db, int64_t id, struct arena *arena, struct slice *ret,
                     struct err *err)
{
    sqlite3_stmt *st = sdb_statement(db, SDB_VALUE_GET);
    sqlite3_bind_int64(st, 1, id);
    int r = sdb_step(db, st, err);
    if (r == 0)
        r = err_set(err, -EBADMSG, "%s: a key without its row in the log", db->path);
    if (r > 0) {
        struct slice found = sdb_column_bytes(st, 0);
        char *copy = arena_strdup(arena, found);
        *ret = (struct slice){copy, found.size};
        r = copy ? 0 : err_set(err, -ENOSPC, "the answer is too large for its arena");
    }
    sqlite3_reset(st);
    return r;
}

/* ---- changes ---- */

static int note(struct writing *w, enum store_event_type type, const struct store_kv *kv)
{
    struct sdb_changes *c = w->changes;
    if (c->count == c->cap) {
        uint32_t more = c->cap ? c->cap * 2 : 64;
        struct store_event *grown = arena_alloc_array(c->arena, more, sizeof(*grown));
        if (!grown)
            return err_set(w->err, -ENOSPC, "too many changes");
        if (c->count)
            memcpy(grown, c->items, c->count * sizeof(*grown));
        c->items = grown;
        c->cap = more;
    }
    c->items[c->count++] = (struct store_event){.type = type, .kv = *kv};
    return 0;
}

static int log_row(struct writing *w, enum store_event_type type, const struct store_kv *kv,
                   int64_t prev, int64_t *ret_id)
{
    if (w->sub == SDB_CHANGES_MAX)
        return err_set(w->err, -EMSGSIZE, "a transaction of more than %d changes", SDB_CHANGES_MAX);
    int64_t id = sdb_first_id(w->revision) + w->sub++;
    sqlite3_stmt *st = sdb_statement(w->db, SDB_LOG_PUT);
    sqlite3_bind_int64(st, 1, id);
    sdb_bind_bytes(st, 2, kv->key);
    sqlite3_bind_int64(st, 3, type == STORE_EVENT_DELETE);
    sqlite3_bind_int64(st, 4, prev);
    sqlite3_bind_int64(st, 5, kv->version);
    sqlite3_bind_int64(st, 6, kv->create_revision);
    sqlite3_bind_int64(st, 7, kv->lease);
    sdb_bind_bytes(st, 8, kv->value);
    int r = sdb_run_statement(w->db, st, w->err);
    if (r == 0)
        r = note(w, type, kv);
    *ret_id = id;
    return r;
}

static int put(struct writing *w, const struct store_op *op, struct arena *arena)
{
    struct sdb_standing old;
    struct slice value = op->value;
    int64_t id;
    int r = sdb_standing_of(w->db, op->key, &old, w->err);
    if (r == 0 && op->keep_value)
        r = get_value(w->db, old.id, arena, &value, w->err);
    if (r < 0)
        return r;
    struct store_kv kv = {
        .key = op->key,
        .value = value,
        .create_revision = old.id ? old.crev : w->revision,
        .mod_revision = w->revision,
        .version = old.ver + 1,
        .lease = op->lease,
    };
    r = log_row(w, STORE_EVENT_PUT, &kv, old.id, &id);
    if (r < 0)
        return r;
    struct sdb_standing now = {id, kv.create_revision, kv.version, kv.lease};
    sdb_know(w->db, kv.key, &now);
    sqlite3_stmt *st = sdb_statement(w->db, SDB_CUR_PUT);
    sdb_bind_bytes(st, 1, kv.key);
    sqlite3_bind_int64(st, 2, now.id);
    sqlite3_bind_int64(st, 3, now.crev);
    sqlite3_bind_int64(st, 4, now.ver);
    sqlite3_bind_int64(st, 5, now.lease);
    return sdb_run_statement(w->db, st, w->err);
}

struct doomed {
    struct slice key;
    int64_t id;
};

static int delete_one(struct writing *w, const struct doomed *d)
{
    struct store_kv kv = {.key = d->key, .mod_revision = w->revision};
    int64_t id;
    int r = log_row(w, STORE_EVENT_DELETE, &kv, d->id, &id);
    if (r < 0)
        return r;
    sdb_know(w->db, d->key, &(struct sdb_standing){0});
    sqlite3_stmt *st = sdb_statement(w->db, SDB_CUR_DELETE);
    sdb_bind_bytes(st, 1, d->key);
    return sdb_run_statement(w->db, st, w->err);
}

/* Deletes what the statement finds (key, id). First all are found: the table must not change under
 * the statement that walks it. Keys live on in the changes' arena. Returns how many. */
static int64_t delete_found(struct writing *w, sqlite3_stmt *st)
{
    struct doomed *found = NULL;
    size_t count = 0, cap = 0;
    int r;
    while ((r = sdb_step(w->db, st, w->err)) > 0) {
        if (count == cap) {
            cap = cap ? cap * 2 : 16;
            found = mem_resize(MEM_STORE, found, cap * sizeof(*found));
        }
        struct slice key = sdb_column_bytes(st, 0);
        char *copy = arena_strdup(w->changes->arena, key);
        found[count++] = (struct doomed){{copy, key.size}, sqlite3_column_int64(st, 1)};
    }
    sqlite3_reset(st);
    for (size_t i = 0; i < count && r == 0; i++)
        r = delete_one(w, &found[i]);
    mem_free(MEM_STORE, found);
    return r < 0 ? r : (int64_t)count;
}

static int delete_key(struct writing *w, struct slice key, struct store_op_result *ret)
{
    struct sdb_standing s;
    int r = sdb_standing_of(w->db, key, &s, w->err);
    if (r == 0 && s.id)
        r = delete_one(w, &(struct doomed){key, s.id});
    if (r == 0)
        ret->deleted = s.id != 0;
    return r;
}

static int delete_keys(struct writing *w, const struct store_op *op, struct store_op_result *ret)
{
    if (op->keys.scope == STORE_KEY)
        return delete_key(w, op->keys.key, ret);
    char room[STORE_KEY_BYTES_MAX + 1];
    sqlite3_stmt *st = sdb_statement(w->db, SDB_CUR_RANGE);
    sdb_bind_keys(st, &op->keys, room);
    int64_t count = delete_found(w, st);
    if (count < 0)
        return (int)count;
    ret->deleted = count;
    return 0;
}

/* ---- transactions ---- */

static int value_holds(struct sdb *db, const struct store_compare *c, int64_t id, struct err *err)
{
    struct arena arena = ARENA(MEM_STORE, 0);
    struct slice value;
    int r = get_value(db, id, &arena, &value, err);
    if (r == 0)
        r = store_relation_holds(c->relation, slice_compare(value, c->value));
    arena_done(&arena);
    return r;
}

/* 1: it holds; 0: it does not. */
static int holds(struct sdb *db, const struct store_compare *c, struct err *err)
{
    struct sdb_standing s;
    int r = sdb_standing_of(db, c->key, &s, err);
    if (r < 0)
        return r;
    if (c->target == STORE_VALUE)
        return s.id ? value_holds(db, c, s.id, err) : 0;
    int64_t number = c->target == STORE_VERSION           ? s.ver
                     : c->target == STORE_CREATE_REVISION ? s.crev
                     : c->target == STORE_MOD_REVISION    ? s.id >> SDB_SUB_BITS
                                                          : s.lease;
    return store_relation_holds(c->relation, (number > c->number) - (number < c->number));
}

static int compare_all(struct sdb *db, const struct store_txn *txn, struct err *err)
{
    int r = 1;
    for (uint32_t i = 0; i < txn->compare_count && r > 0; i++)
        r = holds(db, &txn->compares[i], err);
    return r;
}

static int lease_there(struct sdb *db, int64_t id, struct err *err)
{
    sqlite3_stmt *st = sdb_statement(db, SDB_LEASE_GET);
    sqlite3_bind_int64(st, 1, id);
    int r = sdb_step(db, st, err);
    sqlite3_reset(st);
    return r;
}

/* What would fail in the middle is found before anything is done. */
static int check_puts(struct sdb *db, const struct store_op *ops, uint32_t count, struct err *err)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct store_op *op = &ops[i];
        struct sdb_standing s;
        if (op->type != STORE_PUT)
            continue;
        int r = op->lease ? lease_there(db, op->lease, err) : 1;
        if (r == 0)
            r = err_set(err, -ENOENT, "put %.*s: there is no lease %" PRIx64, SLICE_ARG(op->key),
                        op->lease);
        if (r > 0 && op->keep_value) {
            r = sdb_standing_of(db, op->key, &s, err);
            if (r == 0 && !s.id)
                r = err_set(err, -EINVAL, "put %.*s: there is no value to keep",
                            SLICE_ARG(op->key));
        }
        if (r < 0)
            return r;
    }
    return 0;
}

static bool is_one_key(const struct store_range *q)
{
    return q->keys.scope == STORE_KEY && !q->revision && !q->count_only && !q->keys_only;
}

/* By what is known of it: the table of what stands need not be asked. */
static int read_key(struct writing *w, struct slice key, struct arena *arena,
                    struct store_range_result *ret)
{
    struct sdb_standing s;
    int r = sdb_standing_of(w->db, key, &s, w->err);
    struct store_range_result made = {.revision = w->sub ? w->revision : w->db->revision};
    if (r == 0 && s.id) {
        char *copy = arena_strdup(arena, key);
        struct store_kv *kv = arena_new(arena, struct store_kv);
        if (!copy || !kv)
            return err_set(w->err, -ENOSPC, "the answer is too large for its arena");
        *kv = (struct store_kv){
            .key = {copy, key.size},
            .mod_revision = s.id >> SDB_SUB_BITS,
            .create_revision = s.crev,
            .version = s.ver,
            .lease = s.lease,
        };
        made.kvs = kv;
        made.count = 1;
        made.total = 1;
        r = get_value(w->db, s.id, arena, &kv->value, w->err);
    }
    if (r == 0)
        *ret = made;
    return r;
}

static int apply(struct writing *w, const struct store_op *op, struct arena *arena,
                 struct store_op_result *ret)
{
    switch (op->type) {
    case STORE_PUT:
        return put(w, op, arena);
    case STORE_DELETE:
        return delete_keys(w, op, ret);
    case STORE_READ:
        if (is_one_key(&op->range))
            return read_key(w, op->range.keys.key, arena, &ret->range);
        return sdb_range_inside(w->db, &op->range, w->sub ? w->revision : w->db->revision, arena,
                                &ret->range, w->err);
    }
    return -EINVAL;
}

/* What is left to fail, once the puts were looked at, is the disk, and that ends the batch. */
static bool cannot_fail(const struct store_op *op, const struct arena *arena)
{
    switch (op->type) {
    case STORE_PUT:
        return !op->keep_value;
    case STORE_DELETE:
        return op->keys.scope == STORE_KEY;
    case STORE_READ:
        return op->range.keys.scope == STORE_KEY && !op->range.revision && !arena->bytes_max;
    }
    return false;
}

/* A savepoint costs a copy of every page that is changed behind it, a tenth of a small put. */
static bool needs_savepoint(const struct store_op *ops, uint32_t count, const struct arena *arena)
{
    for (uint32_t i = 0; i < count; i++)
        if (!cannot_fail(&ops[i], arena))
            return true;
    return false;
}

static int apply_each(struct writing *w, const struct store_op *ops, uint32_t count,
                      struct arena *arena, struct store_op_result *results)
{
    int r = 0;
    for (uint32_t i = 0; i < count && r == 0; i++)
        r = apply(w, &ops[i], arena, &results[i]);
    return r;
}

/* A failure in the middle takes back this transaction alone, or spoils the batch. */
static int apply_all(struct writing *w, const struct store_op *ops, uint32_t count,
                     struct arena *arena, struct store_op_result *results)
{
    uint32_t changes = w->changes->count;
    bool saved = needs_savepoint(ops, count, arena);
    int r = saved ? sdb_run(w->db, SDB_SAVE, w->err) : 0;
    if (r < 0)
        return r;
    r = apply_each(w, ops, count, arena, results);
    if (r < 0) {
        w->changes->count = changes;
        sdb_know_nothing(w->db);
        bool taken_back = saved && sdb_run(w->db, SDB_UNSAVE, NULL) == 0;
        w->db->spoilt = w->db->spoilt || (w->sub && !taken_back);
    }
    if (saved)
        sdb_run(w->db, SDB_RELEASE, NULL);
    return r;
}

int sdb_txn(struct sdb *db, const struct store_txn *txn, struct arena *arena,
            struct store_txn_result *ret, struct sdb_changes *changes, struct err *err)
{
    int r = compare_all(db, txn, err);
    if (r < 0)
        return r;
    bool succeeded = r > 0 || fault_mutant("store_sqlite_compare_ignored");
    const struct store_op *ops = succeeded ? txn->then : txn->otherwise;
    uint32_t count = succeeded ? txn->then_count : txn->otherwise_count;
    r = check_puts(db, ops, count, err);
    if (r < 0)
        return r;
    struct store_op_result *results = arena_alloc_array(arena, count + 1, sizeof(*results));
    if (!results)
        return err_set(err, -ENOSPC, "the answer is too large for its arena");
    struct writing w = {
        .db = db,
        .revision = db->revision + (fault_mutant("store_revision_reused") ? 0 : 1),
        .changes = changes,
        .err = err,
    };
    r = apply_all(&w, ops, count, arena, results);
    if (r < 0)
        return r;
    if (w.sub)
        db->revision = w.revision;
    *ret = (struct store_txn_result){
        .succeeded = succeeded,
        .revision = db->revision,
        .ops = results,
        .op_count = count,
    };
    return 0;
}

/* ---- leases ---- */

int sdb_lease_put(struct sdb *db, int64_t id, int64_t ttl_ms, struct err *err)
{
    sqlite3_stmt *st = sdb_statement(db, SDB_LEASE_PUT);
    sqlite3_bind_int64(st, 1, id);
    sqlite3_bind_int64(st, 2, ttl_ms);
    return sdb_run_statement(db, st, err);
}

int sdb_lease_end(struct sdb *db, int64_t id, struct sdb_changes *changes, struct err *err)
{
    struct writing w = {.db = db, .revision = db->revision + 1, .changes = changes, .err = err};
    sqlite3_stmt *st = sdb_statement(db, SDB_CUR_LEASED);
    sqlite3_bind_int64(st, 1, id);
    int64_t r = delete_found(&w, st);
    if (r >= 0) {
        st = sdb_statement(db, SDB_LEASE_DELETE);
        sqlite3_bind_int64(st, 1, id);
        r = sdb_run_statement(db, st, err);
    }
    if (r < 0) {
        db->spoilt = db->spoilt || w.sub;
        return (int)r;
    }
    if (w.sub)
        db->revision = w.revision;
    return 0;
}

/* ---- compaction ---- */

static int put_meta(struct sdb *db, const char *name, int64_t value, struct err *err)
{
    sqlite3_stmt *st = sdb_statement(db, SDB_META_PUT);
    sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(st, 2, value);
    return sdb_run_statement(db, st, err);
}

static int delete_row(struct sdb *db, int64_t id, struct err *err);

static int put_and_delete(struct sdb *db, struct err *err)
{
    static const char bytes[1024];
    const struct slice key = {"", 0}, value = {bytes, sizeof(bytes)};
    int64_t id = INT64_MAX;
    sqlite3_stmt *st = sdb_statement(db, SDB_LOG_PUT);
    sqlite3_bind_int64(st, 1, id);
    sdb_bind_bytes(st, 2, key);
    for (int i = 3; i < 8; i++)
        sqlite3_bind_int64(st, i, 0);
    sdb_bind_bytes(st, 8, value);
    int r = sdb_run_statement(db, st, err);
    st = sdb_statement(db, SDB_CUR_PUT);
    sdb_bind_bytes(st, 1, key);
    for (int i = 2; i < 6; i++)
        sqlite3_bind_int64(st, i, 0);
    if (r == 0)
        r = sdb_run_statement(db, st, err);
    st = sdb_statement(db, SDB_CUR_DELETE);
    sdb_bind_bytes(st, 1, key);
    if (r == 0)
        r = sdb_run_statement(db, st, err);
    return r < 0 ? r : delete_row(db, id, err);
}

/* As many pages as a small put: a touch of one page finds room in a log that is full for every
 * write that anybody would want. The row and the key that it makes are gone before the commit. */
int sdb_touch(struct sdb *db, struct err *err)
{
    int r = sdb_run(db, SDB_SAVE, err);
    if (r < 0)
        return r;
    r = put_and_delete(db, err);
    if (r == 0)
        r = put_meta(db, "trimmed", db->trimmed, err);
    if (r < 0)
        sdb_run(db, SDB_UNSAVE, NULL);
    sdb_run(db, SDB_RELEASE, NULL);
    return r;
}

int sdb_compact(struct sdb *db, int64_t revision, struct err *err)
{
    if (revision > db->revision)
        return err_set(err, -ERANGE,
                       "revision %" PRId64 " is not there yet: the newest is %" PRId64, revision,
                       db->revision);
    if (revision <= db->compacted)
        return err_set(err, -ENODATA, "revision %" PRId64 " was compacted: the oldest is %" PRId64,
                       revision, db->compacted);
    int r = put_meta(db, "compacted", revision, err);
    if (r == 0)
        db->compacted = revision;
    return r;
}

static int delete_row(struct sdb *db, int64_t id, struct err *err)
{
    sqlite3_stmt *st = sdb_statement(db, SDB_LOG_DELETE);
    sqlite3_bind_int64(st, 1, id);
    return sdb_run_statement(db, st, err);
}

struct old_row {
    int64_t id, prev;
    bool deletes;
};

static int64_t read_old(struct sdb *db, struct old_row *rows, int64_t max, struct err *err)
{
    sqlite3_stmt *st = sdb_statement(db, SDB_LOG_OLD);
    int64_t count = 0;
    int r;
    sqlite3_bind_int64(st, 1, db->trimmed);
    sqlite3_bind_int64(st, 2, sdb_first_id(db->compacted + 1));
    sqlite3_bind_int64(st, 3, max);
    while ((r = sdb_step(db, st, err)) > 0)
        rows[count++] = (struct old_row){
            .id = sqlite3_column_int64(st, 0),
            .prev = sqlite3_column_int64(st, 1),
            .deletes = sqlite3_column_int64(st, 2) != 0,
        };
    sqlite3_reset(st);
    return r < 0 ? r : count;
}

/* `trimmed` is the first id that was not looked at. */
int sdb_trim(struct sdb *db, int64_t rows, bool *ret_more, struct err *err)
{
    struct old_row *old = mem_alloc(MEM_STORE, (size_t)rows * sizeof(*old));
    int64_t count = read_old(db, old, rows, err);
    int r = count < 0 ? (int)count : 0;
    for (int64_t i = 0; i < count && r == 0; i++) {
        if (old[i].prev)
            r = delete_row(db, old[i].prev, err);
        if (r == 0 && old[i].deletes)
            r = delete_row(db, old[i].id, err);
    }
    int64_t next = count == rows ? old[count - 1].id + 1 : sdb_first_id(db->compacted + 1);
    mem_free(MEM_STORE, old);
    if (r == 0)
        r = put_meta(db, "trimmed", next, err);
    if (r < 0)
        return r;
    db->trimmed = next;
    *ret_more = count == rows;
    return 0;
}
