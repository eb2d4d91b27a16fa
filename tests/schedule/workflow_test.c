#include "schedule/workflow.h"

#include "tests/tap.h"
#include "wire/action_json.h"
#include "wire/task_json.h"

/* A store of tasks alone. Each look plans from what it holds and from nothing else, as a controller
 * does that has just begun to lead; so a controller that dies between any two steps changes
 * nothing. Every plan comes a second time, late: that must change nothing. */

enum { TASKS_MAX = 64, KEY_BYTES_MAX = 200 };

static struct entry {
    char key[KEY_BYTES_MAX];
    struct buf value;
    int64_t mod;
} entries[TASKS_MAX];
static int entry_count;
static int64_t revision;
static struct arena arena = ARENA(MEM_TEST, 0);
static struct task flow;
static bool refused;
static rt_time now;
static const struct slice none = {NULL, 0};

static struct entry *entry_of(struct slice key)
{
    for (int i = 0; i < entry_count; i++)
        if (slice_eq_cstr(key, entries[i].key))
            return &entries[i];
    return NULL;
}

static void put(struct slice key, struct slice value)
{
    struct entry *e = entry_of(key);
    if (!e) {
        e = &entries[entry_count++];
        snprintf(e->key, sizeof(e->key), "%.*s", SLICE_ARG(key));
        e->value = BUF(MEM_TEST, 0);
    }
    buf_clear(&e->value);
    buf_append_slice(&e->value, value);
    e->mod = ++revision;
}

static void put_task(const struct task *t)
{
    struct buf json = BUF(MEM_TEST, 0);
    char key[KEY_BYTES_MAX];
    snprintf(key, sizeof(key), "/tasks/%.*s", SLICE_ARG(t->name));
    task_write(t, &json);
    put(slice_from(key), buf_slice(&json));
    buf_done(&json);
}

/* *ret_mod 0: there is none. */
static struct task task_of(const char *name, int64_t *ret_mod)
{
    char key[KEY_BYTES_MAX];
    struct task t = {.exit = -1};
    struct err err = {0};
    snprintf(key, sizeof(key), "/tasks/%s", name);
    for (char *c = key; *c; c++)
        if (*c == ':' && !entry_of(slice_from(key))) { /* as a part of a key has it */
            char rest[KEY_BYTES_MAX];
            snprintf(rest, sizeof(rest), "%s", c + 1);
            snprintf(c, (size_t)(key + sizeof(key) - c), "%%3A%s", rest);
        }
    struct entry *e = entry_of(slice_from(key));
    *ret_mod = e ? e->mod : 0;
    if (e)
        CHECK_INT(task_read(buf_slice(&e->value), &arena, &t, &err), 0);
    return t;
}

static bool holds(const struct plan *p)
{
    for (uint32_t i = 1; i < p->compare_count; i++) {
        const struct store_compare *c = &p->compares[i];
        struct entry *e = entry_of(c->key);
        if ((e ? e->mod : 0) != c->number)
            return false;
    }
    return true;
}

static void apply(const struct plan *p)
{
    for (uint32_t i = 0; i < p->op_count; i++)
        if (p->ops[i].type == STORE_PUT)
            put(p->ops[i].key, p->ops[i].value);
}

static void see(struct slice name, struct workflow_seen *ret)
{
    char text[KEY_BYTES_MAX];
    struct task *t = arena_new(&arena, struct task);
    snprintf(text, sizeof(text), "%.*s", SLICE_ARG(name));
    *t = task_of(text, &ret->mod);
    ret->there = ret->mod != 0;
    ret->task = t;
}

/* One look of a controller that knows nothing. Returns whether it wrote something. */
static bool look(void)
{
    static struct plan p;
    struct store_compare guard = {.key = SLICE("/leader/controller"), .number = 1};
    struct plan_clock clock = {.now = now, .seen_at = 100 * RT_SEC, .deadline_at = RT_NEVER,
                               .wall_ms = 1767225600000, .seen_wall_ms = 1767225600000};
    int64_t mod;
    struct task t = task_of("wf", &mod);
    struct workflow_seen *seen = arena_alloc_array(&arena, 2 * t.step_count, sizeof(*seen));
    for (uint32_t i = 0; i < t.step_count; i++) {
        see(workflow_step_task(&arena, &t, i), &seen[i]);
        see(workflow_undo_task(&arena, &t, i), &seen[t.step_count + i]);
    }
    plan_begin(&p, &arena, none, &guard, &t, mod, NULL, &clock);
    workflow_settle(&p, seen, seen + t.step_count);
    if (plan_end(&p) <= 0)
        return false;
    CHECK(holds(&p));
    apply(&p);
    refused = refused && !holds(&p); /* the same, come late */
    return true;
}

