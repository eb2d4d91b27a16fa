/* quantile.h - how values are spread, in a few KB: "99 of 100 took at most this long".
 *
 * A value is counted in one of QUANTILE_PARTS steps between two powers of two, so that an answer is
 * off by at most 1/QUANTILE_PARTS of itself, however many values there were and whatever they were.
 * All zeroes is valid and empty. Not thread-safe. */
#ifndef FIREBREAK_BASE_QUANTILE_H
#define FIREBREAK_BASE_QUANTILE_H

#include <stdint.h>

enum {
    QUANTILE_PARTS = 32,
    QUANTILE_BUCKETS = 60 * QUANTILE_PARTS, /* any uint64_t has its place */
};

struct quantile {
    uint64_t total;
    uint32_t counts[QUANTILE_BUCKETS]; /* one that is full stays so */
};

void quantile_add(struct quantile *q, uint64_t value);
void quantile_merge(struct quantile *q, const struct quantile *other);
/* The value that `part` (0 to 1) of all are at most, to the step's upper end; 0 where there is
 * none. */
uint64_t quantile_at(const struct quantile *q, double part);

#endif
