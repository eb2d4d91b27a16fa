/* queue.h - what waits to be given, in the order in which it is to be.
 *
 * Higher priority first. Among namespaces whose best is of the same priority, the one that was
 * served longest ago; within a namespace, who came first. So a namespace with a million tasks does
 * not keep another one's single task waiting, and a push or pop costs the logarithm of what waits.
 * Items belong to the caller. Pure; one owner. */
#ifndef FIREBREAK_SCHEDULE_QUEUE_H
#define FIREBREAK_SCHEDULE_QUEUE_H

#include "base/map.h"
#include "base/heap.h"

enum { QUEUE_NAMESPACES_MAX = 10 * 1000 };

struct queue_item {
    struct heap_link link;
    int32_t priority;
    uint64_t number; /* in the order of their coming */
    struct queue_lane *lane;
};

struct queue {
    struct map lanes;  /* namespace -> struct queue_lane */
    struct heap heads; /* lanes that are not empty */
    uint64_t number, served;
    size_t count;
};

void queue_init(struct queue *q);
void queue_done(struct queue *q); /* the items are the caller's */
/* Puts an item that is in no queue. An item that was here before keeps its number: set it to 0 for
 * a new one. Beyond QUEUE_NAMESPACES_MAX namespaces share a lane. */
void queue_push(struct queue *q, struct queue_item *item, struct slice namespace_);
struct queue_item *queue_pop(struct queue *q);               /* NULL: empty */
void queue_remove(struct queue *q, struct queue_item *item); /* harmless where it is in none */
static inline bool queue_has(const struct queue_item *item)
{
    return item->lane;
}

#endif
