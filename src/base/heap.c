#include "base/heap.h"

#include "base/alloc.h"

static void set(struct heap *h, size_t at, struct heap_link *l)
{
    h->links[at] = l;
    l->place = at + 1;
}

static void rise(struct heap *h, size_t at)
{
    struct heap_link *l = h->links[at];
    while (at > 0 && h->before(l, h->links[(at - 1) / 2])) {
        set(h, at, h->links[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    set(h, at, l);
}

static void sink(struct heap *h, size_t at)
{
    struct heap_link *l = h->links[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= h->count)
            break;
        if (child + 1 < h->count && h->before(h->links[child + 1], h->links[child]))
            child++;
        if (!h->before(h->links[child], l))
            break;
        set(h, at, h->links[child]);
        at = child;
    }
    set(h, at, l);
}

void heap_push(struct heap *h, struct heap_link *l)
{
    enum { FIRST = 64 };
    if (h->count == h->cap) {
        h->cap = h->cap ? h->cap * 2 : FIRST;
        h->links = mem_resize(MEM_BASE, h->links, h->cap * sizeof(*h->links));
    }
    set(h, h->count++, l);
    rise(h, h->count - 1);
}

void heap_remove(struct heap *h, struct heap_link *l)
{
    if (l->place == 0)
        return;
    size_t at = l->place - 1;
    struct heap_link *last = h->links[--h->count];
    l->place = 0;
    if (last == l)
        return;
    set(h, at, last);
    rise(h, at);
    sink(h, last->place - 1);
}

void heap_done(struct heap *h)
{
    for (size_t i = 0; i < h->count; i++)
        h->links[i]->place = 0;
    mem_free(MEM_BASE, h->links);
    h->links = NULL;
    h->count = h->cap = 0;
}
