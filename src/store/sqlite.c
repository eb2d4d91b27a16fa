#include "store/sqlite.h"

#include <errno.h>
#include <stdio.h>
#include <fcntl.h> /* rule zero: kernel header, for the names of the flags of rt_file_open */

#include "rt/sim.h"
#include "store/lock.h"
#include "store/sqlite_store.h"
#include "store/sqlite_vfs.h"

static struct sqlite_store *store_of(struct store *s)
{
    return CONTAINER_OF(s, struct sqlite_store, store);
}

/* ---- reading ---- */

int sqlite_reader_get(struct sqlite_store *s, struct sdb **ret_db, struct err *err,
                      rt_time deadline)
{
    struct sdb *db = NULL;
    int r = rt_now() > deadline ? -ETIMEDOUT : rt_recv(&s->idle, &db, deadline);
    if (r < 0)
        return err_sys(err, r, "read");
    if (!db) { /* the one that there is failed, and waits for a write to open it anew */
        sqlite_reader_put(s, NULL);
        return err_set(err, -EIO, "%s", s->trouble_text);
    }
    *ret_db = db;
    return 0;
}

void sqlite_reader_put(struct sqlite_store *s, struct sdb *db)
{
    rt_shield_begin();
    (void)rt_send(&s->idle, db, rt_now()); /* there is a place for each */
    rt_shield_end();
}

struct reading {
    struct sdb *db;
    const struct store_range *request;
    struct arena *arena;
    struct store_range_result *ret;
    struct sdb_state *state;
    const char *backup_to, *vfs;
    int64_t *ret_revision;
    struct err *err;
    int r;
};

static void read_range(void *arg)
{
    struct reading *q = arg;
    q->r = sdb_range(q->db, q->request, q->arena, q->ret, q->err);
}

static void read_state(void *arg)
{
    struct reading *q = arg;
    q->r = sdb_state(q->db, q->state, q->err);
}

static void copy_all(void *arg)
{
    struct reading *q = arg;
    q->r = sdb_backup(q->db, q->backup_to, q->vfs, q->ret_revision, q->err);
}

static int read_with(struct sqlite_store *s, rt_fn *fn, struct reading *q, rt_time deadline)
{
    int r = sqlite_reader_get(s, &q->db, q->err, deadline);
    if (r < 0)
        return r;
    r = rt_offload(fn, q, deadline);
    sqlite_reader_put(s, q->db);
    if (r < 0)
        return err_sys(q->err, r, "read");
    return q->r;
}

static int sqlite_range(struct store *store, const struct store_range *request, struct arena *arena,
                        struct store_range_result *ret, struct err *err, rt_time deadline)
{
    struct reading q = {.request = request, .arena = arena, .ret = ret, .err = err};
    return read_with(store_of(store), read_range, &q, deadline);
}

static int sqlite_backup(struct store *store, const char *path, int64_t *ret_revision,
                         struct err *err, rt_time deadline)
{
    struct sqlite_store *s = store_of(store);
    struct rt_file *f;
    /* Made by us, or not at all: a backup overwrites nothing. */
    int r = rt_file_open(path, O_WRONLY | O_CREAT | O_EXCL, 0600, &f, deadline);
    if (r < 0)
        return err_sys(err, r, "back up to %s", path);
    rt_file_close(f);
    struct reading q = {
        .backup_to = path,
        .vfs = s->vfs,
        .ret_revision = ret_revision,
        .err = err,
    };
    r = read_with(s, copy_all, &q, deadline);
    if (r < 0) {
        rt_shield_begin();
        rt_file_remove(path, RT_NEVER);
        rt_shield_end();
    }
    return r;
}

/* ---- writing ---- */

static int sqlite_txn(struct store *store, const struct store_txn *txn, struct arena *arena,
                      struct store_txn_result *ret, struct err *err, rt_time deadline)
{
    struct store_txn_result made = {0};
    struct sqlite_request q = {
        .work = SQLITE_WORK_TXN,
        .txn = txn,
        .arena = arena,
        .result = &made,
        .err = err,
    };
    int r = sqlite_submit(store_of(store), &q, deadline);
    if (r == 0)
        *ret = made;
    return r;
}

