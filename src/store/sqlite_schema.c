#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "store/sqlite_data.h"

/* Steps from one format to the next, oldest first; an empty file is format 0. Each runs in a
 * transaction with the number of the format that it leads to, so that a crash between two is no
 * matter. A step is never changed once it was released: a new one is added. */
static const char *const steps[SDB_FORMAT] = {
    "CREATE TABLE log(id INTEGER PRIMARY KEY, key BLOB NOT NULL, op INTEGER NOT NULL,"
    "  prev INTEGER NOT NULL, ver INTEGER NOT NULL, crev INTEGER NOT NULL,"
    "  lease INTEGER NOT NULL, val BLOB NOT NULL);"
    "CREATE INDEX log_key ON log(key);"
    "CREATE TABLE cur(key BLOB PRIMARY KEY, id INTEGER NOT NULL, crev INTEGER NOT NULL,"
    "  ver INTEGER NOT NULL, lease INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX cur_lease ON cur(lease) WHERE lease <> 0;"
    "CREATE TABLE lease(id INTEGER PRIMARY KEY, ttl_ms INTEGER NOT NULL);"
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    "INSERT INTO meta(name, value) VALUES('compacted', 0), ('trimmed', 0);",
};

static int number(struct sdb *db, const char *text, int64_t *ret, struct err *err)
{
    sqlite3_stmt *st = NULL;
    int code = sqlite3_prepare_v2(db->db, text, -1, &st, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(st);
    if (code == SQLITE_ROW)
        *ret = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return code == SQLITE_ROW ? 0 : sdb_error(db, code, "read its format", err);
}

static int execute(struct sdb *db, const char *text, struct err *err)
{
    int code = sqlite3_exec(db->db, text, NULL, NULL, NULL);
    return code == SQLITE_OK ? 0 : sdb_error(db, code, "bring its format forward", err);
}

static int one_step(struct sdb *db, int64_t from, struct err *err)
{
    char text[128];
    snprintf(text, sizeof(text), "PRAGMA application_id = %d; PRAGMA user_version = %" PRId64 ";",
             SDB_APPLICATION_ID, from + 1);
    int r = execute(db, "BEGIN IMMEDIATE", err);
    if (r == 0)
        r = execute(db, steps[from], err);
    if (r == 0)
        r = execute(db, text, err);
    if (r == 0)
        r = execute(db, "COMMIT", err);
    if (r < 0)
        sqlite3_exec(db->db, "ROLLBACK", NULL, NULL, NULL);
    return r;
}

int sdb_schema(struct sdb *db, struct err *err)
{
    int64_t application, format, tables;
    int r = number(db, "PRAGMA application_id", &application, err);
    if (r == 0)
        r = number(db, "PRAGMA user_version", &format, err);
    if (r == 0)
        r = number(db, "SELECT count(*) FROM sqlite_schema", &tables, err);
    if (r < 0)
        return r;
    if (application != SDB_APPLICATION_ID && (application || format || tables))
        return err_set(err, -EBADMSG, "%s is a database of another program: move it away",
                       db->path);
    if (format < 0 || format > SDB_FORMAT)
        return err_set(err, -EBADMSG,
                       "%s has format %" PRId64 ", and this program knows up to %d: a newer "
                       "firebreak wrote it",
                       db->path, format, SDB_FORMAT);
    for (; format < SDB_FORMAT && r == 0; format++)
        r = one_step(db, format, err);
    return r;
}
