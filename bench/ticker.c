/* ticker.c - how late a 1 ms ticker is in a loop with many probes in flight: `ticker PORT PROBES
 * SECONDS`. The probes are HTTP GETs of servers that take connections and never answer, at 256
 * addresses of this machine; each ends by its time-out of one second, and each target is asked
 * again every 1.1 s, at its own phase, as a run with --every does. Prints the lateness of the
 * ticks. */
#include "bench/bench.h"

#include "base/quantile.h"
#include "observe/observe.h"

static struct {
    struct observer *observer;
    struct target_set *targets;
    uint64_t done, in_flight, in_flight_max, wrong;
    long probes, seconds;
    rt_time until;
    struct quantile late;
} b;

enum { ADDRESSES = 256 }; /* the kernel looks long for a port to one that most of them are on */

static const rt_time every = 1100 * RT_MS;
static const struct probe_spec spec = {.timeout_ns = RT_SEC, .method = "GET", .retries = 0};

static void task_probes(void *arg)
{
    struct target_slot *slot = malloc(sizeof(*slot));
    struct probe_result *r = calloc(1, sizeof(*r));
    r->arena = ARENA(MEM_OBSERVE, 0);
    target_set_get(b.targets, (uintptr_t)arg % ADDRESSES, slot);
    rt_time due = rt_now() + (rt_time)(uintptr_t)arg * every / b.probes;
    for (; due < b.until; due += every) {
        while (due < rt_now())
            due += every;
        rt_sleep(due);
        if (++b.in_flight > b.in_flight_max)
            b.in_flight_max = b.in_flight;
        observe_probe(b.observer, &slot->target, r);
        b.in_flight--;
        b.done++;
        b.wrong += r->reason != REASON_TIMEOUT && r->reason != REASON_LIMIT;
    }
    arena_done(&r->arena);
    free(r);
    free(slot);
}

static void task_ticks(void *arg)
{
    (void)arg;
    rt_time due = rt_now() + 2 * RT_SEC; /* all are under way then */
    while (due < b.until) {
        rt_sleep(due);
        rt_time late = rt_now_exact() - due;
        quantile_add(&b.late, late > 0 ? (uint64_t)late : 0);
        for (due += RT_MS; due < rt_now_exact();)
            due += RT_MS;
    }
}

static void main_task(void *arg)
{
    struct rt_group g;
    b.targets = target_set_new();
    for (int i = 0; i < ADDRESSES; i++) {
        char url[64];
        snprintf(url, sizeof(url), "http://127.81.0.%d:%d/", i, *(const int *)arg);
        if (target_set_add(b.targets, slice_from(url), NULL) < 0)
            exit(1);
    }
    if (observer_open(&spec, &b.observer, NULL) < 0)
        exit(1);
    b.until = rt_now() + b.seconds * RT_SEC;
    rt_group_init(&g, "bench");
    struct bench_clock start = bench_now();
    for (long i = 0; i < b.probes; i++)
        if (rt_go(&g, task_probes, (void *)(uintptr_t)i) < 0)
            exit(1);
    rt_go(&g, task_ticks, NULL);
    rt_group_wait(&g, RT_NEVER);
    bench_result("ticker", (int64_t)b.done, start);
    printf("RESULT case=late p50_ns=%llu p99_ns=%llu max_ns=%llu ticks=%llu in_flight=%llu "
           "wrong=%llu\n",
           (unsigned long long)quantile_at(&b.late, 0.5),
           (unsigned long long)quantile_at(&b.late, 0.99),
           (unsigned long long)quantile_at(&b.late, 1), (unsigned long long)b.late.total,
           (unsigned long long)b.in_flight_max, (unsigned long long)b.wrong);
    rt_group_done(&g);
    observer_close(b.observer);
    target_set_free(b.targets);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: ticker PORT PROBES SECONDS\n");
        return 2;
    }
    int port = atoi(argv[1]);
    b.probes = atol(argv[2]);
    b.seconds = atol(argv[3]);
    return rt_run(&(struct rt_config){.stall = -1}, main_task, &port) < 0;
}
