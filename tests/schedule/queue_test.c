#include "schedule/queue.h"

#include "tests/tap.h"

static struct queue queue;

static int popped(struct queue_item *items)
{
    struct queue_item *item = queue_pop(&queue);
    return item ? (int)(item - items) : -1;
}

static void higher_priority_first_then_who_came_first(void)
{
    struct queue_item items[4] = {
        {.priority = 0}, {.priority = 5}, {.priority = 5}, {.priority = 9}};
    queue_init(&queue);
    for (int i = 0; i < 4; i++)
        queue_push(&queue, &items[i], SLICE("a"));
    CHECK_INT(popped(items), 3);
    CHECK_INT(popped(items), 1);
    CHECK_INT(popped(items), 2);
    CHECK_INT(popped(items), 0);
    CHECK_INT(popped(items), -1);
    queue_done(&queue);
}

static void one_namespace_does_not_starve_another(void)
{
    static struct queue_item many[100], one;
    queue_init(&queue);
    for (int i = 0; i < 100; i++)
        queue_push(&queue, &many[i], SLICE("crowd"));
    queue_push(&queue, &one, SLICE("single"));
    CHECK(queue_pop(&queue) == &many[0]);
    CHECK(queue_pop(&queue) == &one);
    CHECK(queue_pop(&queue) == &many[1]);
    queue_done(&queue);
}

static void but_a_higher_priority_goes_before_fairness(void)
{
    struct queue_item high[2] = {{.priority = 1}, {.priority = 1}}, low = {.priority = 0};
    queue_init(&queue);
    queue_push(&queue, &low, SLICE("b"));
    queue_push(&queue, &high[0], SLICE("a"));
    queue_push(&queue, &high[1], SLICE("a"));
    CHECK(queue_pop(&queue) == &high[0]);
    CHECK(queue_pop(&queue) == &high[1]);
    CHECK(queue_pop(&queue) == &low);
    queue_done(&queue);
}

static void who_comes_again_keeps_its_place(void)
{
    struct queue_item items[2] = {{.priority = 0}, {.priority = 0}};
    queue_init(&queue);
    queue_push(&queue, &items[0], SLICE("a"));
    queue_push(&queue, &items[1], SLICE("a"));
    CHECK_INT(popped(items), 0);
    queue_push(&queue, &items[0], SLICE("a"));
    CHECK_INT(popped(items), 0);
    queue_remove(&queue, &items[1]);
    CHECK(!queue_has(&items[1]));
    CHECK_INT(popped(items), -1);
    queue_remove(&queue, &items[1]);
    queue_done(&queue);
}

/* Against a sorted list: whatever comes, goes or leaves, the best is first. */
static void it_is_a_heap(void)
{
    enum { COUNT = 200, STEPS = 5000 };
    static struct queue_item items[COUNT];
    uint64_t r = 1;
    queue_init(&queue);
    for (int step = 0; step < STEPS; step++) {
        r = r * 6364136223846793005u + 1442695040888963407u;
        struct queue_item *x = &items[(r >> 33) % COUNT];
        if (queue_has(x)) {
            queue_remove(&queue, x);
        } else {
            x->priority = (int32_t)((r >> 20) % 50);
            queue_push(&queue, x, SLICE("a"));
        }
    }
    size_t left = queue.count;
    struct queue_item *last = NULL, *next;
    for (; (next = queue_pop(&queue)); left--, last = next)
        CHECK(!last || last->priority > next->priority ||
              (last->priority == next->priority && last->number < next->number));
    CHECK_INT(left, 0);
    queue_done(&queue);
}

int main(void)
{
    TAP_RUN(higher_priority_first_then_who_came_first);
    TAP_RUN(one_namespace_does_not_starve_another);
    TAP_RUN(but_a_higher_priority_goes_before_fairness);
    TAP_RUN(who_comes_again_keeps_its_place);
    TAP_RUN(it_is_a_heap);
    return tap_done();
}
