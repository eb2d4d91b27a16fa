/* store_sqlite.c - what SQLite itself takes for the same rows: a bare loop on the store's own
 * tables, with the same statements, pragmas and syncs, and nothing around them.
 *
 *     store_sqlite put|batch FILE OPS */
#include <sqlite3.h>
#include <string.h>

#include "bench/bench.h"

enum { BATCH = 100, VALUE_BYTES = 100 };

static sqlite3 *db;

static void run(const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        fprintf(stderr, "store_sqlite: %s: %s\n", sql, sqlite3_errmsg(db));
        exit(1);
    }
}

static sqlite3_stmt *prepare(const char *sql)
{
    sqlite3_stmt *st;
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL) != SQLITE_OK) {
        fprintf(stderr, "store_sqlite: %s: %s\n", sql, sqlite3_errmsg(db));
        exit(1);
    }
    return st;
}

static void step(sqlite3_stmt *st)
{
    int code = sqlite3_step(st);
    if (code != SQLITE_DONE && code != SQLITE_ROW) {
        fprintf(stderr, "store_sqlite: %s\n", sqlite3_errmsg(db));
        exit(1);
    }
}

static void open_file(const char *path)
{
    if (sqlite3_open(path, &db) != SQLITE_OK)
        bench_die(path);
    run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384;");
    run("CREATE TABLE log(id INTEGER PRIMARY KEY, key BLOB NOT NULL, op INTEGER NOT NULL,"
        "  prev INTEGER NOT NULL, ver INTEGER NOT NULL, crev INTEGER NOT NULL,"
        "  lease INTEGER NOT NULL, val BLOB NOT NULL);"
        "CREATE INDEX log_key ON log(key);"
        "CREATE TABLE cur(key BLOB PRIMARY KEY, id INTEGER NOT NULL, crev INTEGER NOT NULL,"
        "  ver INTEGER NOT NULL, lease INTEGER NOT NULL) WITHOUT ROWID;"
        "CREATE INDEX cur_lease ON cur(lease) WHERE lease <> 0;");
}

struct statements {
    sqlite3_stmt *begin, *commit, *get, *log, *cur;
};

static void put(const struct statements *s, const char *key, const char *value, sqlite3_int64 id)
{
    sqlite3_int64 prev = 0, ver = 0;
    sqlite3_reset(s->get);
    sqlite3_bind_blob(s->get, 1, key, (int)strlen(key), SQLITE_STATIC);
    if (sqlite3_step(s->get) == SQLITE_ROW) {
        prev = sqlite3_column_int64(s->get, 0);
        ver = sqlite3_column_int64(s->get, 2);
    }
    sqlite3_reset(s->get);
    sqlite3_bind_int64(s->log, 1, id);
    sqlite3_bind_blob(s->log, 2, key, (int)strlen(key), SQLITE_STATIC);
    sqlite3_bind_int64(s->log, 3, 0);
    sqlite3_bind_int64(s->log, 4, prev);
    sqlite3_bind_int64(s->log, 5, ver + 1);
    sqlite3_bind_int64(s->log, 6, id >> 20);
    sqlite3_bind_int64(s->log, 7, 0);
    sqlite3_bind_blob(s->log, 8, value, VALUE_BYTES, SQLITE_STATIC);
    step(s->log);
    sqlite3_reset(s->log);
    sqlite3_bind_blob(s->cur, 1, key, (int)strlen(key), SQLITE_STATIC);
    sqlite3_bind_int64(s->cur, 2, id);
    sqlite3_bind_int64(s->cur, 3, id >> 20);
    sqlite3_bind_int64(s->cur, 4, ver + 1);
    sqlite3_bind_int64(s->cur, 5, 0);
    step(s->cur);
    sqlite3_reset(s->cur);
}

static void once(sqlite3_stmt *st)
{
    step(st);
    sqlite3_reset(st);
}

int main(int argc, char **argv)
{
    char value[VALUE_BYTES], key[40];
    int ops = argc == 4 ? atoi(argv[3]) : 0;
    if (ops < 1) {
        fprintf(stderr, "usage: store_sqlite put|batch FILE OPS\n");
        return 2;
    }
    int batch = strcmp(argv[1], "batch") == 0 ? BATCH : 1;
    memset(value, 'v', sizeof(value));
    alarm(300);
    open_file(argv[2]);
    struct statements s = {
        .begin = prepare("BEGIN IMMEDIATE"),
        .commit = prepare("COMMIT"),
        .get = prepare("SELECT id, crev, ver, lease FROM cur WHERE key = ?1"),
        .log = prepare("INSERT INTO log(id, key, op, prev, ver, crev, lease, val)"
                       " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"),
        .cur = prepare("INSERT INTO cur(key, id, crev, ver, lease) VALUES(?1, ?2, ?3, ?4, ?5)"
                       " ON CONFLICT(key) DO UPDATE SET id = ?2, crev = ?3, ver = ?4, lease = ?5"),
    };
    struct bench_clock start = bench_now();
    for (int i = 0; i < ops; i += batch) {
        once(s.begin);
        for (int n = i; n < i + batch; n++) {
            int at = batch > 1 ? n : (int)(n * 7919LL % 1000000);
            snprintf(key, sizeof(key), "/registry/assets/default/%08d", at);
            put(&s, key, value, ((sqlite3_int64)(i / batch + 2) << 20) + (n - i));
        }
        once(s.commit);
    }
    bench_result(argv[1], ops, start);
    sqlite3_close_v2(db);
    return 0;
}
