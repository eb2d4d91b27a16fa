/* up_declared.h - the part of `up` that runs a configuration: its assets, its checks, and what
 * happens when it changes.
 *
 * A change stops only what it changes: a check whose words stay the same is asked on as if nothing
 * had happened, and one that is asked in another way keeps its verdict until it has answered. */
#ifndef FIREBREAK_APP_UP_DECLARED_H
#define FIREBREAK_APP_UP_DECLARED_H

#include "app/up.h"

/* A task: declares u->reloader.current, says so by u->config_ready, and follows its changes. */
void up_config_main(void *up);
/* Starts, changes and stops what the step from one configuration to the next says. `old` may be
 * NULL; both are canonical. */
void up_declare(struct up *u, const struct config *old, struct config *fresh);
/* Frees what no task has freed: after the group of the tasks is done. */
void up_declared_done(struct up *u);

#endif
