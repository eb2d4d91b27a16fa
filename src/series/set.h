/* set.h - what a set of series is made of. Inside of series. */
#ifndef FIREBREAK_SERIES_SET_H
#define FIREBREAK_SERIES_SET_H

#include "base/list.h"
#include "series/chunk.h"
#include "series/series.h"

/* A name or value, once in memory however often it is used: equal ones are the same pointer. */
struct series_text {
    uint32_t uses, size;
    char data[];
};

struct series_pair {
    struct series_text *name, *value;
};

/* The series of one name. */
struct series_metric {
    struct series_text *name;
    struct list series;
};

struct series {
    struct list of_metric, of_set;
    struct series *next_same; /* in the map: of the same hash */
    struct series_metric *metric;
    uint64_t hash;
    struct chunk *first, *last;
    struct chunk_tail tail;
    uint32_t pins, pair_count;
    struct series_pair pairs[]; /* by name */
};

struct series_set {
    size_t bytes_max;
    struct series_usage usage;
    struct map_seed seed;
    struct map by_hash, texts, metrics;
    struct list all;
};

/* The marker's bits: a NaN of its own, as Prometheus has it. */
#define SERIES_END_BITS UINT64_C(0x7ff0000000000002)

/* The text, or NULL where no series has it. */
struct series_text *series_find_text(const struct series_set *set, struct slice text);
struct series_metric *series_find_metric(const struct series_set *set, struct slice name);
static inline struct slice series_text_slice(const struct series_text *t)
{
    return (struct slice){t->data, t->size};
}
static inline double series_value(uint64_t bits)
{
    double d;
    __builtin_memcpy(&d, &bits, sizeof(d));
    return d;
}

#endif
