/* task.c - the scheduler by itself: a controller and a worker in one process, on a real store, and
 * programs that end as soon as they are begun.
 *
 *     task latency STORE RATE SECONDS   so many tasks a second; from before each is wanted to when
 *                                       its program would be started
 *     task raw STORE RATE SECONDS       what the store alone takes for it: a put, until it is seen
 *                                       by a watch
 *     task flow STORE TASKS             as many a second as go through; beside it what the store
 *                                       can do, by as many who put
 *     task pending STORE COUNT TASKS    so many wait; what they take, and how fast the first go
 *
 * STORE is a folder (sqlite), or etcd://127.0.0.1:PORT. */
#include <string.h>

#include "bench/bench.h"

#include "base/quantile.h"
#include "rt/rt.h"
#include "schedule/schedule.h"
#include "store/etcd.h"
#include "store/sqlite.h"
#include "store/tasks.h"
#include "wire/task_json.h"

enum { WIDTH = 128, BATCH = 100, CEILING_PUTS = 20 * 1000, WARM = 500 };

static struct {
    const char *mode, *url;
    long number, seconds;
    struct store *store;
    struct schedule_options options;
    struct schedule_stats stats;
    struct executor executor;
    struct rt_group group;
    struct quantile late;
    int64_t *sent; /* by number of the task */
    long wanted, next, begun, from, keys_written;
    int64_t begun_last_ns;
} b; /* rule zero: file-scope, a program's only one */

static void must(int r, const char *what, const struct err *err)
{
    if (r >= 0)
        return;
    fprintf(stderr, "task: %s: %s\n", what, err->text);
    exit(1);
}

/* ---- both sides ---- */

static int begin_program(void *ctx, const struct exec_spec *spec, const struct exec_sink *sink,
                         struct exec_result *ret, struct err *err, int64_t deadline)
{
    int64_t now = rt_now_exact();
    long n = strtol(spec->argv[1], NULL, 10);
    (void)ctx;
    (void)sink;
    (void)err;
    (void)deadline;
    if (b.sent && n >= b.from)
        quantile_add(&b.late, (uint64_t)(now - b.sent[n]));
    b.begun++;
    b.begun_last_ns = now;
    *ret = (struct exec_result){
        .reason = REASON_OK, .started = true, .arena = ARENA(MEM_ACT, 0), .started_wall_ns = 1};
    return 0;
}

static void start(bool controller, bool worker)
{
    b.executor.run = begin_program;
    b.options = (struct schedule_options){
        .store = b.store, .node = SLICE("w1"), .executor = &b.executor, .stats = &b.stats,
        .tasks_kept = 1000000};
    if (controller)
        must(rt_go(&b.group, schedule_controller, &b.options), "controller", &(struct err){0});
    if (worker)
        must(rt_go(&b.group, schedule_worker, &b.options), "worker", &(struct err){0});
}

static void make_task(long n, struct slice argv[2], char text[24], struct task *ret)
{
    argv[0] = SLICE("true");
    argv[1] = (struct slice){text, (size_t)snprintf(text, 24, "%ld", n)};
    *ret = (struct task){.argv = argv, .argc = 2, .state = TASK_PENDING, .exit = -1};
}

static void submit(long n)
{
    struct tasks_at at = {.store = b.store};
    struct arena a = ARENA(MEM_TEST, 0);
    struct slice argv[2], name;
    struct err err = {0};
    struct task t;
    char text[24];
    make_task(n, argv, text, &t);
    must(tasks_submit(&at, &t, &a, &name, NULL, &err, rt_now() + 60 * RT_SEC), "submit", &err);
    arena_done(&a);
}

static void submit_one(void *arg)
{
    submit((long)(intptr_t)arg);
}

static void wait_begun(long count)
{
    while (b.begun < count)
        rt_sleep(rt_now() + RT_MS);
}

/* So that neither an election nor a first page is measured. */
static void warm(void)
{
    struct rt_group g;
    rt_group_init(&g, "warm");
    for (long i = 0; i < WARM; i++)
        must(rt_go(&g, submit_one, (void *)(intptr_t)i), "spawn", &(struct err){0});
    rt_group_wait(&g, RT_NEVER);
    rt_group_done(&g);
    wait_begun(WARM);
}

static void tell_late(const char *name, struct bench_clock from)
{
    struct bench_clock to = bench_now();
    printf("RESULT case=%s ops=%llu p50_ns=%llu p99_ns=%llu max_ns=%llu cpu_ns=%lld wall_ns=%lld\n",
           name, (unsigned long long)b.late.total, (unsigned long long)quantile_at(&b.late, 0.5),
           (unsigned long long)quantile_at(&b.late, 0.99),
           (unsigned long long)quantile_at(&b.late, 1), (long long)(to.cpu_ns - from.cpu_ns),
           (long long)(to.wall_ns - from.wall_ns));
}

/* ---- latency ---- */

