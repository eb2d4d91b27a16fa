#include "base/fault.h"
#include "rt/sim.h"
#include "schedule/schedule.h"
#include "store/memory.h"
#include "store/tasks.h"
#include "tests/tap.h"
#include "wire/task_json.h"

static struct store_memory *memory;
static struct store *store;
static struct schedule_stats stats;
static struct rt_group group;
static struct schedule_options options;
static struct arena arena;
static struct store_memory_faults faults;

#define SOON (rt_now() + 20 * RT_SEC)

static void begin(void)
{
    struct store *own;
    memory = store_memory_new(&faults);
    store_memory_open(memory, &own);
    store_memory_open(memory, &store);
    stats = (struct schedule_stats){.leads = false};
    options = (struct schedule_options){
        .store = own, .node = SLICE("c1"), .relist = 10 * RT_SEC, .stats = &stats};
    arena = ARENA(MEM_TEST, 0);
    rt_group_init(&group, "test");
    rt_go(&group, schedule_controller, &options);
    while (!stats.leads && rt_sleep(rt_now() + 10 * RT_MS) == 0)
        ;
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

static void delete_key(const char *key)
{
    CHECK_INT(store_delete(store, store_key(slice_from(key)), NULL, NULL, SOON), 1);
}

static void want(const char *name, struct task more)
{
    static struct slice argv[] = {{"true", 4}};
    struct tasks_at at = {.store = store};
    struct slice ret;
    more.name = slice_from(name);
    more.argv = argv;
    more.argc = 1;
    more.state = TASK_PENDING;
    CHECK_INT(tasks_submit(&at, &more, &arena, &ret, NULL, NULL, SOON), 0);
}

static uint32_t given(const char *prefix)
{
    struct store_range q = {.keys = store_prefix(slice_from(prefix))};
    struct store_range_result got = {0};
    rt_sleep(rt_now() + 2 * RT_SEC);
    CHECK_INT(store_range(store, &q, &arena, &got, NULL, SOON), 0);
    return got.count;
}

static void who_was_replaced_gives_nothing(void)
{
    put("/nodes/w1", "{\"name\":\"w1\",\"capacity\":4}");
    struct store_lease lease;
    CHECK_INT(store_lease_grant(store, 0, 60 * 1000, &lease, NULL, SOON), 0);
    delete_key("/leader/controller");
    CHECK_INT(
        store_put(store, SLICE("/leader/controller"), SLICE("another"), lease.id, NULL, NULL, SOON),
        0);
    want("t", (struct task){.exit = -1});
    CHECK_INT(given("/assign/"), 0);
    CHECK(!stats.leads && stats.conflicts_total > 0);
    delete_key("/leader/controller");
    CHECK_INT(given("/assign/"), 1);
    CHECK(stats.leads && stats.terms_total == 2);
}

static void nothing_more_than_there_is_room_for(void)
{
    put("/nodes/w1", "{\"name\":\"w1\",\"capacity\":2}");
    for (int i = 0; i < 10; i++)
        want(arena_printf(&arena, "t%d", i), (struct task){.exit = -1});
    CHECK_INT(given("/assign/"), 4); /* twice what it runs at once */
    put("/nodes/w2", "{\"name\":\"w2\",\"capacity\":1}");
    CHECK_INT(given("/assign/w2/"), 2);
    put("/config/nodes/w1", "{\"state\":\"Draining\"}");
    CHECK_INT(given("/assign/w1/"), 0);
    put("/nodes/w3", "{\"name\":\"w3\",\"capacity\":100}");
    CHECK_INT(given("/assign/"), 10);
}

static struct assignment assigned(const char *key)
{
    struct store_kv kv;
    struct assignment x = {.token = 0};
    rt_sleep(rt_now() + 2 * RT_SEC);
    CHECK_INT(store_get(store, slice_from(key), &arena, &kv, NULL, SOON), 0);
    if (kv.version)
        CHECK_INT(assignment_read(kv.value, &arena, &x, NULL), 0);
    return x;
}

static bool is_given(const char *name)
{
    for (int node = 1; node <= 4; node++) {
        struct store_kv kv = {0};
        struct slice key = slice_from(arena_printf(&arena, "/assign/w%d/%s", node, name));
        CHECK_INT(store_get(store, key, &arena, &kv, NULL, SOON), 0);
        if (kv.version)
            return true;
    }
    return false;
}

/* Of what waits: whoever came first, and whatever namespace was served last. */
static void a_higher_priority_is_given_first(void)
{
    struct task plain = {.exit = -1}, low = plain, high = plain;
    low.priority = -5;
    low.namespace_ = SLICE("quiet");
    high.priority = 5;
    put("/nodes/w1", "{\"name\":\"w1\",\"capacity\":1}");
    want("t0", plain);
    want("t1", plain);
    CHECK_INT(given("/assign/"), 2);
    for (int i = 2; i < 5; i++)
        want(arena_printf(&arena, "t%d", i), plain);
    want("low", low);
    want("high", high);
    CHECK_INT(given("/assign/"), 2);
    CHECK(!is_given("high") && !is_given("low"));
    put("/nodes/w2", "{\"name\":\"w2\",\"capacity\":1}");
    CHECK_INT(given("/assign/"), 4);
    CHECK(is_given("high"));
    put("/nodes/w3", "{\"name\":\"w3\",\"capacity\":1}");
    CHECK_INT(given("/assign/"), 6);
    CHECK(!is_given("low"));
    put("/nodes/w4", "{\"name\":\"w4\",\"capacity\":1}");
    CHECK_INT(given("/assign/"), 7);
    CHECK(is_given("low"));
}

static void and_first_gets_the_concurrency_key(void)
{
    struct task plain = {.exit = -1, .concurrency = SLICE("k")}, high = plain;
    high.priority = 5;
    put("/nodes/w1", "{\"name\":\"w1\",\"capacity\":4}");
    want("holder", plain);
    CHECK_INT(given("/assign/"), 1);
    for (int i = 0; i < 5; i++)
        want(arena_printf(&arena, "t%d", i), plain);
    rt_sleep(rt_now() + RT_SEC);
    want("high", high);
    rt_sleep(rt_now() + RT_SEC);
    struct assignment a = assigned("/assign/w1/holder");
    put("/status/holder/w1",
        arena_printf(&arena, "{\"state\":\"Succeeded\",\"node\":\"w1\",\"token\":%lld}",
                     (long long)a.token));
    delete_key("/assign/w1/holder");
    CHECK_INT(given("/assign/"), 1);
    CHECK(is_given("high"));
}

static struct node known(const char *key)
{
    struct store_kv kv = {0};
    struct node n = {.state = NODE_STATE_COUNT};
    CHECK_INT(store_get(store, slice_from(key), &arena, &kv, NULL, SOON), 0);
    if (kv.version)
        CHECK_INT(node_read(kv.value, &arena, &n, NULL), 0);
    return n;
}

/* It is lost since its lease ended, and given nothing. */
static void since_when_a_node_is_lost_is_written_down(void)
{
    put("/nodes_known/w1", "{\"name\":\"w1\",\"version\":\"v\",\"capacity\":4}");
    put("/nodes/w1", "{\"name\":\"w1\",\"capacity\":4}");
    rt_sleep(rt_now() + 70 * RT_SEC);
    CHECK_INT(known("/nodes_known/w1").state, NODE_READY);
    int64_t before = rt_wall_now() / RT_MS;
    delete_key("/nodes/w1");
    rt_sleep(rt_now() + RT_SEC);
    struct node n = known("/nodes_known/w1");
    CHECK(n.state == NODE_LOST && n.since_ms >= before && n.since_ms <= before + 1000);
    CHECK(n.capacity == 4 && slice_eq_cstr(n.version, "v")); /* as it was */
    want("t", (struct task){.exit = -1});
    CHECK_INT(given("/assign/"), 0);
    put("/nodes_known/w1", "{\"name\":\"w1\",\"capacity\":4}");
    put("/nodes/w1", "{\"name\":\"w1\",\"capacity\":4}");
    CHECK_INT(given("/assign/"), 1);
    rt_sleep(rt_now() + 70 * RT_SEC);
    /* Between the two it was no lie: it was told once more. */
    put("/nodes_known/w1", "{\"name\":\"w1\",\"capacity\":4}");
    rt_sleep(rt_now() + 70 * RT_SEC);
    CHECK_INT(known("/nodes_known/w1").state, NODE_READY);
    CHECK_INT(stats.mended_total, 0);
}

/* Nobody is there to see it go; and whoever leads later cannot know when that was. */
static void a_node_that_went_while_nobody_led_is_lost_too(void)
{
    put("/nodes/w2", "{\"name\":\"w2\",\"capacity\":4}");
    rt_group_done(&group);
    put("/nodes_known/w1", "{\"name\":\"w1\"}");
    put("/nodes_known/bad", "{");
    put("/nodes_known/w2", "{\"name\":\"w2\"}");
    rt_group_init(&group, "test");
    rt_go(&group, schedule_controller, &options);
    rt_sleep(rt_now() + 10 * RT_SEC);
    CHECK_INT(known("/nodes_known/w1").state, NODE_LOST);
    CHECK_INT(known("/nodes_known/w2").state, NODE_READY);
    CHECK_INT(stats.bad_values_total, 1);
}

static void lost_ones_are_remembered_for_a_time_and_up_to_a_number(void)
{
    enum { MORE = 3, ALL = SCHEDULE_LOST_NODES_MAX + MORE };
    put("/nodes_known/old", "{\"name\":\"old\"}");
    rt_sleep(rt_now() + RT_SEC);
    CHECK_INT(known("/nodes_known/old").state, NODE_LOST);
    rt_sim_shift_wall((int64_t)(SCHEDULE_LOST_HOURS_MAX - 1) * 3600 * RT_SEC);
    rt_sleep(rt_now() + 70 * RT_SEC);
    CHECK_INT(given("/nodes_known/"), 1);
    rt_sim_shift_wall((int64_t)3600 * RT_SEC);
    rt_sleep(rt_now() + 70 * RT_SEC);
    CHECK_INT(given("/nodes_known/"), 0);
    for (int i = 0; i < ALL; i++) {
        put(arena_printf(&arena, "/nodes_known/w%d", i),
            arena_printf(&arena, "{\"name\":\"w%d\"}", i));
        if (i < MORE)
            rt_sleep(rt_now() + RT_SEC);
    }
    CHECK_INT(given("/nodes_known/"), SCHEDULE_LOST_NODES_MAX);
    for (int i = 0; i < MORE + 1; i++)
        CHECK_INT(known(arena_printf(&arena, "/nodes_known/w%d", i)).state,
                  i < MORE ? NODE_STATE_COUNT : NODE_LOST); /* the oldest went */
}

static void actions_with_a_rate_begin_one_after_the_other(void)
{
    put("/nodes/w1", "{\"name\":\"w1\",\"capacity\":100}");
    for (int i = 0; i < 5; i++)
        want(arena_printf(&arena, "t%d", i),
             (struct task){.exit = -1, .action = SLICE("restart"), .rate_per_hour = 360});
    CHECK_INT(given("/assign/"), 1); /* one each ten seconds */
    rt_sleep(rt_now() + 10 * RT_SEC);
    CHECK_INT(given("/assign/"), 2);
    rt_sleep(rt_now() + 30 * RT_SEC);
    CHECK_INT(given("/assign/"), 5);
}

static void what_is_no_task_is_passed_over_and_told(void)
{
    put("/nodes/w1", "{\"name\":\"w1\",\"capacity\":4}");
    put("/tasks/bad", "{\"state\":\"Gone\"}");
    put("/tasks/worse", "[");
    put("/tasks/other", "{\"name\":\"another\",\"argv\":[\"true\"]}");
    want("t", (struct task){.exit = -1});
    CHECK_INT(given("/assign/"), 1);
    CHECK_INT(stats.bad_values_total, 3);
}

static void old_ones_go_with_all_that_is_theirs(void)
{
    options.tasks_kept = 2;
    put("/nodes/w1", "{\"name\":\"w1\",\"capacity\":4}");
    for (int i = 0; i < 5; i++) {
        const char *name = arena_printf(&arena, "t%d", i);
        want(name, (struct task){.exit = -1, .node = SLICE("w1"), .dedup_key = slice_from(name)});
        rt_sleep(rt_now() + RT_SEC);
        put(arena_printf(&arena, "/output/%s/w1/1/0", name), "[]");
        put(arena_printf(&arena, "/status/%s/w1", name), "{\"state\":\"Succeeded\",\"token\":1}");
        delete_key(arena_printf(&arena, "/assign/w1/%s", name));
        rt_sleep(rt_now() + RT_SEC);
    }
    CHECK_INT(given("/tasks/"), 2);
    CHECK_INT(given("/status/"), 2);
    CHECK_INT(given("/output/"), 2);
    CHECK_INT(given("/dedup/"), 2);
    CHECK_INT(stats.ended_total[TASK_SUCCEEDED], 5);
}

static bool is_now(const char *name, enum task_state state, uint32_t attempts)
{
    struct store_kv kv;
    struct task t;
    struct slice key = slice_from(arena_printf(&arena, "/tasks/%s", name));
    CHECK_INT(store_get(store, key, &arena, &kv, NULL, SOON), 0);
    CHECK_INT(task_read(kv.value, &arena, &t, NULL), 0);
    return t.state == state && t.attempt_count == attempts;
}

/* As a worker does it, as soon as it is given. */
static void want_claimed(const char *name, uint32_t retries, int64_t deadline_ms, const char *more)
{
    struct task t = {.exit = -1, .retries = retries, .backoff_ms = 2, .deadline_ms = deadline_ms};
    struct store_kv kv = {0}, node;
    struct assignment x;
    const char *key = arena_printf(&arena, "/assign/w1/%s", name);
    want(name, t);
    while (kv.version == 0 && rt_sleep(rt_now() + RT_MS) == 0)
        CHECK_INT(store_get(store, slice_from(key), &arena, &kv, NULL, SOON), 0);
    CHECK_INT(store_get(store, SLICE("/nodes/w1"), &arena, &node, NULL, SOON), 0);
    CHECK_INT(assignment_read(kv.value, &arena, &x, NULL), 0);
    put(key, arena_printf(&arena, "{\"token\":%lld,\"claimed\":%lld%s}", (long long)x.token,
                          (long long)node.create_revision, more));
}

static void claim_some(void)
{
    static const char failed[] = ",\"ended\":true,\"result\":{\"state\":\"Failed\"}";
    want_claimed("fails", 1, 0, failed);
    want_claimed("expires", 0, 10, "");
    want_claimed("lost", 0, 0, "");
}

/* News of a claim need no plan at once; but whatever else becomes of it is not put off. */
static void what_was_claimed_is_soon_told_to_run_or_given_anew(void)
{
    put("/nodes/w1", "{\"name\":\"w1\",\"capacity\":4}");
    want_claimed("runs", 0, 0, "");
    rt_sleep(rt_now() + 200 * RT_MS);
    CHECK(is_now("runs", TASK_RUNNING, 1));
    want_claimed("ends", 0, 0, "");
    put("/status/ends/w1", "{\"state\":\"Succeeded\",\"token\":1}");
    rt_sleep(rt_now() + 20 * RT_MS);
    CHECK(is_now("ends", TASK_SUCCEEDED, 2)); /* under a token that was never given */
    claim_some();
    rt_sleep(rt_now() + 200 * RT_MS);
    CHECK(is_now("fails", TASK_ASSIGNED, 3)); /* one of them under no token, too */
    CHECK_INT(assigned("/assign/w1/expires").stop, TASK_EXPIRED);
    delete_key("/nodes/w1");
    put("/nodes/w2", "{\"name\":\"w2\",\"capacity\":4}");
    CHECK_INT(given("/assign/w2/"), 3);
    CHECK_INT(stats.mended_total, 0);
}

static bool is_ended(const char *name)
{
    struct store_kv kv;
    struct task t;
    struct slice key = slice_from(arena_printf(&arena, "/tasks/%s", name));
    CHECK_INT(store_get(store, key, &arena, &kv, NULL, SOON), 0);
    CHECK_INT(task_read(kv.value, &arena, &t, NULL), 0);
    return task_state_final(t.state);
}

/* Whatever is known first: that it was given, or that it has ended. */
static void what_ended_as_soon_as_it_was_given_is_not_put_off(void)
{
    enum { TASKS = 8, OWN_MS = 4 };
    put("/nodes/w1", "{\"name\":\"w1\",\"capacity\":64}");
    for (int i = 0; i < TASKS; i++) {
        const char *name = arena_printf(&arena, "t%d", i);
        want_claimed(name, 0, 0, "");
        rt_time from = rt_now();
        put(arena_printf(&arena, "/status/%s/w1", name), "{\"state\":\"Succeeded\",\"token\":1}");
        while (!is_ended(name) && rt_sleep(rt_now() + RT_MS) == 0)
            ;
        CHECK(rt_now() - from <= 2 * faults.watch_late_max + OWN_MS * RT_MS);
    }
}

/* The only timer there is moves from the deadline to the retry: whoever waits for it is told. */
static void a_retry_does_not_wait_for_the_deadline(void)
{
    put("/nodes/w1", "{\"name\":\"w1\",\"capacity\":4}");
    want("t", (struct task){
                  .exit = -1, .retries = 1, .backoff_ms = 1000, .deadline_ms = 2 * 3600 * 1000});
    struct assignment first = assigned("/assign/w1/t");
    CHECK(first.token > 0);
    put("/assign/w1/t", arena_printf(&arena,
                                     "{\"token\":%lld,\"claimed\":1,\"ended\":true,"
                                     "\"result\":{\"state\":\"Failed\",\"token\":%lld}}",
                                     (long long)first.token, (long long)first.token));
    struct assignment second = assigned("/assign/w1/t");
    CHECK(second.token > first.token && !second.ended);
}

/* w1 and w3 went when they had it; w1 comes back, w3 never does. */
static void a_task_waits_for_each_of_its_nodes(void)
{
    for (int i = 1; i <= 3; i++)
        put(arena_printf(&arena, "/nodes/w%d", i),
            arena_printf(&arena, "{\"name\":\"w%d\",\"capacity\":4,\"labels\":{\"a\":\"b\"}}", i));
    want("t", (struct task){.exit = -1, .selector = SLICE("a=b")});
    CHECK_INT(given("/assign/"), 3);
    delete_key("/nodes/w1");
    delete_key("/nodes/w3");
    CHECK_INT(given("/assign/"), 1);
    put("/nodes/w1", "{\"name\":\"w1\",\"capacity\":4,\"labels\":{\"a\":\"b\"}}");
    CHECK_INT(given("/assign/w1/"), 1);
    CHECK_INT(given("/assign/w3/"), 0);
    CHECK_INT(stats.mended_total, 0);
}

/* Room for one comes free. Who waited longest cannot use it any more: who came next gets it. */
static void room_that_one_leaves_is_the_next_ones(void)
{
    put("/nodes/w1", "{\"name\":\"w1\",\"capacity\":4}");
    put("/nodes/w2", "{\"name\":\"w2\",\"capacity\":4}");
    for (int i = 0; i < SCHEDULE_QUEUE_TASKS_MAX; i++)
        want(arena_printf(&arena, "t%d", i), (struct task){.exit = -1, .node = SLICE("w1")});
    CHECK_INT(given("/assign/w1/"), SCHEDULE_QUEUE_TASKS_MAX);
    want("first", (struct task){.exit = -1, .node = SLICE("w1"), .concurrency = SLICE("k")});
    rt_sleep(rt_now() + RT_SEC);
    want("second", (struct task){.exit = -1, .node = SLICE("w1")});
    want("other", (struct task){.exit = -1, .node = SLICE("w2"), .concurrency = SLICE("k")});
    CHECK_INT(given("/assign/w2/"), 1);
    CHECK_INT(given("/assign/w1/"), SCHEDULE_QUEUE_TASKS_MAX);
    put("/status/t7/w1", "{\"state\":\"Succeeded\",\"token\":1}");
    delete_key("/assign/w1/t7");
    CHECK_INT(given("/assign/w1/second"), 1);
    CHECK_INT(given("/assign/w1/first"), 0);
    CHECK_INT(stats.mended_total, 0);
}

/* With a bug that nobody knows of: node w1 comes, and who waits for it is not told. */
static void what_was_forgotten_is_found_and_told(void)
{
    fault_mutant_set("schedule_node_wakes_nobody");
    want("t", (struct task){.exit = -1, .node = SLICE("w1")});
    CHECK_INT(given("/assign/"), 0);
    put("/nodes/w1", "{\"name\":\"w1\",\"capacity\":4}");
    CHECK_INT(given("/assign/"), 0);
    CHECK_INT(stats.mended_total, 0);
    rt_sleep(rt_now() + 10 * RT_SEC);
    CHECK_INT(given("/assign/"), 1);
    CHECK_INT(stats.mended_total, 1);
    fault_mutant_set(NULL);
}

static void what_belongs_to_no_task_goes(void)
{
    put("/nodes/w1", "{\"name\":\"w1\",\"capacity\":4}");
    want("t", (struct task){.exit = -1, .node = SLICE("w1"), .concurrency = SLICE("k")});
    put("/assign/w1/gone", "{\"token\":1,\"claimed\":1}");
    put("/concurrency/gone", "gone");
    want("u", (struct task){.exit = -1, .concurrency = SLICE("gone")});
    CHECK_INT(given("/assign/w1/"), 2);
    rt_sleep(rt_now() + 30 * RT_SEC);
    CHECK_INT(given("/assign/w1/gone"), 0);
    CHECK_INT(given("/assign/w1/t"), 1);
    CHECK_INT(given("/assign/w1/u"), 1);
    CHECK_INT(given("/concurrency/k"), 1);
    CHECK_INT(stats.mended_total, 2);
}

static void an_assignment_that_is_none_is_given_anew(void)
{
    put("/nodes/w1", "{\"name\":\"w1\",\"capacity\":4}");
    want("t", (struct task){.exit = -1});
    struct assignment first = assigned("/assign/w1/t");
    put("/assign/w1/t", "nonsense");
    struct assignment second = assigned("/assign/w1/t");
    CHECK(second.token > first.token);
}

static void (*case_now)(void);

static void run_case(void *arg)
{
    (void)arg;
    begin();
    case_now();
    end();
}

static void in_worlds(void (*fn)(void), uint64_t count)
{
    case_now = fn;
    for (uint64_t seed = 1; seed <= count; seed++) {
        struct rt_sim_config config = {.seed = seed};
        CHECK_INT(rt_sim_run(&config, run_case, NULL, NULL), 0);
    }
}

#define WORLDS(name, count)     \
    static void name##_(void)   \
    {                           \
        in_worlds(name, count); \
    }
WORLDS(who_was_replaced_gives_nothing, 3)
WORLDS(nothing_more_than_there_is_room_for, 3)
WORLDS(a_higher_priority_is_given_first, 3)
WORLDS(and_first_gets_the_concurrency_key, 5)
WORLDS(since_when_a_node_is_lost_is_written_down, 3)
WORLDS(a_node_that_went_while_nobody_led_is_lost_too, 3)
WORLDS(lost_ones_are_remembered_for_a_time_and_up_to_a_number, 1)
WORLDS(actions_with_a_rate_begin_one_after_the_other, 3)
WORLDS(what_is_no_task_is_passed_over_and_told, 3)
WORLDS(old_ones_go_with_all_that_is_theirs, 3)
WORLDS(a_retry_does_not_wait_for_the_deadline, 3)
WORLDS(what_was_claimed_is_soon_told_to_run_or_given_anew, 3)

static void what_ended_as_soon_as_it_was_given_is_not_put_off_(void)
{
    faults.watch_late_max = 20 * RT_MS;
    in_worlds(what_ended_as_soon_as_it_was_given_is_not_put_off, 3);
    faults.watch_late_max = 0;
}

WORLDS(a_task_waits_for_each_of_its_nodes, 3)
WORLDS(what_was_forgotten_is_found_and_told, 3)
WORLDS(what_belongs_to_no_task_goes, 3)
WORLDS(an_assignment_that_is_none_is_given_anew, 3)
WORLDS(room_that_one_leaves_is_the_next_ones, 1) /* a thousand tasks */

int main(void)
{
    TAP_RUN(who_was_replaced_gives_nothing_);
    TAP_RUN(nothing_more_than_there_is_room_for_);
    TAP_RUN(a_higher_priority_is_given_first_);
    TAP_RUN(and_first_gets_the_concurrency_key_);
    TAP_RUN(since_when_a_node_is_lost_is_written_down_);
    TAP_RUN(a_node_that_went_while_nobody_led_is_lost_too_);
    TAP_RUN(lost_ones_are_remembered_for_a_time_and_up_to_a_number_);
    TAP_RUN(actions_with_a_rate_begin_one_after_the_other_);
    TAP_RUN(what_is_no_task_is_passed_over_and_told_);
    TAP_RUN(old_ones_go_with_all_that_is_theirs_);
    TAP_RUN(a_retry_does_not_wait_for_the_deadline_);
    TAP_RUN(what_was_claimed_is_soon_told_to_run_or_given_anew_);
    TAP_RUN(what_ended_as_soon_as_it_was_given_is_not_put_off_);
    TAP_RUN(a_task_waits_for_each_of_its_nodes_);
    TAP_RUN(what_belongs_to_no_task_goes_);
    TAP_RUN(an_assignment_that_is_none_is_given_anew_);
    TAP_RUN(room_that_one_leaves_is_the_next_ones_);
    TAP_RUN(what_was_forgotten_is_found_and_told_); /* last: it plants another bug */
    return tap_done();
}
