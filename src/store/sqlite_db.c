#include "store/sqlite_db.h"

#include <errno.h>
#include <fcntl.h> /* rule zero: kernel header, for the names of the flags of rt_disk_open */

#include "base/buf.h"
#include "base/fault.h"
#include "rt/blocking.h"
#include "store/sqlite_data.h"

/* Columns of a version, wherever one is read: key, id, op, crev, ver, lease, val. */
static const char *const sql[SDB_SQL_COUNT] = {
    [SDB_BEGIN] = "BEGIN IMMEDIATE",
    [SDB_BEGIN_READ] = "BEGIN",
    [SDB_COMMIT] = "COMMIT",
    [SDB_ROLLBACK] = "ROLLBACK",
    [SDB_SAVE] = "SAVEPOINT one",
    [SDB_UNSAVE] = "ROLLBACK TO one",
    [SDB_RELEASE] = "RELEASE one",
    [SDB_STATE] = "SELECT (SELECT max(id) FROM log),"
                  " (SELECT value FROM meta WHERE name = 'compacted'),"
                  " (SELECT value FROM meta WHERE name = 'trimmed')",
    [SDB_CUR_GET] = "SELECT id, crev, ver, lease FROM cur WHERE key = ?1",
    [SDB_CUR_PUT] = "INSERT INTO cur(key, id, crev, ver, lease) VALUES(?1, ?2, ?3, ?4, ?5)"
                    " ON CONFLICT(key) DO UPDATE SET id = ?2, crev = ?3, ver = ?4, lease = ?5",
    [SDB_CUR_DELETE] = "DELETE FROM cur WHERE key = ?1",
    [SDB_CUR_RANGE] = "SELECT key, id FROM cur WHERE key >= ?1 AND key < ?2 ORDER BY key",
    [SDB_CUR_LEASED] = "SELECT key, id FROM cur WHERE lease = ?1 AND lease <> 0 ORDER BY key",
    [SDB_VALUE_GET] = "SELECT val FROM log WHERE id = ?1",
    [SDB_LOG_PUT] = "INSERT INTO log(id, key, op, prev, ver, crev, lease, val)"
                    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [SDB_LOG_DELETE] = "DELETE FROM log WHERE id = ?1",
    [SDB_LOG_FROM] =
        "SELECT key, id, op, crev, ver, lease, val FROM log WHERE id >= ?1 ORDER BY id",
    [SDB_LOG_OLD] = "SELECT id, prev, op FROM log WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT ?3",
    [SDB_RANGE] = "SELECT cur.key, cur.id, 0, cur.crev, cur.ver, cur.lease, log.val"
                  " FROM cur CROSS JOIN log ON log.id = cur.id"
                  " WHERE cur.key >= ?1 AND cur.key < ?2 ORDER BY cur.key LIMIT ?3",
    [SDB_RANGE_AT] = "SELECT l.key, l.id, l.op, l.crev, l.ver, l.lease, l.val FROM"
                     " (SELECT key AS k, max(id) AS newest FROM log INDEXED BY log_key"
                     "  WHERE key >= ?1 AND key < ?2 AND id < ?4 GROUP BY key)"
                     " CROSS JOIN log AS l ON l.id = newest"
                     " WHERE l.op = 0 ORDER BY k LIMIT ?3",
    [SDB_COUNT] = "SELECT count(*) FROM cur WHERE key >= ?1 AND key < ?2",
    [SDB_COUNT_AT] = "SELECT count(*) FROM"
                     " (SELECT max(id) AS newest FROM log INDEXED BY log_key"
                     "  WHERE key >= ?1 AND key < ?2 AND id < ?4 GROUP BY key)"
                     " CROSS JOIN log AS l ON l.id = newest WHERE l.op = 0",
    [SDB_META_PUT] = "UPDATE meta SET value = ?2 WHERE name = ?1",
    [SDB_LEASE_GET] = "SELECT ttl_ms FROM lease WHERE id = ?1",
    [SDB_LEASE_PUT] = "INSERT INTO lease(id, ttl_ms) VALUES(?1, ?2)",
    [SDB_LEASE_DELETE] = "DELETE FROM lease WHERE id = ?1",
    [SDB_LEASE_ALL] = "SELECT id, ttl_ms FROM lease",
    [SDB_COUNTS] = "SELECT (SELECT count(*) FROM cur), (SELECT count(*) FROM lease)",
};

