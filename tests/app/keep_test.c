#include "app/keep.h"

#include <stdio.h>
#include <string.h>

#include "app/repair.h"
#include "base/fault.h"
#include "rt/sim.h"
#include "store/memory.h"
#include "tests/tap.h"

/* What a reconciler tells is kept on a store that answers late. Events are told by hand, too. */
static struct store_memory *memory;
static struct store *hand;
static struct app app;
static struct up up;
static struct rt_group tasks;
static struct arena arena;

enum { LATENCY_MS = 50 };

static rt_time soon(void)
{
    return rt_now() + 60 * RT_SEC;
}

static void on_event(void *ctx, const struct event *e)
{
    (void)ctx;
    keep_event(up.keep, e);
}

/* A life of the node. */
static void begin_life(void)
{
    rt_group_init(&tasks, "test");
    up = (struct up){.app = &app, .node = "n1", .lease_ttl_ns = 5 * RT_SEC};
    CHECK_INT(store_memory_open(memory, &up.store), 0);
    up.assets = reconciler_new(&(struct reconcile_options){.seed = {1, 2}, .on_event = on_event});
    up.repairs = repairs_new(&up);
    up.keep = keep_new(&up, up.store);
    CHECK_INT(keep_read(up.keep, &up.err), 0);
    CHECK_INT(repairs_start(up.repairs, &tasks), 0);
    CHECK_INT(rt_go(&tasks, keep_main, up.keep), 0);
    CHECK_INT(rt_go(&tasks, keep_follow_main, up.keep), 0);
    while (!repairs_ready(up.repairs))
        CHECK_INT(rt_sleep(rt_now() + 10 * RT_MS), 0);
}

static void end_life(void)
{
    rt_group_done(&tasks);
    keep_free(up.keep);
    repairs_free(up.repairs);
    reconciler_free(up.assets);
    store_close(up.store);
}

static void open_world(void)
{
    static const struct store_memory_faults late = {.latency_max = LATENCY_MS * RT_MS};
    arena = ARENA(MEM_TEST, 0);
    memory = store_memory_new(&late);
    CHECK_INT(store_memory_open(memory, &hand), 0);
    begin_life();
}

static void close_world(void)
{
    end_life();
    store_close(hand);
    store_memory_free(memory);
    arena_done(&arena);
}

static void take(enum sample_type type, const char *asset)
{
    struct sample *s = sample_new(type);
    snprintf(s->asset, sizeof(s->asset), "%s", asset);
    CHECK_INT(reconciler_take(up.assets, s, (struct reconcile_time){rt_now(), rt_wall_now()}), 0);
    sample_free(s);
}

/* "a7" has been told its `number`-th thing. */
static void tell(const char *asset, int number)
{
    char key[ASSET_KEY_BYTES_MAX], words[16];
    snprintf(key, sizeof(key), "default/%s", asset);
    snprintf(words, sizeof(words), "%d", number);
    struct event e = {.type = EVENT_OBSERVATION,
                      .asset = asset,
                      .key = key,
                      .evidence = {words},
                      .evidence_count = 1};
    keep_event(up.keep, &e);
}

static const char *asset_name(int i)
{
    return arena_printf(&arena, "a%d", i);
}

static void until_written(void)
{
    rt_time end = rt_now() + 600 * RT_SEC;
    while (keep_waiting(up.keep) && rt_now() < end)
        CHECK_INT(rt_sleep(rt_now() + 100 * RT_MS), 0);
    CHECK_INT(keep_waiting(up.keep), 0);
    /* What is on its way is written, too. */
    CHECK_INT(rt_sleep(rt_now() + RT_SEC), 0);
}

static struct store_range_result below(const char *prefix)
{
    struct store_range range = {.keys = store_prefix(slice_from(prefix))};
    struct store_range_result got = {.count = 0};
    CHECK_INT(store_range(hand, &range, &arena, &got, NULL, soon()), 0);
    return got;
}

/* Of events told by hand the number; 0: the reconciler's own. */
static int number_in(struct slice json)
{
    const char *at = strstr(arena_strdup(&arena, json), "\"evidence\":[\"");
    int number = 0;
    return at && sscanf(at, "\"evidence\":[\"%d\"", &number) == 1 ? number : 0;
}

/* The events of the asset that were told by hand are FIRST to LAST, in this order. */
static bool has_kept(const char *asset, int first, int last)
{
    const char *prefix = arena_printf(&arena, "/events/default/%s/", asset);
    struct store_range_result got = below(prefix);
    int next = first;
    for (uint32_t i = 0; i < got.count; i++) {
        int number = number_in(got.kvs[i].value);
        if (number && number != next++)
            return false;
    }
    return next == last + 1;
}

static void a_start_of_many_assets_loses_no_event(void)
{
    enum { ASSETS = 800, EACH = 7 };
    for (int i = 0; i < ASSETS; i++)
        take(SAMPLE_ASSET, asset_name(i));
    for (int n = 1; n <= EACH; n++)
        for (int i = 0; i < ASSETS; i++)
            tell(asset_name(i), n);
    CHECK(keep_waiting(up.keep) > KEEP_EVENTS_MAX);
    until_written();
    CHECK_INT(keep_dropped_total(up.keep), 0);
    CHECK_INT(below("/state/assets/").count, ASSETS);
    for (int i = 0; i < ASSETS; i += 97)
        CHECK(has_kept(asset_name(i), 1, EACH));
    CHECK(below("/events/").count >= ASSETS * EACH);
}

