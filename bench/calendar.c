/* calendar.c - how late orders of many schedules are: `calendar COUNT SECONDS`. All are due at the
 * beginning of each minute, with a jitter of a minute, so that they spread over it; declared in a
 * store in memory, in which what is remembered is written, too. Whoever takes orders answers at
 * once. Then the same without jitter, all at one moment: what an order costs. */
#include "bench/bench.h"

#include "base/quantile.h"
#include "schedule/calendar.h"
#include "store/memory.h"

static struct {
    struct store *store;
    struct calendar *calendar;
    struct schedule_order_chan orders;
    struct calendar_options options;
    struct quantile late;
    long count, seconds;
    rt_time counts_from;
} b;

static void task_takes(void *arg)
{
    struct schedule_order *o;
    (void)arg;
    while (rt_recv(&b.orders, &o, RT_NEVER) == 0) {
        struct timespec ts;
        clock_gettime(CLOCK_REALTIME, &ts);
        int64_t now = ts.tv_sec * RT_SEC + ts.tv_nsec, late = now - o->at_ns;
        if (rt_now() >= b.counts_from)
            quantile_add(&b.late, late > 0 ? (uint64_t)late : 0);
        calendar_started(b.calendar, o, o->dedup_key, now);
        calendar_ended(b.calendar, o->namespace_, o->schedule, o->dedup_key, SLICE("Succeeded"),
                       now);
        schedule_order_free(o);
    }
}

static void declare_all(void)
{
    for (long i = 0; i < b.count; i++) {
        char key[80];
        int n = snprintf(key, sizeof(key), "/registry/schedules/default/job-%ld", i);
        if (store_put(b.store, (struct slice){key, (size_t)n},
                      SLICE("{\"cron\":\"* * * * *\",\"jitter\":\"1m\",\"overlap\":\"allow\","
                            "\"do\":{\"run\":{\"argv\":[\"true\"]}}}"),
                      0, NULL, NULL, RT_NEVER) < 0)
            exit(1);
    }
}

static void spread(void *arg)
{
    struct store_memory_faults none = {0};
    struct store_memory *memory = store_memory_new(&none);
    struct rt_group g;
    (void)arg;
    store_memory_open(memory, &b.store);
    declare_all();
    b.calendar = calendar_new(NULL, NULL);
    rt_chan_init(&b.orders, 256, "orders");
    b.options =
        (struct calendar_options){.calendar = b.calendar, .store = b.store, .orders = &b.orders};
    /* They are declared in the first minute, and are all under way in the second. */
    b.counts_from = rt_now() + 120 * RT_SEC;
    rt_group_init(&g, "bench");
    if (rt_go(&g, calendar_main, &b.options) < 0 || rt_go(&g, task_takes, NULL) < 0)
        exit(1);
    rt_sleep(b.counts_from);
    struct bench_clock start = bench_now();
    rt_sleep(b.counts_from + b.seconds * RT_SEC);
    bench_result("spread", (int64_t)b.late.total, start);
    printf("RESULT case=late p50_ns=%llu p99_ns=%llu max_ns=%llu orders=%llu rss_bytes=%lld\n",
           (unsigned long long)quantile_at(&b.late, 0.5),
           (unsigned long long)quantile_at(&b.late, 0.99),
           (unsigned long long)quantile_at(&b.late, 1), (unsigned long long)b.late.total,
           (long long)bench_rss_bytes());
    rt_group_done(&g);
    calendar_free(b.calendar);
    rt_chan_done(&b.orders);
    store_close(b.store);
    store_memory_free(memory);
}

static void burst(void)
{
    struct calendar *c = calendar_new(NULL, NULL);
    int64_t now = INT64_C(1774746000) * RT_SEC, given = 0;
    for (long i = 0; i < b.count; i++) {
        char name[24];
        struct err err;
        int n = snprintf(name, sizeof(name), "job-%ld", i);
        if (calendar_declare(
                c, SLICE("default"), (struct slice){name, (size_t)n},
                SLICE("{\"cron\":\"0 * * * *\",\"do\":{\"run\":{\"argv\":[\"true\"]}}}"), now,
                &err) < 0)
            exit(1);
    }
    printf("RESULT case=held bytes=%lld\n",
           (long long)(mem_usage_of(MEM_SCHEDULE).bytes + mem_usage_of(MEM_MODEL).bytes));
    struct bench_clock start = bench_now();
    now = calendar_next(c);
    for (struct schedule_order *o; (o = calendar_take(c, now)); given++) {
        calendar_started(c, o, o->dedup_key, now);
        calendar_ended(c, o->namespace_, o->schedule, o->dedup_key, SLICE("Succeeded"), now);
        schedule_order_free(o);
    }
    bench_result("burst", given, start);
    calendar_free(c);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: calendar COUNT SECONDS\n");
        return 2;
    }
    b.count = strtol(argv[1], NULL, 10);
    b.seconds = strtol(argv[2], NULL, 10);
    burst();
    return b.seconds && rt_run(&(struct rt_config){.stall = -1}, spread, NULL) < 0;
}
