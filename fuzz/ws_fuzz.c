/* One frame of a server. Sent back as ours and unmasked, its payload is the same. */
#include "wire/ws.h"

#include "fuzz/incremental.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = {(const char *)data, size};
    static const uint8_t mask[] = {0, 0, 0, 0};
    struct ws_frame f = {0};
    uint16_t code;
    struct slice words;
    if (CHECK_INCREMENTAL(ws_parse, in, &f) <= 0)
        return 0;
    check_inside(f.payload, in);
    struct buf b = BUF(MEM_TEST, 0);
    assert(ws_put(&b, f.opcode, f.payload, mask) == 0);
    assert(slice_ends_with(buf_slice(&b), f.payload) && b.size >= f.payload.size + 6);
    if (f.opcode == WS_CLOSE && ws_parse_close(f.payload, &code, &words) == 0)
        check_inside(words, f.payload);
    buf_done(&b);
    return 0;
}
