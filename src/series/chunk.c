#include "series/chunk.h"

#include <assert.h>
#include <string.h>

/* How a change of distance is written: a prefix of ones that ends in a zero says how many bits. */
static const uint8_t widths[] = {0, 7, 10, 14, 32};
enum { WIDTHS = sizeof(widths), NOTHING = 64, LEADING_BITS = 5, LENGTH_BITS = 6, LEADING_MAX = 31 };

/* ---- bits ---- */

/* The highest of `n` bits first. */
static void put(struct chunk *c, uint64_t value, unsigned n)
{
    while (n) {
        unsigned room = 8 - (c->used & 7), take = n < room ? n : room;
        uint8_t part = (uint8_t)(value >> (n - take) & ((1u << take) - 1));
        c->data[c->used >> 3] = (uint8_t)(c->data[c->used >> 3] | part << (room - take));
        c->used += take;
        n -= take;
    }
}

/* The next 57 bits or more, the first one on top. */
static inline uint64_t peek(const struct chunk_reader *r)
{
    uint64_t w;
    memcpy(&w, r->chunk->data + (r->at >> 3), sizeof(w));
    return __builtin_bswap64(w) << (r->at & 7);
}

/* 1 <= n <= 64 */
static inline uint64_t take(struct chunk_reader *r, unsigned n)
{
    uint64_t high = 0;
    if (n > 32) {
        high = peek(r) >> 32;
        r->at += 32;
        n -= 32;
        high <<= n;
    }
    uint64_t low = peek(r) >> (64 - n);
    r->at += n;
    return high | low;
}

/* ---- writing ---- */

static void put_time(struct chunk *c, struct chunk_tail *t, int64_t ms)
{
    int64_t delta = ms - t->ms, change = delta - t->delta;
    unsigned i = 0;
    if (change != 0)
        for (i = 1; i < WIDTHS; i++)
            if (change >= -(INT64_C(1) << (widths[i] - 1)) && change < INT64_C(1)
                                                                           << (widths[i] - 1))
                break;
    /* i ones and a zero; the last form is all ones. */
    put(c, i < WIDTHS ? (UINT64_C(1) << (i + 1)) - 2 : (UINT64_C(1) << WIDTHS) - 1,
        i < WIDTHS ? i + 1 : WIDTHS);
    if (i > 0)
        put(c, (uint64_t)change, i < WIDTHS ? widths[i] : 64);
    t->ms = ms;
    t->delta = delta;
}

static void put_value(struct chunk *c, struct chunk_tail *t, uint64_t bits)
{
    uint64_t differs = bits ^ t->bits;
    t->bits = bits;
    if (differs == 0) {
        put(c, 0, 1);
        return;
    }
    unsigned leading = (unsigned)__builtin_clzll(differs);
    unsigned trailing = (unsigned)__builtin_ctzll(differs);
    if (leading > LEADING_MAX)
        leading = LEADING_MAX;
    unsigned length = 64 - leading - trailing;
    bool fits = t->leading != NOTHING && leading >= t->leading && trailing >= t->trailing;
    /* A place that is too wide is given up for one that pays for its own description. */
    if (fits && 64u - t->leading - t->trailing <= length + LEADING_BITS + LENGTH_BITS) {
        put(c, 2, 2);
        put(c, differs >> t->trailing, 64u - t->leading - t->trailing);
        return;
    }
    put(c, 3, 2);
    put(c, leading, LEADING_BITS);
    put(c, length - 1, LENGTH_BITS);
    put(c, differs >> trailing, length);
    t->leading = (uint8_t)leading;
    t->trailing = (uint8_t)trailing;
}

void chunk_add(struct chunk *c, struct chunk_tail *t, int64_t ms, uint64_t bits)
{
    assert(chunk_has_room(c));
    if (c->count == 0) {
        *t = (struct chunk_tail){.ms = ms, .bits = bits, .leading = NOTHING};
        c->first_ms = ms;
        put(c, bits, 64);
    } else {
        assert(ms > t->ms);
        put_time(c, t, ms);
        put_value(c, t, bits);
    }
    c->last_ms = ms;
    c->count++;
}

/* ---- reading ---- */

void chunk_read_begin(struct chunk_reader *r, const struct chunk *c)
{
    *r = (struct chunk_reader){.chunk = c, .left = c->count};
}

static inline void read_time(struct chunk_reader *r)
{
    uint64_t word = peek(r);
    unsigned ones = word == UINT64_MAX ? WIDTHS : (unsigned)__builtin_clzll(~word);
    if (ones > WIDTHS)
        ones = WIDTHS;
    r->at += ones < WIDTHS ? ones + 1 : WIDTHS;
    if (ones > 0) {
        unsigned width = ones < WIDTHS ? widths[ones] : 64;
        /* Shifted up and down, so that the sign fills what is above. */
        r->tail.delta += (int64_t)(take(r, width) << (64 - width)) >> (64 - width);
    }
    r->tail.ms += r->tail.delta;
}

static inline void read_value(struct chunk_reader *r)
{
    struct chunk_tail *t = &r->tail;
    uint64_t word = peek(r);
    if (!(word >> 63)) {
        r->at++;
        return;
    }
    r->at += 2;
    if (word >> 62 == 3) {
        t->leading = (uint8_t)take(r, LEADING_BITS);
        unsigned length = (unsigned)take(r, LENGTH_BITS) + 1;
        t->trailing = (uint8_t)(64 - t->leading - length);
    }
    t->bits ^= take(r, 64u - t->leading - t->trailing) << t->trailing;
}

bool chunk_read(struct chunk_reader *r)
{
    if (r->left == 0)
        return false;
    if (r->left-- == r->chunk->count) {
        r->tail = (struct chunk_tail){.ms = r->chunk->first_ms, .bits = take(r, 64)};
        return true;
    }
    read_time(r);
    read_value(r);
    return true;
}
