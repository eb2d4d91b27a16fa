#include "app/notified.h"

#include <stdio.h>
#include <string.h>

#include "rt/sim.h"
#include "store/memory.h"
#include "tests/tap.h"

/* A store that answers late, and its client for the test's own hands. */
static struct store_memory *memory;
static struct store *store;
static struct notified notified;
static struct arena arena;

#define DAY_MS (INT64_C(24) * 3600 * 1000)
static const int64_t now_ms = INT64_C(1800000000000);

static rt_time soon(void)
{
    return rt_now() + 60 * RT_SEC;
}

static void open_world(void)
{
    static const struct store_memory_faults late = {.latency_max = RT_MS};
    arena = ARENA(MEM_TEST, 0);
    memory = store_memory_new(&late);
    CHECK_INT(store_memory_open(memory, &store), 0);
    notified_init(&notified, store);
}

static void close_world(void)
{
    notified_done(&notified);
    store_close(store);
    store_memory_free(memory);
    arena_done(&arena);
}

static void say(const char *asset, enum told_outcome outcome, int64_t at_ms)
{
    struct told t = {.receiver = SLICE("on-call"),
                     .trace_id = SLICE("0af7651916cd43dd8448eb211c80319c"),
                     .outcome = outcome,
                     .at_ms = at_ms};
    notified_say(&notified, slice_from(asset), &t);
}

static void write_all(void)
{
    for (int i = 0; i < 1000 && notified.count; i++)
        CHECK_INT(notified_write(&notified, soon()), 0);
    CHECK_INT(notified.count, 0);
}

static int64_t records(void)
{
    struct store_range all = {.keys = store_prefix(SLICE("/notified/")), .count_only = true};
    struct store_range_result got = {.total = -1};
    CHECK_INT(store_range(store, &all, &arena, &got, NULL, soon()), 0);
    return got.total;
}

static const struct json_value *record(const char *asset)
{
    const struct json_value *items = NULL;
    CHECK_INT(notified_read(store, slice_from(asset), &arena, &items, NULL, soon()), 0);
    return items;
}

static bool is_web(void *ctx, const char *asset)
{
    (void)ctx;
    return strcmp(asset, "default/web") == 0 || strcmp(asset, "shop/a/b") == 0;
}

static void sweep(void)
{
    int r = 1;
    for (int i = 0; i < 100 && r == 1; i++)
        r = notified_sweep(&notified, is_web, NULL, now_ms, soon());
    CHECK_INT(r, 0);
}

static void what_is_said_again_stands_once(void)
{
    say("default/web", TOLD_WAITING, now_ms);
    write_all();
    say("default/web", TOLD_SENDING, now_ms + 1);
    say("default/web", TOLD_DELIVERED, now_ms + 2);
    write_all();
    const struct json_value *items = record("default/web");
    CHECK(items && items->count == 1);
    CHECK(items && slice_eq(json_get(items->first, "outcome")->text, SLICE("delivered")));
    CHECK(!record("default/other"));
}

static void while_the_store_is_away_the_newest_wait(void)
{
    for (int i = 0; i < NOTIFIED_WAITING_MAX + 7; i++)
        say("default/web", TOLD_WAITING, now_ms + i);
    CHECK_INT(notified.count, NOTIFIED_WAITING_MAX);
}

static void an_old_record_goes_with_its_asset(void)
{
    static const char *const assets[] = {"default/web", "shop/a/b", "default/theirs",
                                         "default/gone", "default/a/gone"};
    for (size_t i = 0; i < ARRAY_LEN(assets); i++)
        say(assets[i], TOLD_DELIVERED, now_ms - 8 * DAY_MS);
    say("default/lately", TOLD_DELIVERED, now_ms - 8 * DAY_MS);
    say("default/lately", TOLD_DELIVERED, now_ms - 6 * DAY_MS);
    write_all();
    CHECK_INT(store_put(store, SLICE("/state/assets/default/theirs"), SLICE("{}"), 0, NULL, NULL,
                        soon()),
              0);
    CHECK_INT(records(), 6);
    sweep();
    CHECK_INT(records(), 4);
    CHECK(record("default/web") && record("shop/a/b")); /* are known here */
    CHECK(record("default/theirs"));                     /* another plane has it */
    CHECK(record("default/lately"));                     /* somebody may still ask */
}

static void records_of_any_number_are_looked_through(void)
{
    enum { GONE = 3 * NOTIFIED_SWEPT_AT_ONCE + 1 };
    say("default/web", TOLD_DELIVERED, now_ms - 8 * DAY_MS);
    for (int i = 0; i < GONE; i++)
        say(arena_printf(&arena, "default/z%d", i), TOLD_DELIVERED, now_ms - 8 * DAY_MS);
    write_all();
    CHECK_INT(notified_sweep(&notified, is_web, NULL, now_ms, soon()), 1);
    CHECK_INT(records(), GONE + 1 - (NOTIFIED_SWEPT_AT_ONCE - 1));
    sweep();
    CHECK_INT(records(), 1);
    sweep(); /* from the beginning */
    CHECK(record("default/web"));
}

/* ---- */

static void (*case_now)(void);

static void run_case(void *arg)
{
    (void)arg;
    open_world();
    case_now();
    close_world();
}

static void run(void (*fn)(void), const char *name)
{
    case_now = fn;
    tap_ok_ = true;
    CHECK_INT(rt_sim_run(&(struct rt_sim_config){.seed = 1}, run_case, NULL, NULL), 0);
    tap_report_(name);
}

#define RUN(fn) run(fn, #fn)

int main(void)
{
    RUN(what_is_said_again_stands_once);
    RUN(while_the_store_is_away_the_newest_wait);
    RUN(an_old_record_goes_with_its_asset);
    RUN(records_of_any_number_are_looked_through);
    CHECK_INT(mem_usage_of(MEM_APP).live, 0);
    CHECK_INT(mem_usage_of(MEM_STORE).live, 0);
    CHECK_INT(mem_usage_of(MEM_TEST).live, 0);
    tap_report_("nothing is left allocated");
    return tap_done();
}
