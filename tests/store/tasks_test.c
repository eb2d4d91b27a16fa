#include "store/tasks.h"

#include <errno.h>

#include "rt/sim.h"
#include "store/memory.h"
#include "tests/sim_worlds.h"
#include "wire/task_json.h"
#include "wire/task_key.h"

static struct store_memory *memory;
static struct store *store;
static struct tasks_at at;
static struct arena arena;
static struct err why;

#define SOON (rt_now() + 20 * RT_SEC)

static struct slice argv[] = {{"true", 4}};

static struct task a_task(const char *name)
{
    return (struct task){.name = slice_from(name), .argv = argv, .argc = 1, .state = TASK_PENDING};
}

static struct task stored(struct slice name)
{
    struct store_kv kv;
    struct task t = {.state = TASK_STATE_COUNT};
    struct slice none = {NULL, 0};
    store_get(store, task_key(&arena, none, TASK_KEY_TASK, name, none), &arena, &kv, NULL, SOON);
    if (kv.version)
        CHECK_INT(task_read(kv.value, &arena, &t, NULL), 0);
    return t;
}

static void put(struct task *t)
{
    struct buf json = BUF(MEM_TEST, 0);
    struct slice none = {NULL, 0};
    task_write(t, &json);
    store_put(store, task_key(&arena, none, TASK_KEY_TASK, t->name, none), buf_slice(&json), 0,
              NULL, NULL, SOON);
    buf_done(&json);
}

static void one_key_is_one_task(void)
{
    struct task one = a_task(""), two = a_task("");
    struct slice a, b;
    bool new;
    one.dedup_key = two.dedup_key = SLICE("k/1");
    CHECK_INT(tasks_submit(&at, &one, &arena, &a, &new, &why, SOON), 0);
    CHECK(new &&slice_starts_with(a, SLICE("task-")));
    CHECK_INT(tasks_submit(&at, &two, &arena, &b, &new, &why, SOON), 0);
    CHECK(!new &&slice_eq(a, b));
    CHECK_INT(stored(two.name).state, TASK_STATE_COUNT);
}

static void a_name_is_taken_once(void)
{
    struct task one = a_task("n"), two = a_task("n");
    struct slice name;
    two.priority = 1;
    CHECK_INT(tasks_submit(&at, &one, &arena, &name, NULL, &why, SOON), 0);
    CHECK_INT(tasks_submit(&at, &two, &arena, &name, NULL, &why, SOON), -EEXIST);
}

static void what_is_asked_again_after_a_doubt_happens_once(void)
{
    static const struct store_memory_faults half = {.lose_reply_ppm = 500000};
    struct store_memory *lossy = store_memory_new(&half);
    struct store *s;
    struct slice name;
    bool new = false;
    store_memory_open(lossy, &s);
    struct tasks_at there = {.store = s};
    for (int i = 0; i < 20; i++) {
        struct task t = a_task("");
        t.dedup_key = slice_from(arena_printf(&arena, "d%d", i));
        CHECK_INT(tasks_submit(&there, &t, &arena, &name, &new, &why, SOON), 0);
        CHECK(new &&slice_eq(name, t.name));
        CHECK_INT(tasks_do(&there, TASKS_CANCEL, name, SLICE("me"), &why, SOON), 0);
    }
    store_close(s);
    store_memory_free(lossy);
}

static void what_cannot_be_is_told(void)
{
    struct slice name;
    struct task t = a_task("");
    t.argc = 0;
    CHECK_INT(tasks_submit(&at, &t, &arena, &name, NULL, &why, SOON), -EINVAL);
    t = a_task("");
    t.node = SLICE("a");
    t.selector = SLICE("b");
    CHECK_INT(tasks_submit(&at, &t, &arena, &name, NULL, &why, SOON), -EINVAL);
    t = a_task("");
    t.selector = SLICE("(");
    CHECK_INT(tasks_submit(&at, &t, &arena, &name, NULL, &why, SOON), -EINVAL);
    t = a_task("");
    t.node = SLICE("a b");
    CHECK_INT(tasks_submit(&at, &t, &arena, &name, NULL, &why, SOON), -EINVAL);
    CHECK_STR(why.text, "node: 'a b' is no name");
    t = a_task("");
    t.namespace_ = SLICE("a/b");
    CHECK_INT(tasks_submit(&at, &t, &arena, &name, NULL, &why, SOON), -EINVAL);
    t = a_task("");
    t.timeout_ms = -1;
    CHECK_INT(tasks_submit(&at, &t, &arena, &name, NULL, &why, SOON), -EINVAL);
}

static int act(enum tasks_verb verb, const char *name)
{
    return tasks_do(&at, verb, slice_from(name), SLICE("me"), &why, SOON);
}

