/* workflow.h - what is to be written about one workflow now: a pure function of what is seen of it.
 *
 * A workflow is a task whose steps are tasks. Each of those is given, fenced, accepted and told as
 * any other; the workflow itself runs nowhere. The leading controller looks at it and at the tasks
 * of its steps, and plans one transaction (plan.h), which compares the workflow's own revision and
 * the controller's election. Why no death of a controller loses or doubles anything:
 *
 *  - a step's task is created in the transaction that writes into the workflow that it has begun,
 *    under a name that follows from the workflow's and the step's; it compares that there is none
 *    of that name. So there is at most one for each step and round, and where the workflow says
 *    "begun" there is one;
 *  - a step that has ended says so in the workflow, once; after that its task is not looked at any
 *    more, and may be trimmed. Until then whoever leads sees the task's own end, and says it;
 *  - what a step said (its outputs) is copied with its end, so conditions and texts of later steps
 *    rely on the workflow alone;
 *  - nothing else is remembered: a new leader plans from what the store holds.
 *
 * From the first step that fails on, or when it is canceled or its deadline passes, nothing new
 * begins. What runs ends (if it was canceled: is ended); then the rollbacks of the steps that
 * succeeded run one after another, the last one to end first. A rollback that fails does not stop
 * the others: it stands in the step. Rollbacks are not canceled: they are what a cancellation asks
 * for. Pure: no clock, no I/O. */
#ifndef FIREBREAK_SCHEDULE_WORKFLOW_H
#define FIREBREAK_SCHEDULE_WORKFLOW_H

#include "schedule/plan.h"

enum {
    WORKFLOW_LOOK_MS = 10 * 1000, /* how soon a step's task that nobody tells of is looked for */
    WORKFLOW_TASKS_BYTES_MAX = 400 * 1000, /* begun by one plan: a store takes no more at once */
};

/* What is seen of the task of a step, or of its rollback. */
struct workflow_seen {
    bool there;
    int64_t mod;
    struct task *task; /* of `there`; changed where it is told to end */
};

/* The names of these tasks, in the arena. */
struct slice workflow_step_task(struct arena *a, const struct task *workflow, uint32_t step);
struct slice workflow_undo_task(struct arena *a, const struct task *workflow, uint32_t step);

/* Instead of plan_settle, for a task with steps; `steps` and `undos` have one for each of them.
 * Between plan_begin and plan_end. */
void workflow_settle(struct plan *p, const struct workflow_seen *steps,
                     const struct workflow_seen *undos);

#endif
