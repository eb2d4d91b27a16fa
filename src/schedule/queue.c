#include "schedule/queue.h"

#include "base/defs.h"

struct queue_lane {
    struct heap_link link; /* in heads, while it has items */
    struct heap items;
    uint64_t served; /* larger: more recently */
    size_t name_size;
    char name[];
};

static struct queue_item *item_of(const struct heap_link *l)
{
    return CONTAINER_OF(l, struct queue_item, link);
}

static bool item_before(const struct heap_link *a, const struct heap_link *b)
{
    const struct queue_item *x = item_of(a), *y = item_of(b);
    return x->priority != y->priority ? x->priority > y->priority : x->number < y->number;
}

static bool lane_before(const struct heap_link *a, const struct heap_link *b)
{
    const struct queue_lane *x = CONTAINER_OF(a, struct queue_lane, link);
    const struct queue_lane *y = CONTAINER_OF(b, struct queue_lane, link);
    int32_t p = item_of(heap_first(&x->items))->priority;
    int32_t q = item_of(heap_first(&y->items))->priority;
    return p != q ? p > q : x->served < y->served;
}

void queue_init(struct queue *q)
{
    *q = (struct queue){
        .lanes = MAP(MEM_SCHEDULE, 0, ((struct map_seed){0, 0})),
        .heads = {.before = lane_before},
    };
}

void queue_done(struct queue *q)
{
    struct map_entry e;
    heap_done(&q->heads);
    for (size_t at = 0; map_next(&q->lanes, &at, &e);) {
        struct queue_lane *lane = e.value;
        for (size_t i = 0; i < lane->items.count; i++)
            item_of(lane->items.links[i])->lane = NULL;
        heap_done(&lane->items);
        mem_free(MEM_SCHEDULE, lane);
    }
    map_done(&q->lanes);
    q->count = 0;
}

static struct queue_lane *lane_of(struct queue *q, struct slice name)
{
    struct queue_lane *lane = map_get(&q->lanes, name);
    if (lane)
        return lane;
    if (q->lanes.count >= QUEUE_NAMESPACES_MAX && name.size)
        return lane_of(q, (struct slice){NULL, 0});
    lane = mem_alloc(MEM_SCHEDULE, sizeof(*lane) + name.size);
    lane->items.before = item_before;
    lane->served = ++q->served;
    lane->name_size = name.size;
    if (name.size)
        memcpy(lane->name, name.data, name.size);
    map_put(&q->lanes, (struct slice){lane->name, name.size}, lane, NULL);
    return lane;
}

void queue_push(struct queue *q, struct queue_item *item, struct slice namespace_)
{
    struct queue_lane *lane = lane_of(q, namespace_);
    if (item->number == 0)
        item->number = ++q->number;
    item->lane = lane;
    heap_remove(&q->heads, &lane->link);
    heap_push(&lane->items, &item->link);
    heap_push(&q->heads, &lane->link);
    q->count++;
}

void queue_remove(struct queue *q, struct queue_item *item)
{
    struct queue_lane *lane = item->lane;
    if (!lane)
        return;
    heap_remove(&q->heads, &lane->link);
    heap_remove(&lane->items, &item->link);
    if (lane->items.count)
        heap_push(&q->heads, &lane->link);
    item->lane = NULL;
    q->count--;
}

struct queue_item *queue_pop(struct queue *q)
{
    struct heap_link *first = heap_first(&q->heads);
    if (!first)
        return NULL;
    struct queue_lane *lane = CONTAINER_OF(first, struct queue_lane, link);
    struct queue_item *item = item_of(heap_first(&lane->items));
    heap_remove(&q->heads, &lane->link);
    lane->served = ++q->served;
    heap_remove(&lane->items, &item->link);
    if (lane->items.count)
        heap_push(&q->heads, &lane->link);
    item->lane = NULL;
    q->count--;
    return item;
}