static void more_than_one_transaction_takes_stays_in_order(void)
{
    enum { MANY = 5 * KEEP_EVENTS_AT_ONCE + 3 };
    take(SAMPLE_ASSET, "a");
    take(SAMPLE_ASSET, "b");
    for (int n = 1; n <= MANY; n++) {
        tell("a", n);
        if (n % 50 == 0)
            CHECK_INT(rt_sleep(rt_now() + 10 * RT_MS), 0); /* some are being written */
    }
    tell("b", 1);
    until_written();
    CHECK(has_kept("a", 1, MANY));
    CHECK(has_kept("b", 1, 1));
}

/* Its transaction has them in its hands. */
static void an_event_that_is_being_written_is_dropped_by_nobody(void)
{
    take(SAMPLE_ASSET, "a");
    until_written();
    tell("a", 1);
    CHECK_INT(rt_sleep(rt_now() + RT_MS / 10), 0);
    CHECK_INT(keep_waiting(up.keep), 0);
    int most = KEEP_EVENTS_MAX + KEEP_EVENTS_EACH, more = 10;
    for (int n = 2; n <= 1 + most + more; n++)
        tell("a", n);
    CHECK_INT(keep_waiting(up.keep), most);
    CHECK_INT(keep_dropped_total(up.keep), more);
    until_written();
    CHECK_INT(keep_dropped_total(up.keep), more);
    /* The newest are there, and of old ones as many as are kept of an asset. */
    struct store_range_result got = below("/events/default/a/");
    CHECK_INT(number_in(got.kvs[got.count - 1].value), 1 + most + more);
    CHECK(got.count >= KEEP_EVENTS_OF_ASSET);
    CHECK(got.count < KEEP_EVENTS_OF_ASSET + KEEP_EVENTS_AT_ONCE + KEEP_TRIM_EVENTS);
}

static void an_asset_may_go_while_its_record_is_written(void)
{
    for (int i = 0; i < 3; i++)
        take(SAMPLE_ASSET, asset_name(i));
    until_written();
    CHECK_INT(below("/state/assets/").count, 3);
    for (int i = 0; i < 3; i++)
        tell(asset_name(i), 1);
    CHECK_INT(rt_sleep(rt_now() + RT_MS / 10), 0);
    CHECK_INT(keep_waiting(up.keep), 0); /* they are on their way */
    take(SAMPLE_FORGET_ASSET, "a0");
    take(SAMPLE_FORGET_ASSET, "a2");
    CHECK(!reconciler_find(up.assets, "a0"));
    tell("a2", 2);
    until_written();
    CHECK(has_kept("a0", 1, 1));
    CHECK(has_kept("a2", 1, 2));
    struct store_range_result got = below("/state/assets/");
    CHECK_INT(got.count, 1);
    CHECK(slice_eq_cstr(got.kvs[0].key, "/state/assets/default/a1"));
}

/* Somebody has taken the key of an event: what else is in its transaction is written, too. */
static void one_that_is_refused_holds_nobody_up(void)
{
    for (int i = 0; i < 3; i++)
        take(SAMPLE_ASSET, asset_name(i));
    until_written();
    int64_t revision = below("/").revision;
    for (int i = 1; i <= 40; i++) {
        const char *key =
            arena_printf(&arena, "/events/default/a1/%020lld", (long long)revision + i);
        CHECK_INT(store_put(hand, slice_from(key), SLICE("{}"), 0, NULL, NULL, soon()), 0);
    }
    for (int i = 0; i < 3; i++)
        tell(asset_name(i), 1);
    until_written();
    for (int i = 0; i < 3; i++)
        CHECK(has_kept(asset_name(i), 1, 1));
    CHECK_INT(keep_dropped_total(up.keep), 0);
}

/* Events are told faster than the store's revision grows: what the next life tells stands behind
 * them all the same. */
static void the_next_life_goes_on_behind_the_last_event(void)
{
    enum { MANY = 5 * KEEP_EVENTS_AT_ONCE };
    take(SAMPLE_ASSET, "a");
    for (int n = 1; n <= MANY; n++)
        tell("a", n);
    until_written();
    CHECK(below("/").revision < MANY);
    end_life();
    begin_life();
    take(SAMPLE_ASSET, "a");
    tell("a", MANY + 1);
    until_written();
    CHECK(has_kept("a", 1, MANY + 1));
}