/* Calls fn(number) at its time, each in a task of its own. */
static void pace(rt_fn *fn, long from)
{
    struct rt_group g;
    long count = b.number * b.seconds;
    rt_time begin = rt_now_exact();
    rt_group_init(&g, "pace");
    for (long i = 0; i < count; i++) {
        rt_sleep(begin + i * RT_SEC / b.number);
        b.sent[from + i] = rt_now_exact();
        must(rt_go(&g, fn, (void *)(intptr_t)(from + i)), "spawn", &(struct err){0});
    }
    rt_group_wait(&g, RT_NEVER);
    rt_group_done(&g);
}

static void latency(void)
{
    b.from = WARM;
    b.sent = calloc((size_t)(WARM + b.number * b.seconds), sizeof(*b.sent));
    start(true, true);
    warm();
    struct bench_clock from = bench_now();
    pace(submit_one, WARM);
    wait_begun(WARM + b.number * b.seconds);
    tell_late("latency", from);
    free(b.sent);
}

/* ---- the store alone ---- */

static void put_one(void *arg)
{
    struct err err = {0};
    char key[40], value[300];
    long n = (long)(intptr_t)arg;
    memset(value, 'v', sizeof(value));
    memcpy(value, &n, sizeof(n));
    snprintf(key, sizeof(key), "/raw/%08ld", n);
    must(store_put(b.store, slice_from(key), (struct slice){value, sizeof(value)}, 0, NULL, &err,
                   rt_now() + 60 * RT_SEC),
         "put", &err);
}

static void see_puts(void *arg)
{
    struct store_watch *w = arg;
    struct store_batch *batch;
    while (b.begun < b.wanted && rt_recv(&w->batches, &batch, RT_NEVER) == 0) {
        int64_t now = rt_now_exact();
        for (uint32_t i = 0; i < batch->count; i++, b.begun++) {
            long n;
            memcpy(&n, batch->events[i].kv.value.data, sizeof(n));
            quantile_add(&b.late, (uint64_t)(now - b.sent[n]));
        }
        store_batch_free(batch);
    }
}

static __attribute__((noinline)) void raw(void)
{
    struct store_watch w;
    struct store_watch_request q = {.keys = store_prefix(SLICE("/raw/"))};
    struct err err = {0};
    b.wanted = b.number * b.seconds;
    b.sent = calloc((size_t)b.wanted, sizeof(*b.sent));
    must(store_watch(b.store, &q, &w, &err, rt_now() + 10 * RT_SEC), "watch", &err);
    must(rt_go(&b.group, see_puts, &w), "spawn", &err);
    struct bench_clock from = bench_now();
    pace(put_one, 0);
    wait_begun(b.wanted);
    tell_late("raw", from);
    rt_group_done(&b.group);
    rt_group_init(&b.group, "bench");
    store_unwatch(&w);
    free(b.sent);
}

/* ---- how many go through ---- */

static void submit_many(void *arg)
{
    (void)arg;
    while (b.next < b.wanted)
        submit(b.next++);
}

/* Some keys again and again, which is the least work for a store … */
static void put_again(void *arg)
{
    (void)arg;
    while (b.next < b.wanted)
        put_one((void *)(intptr_t)(b.next++ % 1000));
}

/* … and new ones, of which a task's writes make three. */
static void put_new(void *arg)
{
    (void)arg;
    while (b.next < b.wanted)
        put_one((void *)(intptr_t)(1000 + b.next++));
}

static void crowd(rt_fn *fn)
{
    struct rt_group g;
    rt_group_init(&g, "crowd");
    for (int i = 0; i < WIDTH; i++)
        must(rt_go(&g, fn, NULL), "spawn", &(struct err){0});
    rt_group_wait(&g, RT_NEVER);
    rt_group_done(&g);
}

static __attribute__((noinline)) int64_t revision(void)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct store_range range = {.keys = store_key(SLICE("/raw/none"))};
    struct store_range_result got = {0};
    struct err err = {0};
    must(store_range(b.store, &range, &a, &got, &err, rt_now() + 10 * RT_SEC), "read", &err);
    int64_t r = got.revision;
    arena_done(&a);
    return r;
}

static void ceiling(const char *name, rt_fn *fn)
{
    b.next = 0;
    b.wanted = CEILING_PUTS;
    struct bench_clock from = bench_now();
    crowd(fn);
    bench_result(name, CEILING_PUTS, from);
}

static void all_through(long more)
{
    b.wanted += more;
    crowd(submit_many);
    wait_begun(b.wanted);
    while (b.stats.ended_total[TASK_SUCCEEDED] < (uint64_t)b.wanted)
        rt_sleep(rt_now() + RT_MS);
}

static void count_keys(void *arg)
{
    struct store_watch *w = arg;
    struct store_batch *batch;
    for (; rt_recv(&w->batches, &batch, RT_NEVER) == 0; store_batch_free(batch))
        b.keys_written += batch->count;
}

