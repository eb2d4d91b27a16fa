/* Any bytes as what an observer sees: refused with words; or what is read is written, read, and
 * written again the same. */
#include <assert.h>
#include <stdint.h>

#include "wire/view_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct seen seen;
    struct arena a = ARENA(MEM_TEST, 0);
    struct buf first = BUF(MEM_TEST, 0), second = BUF(MEM_TEST, 0);
    struct err err = {0};
    if (view_read((struct slice){(const char *)data, size}, &a, &seen, &err) < 0) {
        assert(err.text[0]);
    } else {
        assert(seen.count <= ASSET_CHECKS_MAX);
        view_write(&seen, &first);
        /* What is escaped may be longer than what it was read from. */
        if (first.size <= VIEW_BYTES_MAX) {
            assert(view_read(buf_slice(&first), &a, &seen, &err) == 0);
            view_write(&seen, &second);
            assert(slice_eq(buf_slice(&first), buf_slice(&second)));
        }
    }
    buf_done(&first);
    buf_done(&second);
    arena_done(&a);
    return 0;
}
