#include "wire/workflow_json.h"

#include <errno.h>

#include "tests/tap.h"
#include "wire/action_json.h"

static struct arena arena = {.sub = MEM_TEST};

#define RUN(ARGV) "{\"run\":{\"argv\":[" ARGV "]}}"
#define STEP(NAME, MORE) "{\"name\":\"" NAME "\"," MORE "\"do\":" RUN("\"do-" NAME "\"") "}"
#define FLOW(STEPS) "{\"workflow\":{\"steps\":[" STEPS "]}}"

static void a_workflow_becomes_steps(void)
{
    struct task t = {.exit = -1};
    struct err err = {0};
    CHECK_INT(action_read(SLICE(FLOW(STEP("a", "") "," STEP("b", "\"needs\":[\"a\"],\"if\":"
                                     "\"steps.a.ok\",\"rollback\":" RUN("\"u\"") ","))),
                          &arena, &t, &err),
              0);
    CHECK_INT(t.kind, ACTION_WORKFLOW);
    CHECK_INT(t.step_count, 2);
    CHECK_INT(t.timeout_ms, 0); /* is its steps' to say */
    CHECK_INT(t.steps[1].need_count, 1);
    CHECK(slice_eq_cstr(t.steps[1].needs[0], "a"));
    CHECK(slice_eq_cstr(t.steps[1].condition, "steps.a.ok"));
    CHECK(slice_eq_cstr(t.steps[1].does, RUN("\"do-b\"")));
    CHECK(slice_eq_cstr(t.steps[1].rollback, RUN("\"u\"")));
    CHECK_INT(t.steps[1].state, TASK_PENDING);
    CHECK_INT(t.steps[1].exit, -1);
}

static void what_a_step_does_is_checked_too(void)
{
    struct task t = {.exit = -1};
    struct err err = {0};
    CHECK_INT(action_read(SLICE(FLOW("{\"name\":\"a\",\"do\":{\"dance\":{}}}")), &arena, &t,
                          &err),
              -ENOTSUP);
    CHECK(strstr(err.text, "steps[0] a: do: ") && strstr(err.text, "dance"));
}

static void what_cannot_be_is_found_before_it_begins(void)
{
    static const char *const bad[][2] = {
        {FLOW(""), "1 to 256"},
        {"{\"workflow\":{}}", "steps"},
        {"{\"workflow\":{\"step\":[]}}", "'step'"},
        {FLOW("{\"name\":\"a\"}"), "nothing to do"},
        {FLOW("{\"do\":" RUN("\"x\"") "}"), "name"},
        {FLOW("{\"name\":\"a:b\",\"do\":" RUN("\"x\"") "}"), "name"},
        {FLOW(STEP("a", "") "," STEP("a", "")), "two steps"},
        {FLOW(STEP("a", "\"needs\":[\"b\"],")), "no step: 'b'"},
        {FLOW(STEP("a", "\"needs\":[\"b\"],") "," STEP("b", "\"needs\":[\"a\"],")), "circle"},
        {FLOW(STEP("a", "\"needs\":[\"a\"],")), "circle"},
        {FLOW(STEP("a", "\"if\":\"steps.b.ok\",")), "there is not"},
        {FLOW(STEP("a", "") "," STEP("b", "\"if\":\"steps.a.ok\",")), "does not need"},
        {FLOW(STEP("a", "\"if\":\"steps.\",")), "column 1"},
        {FLOW("{\"name\":\"a\",\"do\":" RUN("\"${steps.a.X}\"") "}"), "does not need"},
        {FLOW("{\"name\":\"a\",\"do\":" RUN("\"${steps.X}\"") "}"), "is wanted"},
        {FLOW("{\"name\":\"a\",\"do\":{\"run\":{\"argv\":[]}}}"), "argv"},
        {FLOW("{\"name\":\"a\",\"do\":" FLOW("{\"name\":\"a\",\"do\":" FLOW(
             "{\"name\":\"a\",\"do\":" FLOW("{\"name\":\"a\",\"do\":" FLOW(STEP("a", "")) "}") "}"
         ) "}") "}"), "inside each other"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct task t = {.exit = -1};
        struct err err = {0};
        arena_reset(&arena);
        CHECK(action_read(slice_from(bad[i][0]), &arena, &t, &err) < 0);
        CHECK(strstr(err.text, bad[i][1]));
        if (!strstr(err.text, bad[i][1]))
            printf("# %zu: %s\n", i, err.text);
        CHECK_INT(t.step_count, 0);
    }
    struct task t = {.exit = -1};
    struct err err = {0};
    CHECK_INT(action_read(SLICE(FLOW("{\"name\":\"a\",\"do\":" RUN("\"x\"") ",\"rollback\":" RUN(
                              "\"${steps.a.ID}\"") "}")),
                          &arena, &t, &err),
              0); /* what it said itself is known when it is undone */
}

int main(void)
{
    TAP_RUN(a_workflow_becomes_steps);
    TAP_RUN(what_a_step_does_is_checked_too);
    TAP_RUN(what_cannot_be_is_found_before_it_begins);
    arena_done(&arena);
    return tap_done();
}
