/* task_groups.h - how a task ended on many nodes: told once for all that ended alike.
 *
 *     3 nodes Succeeded: web-1 web-2 web-3
 *         reloaded
 *     1 node Failed, exit 7: web-4
 *         no such unit
 *
 * Alike is: the same state, exit status and output. */
#ifndef FIREBREAK_APP_TASK_GROUPS_H
#define FIREBREAK_APP_TASK_GROUPS_H

#include "app/client.h"
#include "wire/json.h"

enum {
    TASK_GROUPS_LINES = 10,            /* of output that are shown of each */
    TASK_GROUPS_SHOWN_BYTES = 4 * 1024,
};

/* Asks for the outputs, and appends the text. `task` is one with several targets, as the server has
 * it. Returns EXIT_WELL, or the exit status after saying what went wrong. */
int task_groups(struct client *c, const struct json_value *task, struct buf *out);

#endif
