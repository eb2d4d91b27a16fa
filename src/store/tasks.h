/* tasks.h - what people, schedules and remedies do to tasks: want them, cancel, approve, retry.
 *
 * Each is one guarded transaction, tried until it has an answer or the deadline passes; what was in
 * doubt and is asked again happens once. Whoever leads the scheduler sees it by its watch. Keys are
 * those of wire/task_key.h. */
#ifndef FIREBREAK_STORE_TASKS_H
#define FIREBREAK_STORE_TASKS_H

#include "model/task.h"
#include "store/store.h"

struct tasks_at {
    struct store *store;
    struct slice prefix; /* Store.Prefix */
    /* Of a submission: what must hold, and what is written with it, in the same transaction. */
    const struct store_compare *guards;
    const struct store_op *with;
    uint32_t guard_count, with_count; /* up to TASKS_GUARDS_MAX each */
};

enum { TASKS_GUARDS_MAX = 8 };

/* Wants a task: *t has what is wanted, and PENDING or AWAITING_APPROVAL; it gets its name, where
 * that is empty, and the time of its creation. With a dedup key that a task has already, that one's
 * name is the answer, and nothing is written. *ret_name lies in `arena`; *ret_new may be NULL.
 * Returns 0; -EEXIST: another task has the name; -ESTALE: a guard does not hold, and nothing is
 * written; -EINVAL, -EMSGSIZE: it is none that can be. */
int tasks_submit(const struct tasks_at *at, struct task *t, struct arena *arena,
                 struct slice *ret_name, bool *ret_new, struct err *err, rt_time deadline);

/* A name that no other task has. Those of a later millisecond of the wall clock are greater. */
struct slice tasks_name(struct arena *arena);
/* Whether that task can be: 0, or -EINVAL with *err and, where it is not NULL, *ret_field, the
 * member that is wrong, as JSON names it. Does not wait. */
int tasks_check(const struct task *t, const char **ret_field, struct err *err);

enum tasks_verb { TASKS_CANCEL, TASKS_APPROVE, TASKS_REJECT, TASKS_RETRY };

/* `by` names who says so. Returns 0 (also where it is so already); -ENOENT: there is no such task;
 * -EALREADY with *err: its state does not allow that. */
int tasks_do(const struct tasks_at *at, enum tasks_verb verb, struct slice name, struct slice by,
             struct err *err, rt_time deadline);

/* Forgets one that has ended, with its steps, its output and its dedup key: that may be used anew.
 * *ret_revision may be NULL.
 * Returns 0; -ENOENT: there is no such task; -EALREADY with *err: it has not ended, or is a step.
 */
int tasks_forget(const struct tasks_at *at, struct slice name, int64_t *ret_revision,
                 struct err *err, rt_time deadline);

/* READY, CORDONED (nothing new is given to it) or DRAINING (and what has not begun goes elsewhere).
 * The node need not live. */
int tasks_node(const struct tasks_at *at, struct slice node, enum node_state state, struct err *err,
               rt_time deadline);
/* Forgets one that lives no more, and what people said of it. *ret_revision may be NULL.
 * Returns 0; -ENOENT: nothing is known of it; -EBUSY: it lives. */
int tasks_node_forget(const struct tasks_at *at, struct slice node, int64_t *ret_revision,
                      struct err *err, rt_time deadline);

#endif
