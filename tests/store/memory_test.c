#include "store/memory.h"

#include "base/defs.h"
#include "rt/sim.h"
#include "tests/store/beside.h"
#include "tests/store/suite.h"

static struct store_memory *memory;

static int suite_open(struct store **ret_store)
{
    memory = store_memory_new(NULL);
    return memory ? store_memory_open(memory, ret_store) : -ENOMEM;
}

static void suite_close(struct store *s)
{
    store_close(s);
    store_memory_free(memory);
}

static void report(const char *name, const char *world, int r)
{
    char label[160];
    CHECK_INT(r, 0);
    snprintf(label, sizeof(label), "%s (%s)", name, world);
    tap_report_(label);
}

/* Several schedules in the simulator, one on epoll. */
static void run_suite(void)
{
    enum { SEEDS = 10 };
    for (size_t i = 0; i < ARRAY_LEN(suite_cases); i++)
        if (suite_cases[i].waits)
            beside_begin(suite_cases[i].name, "epoll", suite_run, &i);
    for (size_t i = 0; i < ARRAY_LEN(suite_cases); i++) {
        tap_ok_ = true;
        int r = 0;
        for (uint64_t seed = 1; seed <= SEEDS && r == 0 && tap_ok_; seed++) {
            r = rt_sim_run(&(struct rt_sim_config){.seed = seed}, suite_run, &i, NULL);
            if (r < 0 || !tap_ok_)
                printf("# seed %llu\n", (unsigned long long)seed);
        }
        report(suite_cases[i].name, "sim", r);
        tap_ok_ = true;
        if (!suite_cases[i].waits)
            report(suite_cases[i].name, "epoll", rt_run(NULL, suite_run, &i));
    }
}

/* ---- the faults: each is seen ---- */

static struct store_memory_counts counts;

static void with_faults(const struct store_memory_faults *f, void (*fn)(struct store *s))
{
    struct store *s;
    memory = store_memory_new(f);
    store_memory_open(memory, &s);
    fn(s);
    counts = store_memory_counts(memory);
    suite_close(s);
    arena_reset(&suite_arena);
}

static void put_once(struct store *s)
{
    int r = store_put(s, SLICE("k"), SLICE("v"), 0, NULL, NULL, SOON);
    CHECK_INT(r, -ECONNRESET);
    store_memory_calm(memory);
}

static void put_and_find_it(struct store *s)
{
    put_once(s);
    CHECK_INT(get(s, "k").version, 1);
}

static void put_and_find_nothing(struct store *s)
{
    put_once(s);
    CHECK_INT(get(s, "k").version, 0);
}

static void put_and_find_it_later(struct store *s)
{
    put_once(s);
    CHECK_INT(get(s, "k").version, 0);
    rt_sleep(rt_now() + RT_SEC);
    CHECK_INT(get(s, "k").version, 1);
}

static void put_and_find_it_twice(struct store *s)
{
    put_once(s);
    CHECK_INT(get(s, "k").version, 1);
    rt_sleep(rt_now() + RT_SEC);
    CHECK_INT(get(s, "k").version, 2);
}

static void a_write_in_doubt_happened_or_not_or_later_or_twice(void *arg)
{
    (void)arg;
    rt_time late = 500 * RT_MS;
    with_faults(&(struct store_memory_faults){.lose_request_ppm = 1000000}, put_and_find_nothing);
    with_faults(&(struct store_memory_faults){.lose_reply_ppm = 1000000}, put_and_find_it);
    with_faults(&(struct store_memory_faults){.late_ppm = 1000000, .late_max = late},
                put_and_find_it_later);
    with_faults(&(struct store_memory_faults){.twice_ppm = 1000000, .late_max = late},
                put_and_find_it_twice);
    CHECK_INT(counts.twice, 1);
}

static void watch_while_it_forgets(struct store *s)
{
    struct store_watch w;
    uint32_t events;
    (void)watch_from(s, &w, "k", 0);
    rt_sleep(rt_now() + RT_MS); /* it stands and has told all there is */
    for (int i = 0; i < 20; i++)
        put(s, "k", "v");
    struct store_batch *b = last_batch(&w, &events);
    CHECK(b && b->end == STORE_WATCH_COMPACTED);
    store_batch_free(b);
    store_unwatch(&w);
}

