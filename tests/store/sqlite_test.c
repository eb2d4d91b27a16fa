#include "store/sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rt/file.h"
#include "store/sqlite_db.h"
#include "tests/store/sqlite_world.h"

/* ---- what only a file can do ---- */

static struct store *reopened(struct store *s)
{
    store_close(s);
    s = NULL;
    WELL(open_again(&s));
    return s;
}

static void everything_is_there_after_a_restart(struct store **s)
{
    int64_t one = put(*s, "a", "1");
    put(*s, "b", "2");
    del(*s, "b");
    int64_t last = put(*s, "a", "3");
    *s = reopened(*s);
    CHECK_INT(now_at(*s), last);
    struct store_kv kv = get(*s, "a");
    CHECK(is(kv.value, "3") && kv.version == 2 && kv.create_revision == one);
    struct store_watch w;
    struct reader r = watch_from(*s, &w, "", one);
    expect(&r, STORE_EVENT_PUT, "a", "1", one);
    expect(&r, STORE_EVENT_PUT, "b", "2", one + 1);
    expect(&r, STORE_EVENT_DELETE, "b", "", one + 2);
    expect(&r, STORE_EVENT_PUT, "a", "3", last);
    CHECK_INT(put(*s, "c", "4"), last + 1);
    expect(&r, STORE_EVENT_PUT, "c", "4", last + 1);
    unwatch(&r);
}

static void the_revision_never_goes_back(struct store **s)
{
    put(*s, "a", "1");
    int64_t last = del(*s, "a");
    WELL(store_compact(*s, last, &suite_err, SOON));
    rt_sleep(rt_now() + 300 * RT_MS); /* trimmed: no row is left */
    *s = reopened(*s);
    CHECK_INT(now_at(*s), last);
    CHECK_INT(put(*s, "a", "2"), last + 1);
}

static void a_restart_grants_leases_their_whole_time(struct store **s)
{
    struct store_lease l = grant(*s, 1000);
    rt_time granted = rt_now();
    put_leased(*s, "l", l.id);
    rt_sleep(granted + 600 * RT_MS);
    *s = reopened(*s);
    rt_time again = rt_now();
    rt_sleep(again + 600 * RT_MS);
    bool in_time = rt_now() < again + RT_SEC; /* a busy machine may have slept too long */
    int64_t version = get(*s, "l").version;
    CHECK(version == 1 || !in_time || rt_now() >= again + RT_SEC);
    while (get(*s, "l").version && rt_now() < again + 20 * RT_SEC)
        rt_sleep(rt_now() + 20 * RT_MS);
    CHECK_INT(get(*s, "l").version, 0);
}

static char value[1000];

static void puts_again_and_again(void *s)
{
    for (int i = 0; i < 30; i++)
        put(s, "k", value);
}

/* The loop stood still, so that its own time is old when the lease is kept. */
static void a_lease_is_kept_from_the_moment_it_was_asked_for(struct store **s)
{
    rt_time granted = rt_now_exact();
    struct store_lease l = grant(*s, 1000);
    put_leased(*s, "l", l.id);
    usleep(600 * 1000);
    rt_time asked = rt_now_exact();
    int r = store_lease_keep(*s, l.id, NULL, NULL, RT_NEVER);
    CHECK(r == 0 || asked >= granted + RT_SEC); /* a busy machine may be too late for it */
    rt_time until = asked + 20 * RT_SEC;
    while (get(*s, "l").version && rt_now() < until)
        rt_sleep(rt_now() + 5 * RT_MS);
    CHECK(r < 0 || rt_now_exact() >= asked + RT_SEC);
    CHECK_INT(get(*s, "l").version, 0);
}

static void leases_that_end_together_share_commits(struct store **s)
{
    enum { LEASES = 300 };
    static char keys[LEASES][16];
    struct store_watch w;
    struct store_batch *b;
    int gone = 0, commits = 0;
    for (int i = 0; i < LEASES; i++) {
        snprintf(keys[i], sizeof(keys[i]), "l/%d", i);
        put_leased(*s, keys[i], grant(*s, 60 * 1000).id);
    }
    *s = reopened(*s);
    /* Their time begins anew together; the clock of the simulator brings its end. */
    struct store_watch_request q = {.keys = store_prefix(SLICE("l/"))};
    WELL(store_watch(*s, &q, &w, &suite_err, SOON));
    while (gone < LEASES && rt_recv(&w.batches, &b, rt_now() + 90 * RT_SEC) == 0) {
        gone += (int)b->count;
        commits++;
        store_batch_free(b);
    }
    CHECK_INT(gone, LEASES);
    CHECK(commits <= 10);
    store_unwatch(&w);
}

