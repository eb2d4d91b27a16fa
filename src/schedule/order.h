/* order.h - what a schedule does, made the task that does it (wire/action_json.h).
 *
 * Pure. Inside of schedule/. */
#ifndef FIREBREAK_SCHEDULE_ORDER_H
#define FIREBREAK_SCHEDULE_ORDER_H

#include "base/err.h"
#include "model/schedule.h"
#include "model/task.h"

/* The task that an order of type START wants, to be submitted. Its texts lie in `a` or are those of
 * the order. Returns 0; -ENOTSUP: an action that no task can do; -EBADMSG: it is none, with the
 * member that is wrong. */
int order_task(const struct schedule_order *o, struct arena *a, struct task *ret, struct err *err);
/* Whether what is declared can be done at all. Returns 0, as order_task does, or -EINVAL. */
int order_check(const struct schedule *s, struct err *err);

#endif
