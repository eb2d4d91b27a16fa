/* Any bytes are walked, four messages deep. What was walked to its end and is written again, field
 * by field, reads back the same; and every slice lies inside of what was given. */
#include <assert.h>
#include <stdint.h>

#include "wire/protobuf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DEPTH_MAX = 4 };

static bool writable(const struct pb_field *f)
{
    uint32_t type = f->tag & 7;
    return type == PB_VARINT ? f->number != 0 : type == PB_BYTES && f->bytes.size > 0;
}

/* Returns whether it was well formed; appends those fields that our writer can write. */
static bool walk(struct slice message, int depth, struct buf *out)
{
    const char *begin = message.data, *end = begin + message.size;
    struct pb_field f;
    int r;
    while ((r = pb_next(&message, &f)) > 0) {
        assert(message.data <= end && message.data > begin);
        assert(f.tag >> 3 > 0 && f.tag >> 3 <= PB_FIELD_MAX);
        if ((f.tag & 7) == PB_BYTES) {
            assert(f.bytes.data >= begin && f.bytes.data + f.bytes.size <= end);
            struct buf inside = BUF(MEM_TEST, 0);
            if (depth < DEPTH_MAX)
                (void)walk(f.bytes, depth + 1, &inside);
            buf_done(&inside);
        }
        if (writable(&f) && (f.tag & 7) == PB_VARINT)
            pb_put_number(out, f.tag >> 3, f.number);
        else if (writable(&f))
            pb_put_bytes(out, f.tag >> 3, f.bytes);
    }
    return r == 0;
}

static void check_same(struct slice in, struct slice out)
{
    struct pb_field a, b;
    while (pb_next(&in, &a) > 0) {
        if (!writable(&a))
            continue;
        int r = pb_next(&out, &b);
        assert(r == 1 && a.tag == b.tag && a.number == b.number && slice_eq(a.bytes, b.bytes));
    }
    assert(out.size == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = {(const char *)data, size};
    struct buf out = BUF(MEM_TEST, 0), wrapped = BUF(MEM_TEST, 0);
    struct pb_field f;
    if (walk(in, 0, &out))
        check_same(in, buf_slice(&out));
    size_t begun = pb_begin(&wrapped, 1);
    (void)buf_append(&wrapped, data, size);
    pb_end(&wrapped, begun);
    struct slice rest = buf_slice(&wrapped);
    assert(pb_next(&rest, &f) == 1 && rest.size == 0 && slice_eq(f.bytes, in));
    buf_done(&out);
    buf_done(&wrapped);
    return 0;
}
