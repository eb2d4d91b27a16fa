#include "store/waiting.h"

#include <errno.h>

#include "rt/sim.h"
#include "store/memory.h"
#include "tests/sim_worlds.h"
#include "wire/task_json.h"
#include "wire/task_key.h"

static struct store_memory *memory;
static struct store *store;
static struct arena arena;

#define SOON (rt_now() + 20 * RT_SEC)

enum { NOW_MS = 1000 * 1000 };

static void put(const char *key, const char *value)
{
    store_put(store, slice_from(key), slice_from(value), 0, NULL, NULL, SOON);
}

static void put_node(const char *key, const char *name, enum node_state state, uint32_t running)
{
    struct task_label label = {SLICE("pool"), SLICE("web")};
    struct node n = {.name = slice_from(name), .state = state, .running = running, .capacity = 2};
    struct buf json = BUF(MEM_TEST, 0);
    n.labels = &label;
    n.label_count = 1;
    node_write(&n, &json);
    store_put(store, slice_from(key), buf_slice(&json), 0, NULL, NULL, SOON);
    buf_done(&json);
}

static bool two_began(void *ctx, struct slice action, struct waiting_rate *ret)
{
    *ret = (struct waiting_rate){2, *(const int64_t *)ctx};
    return slice_eq_cstr(action, "x");
}

static const int64_t *next_ms; /* NULL: nobody knows */

static struct waiting told(const struct task *t)
{
    struct waiting_view v = {.seen = false};
    CHECK_INT(waiting_look(store, (struct slice){NULL, 0}, &arena, &v, NULL, SOON), 0);
    CHECK(v.seen);
    v.rate = next_ms ? two_began : NULL;
    v.rate_ctx = (void *)(uintptr_t)next_ms;
    struct waiting w = waiting_of(&v, t, &arena, NOW_MS);
    waiting_done(&v);
    return w;
}

static void tells(const struct task *t, enum waiting_reason reason, const char *what)
{
    struct waiting w = told(t);
    CHECK_INT(w.reason, reason);
    CHECK_STR(arena_strdup(&arena, w.what), what);
}

static struct task a_task(void)
{
    return (struct task){.name = SLICE("t"), .state = TASK_PENDING, .created_ms = 1000};
}

static void nobody_gives_it(void)
{
    struct task t = a_task();
    tells(&t, WAITING_CONTROLLER, "a controller: none leads");
    put("/leader/controller", "c0");
    tells(&t, WAITING_NO_NODE, "a node: none is there");
    t.state = TASK_AWAITING_APPROVAL;
    tells(&t, WAITING_APPROVAL, "somebody to approve or reject it");
}

static void any_node_will_do(void)
{
    struct task t = a_task();
    put("/leader/controller", "c0");
    put_node("/nodes/a", "a", NODE_READY, 2);
    tells(&t, WAITING_ROOM, "room on a node: 2 of 2 run");
    put_node("/nodes/b", "b", NODE_READY, 1);
    tells(&t, WAITING_TURN, "its turn");
    t.action = SLICE("x");
    t.rate_per_hour = 3;
    tells(&t, WAITING_RATE, "a turn of its action 'x': 3 begin in an hour");
    next_ms = &(const int64_t){NOW_MS + 1500};
    tells(&t, WAITING_RATE,
          "a turn of its action 'x': 2 began within the last hour, of 3, evenly apart; the next "
          "may at 1970-01-01T00:16:41.500Z");
    next_ms = &(const int64_t){NOW_MS}; /* it is about to begin */
    tells(&t, WAITING_RATE, "a turn of its action 'x': 3 begin in an hour");
    next_ms = NULL;
    put_node("/config/nodes/a", "a", NODE_CORDONED, 0);
    put_node("/config/nodes/b", "b", NODE_DRAINING, 0);
    tells(&t, WAITING_NO_NODE, "a node: of 2 all are cordoned or draining");
}

static void it_is_for_one_node(void)
{
    struct task t = a_task();
    struct task_target x = {.node = SLICE("b"), .state = TASK_PENDING};
    put("/leader/controller", "c0");
    put_node("/nodes/a", "a", NODE_READY, 0);
    put_node("/config/nodes/b", "b", NODE_READY, 0); /* known, and not there */
    t.pinned = true;
    t.node = SLICE("b");
    tells(&t, WAITING_NODE_ABSENT, "node b, which is not there"); /* nobody has looked at it */
    t.targets = &x;
    t.target_count = 1;
    tells(&t, WAITING_NODE_ABSENT, "node b, which is not there");
    put_node("/nodes/b", "b", NODE_READY, 2);
    tells(&t, WAITING_ROOM, "room on node b, which runs 2 of 2");
    put_node("/config/nodes/b", "b", NODE_CORDONED, 0);
    tells(&t, WAITING_NODE_CORDONED, "node b, which is cordoned");
    t.state = x.state = TASK_ASSIGNED;
    tells(&t, WAITING_BEGIN, "node b to begin it: it runs 2 of 2");
    t.state = x.state = TASK_RUNNING;
    CHECK_INT(told(&t).reason, WAITING_NOT);
    CHECK(!waiting_name(told(&t).reason));
}

