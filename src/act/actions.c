#include "act/actions.h"

#include <errno.h>

#include "act/notify.h"

static int run(struct act *a, const struct exec_spec *spec, const struct exec_sink *sink,
               struct exec_result *ret_result, struct err *err, rt_time deadline)
{
    return act_exec(a, spec, NULL, sink, ret_result, err, deadline);
}

static int notify(struct act *a, const struct exec_spec *spec, const struct exec_sink *sink,
                  struct exec_result *ret_result, struct err *err, rt_time deadline)
{
    (void)a;
    (void)sink;
    rt_time latest = spec->timeout_ns ? rt_now() + spec->timeout_ns : RT_NEVER;
    return act_notify(slice_from(spec->action), ret_result, err,
                      deadline < latest ? deadline : latest);
}

/* Whoever adds one says in model/action.c that a node does it. */
act_action_fn *const act_actions[ACTION_KIND_COUNT] = {
    [ACTION_RUN] = run,
    [ACTION_NOTIFY] = notify,
    [ACTION_RESTART] = act_restart,
    [ACTION_PATCH] = act_patch,
    [ACTION_SCALE] = act_scale,
    [ACTION_FAILOVER] = act_failover,
};

static int execute(void *ctx, const struct exec_spec *spec, const struct exec_sink *sink,
                   struct exec_result *ret_result, struct err *err, int64_t deadline)
{
    /* A newer control plane may give what this node does not know. */
    if (spec->kind >= ACTION_KIND_COUNT || !act_actions[spec->kind])
        return err_set(err, -ENOTSUP, "this node cannot do %.200s",
                       spec->action ? spec->action : "that");
    return act_actions[spec->kind](ctx, spec, sink, ret_result, err, deadline);
}

struct executor act_executor(struct act *a)
{
    return (struct executor){.run = execute, .ctx = a};
}
