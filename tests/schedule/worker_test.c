#include <errno.h>

#include "base/fault.h"
#include "rt/sim.h"
#include "schedule/schedule.h"
#include "store/memory.h"
#include "tests/sim_worlds.h"
#include "wire/task_json.h"

/* A worker beside a controller that is this test: what stands in the store is put there by hand. */

static struct store_memory *memory;
static struct store *store;
static struct schedule_stats stats;
static struct rt_group group;
static struct schedule_options options;
static struct arena arena;
static uint32_t runs;
static int64_t run_ms;
static rt_time latency; /* of the store */

#define SOON (rt_now() + 20 * RT_SEC)

static int run(void *ctx, const struct exec_spec *spec, const struct exec_sink *sink,
               struct exec_result *ret, struct err *err, int64_t deadline)
{
    (void)ctx;
    (void)spec;
    (void)sink;
    (void)err;
    (void)deadline;
    runs++;
    int r = rt_sleep(rt_now() + run_ms * RT_MS);
    *ret = (struct exec_result){.started = true, .reason = r < 0 ? REASON_CANCELED : REASON_OK};
    return 0;
}

static const struct executor executor = {run, NULL};

static void begin(void)
{
    struct store *own;
    memory = store_memory_new(&(struct store_memory_faults){.latency_max = latency});
    store_memory_open(memory, &own);
    store_memory_open(memory, &store);
    stats = (struct schedule_stats){.leads = false};
    options = (struct schedule_options){.store = own,
                                        .node = SLICE("w1"),
                                        .executor = &executor,
                                        .relist = 5 * RT_SEC,
                                        .stats = &stats};
    arena = ARENA(MEM_TEST, 0);
    runs = 0;
    run_ms = 10;
    rt_group_init(&group, "test");
    rt_go(&group, schedule_worker, &options);
    rt_sleep(rt_now() + RT_SEC);
}

static void end(void)
{
    rt_group_done(&group);
    store_close(options.store);
    store_close(store);
    store_memory_free(memory);
    arena_done(&arena);
}

static void put(const char *key, const char *value)
{
    CHECK_INT(store_put(store, slice_from(key), slice_from(value), 0, NULL, NULL, SOON), 0);
}

static struct store_kv look(const char *key)
{
    struct store_kv kv = {0};
    CHECK_INT(store_get(store, slice_from(key), &arena, &kv, NULL, SOON), 0);
    return kv;
}

static bool is_there(const char *key)
{
    return look(key).version > 0;
}

static void what_is_given_is_run_and_completed(void)
{
    put("/tasks/t", "{\"name\":\"t\",\"argv\":[\"true\"],\"state\":\"Assigned\"}");
    put("/assign/w1/t", "{\"token\":7}");
    rt_sleep(rt_now() + RT_SEC);
    CHECK(is_there("/status/t/w1") && !is_there("/assign/w1/t"));
    CHECK_INT(runs, 1);
    rt_sleep(rt_now() + 20 * RT_SEC);
    CHECK_INT(stats.mended_total, 0);
}

static void what_cannot_be_run_is_nobodys(void)
{
    put("/assign/w1/gone", "{\"token\":7}");
    put("/tasks/bad", "nonsense");
    put("/assign/w1/bad", "{\"token\":7}");
    rt_sleep(rt_now() + RT_SEC);
    CHECK(!is_there("/assign/w1/gone") && !is_there("/assign/w1/bad"));
    CHECK(!is_there("/status/gone/w1") && !is_there("/status/bad/w1"));
    CHECK_INT(runs, 0);
    CHECK_INT(stats.bad_values_total, 0);
    CHECK_INT(stats.mended_total, 0);
}