static void a_late_watch_meets_a_compaction(void *arg)
{
    (void)arg;
    with_faults(&(struct store_memory_faults){.watch_late_max = RT_SEC, .compact_ppm = 1000000},
                watch_while_it_forgets);
    CHECK_INT(counts.watches_compacted, 1);
    CHECK(counts.watches_late > 0);
}

static void keep_a_lease_through_a_jump(struct store *s)
{
    struct store_lease l = grant(s, 5000);
    int r = 0;
    for (int i = 0; i < 50 && r == 0; i++) {
        rt_sleep(rt_now() + 100 * RT_MS);
        r = store_lease_keep(s, l.id, NULL, NULL, SOON);
    }
    CHECK_INT(r, -ENOENT);
}

static void a_clock_that_jumps_ends_leases(void *arg)
{
    (void)arg;
    with_faults(
        &(struct store_memory_faults){.clock_jump_ppm = 500000, .clock_jump_max = 60 * RT_SEC},
        keep_a_lease_through_a_jump);
    CHECK(counts.clock_jumps > 0 && counts.leases_expired > 0);
}

static void write_to_a_bad_disk(struct store *s)
{
    int full = 0, unsynced = 0, happened = 0;
    for (int i = 0; i < 100; i++) {
        int64_t before = get(s, "k").version;
        int r = store_put(s, SLICE("k"), SLICE("v"), 0, NULL, NULL, SOON);
        CHECK(r == -ENOSPC || r == -EIO);
        full += r == -ENOSPC;
        unsynced += r == -EIO;
        happened += get(s, "k").version > before;
        rt_sleep(rt_now() + 100 * RT_MS);
    }
    CHECK(full > 0 && unsynced > 0 && happened > 0 && happened < 100);
    store_memory_calm(memory);
    put(s, "k", "v");
}

static void a_bad_disk_leaves_writes_in_doubt_and_reads_alone(void *arg)
{
    (void)arg;
    with_faults(&(struct store_memory_faults){.disk_full_ppm = 200000,
                                              .disk_full_max = RT_SEC,
                                              .sync_fail_ppm = 1000000},
                write_to_a_bad_disk);
    CHECK(counts.disk_full > 0 && counts.sync_failures > 0);
}

/* What it sends arrives; it is told nothing, and waits for that until its deadline. */
static void half_open_is_heard_and_hears_nothing(void *arg)
{
    (void)arg;
    struct store *a, *b;
    struct store_watch of_a;
    memory = store_memory_new(NULL);
    store_memory_open(memory, &a);
    store_memory_open(memory, &b);
    struct reader r = watch_from(a, &of_a, "k", 0);
    store_memory_cut(a, STORE_MEMORY_HALF_OPEN);
    rt_time until = rt_now() + 3 * RT_SEC;
    CHECK_INT(store_put(a, SLICE("k"), SLICE("v"), 0, NULL, NULL, until), -ETIMEDOUT);
    CHECK(rt_now() >= until);
    struct store_kv kv = get(b, "k");
    CHECK_INT(kv.version, 1);
    CHECK_INT(rt_chan_len(&of_a.batches), 0);
    store_memory_cut(a, STORE_MEMORY_JOINED);
    expect(&r, STORE_EVENT_PUT, "k", "v", kv.mod_revision);
    put(a, "k", "w");
    unwatch(&r);
    store_close(a);
    suite_close(b);
}

static struct store *sleeper;
static int slept_r;

static void write_asleep(void *arg)
{
    (void)arg;
    slept_r = store_put(sleeper, SLICE("k"), SLICE("v"), 0, NULL, NULL, rt_now() + RT_SEC);
}

/* The answer was on its way when it was stopped: it is read when it goes on, however late. */
static void who_stands_still_hears_it_later(void *arg)
{
    (void)arg;
    struct rt_group g;
    struct store *b;
    memory = store_memory_new(&(struct store_memory_faults){.latency_max = 100 * RT_MS});
    store_memory_open(memory, &sleeper);
    store_memory_open(memory, &b);
    rt_group_init(&g, "sleeper");
    slept_r = 1;
    rt_go(&g, write_asleep, NULL);
    while (get(b, "k").version == 0)
        rt_sleep(rt_now() + RT_MS);
    store_memory_cut(sleeper, STORE_MEMORY_PAUSED);
    rt_sleep(rt_now() + 5 * RT_SEC);
    store_memory_cut(sleeper, STORE_MEMORY_JOINED);
    rt_sleep(rt_now() + RT_SEC);
    CHECK_INT(slept_r, 0);
    /* And what it asks while it stands still is too late by then. */
    store_memory_cut(sleeper, STORE_MEMORY_PAUSED);
    slept_r = 1;
    rt_go(&g, write_asleep, NULL);
    rt_sleep(rt_now() + 3 * RT_SEC);
    CHECK_INT(slept_r, 1);
    store_memory_cut(sleeper, STORE_MEMORY_JOINED);
    rt_sleep(rt_now() + RT_SEC);
    CHECK_INT(slept_r, -ETIMEDOUT);
    CHECK_INT(get(b, "k").version, 1);
    rt_group_done(&g);
    store_close(sleeper);
    suite_close(b);
}

