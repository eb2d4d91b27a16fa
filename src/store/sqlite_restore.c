#include "store/sqlite_restore.h"

#include <errno.h>
#include <fcntl.h> /* rule zero: kernel header, for the names of the flags of rt_disk_open */
#include <string.h>

#include "base/log.h"
#include "rt/blocking.h"
#include "store/lock.h"
#include "store/sqlite_data.h"

enum { COPY_BYTES = 256 * 1024, HEAD_BYTES = 100, APPLICATION_AT = 68 };

struct work {
    struct store_restore *job;
    struct buf file, next, log; /* store.db, store.db.restoring, store.db-wal */
    rt_wall now;
    struct err *err;
    int r;
};

/* ---- files, as calls that block ---- */

static int copy_bytes(int from, int to)
{
    char *chunk = mem_alloc(MEM_STORE, COPY_BYTES);
    int r = 0;
    for (uint64_t at = 0; r == 0;) {
        ssize_t n = rt_disk_read(from, chunk, COPY_BYTES, at);
        if (n <= 0) {
            r = (int)n;
            break;
        }
        r = rt_disk_write(to, chunk, (size_t)n, at);
        at += (uint64_t)n;
    }
    mem_free(MEM_STORE, chunk);
    return r < 0 ? r : rt_disk_sync(to);
}

static int copy(const char *from, const char *to, struct err *err)
{
    int in = rt_disk_open(from, O_RDONLY, 0);
    if (in < 0)
        return err_sys(err, in, "read %s", from);
    int out = rt_disk_open(to, O_RDWR | O_CREAT | O_TRUNC, 0600);
    int r = out < 0 ? out : copy_bytes(in, out);
    if (r < 0)
        err_sys(err, r, "copy %s to %s", from, to);
    if (out >= 0)
        rt_disk_close(out);
    rt_disk_close(in);
    return r;
}

/* Returns its size, or -ENOENT … */
static int64_t size_of(const char *path)
{
    int fd = rt_disk_open(path, O_RDONLY, 0);
    if (fd < 0)
        return fd;
    int64_t size = rt_disk_size(fd);
    rt_disk_close(fd);
    return size;
}

/* ---- the backup ---- */

/* An empty file is a database to SQLite, and any database can be opened: so its head is looked at
 * first. */
static int check_head(const char *path, struct err *err)
{
    unsigned char head[HEAD_BYTES];
    int fd = rt_disk_open(path, O_RDONLY, 0);
    if (fd < 0)
        return err_sys(err, fd, "%s", path);
    ssize_t n = rt_disk_read(fd, head, sizeof(head), 0);
    rt_disk_close(fd);
    if (n < 0)
        return err_sys(err, (int)n, "read %s", path);
    uint32_t application = n == HEAD_BYTES ? (uint32_t)head[APPLICATION_AT] << 24 |
                                                 (uint32_t)head[APPLICATION_AT + 1] << 16 |
                                                 (uint32_t)head[APPLICATION_AT + 2] << 8 |
                                                 head[APPLICATION_AT + 3]
                                           : 0;
    if (n < HEAD_BYTES || memcmp(head, "SQLite format 3", 16) != 0 ||
        application != SDB_APPLICATION_ID)
        return err_set(err, -EBADMSG, "%s is no backup of a store", path);
    return 0;
}

