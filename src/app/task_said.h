/* task_said.h - in words how a task ended, as far as it did not succeed: for `get tasks` and for
 * who waits for it. Pure. */
#ifndef FIREBREAK_APP_TASK_SAID_H
#define FIREBREAK_APP_TASK_SAID_H

#include "wire/json.h"

/* `task`: as the API shows it. Who ended it, that its deadline came, which step of a workflow
 * failed first and why, else what its last attempt says; "" where nothing is to be said. The text
 * is the arena's or the task's. */
struct slice task_said(const struct json_value *task, struct arena *arena);

#endif