/* More is given than the queue takes: what it had no room for is taken once there is some. */
static void what_did_not_fit_is_taken_later(void)
{
    enum { MORE = 100, ALL = SCHEDULE_QUEUE_TASKS_MAX + MORE };
    for (int i = 0; i < ALL; i++) {
        char *name = arena_printf(&arena, "t%d", i);
        put(arena_printf(&arena, "/tasks/%s", name),
            arena_printf(&arena, "{\"name\":\"%s\",\"argv\":[\"true\"],\"state\":\"Assigned\"}",
                         name));
    }
    put("/config/worker_max", "0");
    rt_sleep(rt_now() + RT_SEC);
    for (int i = 0; i < ALL; i++)
        put(arena_printf(&arena, "/assign/w1/t%d", i), "{\"token\":7}");
    rt_sleep(rt_now() + RT_SEC);
    CHECK_INT(stats.queued, SCHEDULE_QUEUE_TASKS_MAX);
    put("/config/worker_max", "32");
    rt_sleep(rt_now() + 3 * RT_SEC);
    CHECK_INT(runs, ALL);
    CHECK_INT(stats.mended_total, 0);
}

/* With a bug that nobody knows of: that something is given is not heard. */
static void what_was_overlooked_is_found_and_told(void)
{
    put("/tasks/t", "{\"name\":\"t\",\"argv\":[\"true\"],\"state\":\"Assigned\"}");
    fault_mutant_set("schedule_given_overlooked");
    put("/assign/w1/t", "{\"token\":7}");
    rt_sleep(rt_now() + 2 * RT_SEC);
    CHECK_INT(runs, 0);
    rt_sleep(rt_now() + 8 * RT_SEC);
    CHECK_INT(runs, 1);
    CHECK(is_there("/status/t/w1") && !is_there("/assign/w1/t"));
    CHECK_INT(stats.mended_total, 1);
    fault_mutant_set(NULL);
}

/* It stands there as claimed by this very life, and nobody here runs it. */
static void what_is_claimed_and_not_run_is_disowned(void)
{
    int64_t life = look("/nodes/w1").create_revision;
    CHECK(life > 0);
    put("/assign/w1/t", arena_printf(&arena, "{\"token\":7,\"claimed\":%lld}", (long long)life));
    put("/assign/w1/u", "{\"token\":7,\"claimed\":1}"); /* of another life: the controller's */
    rt_sleep(rt_now() + RT_SEC);
    CHECK(is_there("/assign/w1/t"));
    rt_sleep(rt_now() + 6 * RT_SEC);
    CHECK(!is_there("/assign/w1/t") && is_there("/assign/w1/u"));
    CHECK_INT(stats.mended_total, 1);
}

/* Longer than a comparison takes to come round: it is at work on it all the time. */
static void what_runs_long_is_left_alone(void)
{
    run_ms = 60 * 1000;
    put("/tasks/t", "{\"name\":\"t\",\"argv\":[\"true\"],\"state\":\"Assigned\"}");
    put("/assign/w1/t", "{\"token\":7}");
    rt_sleep(rt_now() + 50 * RT_SEC);
    CHECK(is_there("/assign/w1/t"));
    rt_sleep(rt_now() + 15 * RT_SEC);
    CHECK(is_there("/status/t/w1"));
    CHECK_INT(runs, 1);
    CHECK_INT(stats.mended_total, 0);
}

/* It waits in the queue, and an attempt of it that was in doubt turns out to have happened. */
static void what_was_claimed_is_not_claimed_again(void)
{
    const char *life = arena_printf(&arena, "%lld", (long long)look("/nodes/w1").create_revision);
    put("/config/worker_max", "1");
    run_ms = 3 * 1000;
    put("/tasks/long", "{\"name\":\"long\",\"argv\":[\"true\"],\"state\":\"Assigned\"}");
    put("/tasks/t", "{\"name\":\"t\",\"argv\":[\"true\"],\"state\":\"Assigned\"}");
    put("/assign/w1/long", "{\"token\":7}");
    rt_sleep(rt_now() + 500 * RT_MS);
    put("/assign/w1/t", "{\"token\":8}");
    rt_sleep(rt_now() + 500 * RT_MS);
    CHECK(stats.running == 1 && stats.queued == 1);
    put("/assign/w1/t", arena_printf(&arena,
                                     "{\"token\":8,\"claimed\":%s,\"ended\":true,"
                                     "\"result\":{\"state\":\"Failed\",\"token\":8}}",
                                     life));
    rt_sleep(rt_now() + 20 * RT_SEC);
    CHECK_INT(runs, 1);
    CHECK_INT(look("/assign/w1/t").version, 2);
}