static void a_state_allows_some_and_not_others(void)
{
    struct task t = a_task("v");
    t.state = TASK_AWAITING_APPROVAL;
    put(&t);
    CHECK_INT(act(TASKS_RETRY, "v"), -EALREADY);
    CHECK_INT(act(TASKS_APPROVE, "v"), 0);
    CHECK_INT(stored(SLICE("v")).state, TASK_PENDING);
    CHECK_INT(act(TASKS_APPROVE, "v"), -EALREADY);
    CHECK_INT(act(TASKS_REJECT, "v"), -EALREADY);
    CHECK_INT(act(TASKS_CANCEL, "v"), 0);
    CHECK(stored(SLICE("v")).cancel);
    CHECK_INT(act(TASKS_CANCEL, "v"), 0);
    t.state = TASK_SUCCEEDED;
    put(&t);
    CHECK_INT(act(TASKS_CANCEL, "v"), -EALREADY);
    CHECK_INT(act(TASKS_RETRY, "v"), -EALREADY);
    CHECK_INT(act(TASKS_CANCEL, "nobody"), -ENOENT);
}

static void becomes(const char *name, enum task_state state)
{
    struct task t = stored(slice_from(name));
    t.state = state; /* as the controller does */
    put(&t);
}

static void try_again(const char *name, enum task_state want)
{
    CHECK_INT(act(TASKS_RETRY, name), 0);
    CHECK_INT(stored(slice_from(name)).state, want);
}

/* Nobody may get by "retry" what nobody has approved. */
static void a_retry_does_not_approve(void)
{
    struct task t = a_task("a");
    t.state = TASK_AWAITING_APPROVAL;
    put(&t);
    CHECK_INT(act(TASKS_REJECT, "a"), 0);
    try_again("a", TASK_AWAITING_APPROVAL);
    CHECK_INT(act(TASKS_CANCEL, "a"), 0);
    becomes("a", TASK_CANCELED);
    try_again("a", TASK_AWAITING_APPROVAL);
    CHECK_INT(act(TASKS_APPROVE, "a"), 0);
    CHECK_INT(stored(SLICE("a")).state, TASK_PENDING);
    becomes("a", TASK_FAILED);
    try_again("a", TASK_PENDING); /* it was approved once */
}

static void a_retry_begins_anew_what_did_not_succeed(void)
{
    struct task_target targets[] = {
        {.node = SLICE("w1"), .state = TASK_SUCCEEDED, .token = 3},
        {.node = SLICE("w2"), .state = TASK_FAILED, .token = 4, .tries = 2, .exit = 7},
    };
    struct task t = a_task("r");
    t.selector = SLICE("pool");
    t.state = TASK_FAILED;
    t.created_ms = 5;
    t.targets = targets;
    t.target_count = 2;
    put(&t);
    CHECK_INT(store_put(store, SLICE("/status/r/w2"), SLICE("{}"), 0, NULL, NULL, SOON), 0);
    CHECK_INT(act(TASKS_RETRY, "r"), 0);
    struct task now = stored(SLICE("r"));
    CHECK(now.state == TASK_PENDING && now.targets[0].state == TASK_SUCCEEDED);
    CHECK(now.targets[1].state == TASK_PENDING && now.targets[1].tries == 0);
    CHECK(now.created_ms == 5 && task_since(&now) > 5);
    CHECK(now.targets[1].token == 4 && slice_eq_cstr(now.targets[1].node, "w2"));
    struct store_kv kv;
    CHECK_INT(store_get(store, SLICE("/status/r/w2"), &arena, &kv, NULL, SOON), 0);
    CHECK_INT(kv.version, 0);
}

static void key(const char *name)
{
    CHECK_INT(store_put(store, slice_from(name), SLICE("{}"), 0, NULL, NULL, SOON), 0);
}

static int forget(const char *name)
{
    return tasks_forget(&at, slice_from(name), NULL, &why, SOON);
}

static uint32_t keys_left(void)
{
    struct store_range q = {.keys = store_prefix(SLICE("/"))};
    struct store_range_result got = {0};
    CHECK_INT(store_range(store, &q, &arena, &got, NULL, SOON), 0);
    return got.count;
}

static void what_is_forgotten_goes_with_all_that_is_its_own(void)
{
    struct task t = a_task("f"), step = a_task("f:one");
    t.state = TASK_RUNNING;
    t.dedup_key = SLICE("k");
    put(&t);
    CHECK_INT(forget("f"), -EALREADY);
    CHECK_INT(forget("nobody"), -ENOENT);
    becomes("f", TASK_FAILED);
    step.state = TASK_RUNNING;
    step.workflow = SLICE("f");
    put(&step);
    CHECK_INT(forget("f"), -EALREADY); /* what undoes it is at work */
    becomes("f:one", TASK_SUCCEEDED);
    CHECK_INT(forget("f:one"), -EALREADY);
    static const char *const own[] = {"/dedup/k", "/status/f/w1", "/status/f:one/w1",
                                      "/output/f/w1/1/1", "/output/f:one/w1/1/1"};
    static const char *const others[] = {"/tasks/f2", "/status/f2/w1", "/output/f2/w1/1/1"};
    for (size_t i = 0; i < ARRAY_LEN(own); i++)
        key(own[i]);
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        key(others[i]);
    CHECK_INT(forget("f"), 0);
    CHECK_INT(keys_left(), ARRAY_LEN(others));
    CHECK_INT(forget("f"), -ENOENT);
}

