#include "reconcile/orders.h"

#include <errno.h>
#include <stdio.h>

#include "reconcile/record.h"
#include "rt/sim.h"
#include "store/memory.h"
#include "store/tasks.h"
#include "tests/tap.h"
#include "wire/task_json.h"

/* Orders on a store that fails nowhere; nobody runs tasks, the test ends them. */

enum { SIDES = 2 };

struct side {
    struct store *store;
    struct repair_orders *orders;
    char told[16][64]; /* "restart Pending" */
    int count;
};

static struct store_memory *memory;
static struct store *people;
static struct side sides[SIDES];
static struct rt_group group;
static struct arena arena;

static int make(void *ctx, const struct repair_order *o, struct arena *a, struct task *ret,
                struct err *err)
{
    (void)ctx;
    if (o->action[0] == 0)
        return err_set(err, -EINVAL, "there is no action");
    ret->argv = arena_alloc_array(a, 1, sizeof(*ret->argv));
    ret->argv[0] = SLICE("true");
    ret->argc = 1;
    return 0;
}

static void on_task(void *ctx, const struct repair_order *o, const char *task,
                    enum task_state state, bool unbegun, const char *error)
{
    struct side *s = ctx;
    if (s->count < 16)
        snprintf(s->told[s->count++], sizeof(s->told[0]), "%s %s%s%s%s", o->remedy,
                 task ? task_state_name(state) : error, task && error ? ": " : "",
                 task && error ? error : "", task && unbegun ? " (unbegun)" : "");
}

static void begin(void)
{
    static const struct store_memory_faults slow = {.latency_max = 20 * RT_MS};
    memory = store_memory_new(&slow);
    store_memory_open(memory, &people);
    arena = ARENA(MEM_TEST, 0);
    rt_group_init(&group, "test");
    for (int i = 0; i < SIDES; i++) {
        struct side *s = &sides[i];
        *s = (struct side){0};
        store_memory_open(memory, &s->store);
        struct repair_orders_options options = {
            .store = s->store, .make = make, .on_task = on_task, .ctx = s};
        s->orders = repair_orders_new(&options);
        CHECK_INT(rt_go(&group, repair_orders_main, s->orders), 0);
    }
}

static void end(void)
{
    rt_group_done(&group);
    for (int i = 0; i < SIDES; i++) {
        repair_orders_free(sides[i].orders);
        store_close(sides[i].store);
    }
    store_close(people);
    store_memory_free(memory);
    arena_done(&arena);
}

static void pass(int ms)
{
    rt_sleep(rt_now() + ms * RT_MS);
}

static void put(struct side *s, enum repair_order_type type, const char *asset, const char *dedup,
                uint32_t open_max)
{
    char key[64];
    snprintf(key, sizeof(key), "default/%s", asset);
    struct repair_order o = {.type = type, .key = key, .asset = asset, .namespace_ = "default",
                             .group = "default/group/g", .standby = "", .remedy = dedup,
                             .action = "{}", .dedup_key = dedup, .trace_id = "",
                             .rollback = slice_ends_with(slice_from(dedup), SLICE("/rollback")),
                             .open_max = open_max};
    CHECK_INT(repair_orders_put(s->orders, &o), 0);
}

static struct store_range_result range(const char *prefix)
{
    struct store_range q = {.keys = store_prefix(slice_from(prefix))};
    struct store_range_result got = {0};
    CHECK_INT(store_range(people, &q, &arena, &got, NULL, rt_now() + 60 * RT_SEC), 0);
    return got;
}

/* The tasks of these repairs end. */
static void end_tasks(enum task_state state)
{
    struct store_range_result got = range("/tasks/");
    for (uint32_t i = 0; i < got.count; i++) {
        struct buf json = BUF(MEM_TEST, 0);
        struct task t;
        CHECK_INT(task_read(got.kvs[i].value, &arena, &t, NULL), 0);
        t.state = state;
        t.attempts = &(struct task_attempt){
            .accepted = true, .state = state, .detail = SLICE("exit status 4")};
        t.attempt_count = 1;
        task_write(&t, &json);
        store_put(people, got.kvs[i].key, buf_slice(&json), 0, NULL, NULL, rt_now() + RT_SEC);
        buf_done(&json);
    }
}

static uint32_t lines(void)
{
    struct store_range_result got = range("/repairs/");
    struct repair_record *r = arena_new(&arena, struct repair_record);
    if (got.count)
        CHECK_INT(repair_record_read(got.kvs[0].value, &arena, r, NULL), 0);
    return r->count;
}

static void an_order_is_a_task_that_is_followed_to_its_end(void)
{
    begin();
    put(&sides[0], REPAIR_ORDER_START, "a", "r1", 0);
    put(&sides[0], REPAIR_ORDER_START, "a", "r1", 0);
    pass(2000);
    CHECK_INT(range("/tasks/").count, 1);
    CHECK_INT(lines(), 1);
    end_tasks(TASK_SUCCEEDED);
    pass(2000);
    CHECK_INT(sides[0].count, 2);
    CHECK_STR(sides[0].told[0], "r1 Pending");
    CHECK_STR(sides[0].told[1], "r1 Succeeded");
    put(&sides[0], REPAIR_ORDER_OVER, "a", "r1", 0);
    pass(2000);
    CHECK_INT(lines(), 0);
    CHECK_INT(range("/repairs/").count, 0);
    CHECK_INT(repair_orders_waiting(sides[0].orders), 0);
    end();
}