static void history_is_trimmed_and_the_file_stays_small(struct store **s)
{
    struct rt_group g;
    struct store_sqlite_options options = {.folder = folder, .who = "the test", .history = 100};
    memset(value, 'v', sizeof(value) - 1);
    store_close(*s);
    *s = NULL;
    WELL(store_sqlite_open(&options, s, &suite_err, SOON));
    struct store_status status = {0};
    rt_group_init(&g, "test");
    for (int i = 0; i < 100; i++)
        rt_go(&g, puts_again_and_again, *s);
    CHECK_INT(rt_group_wait(&g, rt_now() + 60 * RT_SEC), 0);
    rt_group_done(&g);
    rt_sleep(rt_now() + RT_SEC);
    WELL(store_status(*s, &status, &suite_err, SOON));
    CHECK(status.revision - status.compacted <= 1200);
    CHECK(status.bytes < 3000 * 1000);
    CHECK(is(get(*s, "k").value, value));
}

static void a_second_process_is_told_who_holds_it(struct store **s)
{
    struct store *second = NULL;
    (void)s;
    CHECK_INT(open_again(&second), -EBUSY);
    CHECK(strstr(suite_err.text, "held by the test") != NULL);
    CHECK(second == NULL);
}

static void a_backup_is_a_store_of_its_revision(struct store **s)
{
    char path[128];
    int64_t revision = 0, before = put(*s, "a", "1");
    snprintf(path, sizeof(path), "%s/copy.db", folder);
    WELL(store_backup(*s, path, &revision, &suite_err, SOON));
    CHECK_INT(revision, before);
    CHECK_INT(store_backup(*s, path, &revision, NULL, SOON), -EEXIST);
    put(*s, "a", "2");
    store_close(*s);
    *s = NULL;
    char db[128];
    snprintf(db, sizeof(db), "%s/store.db", folder);
    CHECK_INT(rt_file_rename(path, db, SOON), 0);
    WELL(open_again(s));
    CHECK(is(get(*s, "a").value, "1"));
    CHECK_INT(now_at(*s), before);
}

enum { WRITERS = 100, WRITES = 20 };

static void one_of_a_crowd(void *arg)
{
    struct store *s = arg;
    char key[32];
    snprintf(key, sizeof(key), "w/%llx", (unsigned long long)rt_random());
    for (int i = 0; i < WRITES; i++)
        put(s, key, "v");
}

static void a_crowd_of_writers_each_gets_its_revision(struct store **s)
{
    struct rt_group g;
    struct store_watch w;
    struct store_event e;
    int64_t before = now_at(*s);
    struct reader r = watch_from(*s, &w, "w/", 0);
    rt_group_init(&g, "test");
    for (int i = 0; i < WRITERS; i++)
        rt_go(&g, one_of_a_crowd, *s);
    for (int64_t i = 1; i <= WRITERS * WRITES && next_event(&r, &e); i++)
        CHECK_INT(e.kv.mod_revision, before + i);
    rt_group_wait(&g, SOON);
    rt_group_done(&g);
    CHECK_INT(now_at(*s), before + WRITERS * WRITES);
    CHECK_INT(list_prefix(*s, "w/").count, WRITERS);
    unwatch(&r);
}

static void a_write_still_queued_at_its_deadline_did_not_happen(struct store **s)
{
    int64_t before = now_at(*s);
    CHECK_INT(store_put(*s, SLICE("late"), SLICE("v"), 0, NULL, NULL, rt_now() - 1), -ETIMEDOUT);
    CHECK_INT(get(*s, "late").version, 0);
    CHECK_INT(now_at(*s), before);
}

/* ---- files that are not to be opened ---- */

static int open_with(const char *data, size_t size)
{
    char path[128];
    struct store *s = NULL;
    new_folder();
    snprintf(path, sizeof(path), "%s/store.db", folder);
    CHECK_INT(rt_file_write_all(path, data, size, 0600, SOON), 0);
    int r = open_again(&s);
    if (r == 0)
        store_close(s);
    return r;
}

