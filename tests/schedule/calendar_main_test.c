#include <errno.h>

#include "base/fault.h"
#include "base/map.h"
#include "rt/sim.h"
#include "schedule/calendar.h"
#include "store/memory.h"
#include "tests/tap.h"

/* Two controllers on one store that fails, each of which dies and begins anew, again and again; and
 * whoever makes tasks writes a ledger: a key for each dedup key, created once. */

#define HOURS(n) ((n)*3600 * RT_SEC)
#define SOON     (rt_now() + 20 * RT_SEC)

enum { RUN_HOURS = 3 };

static struct store_memory *memory;
static bool stops;
static rt_wall offset_ns; /* of the clock that calendars go by */
static uint64_t lives, orders, refused, notes[CALENDAR_NOTE_LOST + 1];
static int early;

static const struct store_memory_faults faults = {
    .latency_max = 20 * RT_MS,
    .refuse_ppm = 30000,
    .lose_request_ppm = 30000,
    .lose_reply_ppm = 30000,
    .late_ppm = 10000,
    .late_max = 5 * RT_SEC,
    .watch_late_max = 200 * RT_MS,
    .compact_ppm = 10000,
};

static rt_wall wall(void *ctx)
{
    (void)ctx;
    return rt_wall_now() + offset_ns;
}

static void take_note(void *ctx, enum calendar_note note, struct slice what, const char *text)
{
    (void)ctx;
    (void)what;
    (void)text;
    notes[note]++;
}

/* ---- a controller's life ---- */

struct life {
    struct store *store;
    struct store_session session;
    struct election election;
    struct calendar *calendar;
    struct schedule_order_chan orders;
    struct calendar_options options;
    struct rt_group group;
};

static int write_ledger(struct life *l, const struct schedule_order *o)
{
    char text[300];
    struct store_compare compares[] = {election_guard(&l->election), {.number = 0}};
    int n = snprintf(text, sizeof(text), "/ledger/%.*s", SLICE_ARG(o->dedup_key));
    struct slice key = {text, (size_t)n};
    struct store_op put = {.type = STORE_PUT, .key = key, .value = SLICE("1")},
                    look = {.type = STORE_READ, .range = {.keys = store_key(key)}};
    compares[1].key = key;
    struct store_txn txn = {compares, 2, &put, &look, 1, 1};
    struct store_txn_result got;
    struct arena a = ARENA(MEM_TEST, 0);
    int r = store_txn(l->store, &txn, &a, &got, NULL, SOON);
    if (r == 0 && !got.succeeded && got.ops[0].range.count == 0)
        r = -EPERM; /* it does not lead any more */
    arena_done(&a);
    return r;
}

static void maker_main(void *arg)
{
    struct life *l = arg;
    struct schedule_order *o;
    while (rt_recv(&l->orders, &o, RT_NEVER) == 0) {
        early += wall(NULL) < o->at_ns;
        orders++;
        if (write_ledger(l, o) == 0) {
            calendar_started(l->calendar, o, o->dedup_key, wall(NULL));
            calendar_ended(l->calendar, o->namespace_, o->schedule, o->dedup_key,
                           SLICE("Succeeded"), wall(NULL));
        } else {
            refused++;
            calendar_failed(l->calendar, o, wall(NULL));
        }
        schedule_order_free(o);
    }
}

static void lead(struct life *l)
{
    struct schedule_order *o;
    l->calendar = calendar_new(NULL, NULL);
    rt_chan_init(&l->orders, 4, "orders");
    l->options = (struct calendar_options){.calendar = l->calendar,
                                           .store = l->store,
                                           .leads = &l->election,
                                           .orders = &l->orders,
                                           .wall = wall,
                                           .note = take_note};
    rt_group_init(&l->group, "life");
    CHECK_INT(rt_go(&l->group, calendar_main, &l->options), 0);
    CHECK_INT(rt_go(&l->group, maker_main, l), 0);
    rt_time end = rt_now() + (rt_time)(rt_random() % (20 * 60)) * RT_SEC;
    while (!stops && rt_now() < end && store_session_alive(&l->session))
        rt_sleep(rt_now() + RT_SEC);
    rt_group_done(&l->group);
    while (rt_recv(&l->orders, &o, rt_now()) == 0)
        schedule_order_free(o);
    rt_chan_done(&l->orders);
    calendar_free(l->calendar);
}

static void controller_main(void *arg)
{
    (void)arg;
    while (!stops) {
        struct life *l = mem_alloc(MEM_TEST, sizeof(*l));
        CHECK_INT(store_memory_open(memory, &l->store), 0);
        if (store_session_open(&l->session, l->store, 5000, NULL, SOON) == 0) {
            if (election_campaign(&l->election, &l->session, (struct slice){0}, SLICE("calendar"),
                                  SLICE("n"), NULL, rt_now() + 60 * RT_SEC) == 0) {
                lives++;
                lead(l);
            }
            store_session_close(&l->session, SOON);
        }
        store_close(l->store);
        mem_free(MEM_TEST, l);
    }
}

/* ---- what is declared, and what came of it ---- */

static struct store *store;

static void put(const char *key, const char *value)
{
    int r;
    do
        r = store_put(store, slice_from(key), slice_from(value), 0, NULL, NULL, SOON);
    while (r == -ECONNRESET || r == -ECONNREFUSED);
    CHECK_INT(r, 0);
}

