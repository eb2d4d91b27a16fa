/* heap.h - an intrusive binary heap: the least of many, which any of them may leave.
 *
 * The link lives in the object and knows its place, so leaving is as cheap as coming. One owner. */
#ifndef FIREBREAK_BASE_HEAP_H
#define FIREBREAK_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_link {
    size_t place; /* from 1; 0: in no heap */
};

struct heap {
    struct heap_link **links;
    size_t count, cap;
    bool (*before)(const struct heap_link *a, const struct heap_link *b);
};

static inline struct heap_link *heap_first(const struct heap *h)
{
    return h->count ? h->links[0] : NULL;
}
void heap_push(struct heap *h, struct heap_link *l);
void heap_remove(struct heap *h, struct heap_link *l); /* harmless where it is in none */
void heap_done(struct heap *h);

#endif