/* Something is told, and while it is written the node is to be drained, and a moment later not. */
static void what_the_node_says_of_itself_is_so(void)
{
    for (int i = 0; i < 40; i++) {
        put("/config/worker_max", i % 2 ? "3" : "4");
        put("/config/nodes/w1", "{\"state\":\"Draining\"}");
        rt_sleep(rt_now() + 100 * RT_MS);
        put("/config/nodes/w1", "{\"state\":\"Ready\"}");
        rt_sleep(rt_now() + 3 * RT_SEC);
        struct node n;
        CHECK_INT(node_read(look("/nodes/w1").value, &arena, &n, NULL), 0);
        CHECK_INT(n.state, NODE_READY);
        CHECK_INT(n.capacity, i % 2 ? 3 : 4);
    }
}

static void a_key_of_the_node_that_others_wrote_is_mended(void)
{
    struct store_kv ours = look("/nodes/w1");
    put("/nodes/w1", "{bad");
    CHECK_INT(look("/nodes/w1").lease, 0);
    rt_sleep(rt_now() + 6 * RT_SEC);
    struct store_kv kv = look("/nodes/w1");
    CHECK(slice_eq(kv.value, ours.value));
    CHECK_INT(kv.lease, ours.lease);
    CHECK_INT(kv.create_revision, ours.create_revision);
    CHECK_INT(stats.mended_total, 1);
    rt_sleep(rt_now() + 20 * RT_SEC);
    CHECK_INT(look("/nodes/w1").mod_revision, kv.mod_revision);
    CHECK_INT(stats.mended_total, 1);
}

static void a_node_that_others_deleted_joins_anew(void)
{
    int64_t before = look("/nodes/w1").create_revision;
    run_ms = 8000;
    put("/tasks/t", "{\"name\":\"t\",\"argv\":[\"true\"],\"state\":\"Assigned\"}");
    put("/assign/w1/t", "{\"token\":7}");
    rt_sleep(rt_now() + RT_SEC);
    CHECK_INT(store_delete(store, store_key(SLICE("/nodes/w1")), NULL, NULL, SOON), 1);
    rt_sleep(rt_now() + 6 * RT_SEC);
    CHECK(look("/nodes/w1").create_revision > before);
    CHECK(look("/nodes/w1").lease > 0);
    CHECK_INT(stats.running, 1); /* what runs goes on */
}

/* What outlives its lease: there as long as it lives, and after it where it did not say goodbye. */
static void what_it_leaves_behind_tells_how_it_went(void)
{
    struct store_kv node = look("/nodes/w1"), known = look("/nodes_known/w1");
    CHECK(node.lease > 0 && known.lease == 0);
    CHECK_INT(known.create_revision, node.create_revision); /* one transaction */
    struct node n;
    CHECK_INT(node_read(known.value, &arena, &n, NULL), 0);
    CHECK(n.state == NODE_READY && n.since_ms > 0 && slice_eq_cstr(n.name, "w1"));
    store_memory_kill(options.store, 0);
    rt_group_done(&group);
    rt_sleep(rt_now() + 6 * RT_SEC);
    CHECK(!is_there("/nodes/w1") && is_there("/nodes_known/w1"));
    store_close(options.store);
    store_memory_open(memory, &options.store);
    rt_group_init(&group, "test");
    rt_go(&group, schedule_worker, &options);
    rt_sleep(rt_now() + RT_SEC);
    CHECK(look("/nodes_known/w1").mod_revision > known.mod_revision);
    rt_group_done(&group);
    CHECK(!is_there("/nodes/w1") && !is_there("/nodes_known/w1"));
}