static void settle(void)
{
    int64_t mod;
    int looks = 0;
    while (look() && looks++ < 100)
        ;
    CHECK(looks < 100);
    flow = task_of("wf", &mod);
}

static void begin(const char *action)
{
    struct err err = {0};
    struct task t = {.name = SLICE("wf"), .state = TASK_PENDING, .exit = -1, .round = 1,
                     .namespace_ = SLICE("ops"), .priority = 3};
    for (int i = 0; i < entry_count; i++)
        buf_done(&entries[i].value);
    entry_count = 0;
    refused = true;
    now = 100 * RT_SEC;
    arena_reset(&arena);
    CHECK_INT(action_read(slice_from(action), &arena, &t, &err), 0);
    put_task(&t);
    settle();
}

/* A node has run the task. */
static void ends(const char *name, enum task_state state, const char *key, const char *value)
{
    int64_t mod;
    struct task_label said = {slice_from(key), slice_from(value)};
    struct task t = task_of(name, &mod);
    CHECK(mod != 0);
    CHECK(!task_state_final(t.state)); /* what has ended is never run again */
    t.state = state;
    t.exit = t.status = state == TASK_SUCCEEDED ? 0 : 7;
    t.outputs = &said;
    t.output_count = key != NULL;
    put_task(&t);
    settle();
}

/* Everything but the workflow is gone. */
static void lose_tasks(void)
{
    while (entry_count > 1)
        buf_done(&entries[--entry_count].value);
}

static bool is_there(const char *name)
{
    int64_t mod;
    task_of(name, &mod);
    return mod != 0;
}

#define RUN(ARGV) "{\"run\":{\"argv\":[" ARGV "]}}"
#define STEP(NAME, MORE) "{\"name\":\"" NAME "\"," MORE "\"do\":" RUN("\"do-" NAME "\"") "}"
#define UNDO(NAME) "\"rollback\":" RUN("\"undo-" NAME "\"") ","
#define FLOW(STEPS) "{\"workflow\":{\"steps\":[" STEPS "]}}"

static void steps_begin_when_what_they_need_has_succeeded(void)
{
    begin(FLOW(STEP("a", "") "," STEP("b", "") "," STEP("c", "\"needs\":[\"a\",\"b\"],")));
    CHECK_INT(flow.state, TASK_RUNNING);
    CHECK(is_there("wf:a") && is_there("wf:b") && !is_there("wf:c"));
    ends("wf:a", TASK_SUCCEEDED, NULL, NULL);
    CHECK(!is_there("wf:c"));
    ends("wf:b", TASK_SUCCEEDED, NULL, NULL);
    CHECK(is_there("wf:c"));
    CHECK_INT(flow.state, TASK_RUNNING);
    ends("wf:c", TASK_SUCCEEDED, NULL, NULL);
    CHECK_INT(flow.state, TASK_SUCCEEDED);
    CHECK_INT(flow.status, 0);
    CHECK(refused);
}

static void a_steps_task_is_of_the_workflow(void)
{
    int64_t mod;
    begin(FLOW(STEP("a", "")));
    struct task t = task_of("wf:a", &mod);
    CHECK(slice_eq_cstr(t.workflow, "wf") && slice_eq_cstr(t.namespace_, "ops"));
    CHECK(slice_eq_cstr(t.created_by, "workflow wf"));
    CHECK_INT(t.priority, 3);
    CHECK(slice_eq_cstr(t.argv[0], "do-a"));
    CHECK(slice_eq_cstr(flow.steps[0].task, "wf:a"));
}

