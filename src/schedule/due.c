#include "schedule/due.h"

#include "base/alloc.h"

enum { CAP_MIN = 64 };

static bool before(const struct due_slot *a, const struct due_slot *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static void set(struct due_heap *h, size_t i, struct due_slot s)
{
    h->slots[i] = s;
    s.item->place = i + 1;
}

static void up(struct due_heap *h, size_t i, struct due_slot s)
{
    while (i > 0 && before(&s, &h->slots[(i - 1) / 2])) {
        set(h, i, h->slots[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    set(h, i, s);
}

static void down(struct due_heap *h, size_t i, struct due_slot s)
{
    for (size_t child; (child = 2 * i + 1) < h->count; i = child) {
        if (child + 1 < h->count && before(&h->slots[child + 1], &h->slots[child]))
            child++;
        if (!before(&h->slots[child], &s))
            break;
        set(h, i, h->slots[child]);
    }
    set(h, i, s);
}

void due_put(struct due_heap *h, struct due_item *item, int64_t at_ns)
{
    due_remove(h, item);
    if (h->count == h->cap) {
        h->cap = h->cap ? 2 * h->cap : CAP_MIN;
        h->slots = mem_resize(MEM_SCHEDULE, h->slots, h->cap * sizeof(*h->slots));
    }
    up(h, h->count++, (struct due_slot){at_ns, ++h->order_last, item});
}

void due_remove(struct due_heap *h, struct due_item *item)
{
    if (item->place == 0)
        return;
    size_t i = item->place - 1;
    struct due_slot last = h->slots[--h->count];
    item->place = 0;
    if (i == h->count)
        return;
    if (i > 0 && before(&last, &h->slots[(i - 1) / 2]))
        up(h, i, last);
    else
        down(h, i, last);
}

void due_done(struct due_heap *h)
{
    mem_free(MEM_SCHEDULE, h->slots);
    *h = (struct due_heap){0};
}