/* Since when it is what it says: told again where that changes. */
static void it_says_since_when(void)
{
    struct node joined, cordoned, ready;
    rt_sleep(rt_now() + 5 * RT_SEC);
    CHECK_INT(node_read(look("/nodes/w1").value, &arena, &joined, NULL), 0);
    put("/config/nodes/w1", "{\"state\":\"Cordoned\"}");
    rt_sleep(rt_now() + 2 * RT_SEC);
    CHECK_INT(node_read(look("/nodes/w1").value, &arena, &cordoned, NULL), 0);
    CHECK(cordoned.since_ms >= joined.since_ms + 5000);
    put("/config/nodes/w1", "{\"state\":\"Cordoned\",\"name\":\"w1\"}");
    rt_sleep(rt_now() + 2 * RT_SEC);
    CHECK_INT(node_read(look("/nodes/w1").value, &arena, &ready, NULL), 0);
    CHECK_INT(ready.since_ms, cordoned.since_ms);
    CHECK_INT(stats.mended_total, 0);
}

/* A worker that is not there yet, and a key that no lease will ever end. */
static void a_name_that_others_took_without_a_lease_is_taken_back(void)
{
    rt_group_done(&group);
    put("/nodes/w1", "{bad");
    rt_group_init(&group, "test");
    rt_go(&group, schedule_worker, &options);
    rt_sleep(rt_now() + 2 * RT_SEC);
    struct store_kv kv = look("/nodes/w1");
    CHECK(kv.lease > 0 && slice_starts_with(kv.value, SLICE("{\"name\":\"w1\"")));
}

enum { WORLD_SEEDS = 3 };

static void run_case(void *arg)
{
    (void)arg;
    begin();
    world_case();
    end();
}

WORLDS(what_is_given_is_run_and_completed)
WORLDS(what_cannot_be_run_is_nobodys)
WORLDS(what_did_not_fit_is_taken_later)
WORLDS(what_was_overlooked_is_found_and_told)
WORLDS(what_is_claimed_and_not_run_is_disowned)
WORLDS(what_runs_long_is_left_alone)
WORLDS(what_was_claimed_is_not_claimed_again)
WORLDS(what_the_node_says_of_itself_is_so)
WORLDS(a_key_of_the_node_that_others_wrote_is_mended)
WORLDS(a_node_that_others_deleted_joins_anew)
WORLDS(what_it_leaves_behind_tells_how_it_went)
WORLDS(it_says_since_when)
WORLDS(a_name_that_others_took_without_a_lease_is_taken_back)

int main(void)
{
    TAP_RUN(what_is_given_is_run_and_completed_);
    TAP_RUN(what_cannot_be_run_is_nobodys_);
    TAP_RUN(what_is_claimed_and_not_run_is_disowned_);
    TAP_RUN(what_runs_long_is_left_alone_);
    TAP_RUN(what_was_claimed_is_not_claimed_again_);
    TAP_RUN(a_key_of_the_node_that_others_wrote_is_mended_);
    TAP_RUN(a_node_that_others_deleted_joins_anew_);
    TAP_RUN(what_it_leaves_behind_tells_how_it_went_);
    TAP_RUN(it_says_since_when_);
    TAP_RUN(a_name_that_others_took_without_a_lease_is_taken_back_);
    latency = 60 * RT_MS;
    TAP_RUN(what_the_node_says_of_itself_is_so_);
    latency = 0;
    TAP_RUN(what_did_not_fit_is_taken_later_);
    TAP_RUN(what_was_overlooked_is_found_and_told_); /* last: it plants another bug */
    return tap_done();
}
