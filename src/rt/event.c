#include "rt/event.h"

#include "rt/loop.h"

struct waiter {
    struct list link;
    struct rt_task *task;
};

int rt_event_wait(struct rt_event *e, rt_time deadline)
{
    int r = rt_check_cancel();
    if (r < 0 || e->set)
        return r;
    struct waiter w = {.task = rt_self->current};
    if (!e->waiters.next)
        list_init(&e->waiters);
    list_push_back(&e->waiters, &w.link);
    r = rt_park(deadline);
    list_remove(&w.link);
    return r;
}

void rt_event_set(struct rt_event *e)
{
    e->set = true;
    if (fault_mutant("rt_event_wakeup_lost"))
        return;
    struct list *it;
    while ((it = list_pop_front(&e->waiters)))
        rt_wake(list_entry(it, struct waiter, link)->task, 0);
}
