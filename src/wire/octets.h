/* octets.h - binary messages in network byte order: read within their bounds, and appended.
 *
 * A reader never leaves its bytes: what is not there reads as zeroes, and `broken` says so at the
 * end, so that a message is taken apart in a straight line and judged once. Pure; any thread. */
#ifndef FIREBREAK_WIRE_OCTETS_H
#define FIREBREAK_WIRE_OCTETS_H

#include "base/buf.h"

struct octets {
    const uint8_t *at, *end;
    bool broken; /* more was asked for than is there */
};

static inline struct octets octets_of(struct slice s)
{
    const uint8_t *at = (const uint8_t *)s.data;
    return (struct octets){at, at ? at + s.size : at, false};
}

static inline size_t octets_left(const struct octets *o)
{
    return (size_t)(o->end - o->at);
}

static inline struct slice octets_take(struct octets *o, size_t size)
{
    if (octets_left(o) < size) {
        o->broken = true;
        o->at = o->end;
        return (struct slice){0};
    }
    o->at += size;
    return (struct slice){(const char *)o->at - size, size};
}

/* `bytes` of 1 to 8. */
static inline uint64_t octets_uint(struct octets *o, size_t bytes)
{
    struct slice s = octets_take(o, bytes);
    uint64_t v = 0;
    for (size_t i = 0; i < s.size; i++)
        v = v << 8 | (uint8_t)s.data[i];
    return v;
}

static inline uint8_t octets_u8(struct octets *o)
{
    return (uint8_t)octets_uint(o, 1);
}

static inline uint16_t octets_u16(struct octets *o)
{
    return (uint16_t)octets_uint(o, 2);
}

static inline uint32_t octets_u32(struct octets *o)
{
    return (uint32_t)octets_uint(o, 4);
}

/* Up to a NUL, which is taken, too. */
static inline struct slice octets_cstr(struct octets *o)
{
    const uint8_t *nul = octets_left(o) ? memchr(o->at, 0, octets_left(o)) : NULL;
    if (!nul) {
        o->broken = true;
        o->at = o->end;
        return (struct slice){0};
    }
    struct slice s = octets_take(o, (size_t)(nul - o->at));
    o->at++;
    return s;
}

/* Returns 0 or -EMSGSIZE, the buffer's bound. */
static inline int octets_put(struct buf *out, uint64_t v, size_t bytes)
{
    char text[8];
    for (size_t i = 0; i < bytes; i++)
        text[i] = (char)(v >> (8 * (bytes - 1 - i)));
    return buf_append(out, text, bytes);
}

#endif
