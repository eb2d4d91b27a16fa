#include "schedule/plan.h"

#include "tests/tap.h"
#include "wire/task_json.h"

static struct arena arena = ARENA(MEM_TEST, 0);
static struct plan plan;
static struct task task;
static struct task_target targets[4];
static struct plan_seen seen[4];
static struct plan_clock now;
static const struct slice none = {NULL, 0};

static void begin(void)
{
    struct store_compare guard = {.key = SLICE("/leader/controller"), .number = 1};
    now.now = 100 * RT_SEC;
    now.wall_ms = now.seen_wall_ms = 1767225600000;
    if (now.deadline_at == 0)
        now.deadline_at = RT_NEVER;
    plan_begin(&plan, &arena, none, &guard, &task, 50, seen, &now);
    plan_settle(&plan);
}

/* One target on w1, in this state. */
static void a_target(enum task_state state)
{
    arena_reset(&arena);
    memset(seen, 0, sizeof(seen));
    now = (struct plan_clock){.seen_at = 100 * RT_SEC};
    targets[0] = (struct task_target){.node = SLICE("w1"), .state = state, .token = 40, .exit = -1};
    task = (struct task){
        .name = SLICE("t"), .state = state, .targets = targets, .target_count = 1, .exit = -1};
}

static const struct store_compare *compared(const char *key, enum store_target target)
{
    for (uint32_t i = 0; i < plan.compare_count; i++)
        if (slice_eq_cstr(plan.compares[i].key, key) && plan.compares[i].target == target)
            return &plan.compares[i];
    return NULL;
}

static const struct store_op *written(const char *key, enum store_op_type type)
{
    for (uint32_t i = 0; i < plan.op_count; i++)
        if (plan.ops[i].type == type &&
            slice_eq_cstr(type == STORE_PUT ? plan.ops[i].key : plan.ops[i].keys.key, key))
            return &plan.ops[i];
    return NULL;
}

static void giving_compares_all_that_it_relies_on(void)
{
    a_target(TASK_PENDING);
    begin();
    CHECK_INT(plan.ready, 1);
    plan_give(&plan, 0, SLICE("w1"), 7);
    CHECK_INT(plan_end(&plan), 1);
    CHECK_INT(compared("/nodes/w1", STORE_CREATE_REVISION)->number, 7);
    CHECK_INT(compared("/assign/w1/t", STORE_CREATE_REVISION)->number, 0);
    CHECK_INT(compared("/status/t/w1", STORE_CREATE_REVISION)->number, 0);
    CHECK_INT(compared("/tasks/t", STORE_MOD_REVISION)->number, 50);
    CHECK(compared("/leader/controller", STORE_VERSION));
    CHECK(written("/assign/w1/t", STORE_PUT) && written("/tasks/t", STORE_PUT));
    CHECK_INT(targets[0].token, 50); /* the revision that it compares: larger than before */
    CHECK_INT(task.state, TASK_ASSIGNED);
}

static void what_is_given_and_well_needs_nothing(void)
{
    a_target(TASK_RUNNING);
    seen[0] = (struct plan_seen){.given = true,
                                 .assign = {.token = 40, .claimed = 7, .stop = TASK_PENDING},
                                 .incarnation = 7};
    begin();
    CHECK_INT(plan_end(&plan), 0);
    CHECK_INT(plan.due, RT_NEVER);
}

static void another_life_of_the_node_has_lost_it(void)
{
    a_target(TASK_RUNNING);
    seen[0] = (struct plan_seen){.given = true,
                                 .assign = {.token = 40, .claimed = 7, .stop = TASK_PENDING},
                                 .assign_mod = 45,
                                 .incarnation = 8};
    begin();
    CHECK_INT(plan_end(&plan), 1);
    CHECK_INT(compared("/assign/w1/t", STORE_MOD_REVISION)->number, 45);
    CHECK_INT(compared("/status/t/w1", STORE_CREATE_REVISION)->number, 0);
    CHECK(written("/assign/w1/t", STORE_DELETE));
    CHECK(task.state == TASK_PENDING && targets[0].lost == 1 && targets[0].node.size == 0);
    CHECK_INT(task.attempts[0].state, TASK_FAILED);
}