/* Of a key that was put by what is taken back, nothing stands: also for whoever asks next. */
static void what_is_taken_back_is_not_remembered(struct store **s)
{
    int64_t one = put(*s, "a", "1"), two = put(*s, "c", "1");
    struct store_op ops[] = {
        {.type = STORE_PUT, .key = SLICE("a"), .value = SLICE("2")},
        {.type = STORE_PUT, .key = SLICE("b"), .value = SLICE("2")},
        {.type = STORE_DELETE, .keys = store_key(SLICE("c"))},
        {.type = STORE_READ, .range = {.keys = store_key(SLICE("large"))}},
    };
    static const char page[4096];
    struct arena small = ARENA(MEM_TEST, sizeof(page));
    WELL(store_put(*s, SLICE("large"), (struct slice){page, sizeof(page)}, 0, NULL, &suite_err,
                   SOON));
    struct store_txn txn = {.then = ops, .then_count = ARRAY_LEN(ops)};
    struct store_txn_result got;
    CHECK_INT(store_txn(*s, &txn, &small, &got, NULL, SOON), -ENOSPC);
    arena_done(&small);
    struct store_compare as_before[] = {
        {.key = SLICE("a"), .target = STORE_MOD_REVISION, .number = one},
        {.key = SLICE("b"), .target = STORE_CREATE_REVISION},
        {.key = SLICE("c"), .target = STORE_MOD_REVISION, .number = two},
    };
    struct store_txn next = {
        .compares = as_before, .compare_count = 3, .then = ops, .then_count = 2};
    WELL(store_txn(*s, &next, &suite_arena, &got, &suite_err, SOON));
    CHECK(got.succeeded);
    struct store_kv a = get(*s, "a"), b = get(*s, "b");
    CHECK(a.version == 2 && a.create_revision == one && is(a.value, "2"));
    CHECK(b.version == 1 && b.create_revision == got.revision);
}

/* More than the writer remembers. */
static void every_key_of_many_is_what_it_was_put_as(struct store **s)
{
    enum { KEYS = 5000, AT_ONCE = 100 };
    for (int n = 0; n < 2 * KEYS; n += AT_ONCE) {
        static struct store_op ops[AT_ONCE];
        static char keys[AT_ONCE][16];
        for (int i = 0; i < AT_ONCE; i++) {
            int size = snprintf(keys[i], sizeof(keys[i]), "many/%d", (n + i) % KEYS);
            ops[i] = (struct store_op){.type = STORE_PUT, .key = {keys[i], (size_t)size}};
        }
        struct store_txn txn = {.then = ops, .then_count = AT_ONCE};
        WELL(store_txn(*s, &txn, &suite_arena, NULL, &suite_err, SOON));
    }
    del(*s, "many/7");
    put(*s, "many/7", "anew");
    struct store_range all = {.keys = store_prefix(SLICE("many/"))};
    struct store_range_result got;
    WELL(store_range(*s, &all, &suite_arena, &got, &suite_err, SOON));
    CHECK_INT(got.count, KEYS);
    for (uint32_t i = 0; i < got.count; i++)
        if (got.kvs[i].version != (slice_eq(got.kvs[i].key, SLICE("many/7")) ? 1 : 2))
            CHECK_INT(got.kvs[i].version, 2);
}

static void a_file_that_is_no_database_is_refused(void *arg)
{
    (void)arg;
    static char rubbish[8192];
    memset(rubbish, 'x', sizeof(rubbish));
    CHECK_INT(open_with(rubbish, sizeof(rubbish)), -EBADMSG);
    CHECK(strstr(suite_err.text, "store.db") && strstr(suite_err.text, "not a database"));
    remove_folder();
}

/* Makes a good file, changes some bytes of it, and opens it again. */
static int open_changed(size_t offset, const void *bytes, size_t size)
{
    char path[128];
    struct store *s = NULL;
    struct buf b = BUF(MEM_TEST, 0);
    WELL(suite_open(&s));
    put(s, "a", "1");
    store_close(s);
    snprintf(path, sizeof(path), "%s/store.db", folder);
    CHECK_INT(rt_file_read_all(path, &b, SOON), 0);
    memcpy(b.data + offset, bytes, size);
    CHECK_INT(rt_file_write_all(path, b.data, b.size, 0600, SOON), 0);
    buf_done(&b);
    s = NULL;
    int r = open_again(&s);
    if (r == 0)
        store_close(s);
    remove_folder();
    return r;
}

