/* sqlite_db.h - the store's tables in one SQLite file, as calls that block. Inside of store/.
 *
 * Three tables carry the store, and each says why it cannot lie:
 *
 *   log(id, key, op, prev, ver, crev, lease, val)   every change, only ever appended
 *       id is revision << SDB_SUB_BITS | place in its transaction, so the table itself is in the
 *       order of revisions. prev is the id of the version that this one replaced.
 *   cur(key, id, crev, ver, lease)                   what stands now: where in the log its value is
 *   lease(id, ttl_ms)                                granted leases. When they end is not written:
 *       a start grants each its full time once more, so none ends early.
 *
 * The revision is that of the last row of the log, or what was compacted, whichever is more: rows
 * behind the compaction are never deleted, so it cannot go back. Compaction writes down its
 * revision first (from then on reads behind it are refused) and trims afterwards, some rows at a
 * time: each row of the log up to it says, by prev, which row nobody can ask for any more.
 *
 * A connection is used by one thread at a time. Errors as store.h, with -EIO: the file is not to be
 * trusted until it has been opened anew. */
#ifndef FIREBREAK_STORE_SQLITE_DB_H
#define FIREBREAK_STORE_SQLITE_DB_H

#include "store/backend.h"

enum {
    SDB_FORMAT = 1,
    SDB_APPLICATION_ID = 0x46425253, /* "FBRS", as file(1) sees it */
    SDB_SUB_BITS = 20,
    SDB_CHANGES_MAX = (1 << SDB_SUB_BITS) - 1, /* of one transaction */
};

struct sdb;

struct sdb_options {
    const char *path;
    const char *vfs; /* NULL: SQLite's own */
    bool reader;     /* a second connection, which only reads */
};

/* Makes the file where there is none. -EBADMSG says what is wrong with it: no database, damaged, of
 * another program, or of a newer format. A file of an older format is brought forward. */
int sdb_open(const struct sdb_options *options, struct sdb **ret_db, struct err *err);
void sdb_close(struct sdb *db); /* NULL is accepted */

/* ---- reading: each call sees one revision ---- */

int sdb_range(struct sdb *db, const struct store_range *q, struct arena *arena,
              struct store_range_result *ret, struct err *err);
struct sdb_changes {
    struct store_event *items;
    uint32_t count, cap;
    struct arena *arena; /* of items and of what has no other owner */
};
/* Every change from this revision on, in whole revisions, until bytes_max is passed. *ret_to is the
 * last revision that was read: of the store itself where that is all. Returns 0, or -ENODATA. */
int sdb_events(struct sdb *db, int64_t from, size_t bytes_max, struct sdb_changes *out,
               int64_t *ret_to, struct err *err);

struct sdb_state {
    int64_t revision, compacted, trimmed;
    int64_t keys, leases;
    int64_t bytes; /* of the file and its write-ahead log */
};
int sdb_state(struct sdb *db, struct sdb_state *ret, struct err *err);

/* ---- writing: between begin and commit, which makes all of it durable at once ---- */

int sdb_begin(struct sdb *db, struct err *err);
/* On failure as sdb_rollback. */
int sdb_commit(struct sdb *db, struct err *err);
void sdb_rollback(struct sdb *db);
/* Whether the batch still stands: some failures end it by themselves, or leave half a transaction
 * in it. If not, it is to be rolled back. */
bool sdb_in_batch(const struct sdb *db);
/* A write as large as a small put, which changes nothing: to see whether the disk takes one. */
int sdb_touch(struct sdb *db, struct err *err);

/* One transaction, in the next revision, or nothing of it. What it changed is added to `changes`;
 * keys and values there point into *txn where they came from there. */
int sdb_txn(struct sdb *db, const struct store_txn *txn, struct arena *arena,
            struct store_txn_result *ret, struct sdb_changes *changes, struct err *err);
int64_t sdb_revision(const struct sdb *db); /* as of the last write, committed or not */
int64_t sdb_compacted(const struct sdb *db);

int sdb_lease_put(struct sdb *db, int64_t id, int64_t ttl_ms, struct err *err);
/* Its keys go, in one revision. */
int sdb_lease_end(struct sdb *db, int64_t id, struct sdb_changes *changes, struct err *err);
int sdb_leases(struct sdb *db, void (*fn)(void *ctx, int64_t id, int64_t ttl_ms), void *ctx,
               struct err *err);
int sdb_lease_keys(struct sdb *db, int64_t id, struct arena *arena, struct store_lease *ret,
                   struct err *err);

int sdb_compact(struct sdb *db, int64_t revision, struct err *err);
/* Looks at up to `rows` rows behind the compaction. *ret_more: there are more. */
int sdb_trim(struct sdb *db, int64_t rows, bool *ret_more, struct err *err);

/* Everything that is in the write-ahead log is in the file, on the disk, and the log is empty, on
 * the disk as well. */
int sdb_checkpoint(struct sdb *db, struct err *err);
/* After a commit: carries a log that has become long into the file, as far as readers allow; else
 * sees to it that the next commit finds room in it. What was committed is not in danger where this
 * fails; after -EIO the file must be opened anew before the next write. */
int sdb_tend_log(struct sdb *db, struct err *err);
int sdb_backup(struct sdb *db, const char *path, const char *vfs, int64_t *ret_revision,
               struct err *err);
const char *sdb_library_version(void);

#endif