/* ---- errors and statements ---- */

int sdb_errno(sqlite3 *db, int code)
{
    switch (code & 0xff) {
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_READONLY:
        return -EROFS;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_ERROR: /* our statements are right: the tables are not */
        return -EBADMSG;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -EBUSY;
    case SQLITE_NOMEM:
        return -ENOMEM;
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return -EACCES;
    case SQLITE_CANTOPEN: {
        int cause = db ? sqlite3_system_errno(db) : 0;
        return cause ? -cause : -EACCES;
    }
    default:
        return -EIO;
    }
}

int sdb_error(struct sdb *db, int code, const char *doing, struct err *err)
{
    if ((code & 0xff) == SQLITE_FULL)
        return err_set(err, -ENOSPC,
                       "%s: %s: the disk is full: reads go on, and writes once there is room",
                       db->path, doing);
    return err_set(err, sdb_errno(db->db, code), "%s: %s: %s", db->path, doing,
                   sqlite3_errmsg(db->db));
}

static int prepare(struct sdb *db, struct err *err)
{
    for (int i = 0; i < SDB_SQL_COUNT; i++) {
        int code = sqlite3_prepare_v3(db->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                                      &db->statements[i], NULL);
        if (code != SQLITE_OK)
            return sdb_error(db, code, "its tables", err);
    }
    return 0;
}

int sdb_step(struct sdb *db, sqlite3_stmt *st, struct err *err)
{
    int code = sqlite3_step(st);
    if (code == SQLITE_ROW)
        return 1;
    if (code == SQLITE_DONE)
        return 0;
    int r = sdb_error(db, code, "step", err);
    sqlite3_reset(st);
    return r;
}

int sdb_run_statement(struct sdb *db, sqlite3_stmt *st, struct err *err)
{
    int r = sdb_step(db, st, err);
    sqlite3_reset(st);
    return r;
}

int sdb_run(struct sdb *db, enum sdb_sql which, struct err *err)
{
    return sdb_run_statement(db, sdb_statement(db, which), err);
}

void sdb_bind_bytes(sqlite3_stmt *st, int at, struct slice s)
{
    sqlite3_bind_blob(st, at, s.size ? s.data : "", (int)s.size, SQLITE_STATIC);
}

void sdb_bind_keys(sqlite3_stmt *st, const struct store_keys *keys, char *room)
{
    /* A blob of 0xff longer than any key is behind every key. */
    struct slice end = keys->end;
    if (keys->scope == STORE_PREFIX)
        end = store_prefix_end(keys->key, room);
    if (keys->scope == STORE_KEY) {
        memcpy(room, keys->key.data, keys->key.size);
        room[keys->key.size] = 0;
        end = (struct slice){room, keys->key.size + 1};
    }
    if (end.size == 0) {
        memset(room, 0xff, STORE_KEY_BYTES_MAX + 1);
        end = (struct slice){room, STORE_KEY_BYTES_MAX + 1};
    }
    sdb_bind_bytes(st, 1, keys->key);
    sdb_bind_bytes(st, 2, end);
}

struct slice sdb_column_bytes(sqlite3_stmt *st, int at)
{
    const char *data = sqlite3_column_blob(st, at); /* before the size: it may convert */
    return (struct slice){data, (size_t)sqlite3_column_bytes(st, at)};
}

/* ---- opening ---- */

/* The file is one process's: so says store.lock, and so does this vfs. What its connections share,
 * the index of the write-ahead log, is then memory: a full disk keeps no -shm file from being made,
 * a process that is killed leaves none, and a commit takes no lock of the kernel. */
static const char one_process[] = "unix-excl";
/* The simulator's vfs shares nothing: there the file is one connection's. */
static const char exclusive[] = "PRAGMA locking_mode = EXCLUSIVE";

