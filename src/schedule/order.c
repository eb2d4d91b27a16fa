#include "schedule/order.h"

#include <errno.h>

#include "store/tasks.h"
#include "wire/action_json.h"

int order_task(const struct schedule_order *o, struct arena *a, struct task *ret, struct err *err)
{
    struct task t = {
        .namespace_ = o->namespace_,
        .state = TASK_PENDING,
        .node = o->node,
        .selector = o->selector,
        .dedup_key = o->dedup_key,
    };
    int r = action_read(o->action, a, &t, err);
    if (r < 0)
        return err_wrap(err, "do");
    t.created_by = slice_from(
        arena_printf(a, "schedule %.*s/%.*s", SLICE_ARG(o->namespace_), SLICE_ARG(o->schedule)));
    *ret = t;
    return 0;
}

int order_check(const struct schedule *s, struct err *err)
{
    struct arena a = ARENA(MEM_SCHEDULE, 0);
    struct schedule_order o = {
        .namespace_ = s->namespace_,
        .schedule = s->name,
        .action = s->action,
        .node = s->node,
        .selector = s->selector,
    };
    struct task t;
    int r = order_task(&o, &a, &t, err);
    if (r == 0)
        r = tasks_check(&t, NULL, err);
    arena_done(&a);
    return r;
}
