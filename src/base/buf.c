#include "base/buf.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { CAP_FIRST = 64, DIGITS_U64_MAX = 20 };

void buf_done(struct buf *b)
{
    mem_free(b->sub, b->data);
    *b = (struct buf){.sub = b->sub, .size_max = b->size_max};
}

int buf_reserve(struct buf *b, size_t extra, char **ret_room)
{
    size_t max = b->size_max ? b->size_max : SIZE_MAX / 2;
    if (extra > max || b->size > max - extra)
        return -EMSGSIZE;
    size_t need = b->size + extra + 1; /* one for the NUL */
    if (need > b->cap) {
        size_t cap = b->cap ? b->cap : CAP_FIRST;
        while (cap < need)
            cap += cap / 2 + CAP_FIRST;
        b->data = mem_resize(b->sub, b->data, cap);
        b->data[b->size] = 0;
        b->cap = cap;
    }
    if (ret_room)
        *ret_room = b->data + b->size;
    return 0;
}

void buf_commit(struct buf *b, size_t size)
{
    assert(b->size + size < b->cap);
    b->size += size;
    b->data[b->size] = 0;
}

int buf_append(struct buf *b, const void *data, size_t size)
{
    char *room;
    int r = buf_reserve(b, size, &room);
    if (r < 0)
        return r;
    if (size)
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
    char digits[DIGITS_U64_MAX];
    size_t at = sizeof(digits);
    do
        digits[--at] = (char)('0' + v % 10);
    while ((v /= 10) > 0);
    return buf_append(b, digits + at, sizeof(digits) - at);
}

int buf_vprintf(struct buf *b, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    assert(n >= 0);
    char *room;
    int r = buf_reserve(b, (size_t)n, &room);
    if (r == 0) {
        vsnprintf(room, (size_t)n + 1, fmt, again);
        buf_commit(b, (size_t)n);
    }
    va_end(again);
    return r;
}

int buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int r = buf_vprintf(b, fmt, args);
    va_end(args);
    return r;
}

void buf_consume(struct buf *b, size_t size)
{
    assert(size <= b->size);
    if (size == 0)
        return;
    memmove(b->data, b->data + size, b->size - size);
    b->size -= size;
    b->data[b->size] = 0;
}
