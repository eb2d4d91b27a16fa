/* actions.h - which function does which kind of action: the one table.
 *
 * Each is called in a task that may be cancelled, with spec->action (the action as JSON, where it
 * is no RUN), spec->timeout_ns to keep, and env (the names of the attempt are among it). What it
 * says goes into the sink; how it ended into *ret_result, which has an arena of its own: REASON_OK,
 * or a reason of model/action.h and words in `detail`. The promise is that of executor.run. */
#ifndef FIREBREAK_ACT_ACTIONS_H
#define FIREBREAK_ACT_ACTIONS_H

#include "act/act.h"

typedef int act_action_fn(struct act *a, const struct exec_spec *spec, const struct exec_sink *sink,
                          struct exec_result *ret_result, struct err *err, rt_time deadline);
act_action_fn act_restart, act_patch, act_scale;
/* Whose work goes where: FIREBREAK_ASSET and FIREBREAK_NAMESPACE of the environment, and the
 * action's `to`, else FIREBREAK_STANDBY. Written down as /failover/NAMESPACE/ASSET, which whoever
 * leads traffic follows; to itself: deleted. not_serving where the other one has failed, or nobody
 * knows it. */
act_action_fn act_failover;

/* By enum action_kind; NULL: no node does it. */
extern act_action_fn *const act_actions[ACTION_KIND_COUNT];

#endif
