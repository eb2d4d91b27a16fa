#include "base/buf.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

enum { BUF_FIRST_BYTES = 64 };

void buf_done(struct buf *b)
{
    if (!b)
        return;
    mem_free(b->sub, b->data);
    b->data = NULL;
    b->size = b->cap = 0;
}

/* Room for `need` bytes and the NUL. Doubling keeps appends linear; the bound caps the doubling,
 * so that a full buffer holds size_max + 1 bytes and not nearly twice that. */
static void grow(struct buf *b, size_t need)
{
    size_t cap = b->cap ? b->cap : BUF_FIRST_BYTES;

    while (cap <= need)
        if (__builtin_mul_overflow(cap, 2, &cap))
            cap = need + 1;
    if (b->size_max && cap - 1 > b->size_max)
        cap = b->size_max + 1;
    b->data = mem_resize(b->sub, b->data, cap);
    b->cap = cap;
    b->data[b->size] = 0;
}

int buf_reserve(struct buf *b, size_t extra, char **ret_room)
{
    size_t need;

    /* SIZE_MAX itself would leave no byte for the NUL. */
    if (__builtin_add_overflow(b->size, extra, &need) || need == SIZE_MAX)
        return -EMSGSIZE;
    if (b->size_max && need > b->size_max)
        return -EMSGSIZE;
    if (b->cap <= need)
        grow(b, need);
    if (ret_room)
        *ret_room = b->data + b->size;
    return 0;
}

void buf_commit(struct buf *b, size_t size)
{
    assert(size < b->cap - b->size);
    b->size += size;
    b->data[b->size] = 0;
}

int buf_append_growing_(struct buf *b, const void *data, size_t size)
{
    char *room;

    if (size == 0)
        return 0;
    int r = buf_reserve(b, size, &room);
    if (r < 0)
        return r;
    memcpy(room, data, size);
    buf_commit(b, size);
    return 0;
}

int buf_append_slice(struct buf *b, struct slice s)
{
    return buf_append(b, s.data, s.size);
}

int buf_append_cstr(struct buf *b, const char *s)
{
    return buf_append(b, s, strlen(s));
}

int buf_append_byte(struct buf *b, char c)
{
    return buf_append(b, &c, 1);
}

int buf_append_u64(struct buf *b, uint64_t v)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    return buf_append(b, digits + at, sizeof(digits) - at);
}

int buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    int r = buf_vprintf(b, fmt, args);
    va_end(args);
    return r;
}

int buf_vprintf(struct buf *b, const char *fmt, va_list args)
{
    va_list again;
    char *room;

    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    int r = n < 0 ? -EMSGSIZE : buf_reserve(b, (size_t)n, &room);
    if (r == 0) {
        vsnprintf(room, (size_t)n + 1, fmt, again);
        buf_commit(b, (size_t)n);
    }
    va_end(again);
    return r;
}

void buf_consume(struct buf *b, size_t size)
{
    assert(size <= b->size);
    if (size == 0)
        return;
    b->size -= size;
    memmove(b->data, b->data + size, b->size + 1);
}