static int sqlite_compact(struct store *store, int64_t revision, struct err *err, rt_time deadline)
{
    struct sqlite_store *s = store_of(store);
    struct sqlite_request q = {.work = SQLITE_WORK_COMPACT, .revision = revision, .err = err};
    return sqlite_submit(s, &q, deadline);
}

static int sqlite_status(struct store *store, struct store_status *ret, struct err *err,
                         rt_time deadline)
{
    struct sqlite_store *s = store_of(store);
    /* After trouble only a write can tell whether it has passed. */
    struct err trouble = {0};
    if (s->trouble) {
        struct sqlite_request nothing = {.work = SQLITE_WORK_NOTHING, .err = &trouble};
        (void)sqlite_submit(s, &nothing, deadline);
    }
    struct sdb_state state = {0};
    struct reading q = {.state = &state, .err = err};
    int r = read_with(s, read_state, &q, deadline);
    if (r < 0)
        return r;
    *ret = (struct store_status){
        .backend = store->backend->name,
        .revision = state.revision,
        .compacted = state.compacted,
        .keys = state.keys,
        .bytes = state.bytes,
        .leases = (int64_t)s->leases.count,
        .writable = s->trouble == 0,
        .watches = s->watch_count,
        .queued = s->queued,
        .queued_max = STORE_SQLITE_QUEUE_MAX,
        .queue_full_total = s->queue_full_total,
    };
    snprintf(ret->version, sizeof(ret->version), "%s", sdb_library_version());
    snprintf(ret->where, sizeof(ret->where), "%s", s->path);
    if (s->trouble)
        snprintf(ret->trouble, sizeof(ret->trouble), "%s", s->trouble_text);
    return 0;
}

/* ---- opening and closing ---- */

static const struct store_backend sqlite_backend;

struct opening {
    struct sqlite_store *s;
    struct sdb *readers[STORE_SQLITE_READERS];
    struct err *err;
    int r;
    struct err full; /* code 0: no */
};

static void note_lease(void *ctx, int64_t id, int64_t ttl_ms)
{
    struct sqlite_store *s = ctx;
    struct sqlite_lease *l = mem_alloc(MEM_STORE, sizeof(*l));
    *l = (struct sqlite_lease){.id = id, .ttl_ms = ttl_ms};
    map_put_u64(&s->leases, (uint64_t)id, l, NULL);
}

/* What an earlier life left in the write-ahead log is first carried into the file and synced: if
 * that life ended in a failed sync, the log is only what the page cache believes. Where the disk is
 * too full for that it can still be read; the first write that finds room begins with it. */
static int carry_log(struct opening *o)
{
    struct err err = {0};
    int r = sdb_checkpoint(o->s->writer, &err);
    if (r == -ENOSPC) {
        o->full = err;
        return 0;
    }
    if (r < 0 && o->err)
        *o->err = err;
    return r;
}

static void open_files(void *arg)
{
    struct opening *o = arg;
    struct sqlite_store *s = o->s;
    struct sdb_options options = {.path = s->path, .vfs = s->vfs};
    o->r = sdb_open(&options, &s->writer, o->err);
    if (o->r == 0)
        o->r = carry_log(o);
    if (o->r == 0)
        o->r = sdb_leases(s->writer, note_lease, s, o->err);
    options.reader = true;
    for (uint32_t i = 0; i < s->readers && o->r == 0; i++)
        o->r = sdb_open(&options, &o->readers[i], o->err);
}

static void close_files(void *arg)
{
    struct sqlite_store *s = arg;
    sdb_close(s->writer);
}

static void close_reader(void *arg)
{
    sdb_close(arg);
}

static void put_readers(struct sqlite_store *s, const struct opening *o)
{
    for (uint32_t i = 0; i < STORE_SQLITE_READERS; i++)
        if (o->readers[i])
            sqlite_reader_put(s, o->readers[i]);
    if (!s->readers && s->writer)
        sqlite_reader_put(s, s->writer);
}

static void begin_leases(struct sqlite_store *s)
{
    struct map_entry e;
    for (size_t at = 0; map_next(&s->leases, &at, &e);) {
        struct sqlite_lease *l = e.value;
        l->ends = rt_now_exact() + l->ttl_ms * RT_MS;
    }
}