/* The ceiling is one of puts of one key each; a transaction of a task may write two. */
static __attribute__((noinline)) void tell_keys(void)
{
    struct store_watch w;
    struct store_watch_request q = {.keys = store_prefix(SLICE("/"))};
    struct err err = {0};
    must(store_watch(b.store, &q, &w, &err, rt_now() + 10 * RT_SEC), "watch", &err);
    must(rt_go(&b.group, count_keys, &w), "spawn", &err);
    all_through(WARM);
    rt_sleep(rt_now() + 100 * RT_MS);
    printf("RESULT case=keys written=%ld tasks=%d\n", b.keys_written, WARM);
    rt_group_done(&b.group);
    rt_group_init(&b.group, "bench");
    store_unwatch(&w);
}

static __attribute__((noinline)) void flow(void)
{
    ceiling("ceiling", put_again);
    ceiling("ceiling_new", put_new);
    b.next = b.wanted = WARM;
    start(true, true);
    warm();
    int64_t before = revision();
    struct bench_clock from = bench_now();
    all_through(b.number);
    bench_result("flow", b.number, from);
    printf("RESULT case=writes revisions=%lld tasks=%ld conflicts=%llu no_room=%llu\n",
           (long long)(revision() - before), b.number,
           (unsigned long long)b.stats.conflicts_total,
           (unsigned long long)b.stats.queue_full_total);
    tell_keys();
}

/* ---- many that wait ---- */

static __attribute__((noinline)) void fill(void)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct err err = {0};
    for (long i = 0; i < b.number; i += BATCH) {
        static struct store_op ops[BATCH]; /* too much for a stack */
        uint32_t count = 0;
        arena_reset(&a);
        for (long n = i; n < b.number && count < BATCH; n++) {
            struct slice argv[2];
            struct buf json = BUF(MEM_TEST, 0);
            struct task t;
            char text[24];
            make_task(n, argv, text, &t);
            t.name = slice_from(arena_printf(&a, "task-%010ld", n));
            t.created_ms = 1767225600000 + n;
            t.created_by = SLICE("uid 0");
            task_write(&t, &json);
            ops[count++] = (struct store_op){
                .type = STORE_PUT,
                .key = slice_from(arena_printf(&a, "/tasks/task-%010ld", n)),
                .value = {arena_strdup(&a, buf_slice(&json)), json.size},
            };
            buf_done(&json);
        }
        struct store_txn txn = {.then = ops, .then_count = count};
        must(store_txn(b.store, &txn, &a, NULL, &err, rt_now() + 60 * RT_SEC), "fill", &err);
    }
    arena_done(&a);
}

static __attribute__((noinline)) void pending(void)
{
    long first = b.seconds; /* of them are begun */
    fill();
    int64_t before = bench_rss_bytes();
    struct bench_clock from = bench_now();
    start(true, false);
    while (b.stats.tasks[TASK_PENDING] < (uint32_t)b.number)
        rt_sleep(rt_now() + 10 * RT_MS);
    bench_result("known", b.number, from);
    printf("RESULT case=held bytes=%lld before_bytes=%lld peak_bytes=%lld\n",
           (long long)bench_rss_bytes(), (long long)before, (long long)bench_peak_bytes());
    start(false, true);
    wait_begun(first / 10);
    from = bench_now();
    long begun = b.begun;
    wait_begun(first);
    bench_result("begun", b.begun - begun, from);
    fflush(stdout);
    _exit(0); /* its memory need not be taken apart */
}

/* ---- */

static void run(void *arg)
{
    struct err err = {0};
    (void)arg;
    struct store_sqlite_options o = {.folder = b.url, .who = "bench"};
    if (strncmp(b.url, "etcd:", 5) == 0)
        must(store_etcd_open(b.url, &b.store, &err, rt_now() + 10 * RT_SEC), "open", &err);
    else
        must(store_sqlite_open(&o, &b.store, &err, rt_now() + 10 * RT_SEC), "open", &err);
    rt_group_init(&b.group, "bench");
    if (strcmp(b.mode, "latency") == 0)
        latency();
    else if (strcmp(b.mode, "raw") == 0)
        raw();
    else if (strcmp(b.mode, "flow") == 0)
        flow();
    else
        pending();
    rt_group_done(&b.group);
    store_close(b.store);
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: task latency|raw|flow|pending STORE NUMBER [SECONDS|TASKS]\n");
        return 2;
    }
    b.mode = argv[1];
    b.url = argv[2];
    b.number = strtol(argv[3], NULL, 10);
    b.seconds = argc > 4 ? strtol(argv[4], NULL, 10) : 0;
    if (strncmp(b.url, "etcd:", 5) == 0 && strncmp(b.url, "etcd://127.0.0.1:", 17) != 0) {
        fprintf(stderr, "bench: %s is not a loopback address: refused\n", b.url);
        return 2;
    }
    return rt_run(&(struct rt_config){.stall = -1}, run, NULL) < 0;
}
