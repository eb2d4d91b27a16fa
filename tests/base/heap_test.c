#include "base/heap.h"

#include "base/defs.h"
#include "tests/tap.h"

struct thing {
    struct heap_link link;
    int value;
};

static bool before(const struct heap_link *a, const struct heap_link *b)
{
    return CONTAINER_OF(a, const struct thing, link)->value <
           CONTAINER_OF(b, const struct thing, link)->value;
}

static int least(const struct heap *h)
{
    return CONTAINER_OF(heap_first(h), struct thing, link)->value;
}

static void the_least_comes_first(void)
{
    struct heap h = {.before = before};
    struct thing things[100] = {0};
    CHECK(heap_first(&h) == NULL);
    for (int i = 0; i < 100; i++) {
        things[i].value = i * 37 % 100;
        heap_push(&h, &things[i].link);
    }
    for (int i = 0; i < 100; i++) {
        CHECK_INT(least(&h), i);
        heap_remove(&h, (struct heap_link *)(uintptr_t)heap_first(&h));
    }
    CHECK(heap_first(&h) == NULL);
    heap_done(&h);
}

static void any_of_them_may_leave(void)
{
    struct heap h = {.before = before};
    struct thing things[100] = {0};
    for (int i = 0; i < 100; i++) {
        things[i].value = i * 37 % 100;
        heap_push(&h, &things[i].link);
    }
    for (int i = 0; i < 100; i++)
        if (things[i].value % 3 == 0)
            heap_remove(&h, &things[i].link);
    heap_remove(&h, &things[0].link); /* value 0: it has left, and that is harmless */
    CHECK_INT(h.count, 66);
    for (int i = 0; i < 100; i++) {
        if (i % 3 == 0)
            continue;
        CHECK_INT(least(&h), i);
        heap_remove(&h, (struct heap_link *)(uintptr_t)heap_first(&h));
    }
    heap_done(&h);
}

int main(void)
{
    TAP_RUN(the_least_comes_first);
    TAP_RUN(any_of_them_may_leave);
    return tap_done();
}
