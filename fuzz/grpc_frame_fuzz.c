/* The first byte is the bound, in units of eight bytes; the rest is a stream of messages. However
 * it is cut, the same messages come out, and none is longer than the bound. As a status' message it
 * decodes to no more bytes than it has. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "wire/grpc_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Returns how many messages there are, and in *ret_end what the last look answered. */
static unsigned count(struct slice in, uint32_t max, ptrdiff_t *ret_end)
{
    struct slice m;
    struct err err = {0};
    unsigned n = 0;
    ptrdiff_t r;
    while ((r = grpc_frame_next(in, max, &m, &err)) > 0) {
        assert(m.size <= max && (size_t)r == m.size + GRPC_HEAD_BYTES);
        assert(m.data == in.data + GRPC_HEAD_BYTES && (size_t)r <= in.size);
        in = (struct slice){in.data + r, in.size - (size_t)r};
        n++;
    }
    assert(r == 0 || err.text[0]);
    *ret_end = r;
    return n;
}

/* A byte more each time, in memory of exactly that size. */
static unsigned count_cut(struct slice in, uint32_t max, ptrdiff_t *ret_end)
{
    size_t at = 0;
    unsigned n = 0;
    ptrdiff_t r = 0;
    for (size_t end = 0; end <= in.size; end++) {
        struct slice m;
        char *copy = malloc(end - at + 1);
        memcpy(copy, in.data + at, end - at);
        r = grpc_frame_next((struct slice){copy, end - at}, max, &m, NULL);
        free(copy);
        if (r < 0)
            break;
        if (r > 0) {
            assert(at + (size_t)r == end);
            at = end;
            n++;
            r = 0;
        }
    }
    *ret_end = r;
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct slice in = {(const char *)data + 1, size - 1};
    uint32_t max = data[0] * 8u;
    ptrdiff_t whole, cut;
    assert(count(in, max, &whole) == count_cut(in, max, &cut) && whole == cut);
    struct buf text = BUF(MEM_TEST, 0);
    assert(grpc_message_decode(in, &text) == 0 && text.size <= in.size);
    assert(grpc_code_parse(in) < GRPC_CODE_COUNT);
    buf_done(&text);
    return 0;
}
