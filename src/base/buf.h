/* buf.h - bytes that we own and that grow.
 *
 * A buffer has a named bound: an append beyond `size_max` changes nothing and answers
 * -EMSGSIZE. All zeroes is a valid empty buffer without a bound in the base subsystem. One owner;
 * not thread-safe. data is NUL-terminated whenever it is not NULL (the NUL is not in size). */
#ifndef FIREBREAK_BASE_BUF_H
#define FIREBREAK_BASE_BUF_H

#include <stdarg.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/defs.h"
#include "base/slice.h"

struct buf {
    char *data;
    size_t size;     /* bytes in use */
    size_t cap;      /* bytes allocated */
    size_t size_max; /* 0: no bound */
    enum mem_subsystem sub;
};

#define BUF(subsystem, max) ((struct buf){.sub = (subsystem), .size_max = (max)})

void buf_done(struct buf *b); /* empty and valid afterwards */
static inline void buf_clear(struct buf *b)
{
    b->size = 0;
    if (b->data)
        b->data[0] = 0;
}
static inline struct slice buf_slice(const struct buf *b)
{
    return (struct slice){b->data, b->size};
}

/* Room for `extra` more bytes behind size; *ret_room may be written, then buf_commit.
 * ret_room NULL: only makes the room. Returns 0 or -EMSGSIZE. */
int buf_reserve(struct buf *b, size_t extra, char **ret_room);
void buf_commit(struct buf *b, size_t size);

/* Each returns 0 or -EMSGSIZE, all or nothing. */
static inline int buf_append(struct buf *b, const void *data, size_t size);
int buf_append_slice(struct buf *b, struct slice s);
int buf_append_cstr(struct buf *b, const char *s);
int buf_append_byte(struct buf *b, char c);
int buf_append_u64(struct buf *b, uint64_t v);
int buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
int buf_vprintf(struct buf *b, const char *fmt, va_list args);
/* Drops the first `size` bytes (a consumed message). */
void buf_consume(struct buf *b, size_t size);

/* ---- inline bodies ---- */

int buf_append_growing_(struct buf *b, const void *data, size_t size);

/* Writers of formats append a few bytes at a time: where there is room, that is one copy. */
static inline int buf_append(struct buf *b, const void *data, size_t size)
{
    if (UNLIKELY(size == 0 || size >= b->cap - b->size)) /* `data` may be NULL with size 0 */
        return buf_append_growing_(b, data, size);
    memcpy(b->data + b->size, data, size);
    b->size += size;
    b->data[b->size] = 0;
    return 0;
}

#endif