static int check_pages(struct sdb *db, const char *path, struct err *err)
{
    sqlite3_stmt *st = NULL;
    int code = sqlite3_prepare_v2(db->db, "PRAGMA integrity_check(1)", -1, &st, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(st);
    const unsigned char *said = code == SQLITE_ROW ? sqlite3_column_text(st, 0) : NULL;
    int r = 0;
    if (!said)
        r = err_set(err, -EBADMSG, "%s is damaged: %s", path, sqlite3_errmsg(db->db));
    else if (strcmp((const char *)said, "ok") != 0)
        r = err_set(err, -EBADMSG, "%s is damaged: %s", path, said);
    sqlite3_finalize(st);
    return r;
}

/* The copy is opened as the store will be, so that what is wrong with it is known now; and its
 * write-ahead log, if opening made one, is in it before it is moved. */
static int check_copy(struct work *w)
{
    struct sdb *db;
    int r = sdb_open(&(struct sdb_options){.path = w->next.data}, &db, w->err);
    if (r < 0)
        return err_wrap(w->err, "the backup %s", w->job->from);
    r = check_pages(db, w->job->from, w->err);
    if (r == 0)
        r = sdb_checkpoint(db, w->err);
    w->job->revision = sdb_revision(db);
    sdb_close(db);
    return r;
}

static int take_backup(struct work *w)
{
    struct buf log = BUF(MEM_STORE, 0);
    int r = check_head(w->job->from, w->err);
    buf_printf(&log, "%s-wal", w->job->from);
    if (r == 0 && size_of(log.data) > 0)
        r = err_set(w->err, -EBADMSG,
                    "%s has a write-ahead log beside it: it is a store's file, no backup of one",
                    w->job->from);
    if (r == 0)
        r = copy(w->job->from, w->next.data, w->err);
    if (r == 0)
        r = check_copy(w);
    buf_done(&log);
    return r;
}

/* ---- the old file ---- */

/* "store.db.before-restore-20261124T101530Z" */
static void name_kept(struct work *w)
{
    char t[LOG_TIME_BYTES];
    log_format_time(w->now, t);
    buf_printf(&w->job->kept, "%s.before-restore-%.4s%.2s%.2sT%.2s%.2s%.2sZ", w->file.data, t,
               t + 5, t + 8, t + 11, t + 14, t + 17);
}

/* What its log holds is carried into it, so that one file is all of it. One that cannot be opened
 * is kept as it is, its log beside it. */
static int keep_old(struct work *w)
{
    struct sdb *db;
    if (size_of(w->file.data) == -ENOENT)
        return 0;
    int r = sdb_open(&(struct sdb_options){.path = w->file.data}, &db, NULL);
    if (r == 0) {
        (void)sdb_checkpoint(db, NULL);
        sdb_close(db);
    }
    name_kept(w);
    r = copy(w->file.data, w->job->kept.data, w->err);
    if (r == 0 && size_of(w->log.data) > 0) {
        struct buf kept_log = BUF(MEM_STORE, 0);
        buf_printf(&kept_log, "%s-wal", w->job->kept.data);
        r = rt_disk_rename(w->log.data, kept_log.data);
        if (r < 0)
            err_sys(w->err, r, "keep %s", w->log.data);
        buf_done(&kept_log);
    }
    return r;
}

static int put_in_place(struct work *w)
{
    struct buf shared = BUF(MEM_STORE, 0);
    /* An old log beside a new file would be taken for its own. */
    (void)rt_disk_remove(w->log.data);
    buf_printf(&shared, "%s-shm", w->file.data);
    (void)rt_disk_remove(shared.data);
    buf_done(&shared);
    int r = rt_disk_rename(w->next.data, w->file.data);
    if (r == 0)
        r = rt_disk_sync_folder(w->file.data);
    return r < 0 ? err_sys(w->err, r, "replace %s", w->file.data) : 0;
}

static void restore(void *arg)
{
    struct work *w = arg;
    w->r = take_backup(w);
    if (w->r == 0)
        w->r = keep_old(w);
    if (w->r == 0)
        w->r = put_in_place(w);
    if (w->r < 0)
        (void)rt_disk_remove(w->next.data);
}

int store_sqlite_restore(struct store_restore *job, struct err *err, rt_time deadline)
{
    struct rt_file *lock;
    struct buf lock_path = BUF(MEM_STORE, 0);
    struct work w = {.job = job, .now = rt_wall_now(), .err = err};
    w.file = w.next = w.log = BUF(MEM_STORE, 0);
    job->kept = BUF(MEM_STORE, 0);
    buf_printf(&lock_path, "%s/store.lock", job->folder);
    buf_printf(&w.file, "%s/store.db", job->folder);
    buf_printf(&w.next, "%s.restoring", w.file.data);
    buf_printf(&w.log, "%s-wal", w.file.data);
    int r = store_lock_take(lock_path.data, job->who, &lock, err, deadline);
    if (r == 0) {
        r = rt_offload(restore, &w, deadline);
        r = r < 0 ? err_sys(err, r, "restore") : w.r;
        rt_file_close(lock);
    }
    buf_done(&lock_path);
    buf_done(&w.file);
    buf_done(&w.next);
    buf_done(&w.log);
    return r;
}