static void a_completion_is_taken_as_it_stands(void)
{
    a_target(TASK_RUNNING);
    seen[0] = (struct plan_seen){
        .accepted = true, .result = {.state = TASK_SUCCEEDED, .node = SLICE("w1"), .token = 40}};
    begin();
    CHECK_INT(plan_end(&plan), 1);
    CHECK(task.state == TASK_SUCCEEDED && task.finished_ms && task.attempts[0].accepted);
}

static void a_failure_waits_and_never_longer_than_its_backoff(void)
{
    a_target(TASK_RUNNING);
    task.retries = 3;
    task.backoff_ms = 1000;
    seen[0] = (struct plan_seen){
        .given = true,
        .assign = {.token = 40, .claimed = 7, .ended = true, .result = {.state = TASK_FAILED}},
        .incarnation = 7};
    begin();
    CHECK_INT(plan_end(&plan), 1);
    CHECK(task.state == TASK_PENDING && targets[0].tries == 1);
    int64_t wait = targets[0].not_before_ms - now.wall_ms;
    CHECK(wait >= 500 && wait <= 1000);
    /* The wall clock goes back an hour. */
    seen[0] = (struct plan_seen){.given = false};
    targets[0].not_before_ms += 3600 * 1000;
    begin();
    CHECK(plan.ready == 0 && plan.due == now.now + 1000 * RT_MS);
}

static void what_is_to_end_is_told_and_what_has_not_begun_is_taken_back(void)
{
    a_target(TASK_RUNNING);
    task.cancel = true;
    seen[0] = (struct plan_seen){.given = true,
                                 .assign = {.token = 40, .claimed = 7, .stop = TASK_PENDING},
                                 .assign_mod = 45,
                                 .incarnation = 7};
    begin();
    CHECK_INT(plan_end(&plan), 1);
    struct assignment told;
    CHECK_INT(assignment_read(written("/assign/w1/t", STORE_PUT)->value, &arena, &told, NULL), 0);
    CHECK(told.stop == TASK_CANCELED && !written("/tasks/t", STORE_PUT));
    seen[0].assign.claimed = 0;
    begin();
    CHECK_INT(plan_end(&plan), 1);
    CHECK(task.state == TASK_CANCELED && written("/assign/w1/t", STORE_DELETE));
}

static void a_deadline_ends_it_wherever_it_is(void)
{
    a_target(TASK_PENDING);
    now.deadline_at = 99 * RT_SEC;
    begin();
    CHECK_INT(plan_end(&plan), 1);
    CHECK_INT(task.state, TASK_EXPIRED);
    a_target(TASK_PENDING);
    now.deadline_at = 101 * RT_SEC;
    begin();
    CHECK(plan.due == 101 * RT_SEC && plan.ready == 1);
}

static void what_nobody_has_is_taken_back_only_after_a_while(void)
{
    a_target(TASK_ASSIGNED);
    begin();
    CHECK(plan_end(&plan) == 0 && plan.due == 101 * RT_SEC);
    now.seen_at = 90 * RT_SEC;
    begin();
    CHECK_INT(plan_end(&plan), 1);
    CHECK_INT(compared("/assign/w1/t", STORE_MOD_REVISION)->number, 0);
    CHECK_INT(compared("/status/t/w1", STORE_CREATE_REVISION)->number, 0);
    CHECK_INT(task.state, TASK_PENDING);
}

static void a_lock_goes_with_the_first_and_ends_with_the_last(void)
{
    a_target(TASK_PENDING);
    task.concurrency = SLICE("k");
    begin();
    plan_give(&plan, 0, SLICE("w1"), 7);
    CHECK_INT(plan_end(&plan), 1);
    CHECK(task.locked && compared("/concurrency/k", STORE_CREATE_REVISION)->number == 0);
    seen[0] = (struct plan_seen){.accepted = true, .result = {.state = TASK_FAILED, .token = 50}};
    begin();
    CHECK_INT(plan_end(&plan), 1);
    CHECK(!task.locked && written("/concurrency/k", STORE_DELETE));
}