static void why_a_task_failed_is_told(void)
{
    begin();
    put(&sides[0], REPAIR_ORDER_START, "a", "r1", 0);
    pass(2000);
    end_tasks(TASK_FAILED);
    pass(2000);
    CHECK_INT(sides[0].count, 2);
    CHECK_STR(sides[0].told[1], "r1 Failed: exit status 4");
    end();
}

/* Ends them all as a person or a deadline does; `begun_ms`: since when they ran, 0: never. */
static void stop_tasks(enum task_state state, int64_t begun_ms)
{
    struct store_range_result got = range("/tasks/");
    for (uint32_t i = 0; i < got.count; i++) {
        struct task t;
        struct buf json = BUF(MEM_TEST, 0);
        CHECK_INT(task_read(got.kvs[i].value, &arena, &t, NULL), 0);
        t.state = state;
        if (state == TASK_CANCELED)
            t.decided_by = SLICE("uid 7");
        struct task_attempt *x = task_attempt_add(&t, &arena);
        *x = (struct task_attempt){.state = begun_ms ? state : TASK_CANCELED,
                                   .accepted = begun_ms > 0,
                                   .started_ms = begun_ms};
        task_write(&t, &json);
        store_put(people, got.kvs[i].key, buf_slice(&json), 0, NULL, NULL, rt_now() + RT_SEC);
        buf_done(&json);
    }
}

