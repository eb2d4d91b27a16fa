/* sqlite_data.h - the inside of sqlite_db.h, shared by its files. */
#ifndef FIREBREAK_STORE_SQLITE_DATA_H
#define FIREBREAK_STORE_SQLITE_DATA_H

#include <sqlite3.h>

#include "base/map.h"
#include "store/sqlite_db.h"

enum sdb_sql {
    SDB_BEGIN,
    SDB_BEGIN_READ,
    SDB_COMMIT,
    SDB_ROLLBACK,
    SDB_SAVE,
    SDB_UNSAVE,
    SDB_RELEASE,
    SDB_STATE,
    SDB_CUR_GET,
    SDB_CUR_PUT,
    SDB_CUR_DELETE,
    SDB_CUR_RANGE,
    SDB_CUR_LEASED,
    SDB_VALUE_GET,
    SDB_LOG_PUT,
    SDB_LOG_DELETE,
    SDB_LOG_FROM,
    SDB_LOG_OLD,
    SDB_RANGE,
    SDB_RANGE_AT,
    SDB_COUNT,
    SDB_COUNT_AT,
    SDB_META_PUT,
    SDB_LEASE_GET,
    SDB_LEASE_PUT,
    SDB_LEASE_DELETE,
    SDB_LEASE_ALL,
    SDB_COUNTS,
    SDB_SQL_COUNT,
};

/* What stands of a key; id 0: nothing. */
struct sdb_standing {
    int64_t id, crev, ver, lease;
};

struct sdb {
    sqlite3 *db;
    char *path;
    const char *vfs;
    sqlite3_stmt *statements[SDB_SQL_COUNT]; /* all made when it is opened */
    int64_t revision, compacted, trimmed;    /* the writer's: as of its own last write */
    int64_t begun_revision, begun_compacted, begun_trimmed; /* what a rollback goes back to */
    int log_pages;     /* of the write-ahead log, as of the last commit */
    int64_t log_bytes; /* of its file, which may be longer: see write_ahead */
    bool spoilt;       /* the batch has half of a transaction in it, and must be rolled back */
    struct map known;  /* the writer's: key -> struct known, see sqlite_known.c */
};

/* What the library says, as an errno and in words. */
int sdb_error(struct sdb *db, int code, const char *doing, struct err *err);
int sdb_errno(sqlite3 *db, int code);
/* A statement, reset; every one of its values is to be bound anew. */
static inline sqlite3_stmt *sdb_statement(struct sdb *db, enum sdb_sql which)
{
    sqlite3_reset(db->statements[which]);
    return db->statements[which];
}
/* Runs a statement that answers no rows. */
int sdb_run(struct sdb *db, enum sdb_sql which, struct err *err);
int sdb_run_statement(struct sdb *db, sqlite3_stmt *st, struct err *err);
/* 1: a row; 0: no more; negative errno. */
int sdb_step(struct sdb *db, sqlite3_stmt *st, struct err *err);
void sdb_bind_bytes(sqlite3_stmt *st, int at, struct slice s);
/* Binds [begin, end) as ?1 and ?2; an end that there is none of as the greatest blob. */
void sdb_bind_keys(sqlite3_stmt *st, const struct store_keys *keys, char *room);
/* Points into the statement until its next step. */
struct slice sdb_column_bytes(sqlite3_stmt *st, int at);

/* Reads the state into db->revision and so on. */
int sdb_read_state(struct sdb *db, struct err *err);
/* As sdb_range, inside of a transaction; `now` counts as the newest revision. */
int sdb_range_inside(struct sdb *db, const struct store_range *q, int64_t now, struct arena *arena,
                     struct store_range_result *ret, struct err *err);
/* Makes the tables, or brings those of an older format forward. */
int sdb_schema(struct sdb *db, struct err *err);

/* ---- what the writer knows of the keys that it met last (sqlite_known.c) ---- */

/* What stands of the key, by memory or by the table. */
int sdb_standing_of(struct sdb *db, struct slice key, struct sdb_standing *ret, struct err *err);
/* Behind each change of the table. */
void sdb_know(struct sdb *db, struct slice key, const struct sdb_standing *s);
/* Where changes are taken back: nothing is known any more. */
void sdb_know_nothing(struct sdb *db);

static inline int64_t sdb_first_id(int64_t revision)
{
    return revision << SDB_SUB_BITS;
}

#endif
