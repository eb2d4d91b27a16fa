/* Any bytes as an action: refused with words; or it is a task that is written, read, and written
 * again the same. */
#include <assert.h>
#include <stdint.h>

#include "wire/action_json.h"
#include "wire/task_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct buf first = BUF(MEM_TEST, 0), second = BUF(MEM_TEST, 0);
    struct err err = {0};
    struct task t = {.name = SLICE("t"), .state = TASK_PENDING, .exit = -1}, u;
    if (action_read((struct slice){(const char *)data, size}, &a, &t, &err) < 0) {
        assert(err.text[0]);
    } else {
        assert(t.kind == ACTION_WORKFLOW ? t.step_count > 0 : t.argc > 0 || t.does.size);
        assert(task_write(&t, &first) == 0);
        assert(task_read(buf_slice(&first), &a, &u, &err) == 0);
        assert(task_write(&u, &second) == 0);
        assert(slice_eq(buf_slice(&first), buf_slice(&second)));
    }
    buf_done(&first);
    buf_done(&second);
    arena_done(&a);
    return 0;
}
