#include "schedule/due.h"

#include "tests/tap.h"

enum { COUNT = 2000 };

static struct due_heap heap;
static struct due_item items[COUNT];
static int64_t times[COUNT];

static void the_earliest_is_first_and_equals_keep_their_order(void)
{
    uint64_t state = 7;
    for (int i = 0; i < COUNT; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        times[i] = (int64_t)(state >> 56); /* many are equal */
        due_put(&heap, &items[i], times[i]);
    }
    int64_t before = -1;
    struct due_item *last = NULL;
    for (int i = 0; i < COUNT; i++) {
        struct due_item *item = due_first(&heap);
        int64_t at = due_first_at(&heap);
        CHECK_INT(at, times[item - items]);
        CHECK(at > before || (at == before && item > last));
        before = at;
        last = item;
        due_remove(&heap, item);
        CHECK_INT(item->place, 0);
    }
    CHECK(!due_first(&heap));
    CHECK_INT(due_first_at(&heap), INT64_MAX);
}

static void whoever_leaves_or_moves_is_not_in_the_way(void)
{
    for (int i = 0; i < COUNT; i++)
        due_put(&heap, &items[i], COUNT - i);
    for (int i = 0; i < COUNT; i += 2)
        due_remove(&heap, &items[i]);
    due_remove(&heap, &items[0]); /* harmless */
    for (int i = 1; i < COUNT; i += 4)
        due_put(&heap, &items[i], -i);
    CHECK_INT(heap.count, COUNT / 2);
    int64_t before = INT64_MIN;
    for (int i = 0; i < COUNT / 2; i++) {
        CHECK(due_first_at(&heap) > before);
        before = due_first_at(&heap);
        due_remove(&heap, due_first(&heap));
    }
    CHECK_INT(heap.count, 0);
}

int main(void)
{
    TAP_RUN(the_earliest_is_first_and_equals_keep_their_order);
    TAP_RUN(whoever_leaves_or_moves_is_not_in_the_way);
    due_done(&heap);
    return tap_done();
}
