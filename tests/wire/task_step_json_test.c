#include "wire/task_field.h"

#include "tests/tap.h"
#include "wire/task_json.h"

static struct arena arena = {.sub = MEM_TEST};
static struct buf first, second;

static void steps_are_read_as_they_are_written(void)
{
    static const struct slice needs[] = {SLICE("a"), SLICE("b")};
    static struct task_label said[] = {{SLICE("ID"), SLICE("7\n\"")}, {SLICE("E"), SLICE("")}};
    struct task_step steps[2] = {
        {.name = SLICE("a"), .does = SLICE("{\"run\":{\"argv\":[\"x\"]}}"),
         .state = TASK_PENDING, .undo_state = TASK_PENDING, .exit = -1},
        {.name = SLICE("c"), .condition = SLICE("steps.a.ok"),
         .does = SLICE("{\"run\":{\"argv\":[\"y\"]}}"),
         .rollback = SLICE("{\"run\":{\"argv\":[\"z\"]}}"), .needs = (struct slice *)needs,
         .need_count = 2, .state = TASK_FAILED, .skipped = true, .ended = 3,
         .task = SLICE("wf:c"), .undo = SLICE("wf:c:_rollback"), .undo_state = TASK_SUCCEEDED,
         .exit = 7, .status = 8, .detail = SLICE("why"), .outputs = said, .output_count = 2}};
    struct task t = {.name = SLICE("wf"), .kind = ACTION_WORKFLOW, .state = TASK_RUNNING,
                     .exit = -1, .round = 2, .workflow = SLICE("outer"), .steps = steps,
                     .step_count = 2, .outputs = said, .output_count = 1};
    struct task u;
    struct err err = {0};
    CHECK_INT(task_write(&t, &first), 0);
    CHECK_INT(task_read(buf_slice(&first), &arena, &u, &err), 0);
    CHECK_INT(u.kind, ACTION_WORKFLOW);
    CHECK_INT(u.round, 2);
    CHECK_INT(u.step_count, 2);
    CHECK_INT(u.steps[0].undo_state, TASK_PENDING);
    CHECK_INT(u.steps[1].ended, 3);
    CHECK(slice_eq(u.steps[1].outputs[0].value, said[0].value));
    CHECK_INT(task_write(&u, &second), 0);
    CHECK(slice_eq(buf_slice(&first), buf_slice(&second)));
}

static void the_length_of_an_output_is_that_of_its_json(void)
{
    struct task_label l = {SLICE("ID"), SLICE("7\n\"")};
    CHECK_INT(task_label_json_bytes(&l), strlen("\"ID\":\"7\\n\\\"\",") );
}

static void what_steps_cannot_be_is_refused(void)
{
    static const char *const bad[] = {
        "{\"name\":\"x\",\"steps\":3}",
        "{\"name\":\"x\",\"steps\":[3]}",
        "{\"name\":\"x\",\"steps\":[{\"state\":\"Lost\"}]}",
        "{\"name\":\"x\",\"steps\":[{\"do\":1}]}",
        "{\"name\":\"x\",\"steps\":[{\"needs\":[1]}]}",
        "{\"name\":\"x\",\"steps\":[{\"outputs\":{\"a\":1}}]}",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct task t = {.priority = 4711};
        struct err err = {0};
        CHECK_INT(task_read(slice_from(bad[i]), &arena, &t, &err), -74);
        CHECK(err.text[0]);
        CHECK_INT(t.priority, 4711);
    }
}

int main(void)
{
    first = second = BUF(MEM_TEST, 0);
    TAP_RUN(steps_are_read_as_they_are_written);
    TAP_RUN(the_length_of_an_output_is_that_of_its_json);
    TAP_RUN(what_steps_cannot_be_is_refused);
    buf_done(&first);
    buf_done(&second);
    arena_done(&arena);
    return tap_done();
}
