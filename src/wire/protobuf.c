#include "wire/protobuf.h"

#include <assert.h>
#include <errno.h>

enum { VARINT_BYTES_MAX = 10 };

/* Returns how many bytes it took, or 0: cut off, or more than 64 bits. */
static size_t varint(struct slice in, uint64_t *ret)
{
    uint64_t v = 0;
    for (size_t i = 0; i < in.size && i < VARINT_BYTES_MAX; i++) {
        uint64_t byte = (unsigned char)in.data[i];
        if (i == VARINT_BYTES_MAX - 1 && byte > 1)
            return 0;
        v |= (byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            *ret = v;
            return i + 1;
        }
    }
    return 0;
}

/* Little-endian, whatever the machine is. */
static size_t fixed(struct slice in, size_t size, uint64_t *ret)
{
    uint64_t v = 0;
    if (in.size < size)
        return 0;
    for (size_t i = 0; i < size; i++)
        v |= (uint64_t)(unsigned char)in.data[i] << (8 * i);
    *ret = v;
    return size;
}

static size_t bytes(struct slice in, struct slice *ret)
{
    uint64_t size;
    size_t head = varint(in, &size);
    if (head == 0 || size > in.size - head)
        return 0;
    *ret = (struct slice){in.data + head, (size_t)size};
    return head + (size_t)size;
}

static size_t value(struct slice in, struct pb_field *f)
{
    switch (f->tag & 7) {
    case PB_VARINT:
        return varint(in, &f->number);
    case PB_FIXED64:
        return fixed(in, 8, &f->number);
    case PB_FIXED32:
        return fixed(in, 4, &f->number);
    case PB_BYTES:
        return bytes(in, &f->bytes);
    default:
        return 0;
    }
}

int pb_next(struct slice *message, struct pb_field *ret)
{
    uint64_t tag;
    if (message->size == 0)
        return 0;
    size_t head = varint(*message, &tag);
    if (head == 0 || tag > UINT32_MAX || tag >> 3 == 0)
        return -EBADMSG;
    struct pb_field f = {.tag = (uint32_t)tag};
    struct slice rest = {message->data + head, message->size - head};
    size_t size = value(rest, &f);
    if (size == 0)
        return -EBADMSG;
    *message = (struct slice){rest.data + size, rest.size - size};
    *ret = f;
    return 1;
}

/* ---- writing ---- */

static size_t format(uint64_t v, char *to)
{
    size_t n = 0;
    for (; v >= 0x80; v >>= 7)
        to[n++] = (char)(v | 0x80);
    to[n++] = (char)v;
    return n;
}

static void put_varint(struct buf *out, uint64_t v)
{
    char text[VARINT_BYTES_MAX];
    assert(out->size_max == 0);
    (void)buf_append(out, text, format(v, text));
}

void pb_put_number(struct buf *out, uint32_t field, uint64_t number)
{
    if (number == 0)
        return;
    put_varint(out, PB_TAG(field, PB_VARINT));
    put_varint(out, number);
}

void pb_put_bytes(struct buf *out, uint32_t field, struct slice s)
{
    if (s.size == 0)
        return;
    put_varint(out, PB_TAG(field, PB_BYTES));
    put_varint(out, s.size);
    (void)buf_append(out, s.data, s.size);
}

/* Most messages inside are shorter than 128 bytes, so one byte is kept for the size, and what is
 * longer moves by what its size needs beyond that. */
size_t pb_begin(struct buf *out, uint32_t field)
{
    put_varint(out, PB_TAG(field, PB_BYTES));
    put_varint(out, 0);
    return out->size;
}

void pb_end(struct buf *out, size_t begun)
{
    char text[VARINT_BYTES_MAX];
    size_t size = out->size - begun, n = format(size, text);
    if (n > 1) {
        (void)buf_append(out, text, n - 1); /* the room; its bytes are overwritten */
        memmove(out->data + begun + n - 1, out->data + begun, size);
    }
    memcpy(out->data + begun - 1, text, n);
}
