/* vector.h - what a part of a question has for an answer: values with labels. Inside of series.
 *
 * A number is a vector of one without labels: joined, it goes with everything. */
#ifndef FIREBREAK_SERIES_VECTOR_H
#define FIREBREAK_SERIES_VECTOR_H

#include "base/buf.h"
#include "series/set.h"

struct element {
    const struct series_pair *pairs; /* by name; of a series that is pinned, or in the arena */
    uint32_t pair_count;
    const struct series_metric *metric; /* NULL: computed */
    double value;
};

struct vector {
    struct element *items; /* in the arena */
    uint32_t count, cap;
};

/* NaN is no value: nothing is added. Returns 0, -E2BIG, or -ENOSPC: the arena's bound. */
int vector_add(struct vector *v, struct arena *a, struct element e);
/* Whether two go together. */
bool element_agrees(const struct element *a, const struct element *b);
/* Of its metric and labels. */
uint64_t element_hash(const struct element *e);
/* Appends `name{a="b"}`. */
void element_print(const struct element *e, struct buf *out);

/* Joins both sides of an operator that is not `or`. Returns 0 or as vector_add; `tick`, which may
 * be NULL, is called now and then. */
int vector_join(enum query_op op, const struct vector *left, const struct vector *right,
                struct arena *a, void (*tick)(void *ctx, uint64_t work), void *ctx,
                struct vector *ret);

#endif