static void another_programs_database_and_a_newer_format_are_refused(void *arg)
{
    (void)arg;
    enum { USER_VERSION_AT = 60, APPLICATION_ID_AT = 68, SCHEMA_AT = 100 };
    CHECK_INT(open_changed(APPLICATION_ID_AT, "\0\0\0\7", 4), -EBADMSG);
    CHECK(strstr(suite_err.text, "another program") != NULL);
    CHECK_INT(open_changed(USER_VERSION_AT, "\0\0\0\x63", 4), -EBADMSG);
    CHECK(strstr(suite_err.text, "format 99") && strstr(suite_err.text, "newer"));
    static char damage[1000];
    memset(damage, 0xee, sizeof(damage));
    CHECK_INT(open_changed(SCHEMA_AT, damage, sizeof(damage)), -EBADMSG);
    CHECK_INT(open_changed(0, "SQLite", 6), 0); /* the same bytes: the control */
}

static void a_file_that_is_damaged_within_is_told_and_never_crashes(void *arg)
{
    (void)arg;
    enum { PAGE = 4096, FIRST = 6, KEYS = 300 };
    char path[128], key[24];
    struct store *s = NULL;
    struct buf b = BUF(MEM_TEST, 0);
    struct store_range_result all;
    struct store_range q = {.keys = store_prefix(SLICE(""))};
    WELL(suite_open(&s));
    value[900] = 0;
    memset(value, 'v', 900);
    for (int i = 0; i < KEYS; i++) {
        snprintf(key, sizeof(key), "k/%d", i);
        put(s, key, value);
    }
    store_close(s);
    snprintf(path, sizeof(path), "%s/store.db", folder);
    CHECK_INT(rt_file_read_all(path, &b, SOON), 0);
    CHECK(b.size > 2 * FIRST * PAGE);
    memset(b.data + FIRST * PAGE, 0xee, b.size - FIRST * PAGE);
    CHECK_INT(rt_file_write_all(path, b.data, b.size, 0600, SOON), 0);
    buf_done(&b);
    s = NULL;
    int r = open_again(&s);
    if (r == 0) {
        r = store_range(s, &q, &suite_arena, &all, &suite_err, SOON);
        CHECK(store_put(s, SLICE("k/1"), SLICE("v"), 0, NULL, NULL, SOON) < 0);
        store_close(s);
    }
    CHECK_INT(r, -EBADMSG);
    CHECK(strstr(suite_err.text, "store.db") && strstr(suite_err.text, "malformed"));
    remove_folder();
}

static void run_sql(const char *path, const char *file)
{
    sqlite3 *db = NULL;
    struct buf text = BUF(MEM_TEST, 0);
    CHECK_INT(rt_file_read_all(file, &text, SOON), 0);
    CHECK_INT(sqlite3_open(path, &db), SQLITE_OK);
    CHECK_INT(sqlite3_exec(db, text.data ? text.data : "", NULL, NULL, NULL), SQLITE_OK);
    CHECK_INT(sqlite3_close(db), SQLITE_OK);
    buf_done(&text);
}

/* Each of them holds the same: see tests/store/formats. A format without its file fails here. */
static void a_file_of_every_former_format_is_read_and_written(void *arg)
{
    (void)arg;
    for (int format = 1; format <= SDB_FORMAT; format++) {
        char path[128], file[64];
        struct store *s = NULL;
        struct store_watch w;
        struct store_lease l = {0};
        new_folder();
        snprintf(path, sizeof(path), "%s/store.db", folder);
        snprintf(file, sizeof(file), "tests/store/formats/%d.sql", format);
        run_sql(path, file);
        WELL(open_again(&s));
        if (!s)
            return;
        CHECK_INT(now_at(s), 6);
        struct store_kv kv = get(s, "/a");
        CHECK(is(kv.value, "two") && kv.version == 2 && kv.create_revision == 2);
        CHECK_INT(kv.mod_revision, 3);
        CHECK_INT(get(s, "/b").version, 0);
        CHECK_INT(get(s, "/c").lease, 7);
        WELL(store_lease_get(s, 7, NULL, &l, &suite_err, SOON));
        CHECK_INT(l.ttl_ms, 60000);
        struct reader r = watch_from(s, &w, "/", 3);
        expect(&r, STORE_EVENT_PUT, "/a", "two", 3);
        expect(&r, STORE_EVENT_PUT, "/b", "gone", 4);
        expect(&r, STORE_EVENT_DELETE, "/b", "", 5);
        expect(&r, STORE_EVENT_PUT, "/c", "held", 6);
        expect(&r, STORE_EVENT_PUT, "/a", "three", put(s, "/a", "three"));
        unwatch(&r);
        CHECK_INT(store_compact(s, 2, NULL, SOON), -ENODATA);
        WELL(store_compact(s, 7, &suite_err, SOON));
        s = reopened(s);
        CHECK_INT(now_at(s), 7);
        suite_close(s);
    }
}

