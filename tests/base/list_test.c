#include "base/list.h"

#include "../tap.h"

struct item {
    int value;
    struct list link;
};

static int sum_in_order(struct list *head)
{
    int sum = 0;

    list_each(it, head)
        sum = sum * 10 + list_entry(it, struct item, link)->value;
    return sum;
}

static void items_leave_in_the_order_they_joined(void)
{
    struct list head;
    struct item a = {.value = 1}, b = {.value = 2}, c = {.value = 3};

    list_init(&head);
    CHECK(list_empty(&head) && list_pop_front(&head) == NULL);
    list_push_back(&head, &a.link);
    list_push_back(&head, &b.link);
    list_push_front(&head, &c.link);
    CHECK_INT(sum_in_order(&head), 312);
    CHECK(list_pop_front(&head) == &c.link);
    list_remove(&b.link);
    list_remove(&b.link);
    CHECK_INT(sum_in_order(&head), 1);
}

static void a_zeroed_head_is_empty_and_a_zeroed_link_may_leave(void)
{
    struct list head = {0}, link = {0};

    CHECK(list_empty(&head));
    list_remove(&link);
    CHECK(link.next == NULL);
}

static void the_safe_loop_survives_removal(void)
{
    struct list head;
    struct item items[5] = {0};

    list_init(&head);
    for (int i = 0; i < 5; i++) {
        items[i].value = i + 1;
        list_push_back(&head, &items[i].link);
    }
    list_each_safe(it, &head)
        if (list_entry(it, struct item, link)->value % 2)
            list_remove(it);
    CHECK_INT(sum_in_order(&head), 24);
}

int main(void)
{
    TAP_RUN(items_leave_in_the_order_they_joined);
    TAP_RUN(a_zeroed_head_is_empty_and_a_zeroed_link_may_leave);
    TAP_RUN(the_safe_loop_survives_removal);
    return tap_done();
}
