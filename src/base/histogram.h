/* histogram.h - how long things took: counts in fixed buckets, from 50 µs to 30 s.
 *
 * One set of bounds for all, so that any two can be compared and added. Times are nanoseconds.
 * All zeroes is a valid empty histogram. One owner; not thread-safe. */
#ifndef FIREBREAK_BASE_HISTOGRAM_H
#define FIREBREAK_BASE_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_BOUNDS = 18 };

struct histogram {
    uint64_t counts[HISTOGRAM_BOUNDS + 1]; /* [i]: up to bound i, and above the one before it */
    uint64_t count;
    int64_t sum_ns;
};

/* Upper bounds, ascending; each belongs to its bucket. */
extern const int64_t histogram_bounds_ns[HISTOGRAM_BOUNDS];

/* A time below 0 counts as 0. */
void histogram_add(struct histogram *h, int64_t ns);

#endif