static void what_succeeded_is_undone_in_reverse_when_a_step_fails(void)
{
    begin(FLOW(STEP("a", UNDO("a")) "," STEP("b", UNDO("b") "\"needs\":[\"a\"],") ","
               STEP("c", "\"needs\":[\"b\"],") "," STEP("d", UNDO("d") "\"needs\":[\"c\"],")));
    ends("wf:a", TASK_SUCCEEDED, NULL, NULL);
    ends("wf:b", TASK_SUCCEEDED, NULL, NULL);
    ends("wf:c", TASK_FAILED, NULL, NULL);
    CHECK_INT(flow.state, TASK_RUNNING);
    CHECK(is_there("wf:b:_rollback") && !is_there("wf:a:_rollback") && !is_there("wf:d"));
    ends("wf:b:_rollback", TASK_FAILED, NULL, NULL); /* does not stop the others */
    CHECK(is_there("wf:a:_rollback"));
    ends("wf:a:_rollback", TASK_SUCCEEDED, NULL, NULL);
    CHECK_INT(flow.state, TASK_FAILED);
    CHECK_INT(flow.status, 7);
    CHECK_INT(flow.steps[0].undo_state, TASK_SUCCEEDED);
    CHECK_INT(flow.steps[1].undo_state, TASK_FAILED);
    CHECK_INT(flow.steps[3].state, TASK_PENDING);
    CHECK(!is_there("wf:d:_rollback"));
    CHECK(refused);
}

static void what_runs_beside_a_step_that_fails_ends_and_is_undone(void)
{
    begin(FLOW(STEP("a", UNDO("a")) "," STEP("b", "") "," STEP("c", "\"needs\":[\"a\"],")));
    ends("wf:b", TASK_TIMED_OUT, NULL, NULL);
    CHECK(!is_there("wf:a:_rollback"));
    ends("wf:a", TASK_SUCCEEDED, NULL, NULL);
    CHECK(is_there("wf:a:_rollback") && !is_there("wf:c"));
    ends("wf:a:_rollback", TASK_SUCCEEDED, NULL, NULL);
    CHECK_INT(flow.state, TASK_TIMED_OUT);
}

static void outputs_reach_conditions_and_texts(void)
{
    int64_t mod;
    begin(FLOW(STEP("look", "") ",{\"name\":\"fix\",\"needs\":[\"look\"],"
               "\"if\":\"steps.look.PERCENT > 90\",\"do\":{\"run\":{\"argv\":[\"fix\","
               "\"${steps.look.PERCENT}%\",\"$${steps.x.y}\"],"
               "\"env\":{\"E\":\"${steps.look.exit}\"}}}},"
               "{\"name\":\"skip\",\"needs\":[\"look\"],\"if\":\"not steps.look.ok\",\"do\":"
               RUN("\"no\"") "},{\"name\":\"last\",\"needs\":[\"fix\",\"skip\"],\"if\":"
               "\"steps.fix.ok and steps.skip.skipped\",\"do\":" RUN("\"last\"") "}"));
    ends("wf:look", TASK_SUCCEEDED, "PERCENT", "95");
    struct task t = task_of("wf:fix", &mod);
    CHECK(mod && slice_eq_cstr(t.argv[1], "95%") && slice_eq_cstr(t.argv[2], "${steps.x.y}"));
    CHECK(slice_eq_cstr(t.env[0], "E=0"));
    CHECK(!is_there("wf:skip") && flow.steps[2].skipped);
    ends("wf:fix", TASK_SUCCEEDED, NULL, NULL);
    CHECK(is_there("wf:last")); /* what was passed over counts as done */
    ends("wf:last", TASK_SUCCEEDED, NULL, NULL);
    CHECK_INT(flow.state, TASK_SUCCEEDED);
    CHECK(slice_eq_cstr(flow.steps[0].outputs[0].value, "95"));
}

static void what_was_not_said_fails_the_step_that_wants_it(void)
{
    begin(FLOW(STEP("look", UNDO("look")) ",{\"name\":\"fix\",\"needs\":[\"look\"],"
               "\"do\":" RUN("\"${steps.look.PERCENT}\"") "}"));
    ends("wf:look", TASK_SUCCEEDED, NULL, NULL);
    CHECK_INT(flow.steps[1].state, TASK_FAILED);
    CHECK(strstr(flow.steps[1].detail.data, "steps.look.PERCENT"));
    CHECK(is_there("wf:look:_rollback"));
    begin(FLOW(STEP("look", "") ",{\"name\":\"fix\",\"needs\":[\"look\"],"
               "\"if\":\"steps.look.PERCENT > 3\",\"do\":" RUN("\"x\"") "}"));
    ends("wf:look", TASK_SUCCEEDED, NULL, NULL);
    CHECK_INT(flow.state, TASK_FAILED);
    CHECK(strstr(flow.steps[1].detail.data, "if: "));
}