static void a_new_file_is_its_owners_alone(void *arg)
{
    (void)arg;
    char path[128];
    struct stat st;
    struct store *s = NULL;
    new_folder();
    mode_t mask = umask(0);
    CHECK_INT(open_again(&s), 0);
    put(s, "a", "1");
    snprintf(path, sizeof(path), "%s/copy.db", folder);
    WELL(store_backup(s, path, &(int64_t){0}, &suite_err, SOON));
    umask(mask);
    CHECK_INT(stat(path, &st), 0);
    CHECK_INT(st.st_mode & 0777, 0600);
    snprintf(path, sizeof(path), "%s/store.db", folder);
    CHECK_INT(stat(path, &st), 0);
    CHECK_INT(st.st_mode & 0777, 0600);
    snprintf(path, sizeof(path), "%s/store.db-wal", folder);
    CHECK_INT(stat(path, &st), 0);
    CHECK_INT(st.st_mode & 0777, 0600);
    store_close(s);
    remove_folder();
}

static void an_empty_file_becomes_a_store(void *arg)
{
    (void)arg;
    CHECK_INT(open_with("", 0), 0);
    remove_folder();
}

static void a_file_that_cannot_be_written_is_refused(void *arg)
{
    (void)arg;
    char path[128];
    struct store *s = NULL;
    WELL(suite_open(&s));
    store_close(s);
    snprintf(path, sizeof(path), "%s/store.db", folder);
    chmod(path, 0400);
    s = NULL;
    CHECK_INT(open_again(&s), -EROFS);
    CHECK(strstr(suite_err.text, "store.db") && strstr(suite_err.text, "cannot be written"));
    remove_folder();
}

/* In a child that is nobody: root may write everything. */
static void run_as_nobody(rt_fn *fn, const char *name)
{
    enum { NOBODY = 65534 };
    int status = -1;
    tap_ok_ = true;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && (setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
            _exit(2);
        int r = rt_run(NULL, fn, NULL);
        fflush(stdout);
        _exit(r == 0 && tap_ok_ ? 0 : 1);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_INT(status, 0);
    report(name, "epoll", 0);
}

int main(void)
{
    BESIDE(a_restart_grants_leases_their_whole_time);
    BESIDE(a_lease_is_kept_from_the_moment_it_was_asked_for);
    BESIDE(history_is_trimmed_and_the_file_stays_small);
    for (size_t i = 0; i < ARRAY_LEN(suite_cases); i++)
        if (suite_cases[i].waits)
            beside_begin(suite_cases[i].name, "epoll", suite_run, &i);
    for (size_t i = 0; i < ARRAY_LEN(suite_cases); i++) {
        run_in_sim(suite_cases[i].name, suite_run, &i, 3);
        if (!suite_cases[i].waits)
            run_on_epoll(suite_cases[i].name, suite_run, &i);
    }
    ON_A_STORE(everything_is_there_after_a_restart);
    ON_A_STORE(the_revision_never_goes_back);
    IN_SIM(a_restart_grants_leases_their_whole_time);
    IN_SIM(leases_that_end_together_share_commits);
    IN_SIM(history_is_trimmed_and_the_file_stays_small);
    ON_A_STORE(a_second_process_is_told_who_holds_it);
    ON_A_STORE(a_backup_is_a_store_of_its_revision);
    ON_A_STORE(a_crowd_of_writers_each_gets_its_revision);
    ON_A_STORE(a_write_still_queued_at_its_deadline_did_not_happen);
    ON_A_STORE(what_is_taken_back_is_not_remembered);
    ON_A_STORE(every_key_of_many_is_what_it_was_put_as);
    ON_DISK(a_file_that_is_no_database_is_refused);
    ON_DISK(another_programs_database_and_a_newer_format_are_refused);
    ON_DISK(a_file_that_is_damaged_within_is_told_and_never_crashes);
    ON_DISK(a_file_of_every_former_format_is_read_and_written);
    ON_DISK(a_new_file_is_its_owners_alone);
    ON_DISK(an_empty_file_becomes_a_store);
    run_as_nobody(a_file_that_cannot_be_written_is_refused,
                  "a_file_that_cannot_be_written_is_refused");
    beside_end();
    arena_done(&suite_arena);
    return tap_done();
}
