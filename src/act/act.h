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

enum {
    ACT_REMEMBERED_MAX = 4096,        /* processes by name */
    ACT_PATCH_BYTES_MAX = 1 << 30,    /* of a file that is put in place */
    ACT_BACKUPS_KEPT = 5,             /* of a file that was patched: older ones go */
    ACT_START_MS = 10 * 1000,         /* in which a process that was started must be there */
    ACT_ANSWER_BYTES_MAX = 64 * 1024, /* of the answer to a POST: what is told of it */
};

struct store;

struct act {
    struct host_keeper keeper;
    const char *memory; /* a folder for what processes were started with; NULL: kept here only */
    struct list remembered;
    struct store *store; /* where a failover is written down; NULL: nowhere */
};

/* Returns 0 or a negative errno with *err. */
int act_open(struct act *ret_act, struct err *err);
/* No program may be running any more. All zeroes is accepted. */
void act_close(struct act *a);

/* How it is known that a process is the one that is meant by its name, from little to much. */
enum act_known {
    ACT_BY_NAME,    /* it is called so: of several the oldest was taken */
    ACT_BY_COMMAND, /* and was started as what was remembered before */
    ACT_BY_NUMBER,  /* its number stands in a file that is declared */
};

struct host_process;
/* Remembers how the process of that name was started, for the day on which it has to be started
 * again: here, and in a->memory, in a file that only we may read. Does nothing where that is known
 * already; a process that has just begun is looked at later, once it has shown that it stays.
 * Those that are known by their name only do not take the place of one that is known better.
 * Returns 1: it is known; 0: ask again; or a negative errno with *err: it could not be read, or not
 * be written down. One loop. */
int act_remember(struct act *a, const char *name, const struct host_process *p,
                 enum act_known by, struct err *err, rt_time deadline);

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
