/* act.h - programs, run safely: what a task does on this host.
 *
 * A program is started by its argv in a session of its own, with a clean environment, the three
 * standard descriptors and no other, limits, and no way to gain privileges. Nothing that it starts
 * outlives it, unless that is asked for; nothing at all outlives us, however we end.
 *
 * The environment: PATH (fixed: environment.c), HOME, USER, LOGNAME, SHELL (of the user that it
 * runs as), LANG=C.UTF-8, what the spec adds, and FIREBREAK_OUTPUT where values are wanted.
 *
 * act_open forks the keeper of programs (host/keeper.h): before rt_run. The rest is for tasks, of
 * any loop. */
#ifndef FIREBREAK_ACT_ACT_H
#define FIREBREAK_ACT_ACT_H

#include "host/keeper.h"
#include "model/action.h"
#include "rt/rt.h"

struct act {
    struct host_keeper keeper;
};

/* Returns 0 or a negative errno with *err. */
int act_open(struct act *ret_act, struct err *err);
/* No program may be running any more. All zeroes is accepted. */
void act_close(struct act *a);

/* What a command may ask for beyond the spec. */
struct act_stdio {
    int fds[3];       /* descriptors of ours that it gets as they are; -1: as the spec says */
    bool whole_reads; /* the sink gets output as it was read: not split at newlines, and never
                       * with `ends` */
};

/* Runs a program to its end; `stdio` and `sink` may be NULL. See executor.run of model/action.h for
 * the promise: 0 with *ret_result, which the caller ends by exec_result_done; or a negative errno
 * with *err: -EINVAL, -E2BIG (exec_spec_check), -ENOENT, -EPERM (the user), what opening
 * spec->stdin_path said, -EMFILE and so on, -EPIPE (the keeper, or its warden, was killed: then
 * the program was, too), -ECANCELED, -ETIMEDOUT (before anything was started). */
int act_exec(struct act *a, const struct exec_spec *spec, const struct act_stdio *stdio,
             const struct exec_sink *sink, struct exec_result *ret_result, struct err *err,
             rt_time deadline);
/* Every action that a node can do (actions.h), as a plug-in. *a must live as long as it. */
struct executor act_executor(struct act *a);

#endif