/* It joined, lives no more, and did not say goodbye. */
static void its_node_is_lost(void)
{
    struct task t = a_task();
    struct task_target x = {.node = SLICE("b"), .state = TASK_ASSIGNED};
    put("/leader/controller", "c0");
    put_node("/nodes_known/b", "b", NODE_READY, 0);
    tells(&t, WAITING_NODE_LOST, "a node: none is there, 1 is lost");
    t.selector = SLICE("pool=web");
    tells(&t, WAITING_NODE_LOST, "a node that fits pool=web: b does, which is lost");
    put("/nodes_known/b", "{\"name\":\"b\",\"state\":\"Lost\",\"labels\":{\"pool\":\"web\"},"
                          "\"since\":\"2026-03-01T10:00:00.250Z\"}");
    tells(&t, WAITING_NODE_LOST,
          "a node that fits pool=web: b does, which is lost since 2026-03-01T10:00:00.250Z");
    t.selector = SLICE("pool=db");
    tells(&t, WAITING_NO_MATCH, "a node that fits pool=db: none of 0 does");
    t.pinned = true;
    t.node = SLICE("b");
    tells(&t, WAITING_NODE_LOST, "node b, which is lost since 2026-03-01T10:00:00.250Z");
    put_node("/config/nodes/b", "b", NODE_CORDONED, 0);
    tells(&t, WAITING_NODE_LOST, "node b, which is lost since 2026-03-01T10:00:00.250Z");
    CHECK_STR(waiting_name(told(&t).reason), "node_lost");
    t.targets = &x;
    t.target_count = 1;
    t.state = TASK_ASSIGNED;
    tells(&t, WAITING_NODE_LOST, "node b, which is lost since 2026-03-01T10:00:00.250Z");
    put_node("/nodes/b", "b", NODE_READY, 0);
    tells(&t, WAITING_BEGIN, "node b to begin it: it runs 0 of 2");
}

static void it_is_for_those_with_a_label(void)
{
    struct task t = a_task();
    put("/leader/controller", "c0");
    put_node("/nodes/a", "a", NODE_READY, 0);
    t.selector = SLICE("pool=db");
    tells(&t, WAITING_NO_MATCH, "a node that fits pool=db: none of 1 does");
    t.selector = SLICE("pool=web");
    tells(&t, WAITING_TURN, "its turn");
    put_node("/config/nodes/a", "a", NODE_CORDONED, 0);
    tells(&t, WAITING_NO_MATCH, "a node that fits pool=web: none of 0 does");
}

static void another_task_has_its_key(void)
{
    struct task t = a_task();
    put("/leader/controller", "c0");
    put_node("/nodes/a", "a", NODE_READY, 0);
    put("/concurrency/db", "task-other");
    t.concurrency = SLICE("db");
    tells(&t, WAITING_CONCURRENCY, "task-other, which has the concurrency key 'db'");
    t.locked = true;
    tells(&t, WAITING_TURN, "its turn");
}

static void it_waits_since_its_last_attempt(void)
{
    struct task t = a_task();
    struct task_target x = {.state = TASK_PENDING, .not_before_ms = NOW_MS + 1500};
    struct task_attempt all[] = {
        {.node = SLICE("a"), .state = TASK_FAILED, .started_ms = 5000, .wall_ns = 2000 * RT_MS},
        {.node = SLICE("b"), .state = TASK_CANCELED}, /* it had not begun */
    };
    put("/leader/controller", "c0");
    CHECK_INT(told(&t).since_ms, 1000);
    t.targets = &x;
    t.target_count = 1;
    t.attempts = all;
    t.attempt_count = 2;
    tells(&t, WAITING_BACKOFF, "its next attempt, in 1.5 s");
    CHECK_INT(told(&t).since_ms, 7000);
}

static void what_cannot_be_read_is_nobodys(void)
{
    struct task t = a_task();
    put("/leader/controller", "c0");
    put("/nodes/a", "{\"running\":\"many\"}");
    put("/config/nodes/b", "no JSON");
    tells(&t, WAITING_NO_NODE, "a node: none is there");
}

enum { WORLD_SEEDS = 2 };

static void run_case(void *arg)
{
    (void)arg;
    memory = store_memory_new(NULL);
    store_memory_open(memory, &store);
    arena = ARENA(MEM_TEST, 0);
    world_case();
    arena_done(&arena);
    store_close(store);
    store_memory_free(memory);
}

WORLDS(nobody_gives_it)
WORLDS(any_node_will_do)
WORLDS(it_is_for_one_node)
WORLDS(its_node_is_lost)
WORLDS(it_is_for_those_with_a_label)
WORLDS(another_task_has_its_key)
WORLDS(it_waits_since_its_last_attempt)
WORLDS(what_cannot_be_read_is_nobodys)

int main(void)
{
    TAP_RUN(nobody_gives_it_);
    TAP_RUN(any_node_will_do_);
    TAP_RUN(it_is_for_one_node_);
    TAP_RUN(its_node_is_lost_);
    TAP_RUN(it_is_for_those_with_a_label_);
    TAP_RUN(another_task_has_its_key_);
    TAP_RUN(it_waits_since_its_last_attempt_);
    TAP_RUN(what_cannot_be_read_is_nobodys_);
    return tap_done();
}