/* A crowd of writers fills SQLite's usual log of 1,000 pages with four commits, and then waits for
 * two more syncs while each of its pages is written once more: with 16 MB a put of the crowd takes
 * half the time. Such a log is read in 10 ms where a life ended without a checkpoint. A simulated
 * life is short: its checkpoints are to meet power losses, too. */
enum { LOG_PAGES = 4000, LOG_PAGES_SIM = 40 };

/* A sync of a file that has grown waits for the file system's own journal as well: 160 µs and not
 * 100. So the log is made longer before it is needed, with zeroes, which no reader takes for a
 * frame; a life of a few writes is spared that. */
enum {
    AHEAD_FROM_PAGES = 16,
    AHEAD_BYTES = 1024 * 1024,
    AHEAD_BYTES_SIM = 32 * 1024,
    AHEAD_PIECE_BYTES = 32 * 1024, /* the library's vfs writes 128 KB at most */
    LOG_HEAD_BYTES = 32,
    LOG_FRAME_BYTES = 24 + 4096,
};

static int note_log(void *arg, sqlite3 *db, const char *name, int pages)
{
    struct sdb *d = arg;
    (void)db;
    (void)name;
    d->log_pages = pages;
    return SQLITE_OK;
}

static int set_up(struct sdb *db, bool reader, struct err *err)
{
    static const char writer_pragmas[] = "PRAGMA journal_mode = WAL;"
                                         "PRAGMA synchronous = FULL;"
                                         "PRAGMA temp_store = MEMORY;"
                                         "PRAGMA cache_size = -16384;";
    static const char reader_pragmas[] = "PRAGMA query_only = 1;"
                                         "PRAGMA cache_size = -4096;";
    int code = SQLITE_OK;
    sqlite3_extended_result_codes(db->db, 1);
    sqlite3_busy_timeout(db->db, 5000);
    if (db->vfs)
        code = sqlite3_exec(db->db, exclusive, NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(db->db, reader ? reader_pragmas : writer_pragmas, NULL, NULL, NULL);
    sqlite3_wal_hook(db->db, note_log, db); /* in place of the library's own checkpoints */
    return code == SQLITE_OK ? 0 : sdb_error(db, code, "open", err);
}

/* What tasks are given may be secret: the file is its owner's alone, whatever the folder's mode.
 * The library's own log gets the same mode. Where it cannot be made, opening it says why. */
static void make_private(const char *path)
{
    int fd = rt_disk_open(path, O_RDWR | O_CREAT, 0600);
    if (fd >= 0)
        rt_disk_close(fd);
}

int sdb_open(const struct sdb_options *options, struct sdb **ret_db, struct err *err)
{
    struct sdb *db = mem_alloc(MEM_STORE, sizeof(*db));
    db->path = mem_strdup(MEM_STORE, slice_from(options->path));
    db->vfs = options->vfs;
    db->known = MAP(MEM_STORE, 0, (struct map_seed){0});
    sqlite3_randomness(sizeof(db->known.seed), &db->known.seed);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    if (!options->reader)
        flags |= SQLITE_OPEN_CREATE;
    if (!options->reader && !db->vfs)
        make_private(options->path);
    int code = sqlite3_open_v2(options->path, &db->db, flags, db->vfs ? db->vfs : one_process);
    int r = code == SQLITE_OK ? 0 : sdb_error(db, code, "open", err);
    if (r == 0 && sqlite3_db_readonly(db->db, "main") == 1)
        r = err_set(err, -EROFS,
                    "%s cannot be written: see its owner and mode, and those of its folder",
                    db->path);
    if (r == 0)
        r = set_up(db, options->reader, err);
    if (r == 0 && !options->reader)
        r = sdb_schema(db, err);
    if (r == 0)
        r = prepare(db, err);
    if (r == 0)
        r = sdb_read_state(db, err);
    if (r < 0) {
        sdb_close(db);
        return r;
    }
    *ret_db = db;
    return 0;
}

void sdb_close(struct sdb *db)
{
    if (!db)
        return;
    for (int i = 0; i < SDB_SQL_COUNT; i++)
        sqlite3_finalize(db->statements[i]);
    sqlite3_close(db->db);
    sdb_know_nothing(db);
    map_done(&db->known);
    mem_free(MEM_STORE, db->path);
    mem_free(MEM_STORE, db);
}

const char *sdb_library_version(void)
{
    return sqlite3_libversion();
}

/* ---- state ---- */

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

int sdb_read_state(struct sdb *db, struct err *err)
{
    sqlite3_stmt *st = sdb_statement(db, SDB_STATE);
    int r = sdb_step(db, st, err);
    if (r <= 0)
        return r < 0 ? r : err_set(err, -EBADMSG, "%s: no state", db->path);
    db->compacted = sqlite3_column_int64(st, 1);
    db->trimmed = sqlite3_column_int64(st, 2);
    db->revision = larger(sqlite3_column_int64(st, 0) >> SDB_SUB_BITS, db->compacted);
    db->revision = larger(db->revision, 1); /* as an empty etcd: 0 means "now" and "none" */
    sqlite3_reset(st);
    return 0;
}

int64_t sdb_revision(const struct sdb *db)
{
    return db->revision;
}

int64_t sdb_compacted(const struct sdb *db)
{
    return db->compacted;
}

static int64_t pragma_number(struct sdb *db, const char *text)
{
    sqlite3_stmt *st = NULL;
    int64_t n = 0;
    if (sqlite3_prepare_v2(db->db, text, -1, &st, NULL) == SQLITE_OK &&
        sqlite3_step(st) == SQLITE_ROW)
        n = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return n;
}

int sdb_state(struct sdb *db, struct sdb_state *ret, struct err *err)
{
    int r = sdb_run(db, SDB_BEGIN_READ, err);
    if (r < 0)
        return r;
    r = sdb_read_state(db, err);
    sqlite3_stmt *st = sdb_statement(db, SDB_COUNTS);
    if (r == 0)
        r = sdb_step(db, st, err);
    if (r > 0) {
        *ret = (struct sdb_state){
            .revision = db->revision,
            .compacted = db->compacted,
            .trimmed = db->trimmed,
            .keys = sqlite3_column_int64(st, 0),
            .leases = sqlite3_column_int64(st, 1),
            .bytes = pragma_number(db, "PRAGMA page_count") * pragma_number(db, "PRAGMA page_size"),
        };
        sqlite3_reset(st);
        r = 0;
    }
    sdb_run(db, SDB_COMMIT, NULL);
    return r;
}

/* ---- the batch ---- */

int sdb_begin(struct sdb *db, struct err *err)
{
    db->begun_revision = db->revision;
    db->begun_compacted = db->compacted;
    db->begun_trimmed = db->trimmed;
    db->spoilt = false;
    return sdb_run(db, SDB_BEGIN, err);
}

int sdb_commit(struct sdb *db, struct err *err)
{
    int r = sdb_run(db, SDB_COMMIT, err);
    if (r < 0)
        sdb_rollback(db);
    return r;
}

void sdb_rollback(struct sdb *db)
{
    /* Some errors have rolled back already; then this one says so, and that is well. */
    if (!sqlite3_get_autocommit(db->db))
        sdb_run(db, SDB_ROLLBACK, NULL);
    sdb_know_nothing(db);
    db->revision = db->begun_revision;
    db->compacted = db->begun_compacted;
    db->trimmed = db->begun_trimmed;
}

bool sdb_in_batch(const struct sdb *db)
{
    return !db->spoilt && !sqlite3_get_autocommit(db->db);
}

/* After a failed sync the log may be in the page cache and only in part on the disk, and a second
 * sync of it would say nothing of that. SQLite truncates it and leaves that to the next sync: a
 * power loss before it would bring the part back, and recovery would carry it over the newer file.
 */
static int sync_log(struct sdb *db, struct err *err)
{
    struct buf path = BUF(MEM_STORE, 0);
    buf_printf(&path, "%s-wal", db->path);
    int fd = rt_disk_open(path.data, O_RDWR, 0);
    int r = fd < 0 ? fd : rt_disk_sync(fd);
    if (r < 0 && r != -ENOENT)
        r = err_sys(err, -EIO, "sync %s", path.data);
    if (fd >= 0)
        rt_disk_close(fd);
    buf_done(&path);
    return r == -ENOENT ? 0 : r;
}

/* Where there is no room for all of it, what stays in the log is durable there: it will be read. */
int sdb_checkpoint(struct sdb *db, struct err *err)
{
    int code = sqlite3_wal_checkpoint_v2(db->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    int r = code == SQLITE_OK ? 0 : sdb_error(db, code, "checkpoint", err);
    if ((r < 0 && r != -ENOSPC) || fault_mutant("store_log_comes_back"))
        return r;
    int synced = sync_log(db, err);
    return synced < 0 ? synced : r;
}

/* Where it fails, the next commit that makes the log longer says so. */
static void write_ahead(struct sdb *db)
{
    sqlite3_file *log = NULL;
    sqlite3_int64 size = 0;
    int64_t end = LOG_HEAD_BYTES + (int64_t)db->log_pages * LOG_FRAME_BYTES;
    int64_t step = db->vfs ? AHEAD_BYTES_SIM : AHEAD_BYTES;
    if (db->log_pages < AHEAD_FROM_PAGES || end + step / 4 <= db->log_bytes)
        return;
    sqlite3_file_control(db->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (!log || !log->pMethods || log->pMethods->xFileSize(log, &size) != SQLITE_OK)
        return;
    db->log_bytes = size;
    if (end + step / 4 <= size)
        return;
    char *zeroes = mem_alloc(MEM_STORE, AHEAD_PIECE_BYTES);
    while (db->log_bytes < size + step &&
           log->pMethods->xWrite(log, zeroes, AHEAD_PIECE_BYTES, db->log_bytes) == SQLITE_OK)
        db->log_bytes += AHEAD_PIECE_BYTES;
    mem_free(MEM_STORE, zeroes);
}

/* The library's own checkpoints say nothing of a sync that failed. What it did not carry may be the
 * end of the log, behind which every later commit stands: they would go with it at a power loss. */
int sdb_tend_log(struct sdb *db, struct err *err)
{
    if (db->log_pages < (db->vfs ? LOG_PAGES_SIM : LOG_PAGES)) {
        write_ahead(db);
        return 0;
    }
    db->log_pages = 0; /* the next commit says it anew */
    int code = sqlite3_wal_checkpoint_v2(db->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    return code == SQLITE_OK ? 0 : sdb_error(db, code, "checkpoint", err);
}

/* ---- a copy ---- */

int sdb_backup(struct sdb *db, const char *path, const char *vfs, int64_t *ret_revision,
               struct err *err)
{
    sqlite3 *copy = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (!vfs)
        make_private(path);
    int code = sqlite3_open_v2(path, &copy, flags, vfs);
    sqlite3_backup *b = NULL;
    if (code == SQLITE_OK && vfs)
        code = sqlite3_exec(copy, exclusive, NULL, NULL, NULL);
    if (code == SQLITE_OK) {
        b = sqlite3_backup_init(copy, "main", db->db, "main");
        /* All pages in one step: the copy is of one revision, however long it takes. */
        code = b ? sqlite3_backup_step(b, -1) : sqlite3_errcode(copy);
        if (b)
            sqlite3_backup_finish(b);
        code = code == SQLITE_DONE ? SQLITE_OK : code;
    }
    /* A single file: what it has is in it, not beside it. */
    if (code == SQLITE_OK)
        code = sqlite3_exec(copy, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
    int r = code == SQLITE_OK ? 0
                              : err_set(err, sdb_errno(copy, code), "back up to %s: %s", path,
                                        sqlite3_errmsg(copy));
    sqlite3_close(copy);
    if (r < 0)
        return r;
    struct sdb *read;
    r = sdb_open(&(struct sdb_options){.path = path, .vfs = vfs, .reader = true}, &read, err);
    if (r < 0)
        return r;
    *ret_revision = sdb_revision(read);
    sdb_close(read);
    return 0;
}