/* And so does a plane behind what the one told from which it takes an asset over. */
static void another_plane_goes_on_behind_the_last_event(void)
{
    CHECK_INT(store_put(hand, SLICE("/events/default/a/00000000000000005000"),
                        SLICE("{\"evidence\":[\"1\"]}"), 0, NULL, NULL, soon()),
              0);
    CHECK_INT(store_put(hand, SLICE("/state/assets/default/a"),
                        SLICE("{\"name\":\"a\",\"state\":\"Healthy\",\"reason\":\"settled\","
                              "\"owner_plane\":\"n2\",\"revision\":5000}"),
                        0, NULL, NULL, soon()),
              0);
    CHECK_INT(rt_sleep(rt_now() + RT_SEC), 0); /* it was heard of */
    take(SAMPLE_ASSET, "a");
    tell("a", 2);
    until_written();
    CHECK(has_kept("a", 1, 2));
}

/* As up does. */
static void hear(enum sample_type type, enum probe_reason reason)
{
    struct sample *s = sample_new(type);
    memcpy(s->asset, "a", 2);
    memcpy(s->check, "port", 5);
    s->kind = "tcp";
    s->fail = 3;
    s->reason = reason;
    CHECK_INT(reconciler_take(up.assets, s, (struct reconcile_time){rt_now(), rt_wall_now()}), 0);
    keep_sample(up.keep, s);
    sample_free(s);
}

static bool is_written_within(const char *words)
{
    CHECK_INT(rt_sleep(rt_now() + (KEEP_STATE_MS + 500) * RT_MS), 0);
    struct store_range_result got = below("/state/assets/default/a");
    return got.count == 1 && strstr(arena_strdup(&arena, got.kvs[0].value), words);
}

/* One miss of three tells no event. */
static void a_check_that_moves_without_its_asset_is_written_soon(void)
{
    hear(SAMPLE_FOUND, REASON_OK);
    hear(SAMPLE_RESULT, REASON_OK);
    CHECK(is_written_within("\"reason\":\"ok\""));
    int64_t revision = below("/").revision;
    for (int i = 0; i < 10; i++) {
        CHECK_INT(rt_sleep(rt_now() + RT_SEC), 0);
        hear(SAMPLE_RESULT, REASON_OK);
    }
    CHECK_INT(below("/").revision, revision); /* nothing moves: nothing is written */
    hear(SAMPLE_RESULT, REASON_REFUSED);
    CHECK(is_written_within("\"reason\":\"refused\""));
    hear(SAMPLE_RESULT, REASON_OK);
    CHECK(is_written_within("\"reason\":\"ok\""));
}

static void (*case_now)(void);

/* As one that was given up, and that the store did nevertheless. */
static void a_write_that_comes_late_does_not_stay(void)
{
    struct slice key = SLICE("/state/assets/default/a");
    int64_t revision;
    take(SAMPLE_ASSET, "a");
    until_written();
    struct slice before = below("/state/assets/default/a").kvs[0].value;
    tell("a", 1);
    until_written();
    struct slice after = below("/state/assets/default/a").kvs[0].value;
    CHECK(!slice_eq(before, after));
    CHECK_INT(store_put(hand, key, before, 0, &revision, NULL, soon()), 0);
    CHECK_INT(rt_sleep(rt_now() + 5 * RT_SEC), 0);
    struct store_range_result now = below("/state/assets/default/a");
    CHECK_STR(arena_strdup(&arena, now.kvs[0].value), arena_strdup(&arena, after));
    CHECK_INT(rt_sleep(rt_now() + 5 * RT_SEC), 0); /* and that was all */
    CHECK_INT(below("/state/assets/default/a").kvs[0].mod_revision, now.kvs[0].mod_revision);
}

static void run_case(void *arg)
{
    (void)arg;
    open_world();
    case_now();
    close_world();
}

static void run(void (*fn)(void), const char *name, uint64_t seeds)
{
    int r = 0;
    case_now = fn;
    tap_ok_ = true;
    for (uint64_t seed = 1; seed <= seeds && r == 0 && tap_ok_; seed++) {
        r = rt_sim_run(&(struct rt_sim_config){.seed = seed}, run_case, NULL, NULL);
        if (r < 0 || !tap_ok_)
            printf("# seed %llu: %d\n", (unsigned long long)seed, r);
    }
    CHECK_INT(r, 0);
    tap_report_(name);
}

#define RUN(fn, seeds) run(fn, #fn, seeds)

int main(void)
{
    RUN(a_start_of_many_assets_loses_no_event, 1);
    RUN(more_than_one_transaction_takes_stays_in_order, 5);
    RUN(an_event_that_is_being_written_is_dropped_by_nobody, 1);
    RUN(an_asset_may_go_while_its_record_is_written, 20);
    RUN(one_that_is_refused_holds_nobody_up, 20);
    RUN(the_next_life_goes_on_behind_the_last_event, 5);
    RUN(another_plane_goes_on_behind_the_last_event, 5);
    RUN(a_write_that_comes_late_does_not_stay, 20);
    RUN(a_check_that_moves_without_its_asset_is_written_soon, 5);
    CHECK_INT(mem_usage_of(MEM_APP).live, 0);
    CHECK_INT(mem_usage_of(MEM_STORE).live, 0);
    CHECK_INT(mem_usage_of(MEM_RECONCILE).live, 0);
    CHECK_INT(mem_usage_of(MEM_TEST).live, 0);
    tap_report_("nothing is left allocated");
    return tap_done();
}
