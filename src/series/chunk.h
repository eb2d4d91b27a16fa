/* chunk.h - some samples of one series, in few bytes. Inside of series.
 *
 * Times are milliseconds: what is written is by how much the distance to the one before changed,
 * which for a clock that ticks evenly is one bit. Of a value is written where it differs, bit by
 * bit, from the one before (the idea of Facebook's Gorilla, VLDB 2015): a value that stays costs
 * one bit. A series that is scraped every 5 s takes some 1.3 bytes a sample where it stays, 2 to 9
 * where it moves.
 *
 * A chunk is only ever appended to; its reader needs no more than the chunk. Pure but for its
 * memory; one owner. */
#ifndef FIREBREAK_SERIES_CHUNK_H
#define FIREBREAK_SERIES_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CHUNK_SAMPLES_MAX = 240, /* so that what is too old goes in small parts */
    CHUNK_BYTES_MIN = 48,
    CHUNK_BYTES_MAX = 1024,
    CHUNK_SAMPLE_BYTES_MAX = 19, /* the worst: 5 + 64 bits of time, 2 + 11 + 64 of value */
    CHUNK_PAD_BYTES = 8,         /* behind the data, so that a reader may load eight at once */
};

/* The time and value that the next sample is written against. */
struct chunk_tail {
    int64_t ms, delta;
    uint64_t bits;             /* of the value */
    uint8_t leading, trailing; /* zeroes around the bits that were written last; 64: none were */
};

struct chunk {
    struct chunk *next;
    int64_t first_ms, last_ms;
    uint32_t used;       /* bits */
    uint16_t count, cap; /* cap: bytes of data without the padding */
    uint8_t data[];
};

/* Of a chunk whose data has `cap` bytes. */
static inline size_t chunk_bytes(size_t cap)
{
    return sizeof(struct chunk) + cap + CHUNK_PAD_BYTES;
}
/* Whether another sample fits for certain. */
static inline bool chunk_has_room(const struct chunk *c)
{
    return c->count < CHUNK_SAMPLES_MAX && c->used / 8 + 1 + CHUNK_SAMPLE_BYTES_MAX <= c->cap;
}
/* There is room. The first sample of a chunk sets the tail anew; ms is beyond tail->ms else. */
void chunk_add(struct chunk *c, struct chunk_tail *tail, int64_t ms, uint64_t bits);

struct chunk_reader {
    const struct chunk *chunk;
    uint32_t at; /* bits */
    uint16_t left;
    struct chunk_tail tail; /* of the sample that was read last: ms and bits are its own */
};

void chunk_read_begin(struct chunk_reader *r, const struct chunk *c);
/* Returns false at the end. */
bool chunk_read(struct chunk_reader *r);

#endif