static void whether_it_ever_began_is_told(void)
{
    static const struct {
        enum task_state state;
        int64_t begun_ms;
        const char *told;
    } cases[] = {{TASK_CANCELED, 0, "r1 Canceled: rejected by uid 7 (unbegun)"},
                 {TASK_CANCELED, 5000, "r1 Canceled: rejected by uid 7"},
                 {TASK_EXPIRED, 0, "r1 Expired: its deadline came before it began (unbegun)"},
                 {TASK_EXPIRED, 5000, "r1 Expired"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        begin();
        put(&sides[0], REPAIR_ORDER_START, "a", "r1", 0);
        pass(2000);
        stop_tasks(cases[i].state, cases[i].begun_ms);
        pass(2000);
        CHECK_INT(sides[0].count, 2);
        CHECK_STR(sides[0].told[1], cases[i].told);
        end();
    }
}

static void two_that_order_the_same_asset_make_one_task(void)
{
    begin();
    put(&sides[0], REPAIR_ORDER_START, "a", "r1", 0);
    put(&sides[1], REPAIR_ORDER_START, "a", "r2", 0);
    pass(5000);
    CHECK_INT(range("/tasks/").count, 1);
    CHECK_INT(lines(), 1);
    CHECK_INT(sides[0].count, 1);
    CHECK_INT(sides[1].count, 1); /* the other is told of that one's task as of its own */
    end();
}

static void a_blast_radius_holds_over_all(void)
{
    begin();
    put(&sides[0], REPAIR_ORDER_START, "a", "r1", 2);
    put(&sides[1], REPAIR_ORDER_START, "b", "r2", 2);
    put(&sides[1], REPAIR_ORDER_START, "c", "r3", 2);
    pass(5000);
    CHECK_INT(range("/tasks/").count, 2);
    CHECK_INT(lines(), 2);
    end_tasks(TASK_SUCCEEDED);
    struct store_range_result got = range("/repairs/");
    struct repair_record *r = arena_new(&arena, struct repair_record);
    CHECK_INT(repair_record_read(got.kvs[0].value, &arena, r, NULL), 0);
    for (uint32_t i = 0; i < r->count; i++) /* whichever they are */
        put(&sides[r->lines[i].asset[8] != 'a'], REPAIR_ORDER_OVER, r->lines[i].asset + 8,
            r->lines[i].dedup_key, 0);
    pass(5000);
    CHECK_INT(range("/tasks/").count, 3); /* its turn */
    end();
}

static void a_place_is_free_only_once_the_task_has_ended(void)
{
    begin();
    put(&sides[0], REPAIR_ORDER_START, "a", "r1", 1);
    pass(2000);
    put(&sides[0], REPAIR_ORDER_OVER, "a", "r1", 0);
    put(&sides[0], REPAIR_ORDER_START, "b", "r2", 1);
    pass(5000);
    CHECK_INT(range("/tasks/").count, 1);
    end_tasks(TASK_CANCELED);
    pass(5000);
    CHECK_INT(range("/tasks/").count, 2);
    end();
}

static void what_cannot_be_a_task_is_refused_with_words(void)
{
    begin();
    struct repair_order o = {.key = "default/a", .asset = "a", .namespace_ = "default",
                             .group = "default/asset/a", .remedy = "r", .action = "",
                             .dedup_key = "r1"};
    CHECK_INT(repair_orders_put(sides[0].orders, &o), 0);
    pass(2000);
    CHECK_STR(sides[0].told[0], "r there is no action");
    CHECK_INT(range("/tasks/").count, 0);
    CHECK_INT(repair_orders_waiting(sides[0].orders), 0);
    end();
}

static void what_was_left_behind_goes(void)
{
    begin();
    put(&sides[0], REPAIR_ORDER_START, "a", "r1", 1);
    pass(2000);
    put(&sides[0], REPAIR_ORDER_LEAVE, "a", "r1", 0); /* and nobody goes on with it */
    pass(3 * REPAIR_ORDERS_SWEEP_S * 1000);
    CHECK_INT(lines(), 1); /* its task may run */
    end_tasks(TASK_SUCCEEDED);
    pass(3 * REPAIR_ORDERS_SWEEP_S * 1000);
    CHECK_INT(lines(), 0);
    end();
}

static void a_rollback_is_told_of_its_own_task(void)
{
    struct side *taker = &sides[1];
    begin();
    put(&sides[0], REPAIR_ORDER_START, "a", "r1", 1);
    pass(2000);
    end_tasks(TASK_SUCCEEDED);
    put(&sides[0], REPAIR_ORDER_LEAVE, "a", "r1", 0);
    /* Who takes over orders it again, in vain at first, and meanwhile it did not help. */
    store_memory_cut(taker->store, true);
    put(taker, REPAIR_ORDER_START, "a", "r1", 1);
    pass(REPAIR_ORDERS_CALL_MS + REPAIR_ORDERS_AGAIN_MS / 5);
    store_memory_cut(taker->store, false);
    put(taker, REPAIR_ORDER_START, "a", "r1/rollback", 1);
    pass(5000);
    CHECK_INT(range("/tasks/").count, 2);
    end_tasks(TASK_SUCCEEDED);
    pass(2000);
    CHECK_INT(taker->count, 2);
    CHECK_STR(taker->told[0], "r1/rollback Pending");
    CHECK_STR(taker->told[1], "r1/rollback Succeeded");
    put(taker, REPAIR_ORDER_OVER, "a", "r1/rollback", 0);
    pass(2000);
    CHECK_INT(lines(), 0);
    end();
}

static void nothing_is_undone_under_a_repair_that_another_began(void)
{
    begin();
    put(&sides[0], REPAIR_ORDER_START, "a", "r1", 1);
    pass(2000);
    end_tasks(TASK_SUCCEEDED);
    put(&sides[0], REPAIR_ORDER_OVER, "a", "r1", 0);
    pass(2000);
    put(&sides[0], REPAIR_ORDER_START, "a", "r2", 1);
    pass(2000);
    /* Who took r1 over has not heard of that. */
    put(&sides[1], REPAIR_ORDER_START, "a", "r1/rollback", 1);
    pass(5000);
    CHECK_INT(range("/tasks/").count, 2);
    CHECK_INT(sides[1].count, 0);
    end_tasks(TASK_SUCCEEDED);
    pass(2000);
    CHECK_INT(range("/tasks/").count, 3);
    CHECK_STR(sides[1].told[0], "r1/rollback Pending");
    end();
}

#define IN_SIM(test)                                                                               \
    static void in_sim_##test(void *arg)                                                           \
    {                                                                                              \
        (void)arg;                                                                                 \
        test();                                                                                    \
    }                                                                                              \
    static void test##_(void)                                                                      \
    {                                                                                              \
        for (uint64_t seed = 1; seed <= 5; seed++) {                                               \
            struct rt_sim_config config = {.seed = seed};                                          \
            CHECK_INT(rt_sim_run(&config, in_sim_##test, NULL, NULL), 0);                          \
        }                                                                                          \
    }

IN_SIM(an_order_is_a_task_that_is_followed_to_its_end)
IN_SIM(why_a_task_failed_is_told)
IN_SIM(whether_it_ever_began_is_told)
IN_SIM(two_that_order_the_same_asset_make_one_task)
IN_SIM(a_blast_radius_holds_over_all)
IN_SIM(a_place_is_free_only_once_the_task_has_ended)
IN_SIM(what_cannot_be_a_task_is_refused_with_words)
IN_SIM(what_was_left_behind_goes)
IN_SIM(a_rollback_is_told_of_its_own_task)
IN_SIM(nothing_is_undone_under_a_repair_that_another_began)

int main(void)
{
    TAP_RUN(an_order_is_a_task_that_is_followed_to_its_end_);
    TAP_RUN(why_a_task_failed_is_told_);
    TAP_RUN(whether_it_ever_began_is_told_);
    TAP_RUN(two_that_order_the_same_asset_make_one_task_);
    TAP_RUN(a_blast_radius_holds_over_all_);
    TAP_RUN(a_place_is_free_only_once_the_task_has_ended_);
    TAP_RUN(what_cannot_be_a_task_is_refused_with_words_);
    TAP_RUN(what_was_left_behind_goes_);
    TAP_RUN(a_rollback_is_told_of_its_own_task_);
    TAP_RUN(nothing_is_undone_under_a_repair_that_another_began_);
    return tap_done();
}
