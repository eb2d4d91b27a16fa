/* due.h - which of many is due first: a heap of times with small numbers beside them. Inside of
 * schedule.
 *
 * The times lie side by side, so that a hundred thousand of them that are due in one minute cost a
 * few cache lines each. An item knows its place, so that it may leave or move at any time. */
#ifndef FIREBREAK_SCHEDULE_DUE_H
#define FIREBREAK_SCHEDULE_DUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct due_item {
    size_t place; /* from 1; 0: in no heap */
};

struct due_slot {
    int64_t at_ns;
    uint64_t order; /* of equal times the one that came first is first */
    struct due_item *item;
};

/* All zeroes is empty. */
struct due_heap {
    struct due_slot *slots;
    size_t count, cap;
    uint64_t order_last;
};

/* Puts it in, or moves it. */
void due_put(struct due_heap *h, struct due_item *item, int64_t at_ns);
void due_remove(struct due_heap *h, struct due_item *item); /* harmless where it is in none */
/* INT64_MAX: it is empty. */
static inline int64_t due_first_at(const struct due_heap *h)
{
    return h->count ? h->slots[0].at_ns : INT64_MAX;
}
static inline struct due_item *due_first(const struct due_heap *h)
{
    return h->count ? h->slots[0].item : NULL;
}
void due_done(struct due_heap *h);

#endif
