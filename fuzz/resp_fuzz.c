/* One reply of Redis. A text that was read is read again from a command that carries it. */
#include "wire/resp.h"

#include "fuzz/incremental.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = {(const char *)data, size};
    struct resp_reply r = {0}, again;
    if (CHECK_INCREMENTAL(resp_parse, in, &r) <= 0)
        return 0;
    check_inside(r.text, in);
    struct buf b = BUF(MEM_TEST, 0);
    assert(resp_command(&b, &r.text, 1) == 0);
    assert(resp_parse(buf_slice(&b), &again, NULL) == (ptrdiff_t)b.size);
    assert(again.type == RESP_ARRAY && again.integer == 1);
    buf_done(&b);
    return 0;
}