/* What was in doubt, and comes when something else was said since. */
static void a_late_word_about_a_node_undoes_nothing(void)
{
    static const struct store_memory_faults late = {.late_ppm = 400000, .late_max = 5 * RT_SEC};
    struct store_memory *slow = store_memory_new(&late);
    struct store *s;
    struct store_kv kv;
    store_memory_open(slow, &s);
    struct tasks_at there = {.store = s};
    for (int i = 0; i < 10; i++)
        (void)tasks_node(&there, SLICE("n"), i % 2 ? NODE_DRAINING : NODE_CORDONED, &why, SOON);
    store_memory_calm(slow);
    CHECK_INT(tasks_node(&there, SLICE("n"), NODE_READY, &why, SOON), 0);
    rt_sleep(rt_now() + 10 * RT_SEC);
    CHECK_INT(store_get(s, SLICE("/config/nodes/n"), &arena, &kv, NULL, SOON), 0);
    CHECK(slice_find(kv.value, SLICE("Ready")) > 0);
    store_close(s);
    store_memory_free(slow);
}

/* A lost one, and what people said of it; not one that lives. */
static void a_node_that_is_gone_can_be_forgotten(void)
{
    int64_t revision = 0;
    struct store_kv kv;
    store_put(store, SLICE("/nodes_known/n"), SLICE("{}"), 0, NULL, NULL, SOON);
    store_put(store, SLICE("/nodes_known/n2"), SLICE("{}"), 0, NULL, NULL, SOON);
    store_put(store, SLICE("/nodes/n"), SLICE("{}"), 0, NULL, NULL, SOON);
    CHECK_INT(tasks_node(&at, SLICE("n"), NODE_CORDONED, &why, SOON), 0);
    CHECK_INT(tasks_node_forget(&at, SLICE("n"), &revision, &why, SOON), -EBUSY);
    CHECK_STR(why.text, "node 'n' is up: it goes when firebreak is stopped there");
    CHECK_INT(revision, 0);
    CHECK_INT(store_delete(store, store_key(SLICE("/nodes/n")), NULL, NULL, SOON), 1);
    CHECK_INT(tasks_node_forget(&at, SLICE("n"), &revision, &why, SOON), 0);
    CHECK(revision > 0);
    CHECK_INT(store_get(store, SLICE("/nodes_known/n"), &arena, &kv, NULL, SOON), 0);
    CHECK_INT(kv.version, 0);
    CHECK_INT(store_get(store, SLICE("/config/nodes/n"), &arena, &kv, NULL, SOON), 0);
    CHECK_INT(kv.version, 0);
    CHECK_INT(store_get(store, SLICE("/nodes_known/n2"), &arena, &kv, NULL, SOON), 0);
    CHECK_INT(kv.version, 1);
    CHECK_INT(tasks_node_forget(&at, SLICE("n"), NULL, &why, SOON), -ENOENT);
    CHECK_STR(why.text, "there is no node 'n'");
}

enum { WORLD_SEEDS = 20 };

static void run_case(void *arg)
{
    (void)arg;
    memory = store_memory_new(NULL);
    store_memory_open(memory, &store);
    at = (struct tasks_at){.store = store};
    arena = ARENA(MEM_TEST, 0);
    world_case();
    arena_done(&arena);
    store_close(store);
    store_memory_free(memory);
}

WORLDS(one_key_is_one_task)
WORLDS(a_name_is_taken_once)
WORLDS(what_is_asked_again_after_a_doubt_happens_once)
WORLDS(what_cannot_be_is_told)
WORLDS(a_state_allows_some_and_not_others)
WORLDS(a_retry_does_not_approve)
WORLDS(what_is_forgotten_goes_with_all_that_is_its_own)
WORLDS(a_retry_begins_anew_what_did_not_succeed)
WORLDS(a_late_word_about_a_node_undoes_nothing)
WORLDS(a_node_that_is_gone_can_be_forgotten)

int main(void)
{
    TAP_RUN(one_key_is_one_task_);
    TAP_RUN(a_name_is_taken_once_);
    TAP_RUN(what_is_asked_again_after_a_doubt_happens_once_);
    TAP_RUN(what_cannot_be_is_told_);
    TAP_RUN(a_state_allows_some_and_not_others_);
    TAP_RUN(a_retry_does_not_approve_);
    TAP_RUN(what_is_forgotten_goes_with_all_that_is_its_own_);
    TAP_RUN(a_retry_begins_anew_what_did_not_succeed_);
    TAP_RUN(a_late_word_about_a_node_undoes_nothing_);
    TAP_RUN(a_node_that_is_gone_can_be_forgotten_);
    return tap_done();
}