/* The times of a schedule that stand in the ledger, ascending; each is one key. */
static uint32_t ledger(const char *name, struct arena *a, int64_t **ret)
{
    char prefix[100];
    struct store_range_result got = {0};
    int n = snprintf(prefix, sizeof(prefix), "/ledger/schedule/default/%s/", name);
    struct store_range range = {.keys = store_prefix((struct slice){prefix, (size_t)n}),
                                .keys_only = true};
    CHECK_INT(store_range(store, &range, a, &got, NULL, SOON), 0);
    *ret = arena_alloc_array(a, got.count, sizeof(**ret));
    for (uint32_t i = 0; i < got.count; i++) {
        uint64_t t = 0;
        struct slice rest = slice_sub(got.kvs[i].key, (size_t)n, got.kvs[i].key.size);
        CHECK_INT(slice_to_u64(rest, INT64_MAX, &t), 0);
        (*ret)[i] = (int64_t)t; /* equally long numbers sort as texts do */
    }
    return got.count;
}

/* From the first time on each, up to the end but for the last minutes. */
static void nothing_is_lost(const char *name, int64_t every_s, int64_t from_s, int64_t until_s)
{
    struct arena a = ARENA(MEM_TEST, 0);
    int64_t *times;
    uint32_t count = ledger(name, &a, &times), wrong = 0;
    CHECK(count > 0 && times[0] <= from_s + 2 * every_s + 120);
    for (uint32_t i = 0; i < count; i++)
        wrong += times[i] % every_s != 0 || (i && times[i] != times[i - 1] + every_s);
    CHECK_INT(wrong, 0);
    CHECK(count && times[count - 1] >= until_s - every_s - 300);
    arena_done(&a);
}

static void nothing_is_invented(const char *name, int64_t every_s)
{
    struct arena a = ARENA(MEM_TEST, 0);
    int64_t *times;
    uint32_t count = ledger(name, &a, &times), wrong = 0;
    for (uint32_t i = 0; i < count; i++)
        wrong += times[i] % every_s != 0;
    CHECK_INT(wrong, 0);
    CHECK(count > 10);
    arena_done(&a);
}

static void world(void *arg)
{
    bool jumps = arg != NULL;
    struct rt_group controllers;
    memory = store_memory_new(&faults);
    store_memory_open(memory, &store);
    stops = false;
    offset_ns = 0;
    put("/registry/schedules/default/all",
        "{\"cron\":\"*/2 * * * "
        "*\",\"misfire\":\"catch_up\",\"catch_up\":1000,\"overlap\":\"allow\","
        "\"jitter\":\"20s\"}");
    put("/registry/schedules/default/seconds",
        "{\"cron\":\"@every "
        "30s\",\"misfire\":\"catch_up\",\"catch_up\":1000,\"overlap\":\"allow\"}");
    put("/registry/schedules/default/once", "{\"cron\":\"*/5 * * * *\"}");
    put("/registry/schedules/default/skipped", "{\"cron\":\"*/5 * * * *\",\"misfire\":\"skip\"}");
    put("/registry/schedules/default/bad", "{\"cron\":\"61 * * * *\"}");
    int64_t from_s = wall(NULL) / RT_SEC;
    rt_group_init(&controllers, "controllers");
    CHECK_INT(rt_go(&controllers, controller_main, NULL), 0);
    CHECK_INT(rt_go(&controllers, controller_main, NULL), 0);
    rt_sleep(rt_now() + HOURS(RUN_HOURS) / 3);
    offset_ns += jumps ? HOURS(1) : 0;
    rt_sleep(rt_now() + HOURS(RUN_HOURS) / 3);
    offset_ns -= jumps ? HOURS(1) : 0; /* set back: an hour's times come once more */
    rt_sleep(rt_now() + HOURS(RUN_HOURS) / 3);
    store_memory_calm(memory);
    rt_sleep(rt_now() + 30 * 60 * RT_SEC);
    int64_t until_s = wall(NULL) / RT_SEC;
    stops = true;
    CHECK_INT(rt_group_wait(&controllers, rt_now() + HOURS(1)), 0);
    rt_group_done(&controllers);
    nothing_is_lost("all", 120, from_s, until_s);
    nothing_is_lost("seconds", 30, from_s, until_s);
    nothing_is_invented("once", 300);
    nothing_is_invented("skipped", 300);
    struct store_memory_counts counts = store_memory_counts(memory);
    CHECK(counts.refused && counts.replies_lost && counts.late && counts.compactions);
    store_close(store);
    store_memory_free(memory);
}

static void run(uint64_t seed, bool jumps)
{
    struct rt_sim_config config = {
        .seed = seed, .time_max = HOURS(12), .steps_max = 200 * 1000 * 1000};
    lives = orders = refused = 0;
    early = 0;
    memset(notes, 0, sizeof(notes));
    CHECK_INT(rt_sim_run(&config, world, jumps ? &config : NULL, NULL), 0);
    CHECK(lives > 6);
    CHECK(refused > 0);
    CHECK_INT(early, 0);
    CHECK(notes[CALENDAR_NOTE_BAD_VALUE] > 0);
    CHECK(!jumps || notes[CALENDAR_NOTE_MISSED] > 0);
    printf("# seed %llu: %llu lives, %llu orders, %llu refused\n", (unsigned long long)seed,
           (unsigned long long)lives, (unsigned long long)orders, (unsigned long long)refused);
}

static void controllers_die_and_nothing_is_lost_or_doubled(void)
{
    run(1, false);
}

static void the_clock_jumps_forward_and_back(void)
{
    run(2, true);
}

int main(void)
{
    TAP_RUN(controllers_die_and_nothing_is_lost_or_doubled);
    TAP_RUN(the_clock_jumps_forward_and_back);
    return tap_done();
}
