#include <errno.h>
#include <string.h>

#include "rt/sim.h"
#include "schedule/schedule.h"
#include "store/memory.h"
#include "store/tasks.h"
#include "tests/sim_worlds.h"
#include "wire/schedule_json.h"
#include "wire/task_json.h"

/* A controller that keeps the calendar, on a store; nobody runs tasks, the test ends them. */

static struct store_memory *memory;
static struct store *store;
static struct schedule_stats stats;
static struct schedule_options options;
static struct rt_group group;
static struct arena arena;
static uint64_t undoable;

#define SOON (rt_now() + 60 * RT_SEC)

static int no_zone(void *ctx, struct slice name, const struct zone **ret, struct err *err)
{
    (void)ctx;
    (void)ret;
    return err_set(err, -ENOENT, "there is no zone %.*s", SLICE_ARG(name));
}

static void take_note(void *ctx, enum schedule_note note, struct slice what, const char *text)
{
    (void)ctx;
    (void)what;
    (void)text;
    undoable += note == SCHEDULE_NOTE_UNDOABLE;
}

static void lead(void)
{
    rt_group_init(&group, "test");
    CHECK_INT(rt_go(&group, schedule_controller, &options), 0);
}

static void begin(void)
{
    struct store *own;
    memory = store_memory_new(NULL);
    store_memory_open(memory, &own);
    store_memory_open(memory, &store);
    stats = (struct schedule_stats){.leads = false};
    options = (struct schedule_options){
        .store = own, .node = SLICE("c1"), .zone = no_zone, .note = take_note, .stats = &stats};
    arena = ARENA(MEM_TEST, 0);
    undoable = 0;
    lead();
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

static void pass(int seconds)
{
    rt_sleep(rt_now() + seconds * RT_SEC);
}

static uint32_t task_count(void)
{
    struct store_range q = {.keys = store_prefix(SLICE("/tasks/"))};
    struct store_range_result got = {0};
    CHECK_INT(store_range(store, &q, &arena, &got, NULL, SOON), 0);
    return got.count;
}

static struct schedule_state state_of_job(void)
{
    struct schedule_state s = {0};
    struct store_kv kv;
    struct err err;
    CHECK_INT(store_get(store, SLICE("/state/schedules/default/job"), &arena, &kv, NULL, SOON), 0);
    CHECK_INT(schedule_state_parse(kv.value, &arena, &s, &err), 0);
    return s;
}

static const char *run_state(uint32_t i)
{
    struct schedule_state s = state_of_job();
    return i < s.run_count ? arena_strdup(&arena, s.runs[i].state) : "none";
}

static struct slice run_task(uint32_t i)
{
    struct schedule_state s = state_of_job();
    CHECK(i < s.run_count);
    return i < s.run_count ? s.runs[i].task : (struct slice){0};
}

static const char job[] = "{\"cron\":\"@every 10s\",\"do\":{\"run\":{\"argv\":[\"true\"]}}}";

static void cancel(struct slice task)
{
    struct tasks_at at = {.store = store};
    CHECK_INT(tasks_do(&at, TASKS_CANCEL, task, SLICE("test"), NULL, SOON), 0);
}

static void it_runs_until_its_task_has_ended(void)
{
    put("/registry/schedules/default/job", job);
    pass(35);
    CHECK_INT(task_count(), 1);
    CHECK_STR(run_state(0), "Pending");
    CHECK(state_of_job().overlap_total >= 2);
    cancel(run_task(0));
    pass(12);
    CHECK_INT(task_count(), 2);
    CHECK_STR(run_state(0), "Canceled");
    CHECK_INT(stats.calendar.made_total, 2);
}

static void what_ended_while_nobody_led_is_known(void)
{
    put("/registry/schedules/default/job", job);
    pass(12);
    struct slice task = run_task(0);
    rt_group_done(&group);
    cancel(task); /* the next controller ends it, before or after it reads what is remembered */
    lead();
    pass(30);
    CHECK_STR(run_state(0), "Canceled");
    CHECK_INT(task_count(), 2);
}

static void what_went_while_nobody_led_does_not_run(void)
{
    put("/registry/schedules/default/job", job);
    pass(12);
    rt_group_done(&group);
    CHECK_INT(store_delete(store, store_prefix(SLICE("/tasks/")), NULL, NULL, SOON), 1);
    lead();
    pass(30);
    CHECK_STR(run_state(0), "Lost");
    CHECK_INT(task_count(), 1);
}

static void a_time_that_has_a_task_gets_no_second_one(void)
{
    put("/registry/schedules/default/job", job);
    pass(12);
    rt_group_done(&group);
    /* The mark was not written: the same time is ordered again. */
    struct schedule_state s = state_of_job();
    struct buf before = BUF(MEM_TEST, 0);
    s.settled_s -= 10;
    s.run_count = 0;
    schedule_state_write(&s, -1, &before);
    put("/state/schedules/default/job", before.data);
    buf_done(&before);
    lead();
    pass(5);
    CHECK_INT(task_count(), 1);
    CHECK_INT(state_of_job().run_count, 1);
    CHECK_STR(run_state(0), "Pending");
}

static void what_cannot_be_done_is_told_once(void)
{
    put("/registry/schedules/default/job",
        "{\"cron\":\"@every 1s\",\"do\":{\"dance\":{}}}");
    pass(60);
    CHECK_INT(undoable, 1);
    CHECK_INT(task_count(), 0);
    CHECK(state_of_job().refused.size > 0);
}

enum { WORLD_SEEDS = 3 };

static void run_case(void *arg)
{
    (void)arg;
    begin();
    world_case();
    end();
}

WORLDS(it_runs_until_its_task_has_ended)
WORLDS(what_ended_while_nobody_led_is_known)
WORLDS(what_went_while_nobody_led_does_not_run)
WORLDS(a_time_that_has_a_task_gets_no_second_one)
WORLDS(what_cannot_be_done_is_told_once)

int main(void)
{
    TAP_RUN(it_runs_until_its_task_has_ended_);
    TAP_RUN(what_ended_while_nobody_led_is_known_);
    TAP_RUN(what_went_while_nobody_led_does_not_run_);
    TAP_RUN(a_time_that_has_a_task_gets_no_second_one_);
    TAP_RUN(what_cannot_be_done_is_told_once_);
    return tap_done();
}
