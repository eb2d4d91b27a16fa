/* doing.h - the inside of act: what actions other than a program have in common. */
#ifndef FIREBREAK_ACT_DOING_H
#define FIREBREAK_ACT_DOING_H

#include "act/act.h"
#include "wire/json.h"

/* One action under way. Each of these functions may be called any number of times. */
struct doing {
    struct act *act;
    const struct exec_spec *spec;
    const struct exec_sink *sink; /* may be NULL */
    const struct json_value *what; /* the action's one member */
    struct exec_result *result;
    rt_time deadline; /* the caller's, or the action's own time-out */
    rt_time begun;
};

/* Reads the action, whose one member is called `kind`. Returns 0, or -EBADMSG with *err. On 0
 * *ret_result is an empty one, with its arena. */
int doing_begin(struct doing *d, struct act *a, const struct exec_spec *spec, const char *kind,
                const struct exec_sink *sink, struct exec_result *ret_result, struct err *err,
                rt_time deadline);
/* A member's text, or NULL; it lies in the result's arena. */
const char *doing_text(const struct doing *d, const char *key);
/* A variable of the spec's environment: who this is done for. NULL: it is not there. */
const char *doing_variable(const struct doing *d, const char *name);
/* A line of output. */
void doing_say(struct doing *d, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* A value for later steps: KEY=VALUE. */
void doing_output(struct doing *d, const char *key, const char *value);
/* It did not work out, in words; what was said before stays. */
void doing_fail(struct doing *d, enum probe_reason reason, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* What a call's negative errno says. */
void doing_fail_code(struct doing *d, int code, const struct err *err);
/* Fills in what is left. Returns 0; or -ECANCELED (the task was cancelled): the result is gone. */
int doing_end(struct doing *d, struct err *err);

#endif
