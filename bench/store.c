/* store.c - the embedded store: puts one by one, in batches and from a crowd, and with many keys.
 *
 *     store put|batch|crowd FOLDER OPS       OPS puts; batches of 100, a crowd of 128 tasks
 *     store fill FOLDER KEYS                 makes a store of so many keys
 *     store open|list|one FOLDER OPS         of a store that was filled: openings, lists of 1,000
 *                                            keys, puts one by one
 *
 * peers/store_sqlite.c is a bare loop on the same tables. */
#include <string.h>

#include "bench/bench.h"

#include "rt/rt.h"
#include "store/sqlite.h"

enum { BATCH = 100, CROWD = 128, FILL_BATCH = 100, LIST = 1000, VALUE_BYTES = 100 };

struct job {
    const char *name, *folder;
    int64_t ops;
    struct store *store;
};

static char value[VALUE_BYTES];

static void die(const char *what, const struct err *err)
{
    fprintf(stderr, "store: %s: %s\n", what, err->text);
    exit(1);
}

static void open_store(struct job *j)
{
    struct err err = {0};
    struct store_sqlite_options options = {.folder = j->folder, .who = "bench", .history = -1};
    if (store_sqlite_open(&options, &j->store, &err, RT_NEVER) < 0)
        die("open", &err);
}

static void put_one(struct job *j, int64_t n)
{
    struct err err = {0};
    char key[64];
    snprintf(key, sizeof(key), "/registry/assets/default/%08lld", (long long)n);
    if (store_put(j->store, slice_from(key), (struct slice){value, VALUE_BYTES}, 0, NULL, &err,
                  RT_NEVER) < 0)
        die("put", &err);
}

static void put_batch(struct job *j, int64_t first, int64_t count)
{
    static struct store_op ops[BATCH]; /* rule zero: one task of one program uses it at a time */
    static char keys[BATCH][64];
    struct err err = {0};
    for (int64_t i = 0; i < count; i++) {
        snprintf(keys[i], sizeof(keys[i]), "/registry/assets/default/%08lld",
                 (long long)(first + i));
        ops[i] = (struct store_op){
            .type = STORE_PUT,
            .key = slice_from(keys[i]),
            .value = {value, VALUE_BYTES},
        };
    }
    struct store_txn txn = {.then = ops, .then_count = (uint32_t)count};
    if (store_txn(j->store, &txn, NULL, NULL, &err, RT_NEVER) < 0)
        die("txn", &err);
}

struct member {
    struct job *job;
    int64_t first, count;
};

static void task_of_the_crowd(void *arg)
{
    const struct member *m = arg;
    for (int64_t i = 0; i < m->count; i++)
        put_one(m->job, m->first + i);
}

static void crowd(struct job *j)
{
    static struct member members[CROWD];
    struct rt_group g;
    rt_group_init(&g, "crowd");
    for (int i = 0; i < CROWD; i++) {
        members[i] = (struct member){j, i * (j->ops / CROWD), j->ops / CROWD};
        if (rt_go(&g, task_of_the_crowd, &members[i]) < 0)
            bench_die("spawn");
    }
    rt_group_wait(&g, RT_NEVER);
    rt_group_done(&g);
}

static void list(struct job *j, int64_t n)
{
    struct arena arena = ARENA(MEM_STORE, 0);
    struct err err = {0};
    struct store_range_result result;
    char key[64];
    snprintf(key, sizeof(key), "/registry/assets/default/%08lld", (long long)n * LIST);
    struct store_range q = {.keys = {STORE_SPAN, slice_from(key), {0}}, .limit = LIST};
    if (store_range(j->store, &q, &arena, &result, &err, RT_NEVER) < 0)
        die("range", &err);
    arena_done(&arena);
}

static void work(struct job *j)
{
    if (strcmp(j->name, "crowd") == 0) {
        crowd(j);
        return;
    }
    bool batches = strcmp(j->name, "batch") == 0 || strcmp(j->name, "fill") == 0;
    for (int64_t i = 0; i < j->ops; i += batches ? BATCH : 1) {
        if (batches)
            put_batch(j, i, BATCH);
        else if (strcmp(j->name, "list") == 0)
            list(j, i % 10);
        else
            put_one(j, i * 7919 % 1000000);
    }
}

static void job_main(void *arg)
{
    struct job *j = arg;
    struct bench_clock start = bench_now();
    if (strcmp(j->name, "open") == 0) {
        for (int64_t i = 0; i < j->ops; i++) {
            open_store(j);
            store_close(j->store);
        }
        bench_result(j->name, j->ops, start);
        return;
    }
    open_store(j);
    start = bench_now();
    work(j);
    bench_result(j->name, j->ops, start);
    store_close(j->store);
}

int main(int argc, char **argv)
{
    struct job j = {.name = argc == 4 ? argv[1] : "", .folder = argc == 4 ? argv[2] : NULL};
    j.ops = argc == 4 ? atoll(argv[3]) : 0;
    if (j.ops < 1 || j.ops > 10000000) {
        fprintf(stderr, "usage: store put|batch|crowd|fill|open|list|one FOLDER COUNT\n");
        return 2;
    }
    memset(value, 'v', sizeof(value));
    alarm(300);
    return rt_run(NULL, job_main, &j) < 0;
}
