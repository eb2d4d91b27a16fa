/* Values of the scheduler, as anybody may have put them into the store. What is read is written and
 * read again, and is the same text then. */
#include "wire/task_json.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again_task(const struct task *t, struct arena *a)
{
    struct buf one = BUF(MEM_TEST, 0), two = BUF(MEM_TEST, 0);
    struct task again;
    assert(task_write(t, &one) == 0);
    assert(task_read(buf_slice(&one), a, &again, NULL) == 0);
    assert(task_write(&again, &two) == 0);
    assert(slice_eq(buf_slice(&one), buf_slice(&two)));
    task_sum_up(&again);
    task_attempt_add(&again, a);
    assert(again.attempt_count <= TASK_ATTEMPTS_KEPT);
    buf_done(&one);
    buf_done(&two);
}

static void again_given(const struct assignment *x, struct arena *a)
{
    struct buf one = BUF(MEM_TEST, 0), two = BUF(MEM_TEST, 0);
    struct assignment again;
    assert(assignment_write(x, &one) == 0);
    assert(assignment_read(buf_slice(&one), a, &again, NULL) == 0);
    assert(assignment_write(&again, &two) == 0);
    assert(slice_eq(buf_slice(&one), buf_slice(&two)));
    buf_done(&one);
    buf_done(&two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = {(const char *)data, size};
    struct arena a = ARENA(MEM_TEST, 0);
    struct task t;
    struct assignment x;
    struct task_result r;
    struct node n;
    struct err err;
    struct json_value *v;
    struct buf field = BUF(MEM_TEST, 0);
    if (task_read(in, &a, &t, &err) == 0)
        again_task(&t, &a);
    if (assignment_read(in, &a, &x, &err) == 0)
        again_given(&x, &a);
    (void)task_result_read(in, &a, &r, &err);
    (void)node_read(in, &a, &n, &err);
    if (json_parse(in, &a, 0, &v, NULL) == 0)
        (void)task_read_wanted(v, &a, &t, &field, &err);
    buf_done(&field);
    arena_done(&a);
    return 0;
}
