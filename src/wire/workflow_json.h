/* workflow_json.h - a workflow as JSON, made the steps of a task. Inside of wire.
 *
 * All that can be known to be wrong before it begins is found here, as `config check` finds it with
 * its place: names that stand twice, needs that lead nowhere or in a circle, conditions that cannot
 * be read, and values of steps that have not surely ended by then. */
#ifndef FIREBREAK_WIRE_WORKFLOW_JSON_H
#define FIREBREAK_WIRE_WORKFLOW_JSON_H

#include "base/err.h"
#include "model/task.h"
#include "wire/json.h"

/* `depth`: in how many workflows it stands. *ret_bytes: what names of its steps' tasks have beyond
 * its own. Returns 0, -ENOTSUP or -EBADMSG with *err. */
int workflow_take(const struct json_value *v, uint32_t depth, struct arena *a, struct task *t,
                  size_t *ret_bytes, struct err *err);

#endif