static void closing_ends_the_watches_of_that_client(void *arg)
{
    (void)arg;
    struct store *a, *b;
    struct store_watch of_a, of_b;
    uint32_t events;
    memory = store_memory_new(NULL);
    store_memory_open(memory, &a);
    store_memory_open(memory, &b);
    (void)watch_from(a, &of_a, "k", 0);
    struct reader r = watch_from(b, &of_b, "k", 0);
    store_close(a);
    struct store_batch *last = last_batch(&of_a, &events);
    CHECK(last && last->end == STORE_WATCH_LOST && last->err.code == -ENOLINK);
    store_batch_free(last);
    store_unwatch(&of_a);
    int64_t revision = put(b, "k", "v");
    expect(&r, STORE_EVENT_PUT, "k", "v", revision);
    unwatch(&r);
    suite_close(b);
}

/* As many as there can be, so that their hashes meet. */
static void among_many_keys_one_that_is_put_twice_is_found(void *arg)
{
    (void)arg;
    static char keys[STORE_TXN_OPS_MAX][16];
    static struct store_op ops[STORE_TXN_OPS_MAX];
    struct store *s;
    memory = store_memory_new(NULL);
    store_memory_open(memory, &s);
    for (int i = 0; i < STORE_TXN_OPS_MAX; i++) {
        snprintf(keys[i], sizeof(keys[i]), "k/%d", i);
        ops[i] = (struct store_op){.type = STORE_PUT, .key = slice_from(keys[i])};
    }
    struct store_txn txn = {.then = ops, .then_count = STORE_TXN_OPS_MAX};
    WELL(store_txn(s, &txn, NULL, NULL, &suite_err, SOON));
    for (int i = 0; i < STORE_TXN_OPS_MAX - 1; i++) {
        ops[STORE_TXN_OPS_MAX - 1].key = ops[i].key;
        CHECK_INT(store_txn(s, &txn, NULL, NULL, &suite_err, SOON), -EINVAL);
        CHECK(strstr(suite_err.text, keys[i]) && strstr(suite_err.text, "twice"));
    }
    suite_close(s);
}

static void run_faults(rt_fn *fn, const char *name)
{
    tap_ok_ = true;
    int r = 0;
    for (uint64_t seed = 1; seed <= 10 && r == 0; seed++)
        r = rt_sim_run(&(struct rt_sim_config){.seed = seed}, fn, NULL, NULL);
    report(name, "sim", r);
}

int main(void)
{
    run_suite();
    run_faults(a_write_in_doubt_happened_or_not_or_later_or_twice,
               "a_write_in_doubt_happened_or_not_or_later_or_twice");
    run_faults(a_late_watch_meets_a_compaction, "a_late_watch_meets_a_compaction");
    run_faults(a_clock_that_jumps_ends_leases, "a_clock_that_jumps_ends_leases");
    run_faults(a_bad_disk_leaves_writes_in_doubt_and_reads_alone,
               "a_bad_disk_leaves_writes_in_doubt_and_reads_alone");
    run_faults(half_open_is_heard_and_hears_nothing, "half_open_is_heard_and_hears_nothing");
    run_faults(who_stands_still_hears_it_later, "who_stands_still_hears_it_later");
    run_faults(closing_ends_the_watches_of_that_client, "closing_ends_the_watches_of_that_client");
    run_faults(among_many_keys_one_that_is_put_twice_is_found,
               "among_many_keys_one_that_is_put_twice_is_found");
    arena_done(&suite_arena);
    CHECK_INT(mem_usage_of(MEM_STORE).live, 0);
    beside_end();
    return tap_done();
}
