/* action_json.h - an action as JSON, made the part of a task that says what is done.
 *
 * An action is the JSON of a declaration, where a member that says nothing has the default of the
 * configuration: whoever writes one by hand need not repeat them. A run becomes the task's argv and
 * so on; a workflow its steps; any other kind stays the JSON that it is, for whoever does it. A
 * kind that nobody can do yet is refused by name, never passed over.
 *
 * Pure; any thread. Texts lie in the arena, or in what was read. */
#ifndef FIREBREAK_WIRE_ACTION_JSON_H
#define FIREBREAK_WIRE_ACTION_JSON_H

#include "base/err.h"
#include "model/task.h"
#include "wire/json.h"

enum {
    ACTION_TIMEOUT_MS = 60 * 1000, /* where the action does not say */
    ACTION_BACKOFF_MS = 1000,
};

/* Sets what the action says in *t; the rest of it stays. Returns 0; -ENOTSUP: an action that no
 * task can do; -EBADMSG: it is none, with the member that is wrong. */
int action_read(struct slice json, struct arena *a, struct task *t, struct err *err);
int action_take(const struct json_value *v, struct arena *a, struct task *t, struct err *err);
/* The same for an action that stands in so many workflows; *ret_bytes as workflow_json.h has it. */
int action_take_at(const struct json_value *v, uint32_t depth, struct arena *a, struct task *t,
                   size_t *ret_bytes, struct err *err);
/* A value as its JSON text, in the arena. */
struct slice json_kept(const struct json_value *v, struct arena *a);

#endif