static void sqlite_close(struct store *store)
{
    struct sqlite_store *s = store_of(store);
    struct map_entry e;
    struct sdb *db;
    sqlite_watches_end(s);
    rt_group_done(&s->group);
    rt_shield_begin();
    while (rt_chan_len(&s->idle) && rt_recv(&s->idle, &db, rt_now()) == 0)
        if (db != s->writer)
            rt_offload(close_reader, db, RT_NEVER);
    if (s->writer)
        rt_offload(close_files, s, RT_NEVER);
    rt_shield_end();
    rt_file_close(s->lock);
    rt_chan_done(&s->idle);
    rt_chan_done(&s->work_there);
    rt_chan_done(&s->lease_changed);
    for (size_t at = 0; map_next(&s->leases, &at, &e);)
        mem_free(MEM_STORE, e.value);
    map_done(&s->leases);
    mem_free(MEM_STORE, s->path);
    mem_free(MEM_STORE, s->lock_path);
    mem_free(MEM_STORE, s);
}

static char *path_in(const char *folder, const char *name)
{
    struct buf path = BUF(MEM_STORE, 0);
    buf_printf(&path, "%s/%s", folder, name);
    return path.data;
}

static struct sqlite_store *store_new(const struct store_sqlite_options *options)
{
    struct sqlite_store *s = mem_alloc(MEM_STORE, sizeof(*s));
    s->store.backend = &sqlite_backend;
    s->path = path_in(options->folder, "store.db");
    s->lock_path = path_in(options->folder, "store.lock");
    s->history = options->history ? options->history : STORE_SQLITE_HISTORY;
    s->vfs = rt_sim_active() ? sqlite_vfs_register() : NULL;
    s->readers = s->vfs ? 0 : STORE_SQLITE_READERS;
    s->leases = MAP(MEM_STORE, 0, ((struct map_seed){rt_random(), rt_random()}));
    list_init(&s->queue);
    list_init(&s->watches);
    rt_chan_init(&s->idle, STORE_SQLITE_READERS, "store_readers");
    rt_chan_init(&s->work_there, 1, "store_work");
    rt_chan_init(&s->lease_changed, 1, "store_lease");
    rt_group_init(&s->group, "store_sqlite");
    return s;
}

static int start(struct sqlite_store *s, const struct err *full, struct err *err)
{
    s->revision = sdb_revision(s->writer);
    s->compacted = sdb_compacted(s->writer);
    s->trim_more = true;
    s->trouble = full->code;
    s->broken = full->code != 0;
    if (full->code)
        snprintf(s->trouble_text, sizeof(s->trouble_text), "%s", full->text);
    begin_leases(s);
    int r = rt_go(&s->group, sqlite_writer, s);
    if (r == 0)
        r = rt_go(&s->group, sqlite_lease_clock, s);
    return r < 0 ? err_sys(err, r, "start the store") : 0;
}

int store_sqlite_open(const struct store_sqlite_options *options, struct store **ret_store,
                      struct err *err, rt_time deadline)
{
    struct sqlite_store *s = store_new(options);
    struct opening o = {.s = s, .err = err};
    int r = store_lock_take(s->lock_path, options->who, &s->lock, err, deadline);
    if (r == 0) {
        r = rt_offload(open_files, &o, deadline);
        r = r < 0 ? err_sys(err, r, "open the store") : o.r;
        put_readers(s, &o);
    }
    if (r == 0)
        r = start(s, &o.full, err);
    if (r < 0) {
        sqlite_close(&s->store);
        return r;
    }
    *ret_store = &s->store;
    return 0;
}

static const struct store_backend sqlite_backend = {
    .name = "sqlite",
    .range = sqlite_range,
    .txn = sqlite_txn,
    .watch = sqlite_watch_open,
    .unwatch = sqlite_watch_close,
    .lease_grant = sqlite_lease_grant,
    .lease_keep = sqlite_lease_keep,
    .lease_revoke = sqlite_lease_revoke,
    .lease_get = sqlite_lease_get,
    .compact = sqlite_compact,
    .status = sqlite_status,
    .backup = sqlite_backup,
    .close = sqlite_close,
};