static void a_cancellation_ends_what_runs_and_undoes_what_succeeded(void)
{
    int64_t mod;
    begin(FLOW(STEP("a", UNDO("a")) "," STEP("b", UNDO("b") "\"needs\":[\"a\"],")));
    ends("wf:a", TASK_SUCCEEDED, NULL, NULL);
    flow.cancel = true;
    put_task(&flow);
    settle();
    CHECK(task_of("wf:b", &mod).cancel);
    CHECK_INT(flow.state, TASK_RUNNING);
    ends("wf:b", TASK_CANCELED, NULL, NULL);
    CHECK(is_there("wf:a:_rollback") && !is_there("wf:b:_rollback"));
    ends("wf:a:_rollback", TASK_SUCCEEDED, NULL, NULL);
    CHECK_INT(flow.state, TASK_CANCELED);
    CHECK_INT(flow.status, 125);
}

static void one_that_has_not_begun_is_canceled_at_once(void)
{
    begin(FLOW(STEP("a", "")));
    lose_tasks(); /* as if it had not begun */
    struct task t = flow;
    t.steps[0].state = TASK_PENDING;
    t.steps[0].task = none;
    t.state = TASK_AWAITING_APPROVAL;
    put_task(&t);
    settle();
    CHECK_INT(flow.state, TASK_AWAITING_APPROVAL);
    flow.cancel = true;
    put_task(&flow);
    settle();
    CHECK_INT(flow.state, TASK_CANCELED);
    CHECK(!is_there("wf:a"));
}

static void a_task_that_has_vanished_fails_its_step_after_a_while(void)
{
    begin(FLOW(STEP("a", "")));
    lose_tasks();
    settle();
    CHECK_INT(flow.state, TASK_RUNNING); /* it may be on its way to us */
    now = 102 * RT_SEC;
    settle();
    CHECK_INT(flow.state, TASK_FAILED);
    CHECK(strstr(flow.steps[0].detail.data, "gone"));
}

static void many_steps_begin_in_several_transactions(void)
{
    static char text[32 * 1024];
    size_t n = (size_t)snprintf(text, sizeof(text), "{\"workflow\":{\"steps\":[");
    for (int i = 0; i < 50; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n,
                              "%s{\"name\":\"s%d\",\"do\":" RUN("\"x\"") "}", i ? "," : "", i);
    snprintf(text + n, sizeof(text) - n, "]}}");
    begin(text);
    CHECK(is_there("wf:s0") && is_there("wf:s49"));
    CHECK_INT(entry_count, 51);
    CHECK(refused);
}

static void a_further_round_has_tasks_of_its_own(void)
{
    begin(FLOW(STEP("a", "")));
    ends("wf:a", TASK_FAILED, NULL, NULL);
    CHECK_INT(flow.state, TASK_FAILED);
    flow.round = 2;
    flow.state = TASK_PENDING;
    flow.steps[0] = (struct task_step){.name = SLICE("a"), .does = flow.steps[0].does,
                                       .state = TASK_PENDING, .undo_state = TASK_PENDING};
    put_task(&flow);
    settle();
    CHECK(is_there("wf:_2:a"));
    ends("wf:_2:a", TASK_SUCCEEDED, NULL, NULL);
    CHECK_INT(flow.state, TASK_SUCCEEDED);
}

int main(void)
{
    TAP_RUN(steps_begin_when_what_they_need_has_succeeded);
    TAP_RUN(a_steps_task_is_of_the_workflow);
    TAP_RUN(what_succeeded_is_undone_in_reverse_when_a_step_fails);
    TAP_RUN(what_runs_beside_a_step_that_fails_ends_and_is_undone);
    TAP_RUN(outputs_reach_conditions_and_texts);
    TAP_RUN(what_was_not_said_fails_the_step_that_wants_it);
    TAP_RUN(a_cancellation_ends_what_runs_and_undoes_what_succeeded);
    TAP_RUN(one_that_has_not_begun_is_canceled_at_once);
    TAP_RUN(a_task_that_has_vanished_fails_its_step_after_a_while);
    TAP_RUN(many_steps_begin_in_several_transactions);
    TAP_RUN(a_further_round_has_tasks_of_its_own);
    for (int i = 0; i < entry_count; i++)
        buf_done(&entries[i].value);
    arena_done(&arena);
    return tap_done();
}