static void many_targets_are_planned_a_part_at_a_time(void)
{
    enum { MANY = 100 };
    static struct task_target many[MANY];
    static struct plan_seen none_seen[MANY];
    struct store_compare guard = {.key = SLICE("/leader/controller"), .number = 1};
    for (int i = 0; i < MANY; i++)
        many[i] = (struct task_target){.node = SLICE("w"), .state = TASK_PENDING};
    a_target(TASK_PENDING);
    task.targets = many;
    task.target_count = MANY;
    task.cancel = true;
    now.deadline_at = RT_NEVER;
    plan_begin(&plan, &arena, none, &guard, &task, 50, none_seen, &now);
    plan_settle(&plan);
    CHECK(plan.more && plan.changes == PLAN_TARGETS_AT_ONCE);
    CHECK_INT(plan_end(&plan), 1);
    CHECK(plan.compare_count <= STORE_TXN_OPS_MAX && plan.op_count <= STORE_TXN_OPS_MAX);
    CHECK_INT(task.state, TASK_PENDING);
}

static void what_ends_soon_is_not_told_to_run(void)
{
    a_target(TASK_ASSIGNED);
    task.state = TASK_ASSIGNED;
    seen[0] = (struct plan_seen){.given = true,
                                 .assign = {.token = 40, .claimed = 7, .stop = TASK_PENDING},
                                 .incarnation = 7};
    begin();
    CHECK_INT(plan_end(&plan), 0);
    CHECK_INT(plan.due, 100 * RT_SEC + PLAN_RUNNING_MS * RT_MS);
    now.seen_at = 100 * RT_SEC - PLAN_RUNNING_MS * RT_MS;
    begin();
    CHECK_INT(plan_end(&plan), 1);
    CHECK_INT(task.state, TASK_RUNNING);
}

static void what_did_not_succeed_is_undone_with_its_end(void)
{
    struct task_attempt *a;
    for (int ok = 0; ok < 2; ok++) {
        a_target(TASK_RUNNING);
        task.rollback = SLICE("{\"run\":{\"argv\":[\"undo\"]}}");
        a = task_attempt_add(&task, &arena);
        *a = (struct task_attempt){.node = SLICE("w1"), .token = 40, .state = TASK_RUNNING};
        seen[0] = (struct plan_seen){
            .accepted = true,
            .result = {.state = ok ? TASK_SUCCEEDED : TASK_FAILED,
                       .node = SLICE("w1"),
                       .token = 40}};
        begin();
        CHECK_INT(plan_end(&plan), 1);
        CHECK((written("/tasks/t:_rollback", STORE_PUT) != NULL) == !ok);
        CHECK((task.undo.size > 0) == !ok);
    }
    a_target(TASK_PENDING); /* it never began */
    task.rollback = SLICE("{\"run\":{\"argv\":[\"undo\"]}}");
    task.cancel = true;
    begin();
    CHECK_INT(plan_end(&plan), 1);
    CHECK_INT(task.state, TASK_CANCELED);
    CHECK(!written("/tasks/t:_rollback", STORE_PUT));
}

int main(void)
{
    TAP_RUN(giving_compares_all_that_it_relies_on);
    TAP_RUN(what_is_given_and_well_needs_nothing);
    TAP_RUN(another_life_of_the_node_has_lost_it);
    TAP_RUN(a_completion_is_taken_as_it_stands);
    TAP_RUN(a_failure_waits_and_never_longer_than_its_backoff);
    TAP_RUN(what_is_to_end_is_told_and_what_has_not_begun_is_taken_back);
    TAP_RUN(a_deadline_ends_it_wherever_it_is);
    TAP_RUN(what_nobody_has_is_taken_back_only_after_a_while);
    TAP_RUN(a_lock_goes_with_the_first_and_ends_with_the_last);
    TAP_RUN(many_targets_are_planned_a_part_at_a_time);
    arena_done(&arena);
    TAP_RUN(what_ends_soon_is_not_told_to_run);
    TAP_RUN(what_did_not_succeed_is_undone_with_its_end);
    return tap_done();
}
