#include "wire/task_key.h"

#include <errno.h>

#include "tests/tap.h"

static struct arena arena = ARENA(MEM_TEST, 0);
static const struct slice no = {NULL, 0};

static void keys_are_the_public_ones(void)
{
    struct slice t = SLICE("t1"), n = SLICE("w1");
    CHECK(slice_eq_cstr(task_key(&arena, no, TASK_KEY_TASK, t, no), "/tasks/t1"));
    CHECK(slice_eq_cstr(task_key(&arena, no, TASK_KEY_ASSIGN, n, t), "/assign/w1/t1"));
    CHECK(slice_eq_cstr(task_key(&arena, SLICE("/p"), TASK_KEY_STATUS, t, n), "/p/status/t1/w1"));
    CHECK(
        slice_eq_cstr(task_key(&arena, no, TASK_KEY_DEDUP, SLICE("a/b%"), no), "/dedup/a%2Fb%25"));
    CHECK(slice_eq_cstr(task_key(&arena, no, TASK_KEY_WORKER_MAX, no, no), "/config/worker_max"));
    CHECK(slice_eq_cstr(task_key_prefix(&arena, no, TASK_KEY_ASSIGN, n), "/assign/w1/"));
    CHECK(slice_eq_cstr(task_key_prefix(&arena, no, TASK_KEY_TASK, no), "/tasks/"));
}

static void output_sorts_by_token_and_number(void)
{
    struct slice t = SLICE("t"), n = SLICE("w");
    struct slice a = task_key_output(&arena, no, t, n, 9, 2);
    struct slice b = task_key_output(&arena, no, t, n, 10, 1);
    struct slice c = task_key_output(&arena, no, t, n, 10, 11);
    CHECK(slice_compare(a, b) < 0 && slice_compare(b, c) < 0);
}

static void a_key_is_taken_apart_as_it_was_made(void)
{
    struct slice node = SLICE("a/b"), task = SLICE("t 1"), x, y;
    struct slice key = task_key(&arena, SLICE("/p"), TASK_KEY_ASSIGN, node, task);
    CHECK_INT(task_key_split(&arena, SLICE("/p"), TASK_KEY_ASSIGN, key, &x, &y), 0);
    CHECK(slice_eq(x, node) && slice_eq(y, task));
    CHECK_INT(task_key_split(&arena, no, TASK_KEY_TASK, SLICE("/tasks/t"), &x, &y), 0);
    CHECK(slice_eq_cstr(x, "t") && y.size == 0);
    CHECK_INT(task_key_split(&arena, no, TASK_KEY_TASK, SLICE("/tasks/"), &x, &y), -EINVAL);
    CHECK_INT(task_key_split(&arena, no, TASK_KEY_ASSIGN, SLICE("/assign/w/"), &x, &y), -EINVAL);
    CHECK_INT(task_key_split(&arena, no, TASK_KEY_TASK, SLICE("/other/t"), &x, &y), -EINVAL);
    CHECK_INT(task_key_split(&arena, no, TASK_KEY_TASK, SLICE("/tasks/%zz"), &x, &y), -EINVAL);
}

int main(void)
{
    TAP_RUN(keys_are_the_public_ones);
    TAP_RUN(output_sorts_by_token_and_number);
    TAP_RUN(a_key_is_taken_apart_as_it_was_made);
    arena_done(&arena);
    return tap_done();
}
