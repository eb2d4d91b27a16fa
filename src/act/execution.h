/* execution.h - the inside of act: one program, from its spec to its result. */
#ifndef FIREBREAK_ACT_EXECUTION_H
#define FIREBREAK_ACT_EXECUTION_H

#include "act/act.h"
#include "act/output.h"
#include "host/scratch.h"
#include "host/user.h"
#include "rt/sock.h"

struct execution {
    struct act *act;
    const struct exec_spec *spec;
    const struct act_stdio *stdio; /* NULL: nothing is passed on */
    struct arena arena;            /* what is needed until it is started */
    struct host_user user;
    struct host_scratch scratch;
    struct buf order;
    int stream;                  /* of the warden; -1: none */
    int ends[EXEC_STREAM_COUNT]; /* of the pipes that we read; -1: none */
    struct rt_sock *talk;
    struct output outputs[EXEC_STREAM_COUNT];
    struct host_report report; /* the last one */
    size_t report_got;         /* bytes of the next one */
    bool started, canceled, timed_out;
    int result;
    struct err err;
};

/* All that blocks before the program runs: its user, files, pipes and warden. Takes an execution;
 * its result is in `result`, with `err`. */
void execution_prepare(void *execution);
/* Closes what execution_prepare opened and nobody has taken over; idempotent. */
void execution_unprepare(struct execution *x);

/* The clean environment with `added`, ending in NULL, in the arena. `output`: FIREBREAK_OUTPUT or
 * NULL. */
const char *const *environment_make(const struct host_user *user, const char *const *added,
                                    const char *output, struct arena *a);

/* Reads KEY=VALUE lines into *r, in its arena. */
void values_parse(struct slice text, struct exec_result *r);

#endif
