/* store_etcd.c - the etcd back end against a real etcd on loopback.
 *
 *     store_etcd put URL OPS IN_FLIGHT     puts by so many tasks, each one after the other
 *     store_etcd watch URL OPS WATCHERS    one puts, every millisecond; so many watch; what is
 *                                          measured is from before the put to each watcher
 *
 * peers/etcd/main.go does the same with etcd's own Go client. */
#include <string.h>

#include "bench/bench.h"

#include "rt/rt.h"
#include "store/etcd.h"

enum { VALUE_BYTES = 100, LATENCIES_MAX = 4 * 1000 * 1000 };

static struct store *store;
static int64_t ops, ops_left, told_left;
static int64_t latencies[LATENCIES_MAX]; /* rule zero: file-scope, a program's only one */
static size_t latency_count;
static const char *mode, *url;
static long width;

static void must(int r, const char *what, const struct err *err)
{
    if (r >= 0)
        return;
    fprintf(stderr, "store_etcd: %s: %s\n", what, err->text);
    exit(1);
}

static void put(int64_t n, struct slice value)
{
    struct err err = {0};
    char key[64];
    snprintf(key, sizeof(key), "/registry/assets/default/%08lld", (long long)(n % 10000));
    must(store_put(store, slice_from(key), value, 0, NULL, &err, rt_now() + 10 * RT_SEC), "put",
         &err);
}

static void task_puts(void *arg)
{
    char value[VALUE_BYTES];
    (void)arg;
    memset(value, 'v', sizeof(value));
    while (ops_left > 0)
        put(ops_left--, (struct slice){value, sizeof(value)});
}

static void bench_put(void)
{
    struct rt_group g;
    ops_left = ops / 20; /* warm */
    task_puts(NULL);
    ops_left = ops;
    rt_group_init(&g, "bench");
    struct bench_clock start = bench_now();
    for (long i = 0; i < width; i++)
        must(rt_go(&g, task_puts, NULL), "spawn", &(struct err){0});
    rt_group_wait(&g, RT_NEVER);
    bench_result("put", ops, start);
    rt_group_done(&g);
}

static void task_watches(void *arg)
{
    struct store_watch *w = arg;
    struct store_batch *b;
    while (told_left > 0 && rt_recv(&w->batches, &b, RT_NEVER) == 0) {
        int64_t now = rt_now_exact();
        for (uint32_t i = 0; i < b->count && latency_count < LATENCIES_MAX; i++) {
            int64_t sent;
            memcpy(&sent, b->events[i].kv.value.data, sizeof(sent));
            latencies[latency_count++] = now - sent;
            told_left--;
        }
        store_batch_free(b);
    }
}

static int by_size(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void bench_watch(void)
{
    struct rt_group g;
    struct err err = {0};
    struct store_watch *w = calloc((size_t)width, sizeof(*w));
    struct store_watch_request q = {.keys = store_prefix(SLICE("/registry/"))};
    rt_group_init(&g, "bench");
    told_left = ops * width;
    for (long i = 0; i < width; i++) {
        must(store_watch(store, &q, &w[i], &err, rt_now() + 10 * RT_SEC), "watch", &err);
        must(rt_go(&g, task_watches, &w[i]), "spawn", &err);
    }
    struct bench_clock start = bench_now();
    for (int64_t i = 0; i < ops; i++) {
        char value[VALUE_BYTES] = {0};
        int64_t now = rt_now_exact();
        memcpy(value, &now, sizeof(now));
        put(i, (struct slice){value, sizeof(value)});
        rt_sleep(now + RT_MS);
    }
    while (told_left > 0)
        rt_sleep(rt_now() + RT_MS);
    struct bench_clock end = bench_now();
    rt_group_done(&g);
    for (long i = 0; i < width; i++)
        store_unwatch(&w[i]);
    free(w);
    qsort(latencies, latency_count, sizeof(*latencies), by_size);
    printf("RESULT case=watch ops=%lld cpu_ns=%lld p50_ns=%lld p99_ns=%lld\n",
           (long long)latency_count, (long long)(end.cpu_ns - start.cpu_ns),
           (long long)latencies[latency_count / 2], (long long)latencies[latency_count * 99 / 100]);
}

static void run(void *arg)
{
    struct err err = {0};
    (void)arg;
    must(store_etcd_open(url, &store, &err, rt_now() + 10 * RT_SEC), "open", &err);
    if (strcmp(mode, "put") == 0)
        bench_put();
    else
        bench_watch();
    store_close(store);
}

int main(int argc, char **argv)
{
    if (argc != 5 || (strcmp(argv[1], "put") != 0 && strcmp(argv[1], "watch") != 0)) {
        fprintf(stderr, "usage: store_etcd put|watch etcd://127.0.0.1:PORT OPS WIDTH\n");
        return 2;
    }
    mode = argv[1];
    url = argv[2];
    if (strncmp(url, "etcd://127.0.0.1:", 17) != 0) {
        fprintf(stderr, "bench: %s is not a loopback address: refused\n", url);
        return 2;
    }
    ops = atoll(argv[3]);
    width = atol(argv[4]);
    return rt_run(NULL, run, NULL) < 0;
}
