/* task_logs.h - what a task's programs said: `task logs`.
 *
 * Both streams of every attempt on every node are shown as one text (merged.h), each piece as it
 * was kept: a line that is longer than a piece goes on in the next. */
#ifndef FIREBREAK_APP_TASK_LOGS_H
#define FIREBREAK_APP_TASK_LOGS_H

#include "app/client.h"
#include "cli/print.h"

/* Shows it all, and with `follow` what comes until the task has ended; then what was cut off is
 * told. Returns EXIT_WELL, or the exit status after saying what went wrong. */
int task_logs(struct client *c, const char *name, enum cli_form form, bool follow);

#endif
