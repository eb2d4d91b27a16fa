/* up_declared.h - the part of `up` that watches what is declared, and takes up changed files.
 *
 * What is to be watched, registry.h says, one asset or check at a time: here each check becomes a
 * task. One that is asked in another way keeps its verdict until it has answered. */
#ifndef FIREBREAK_APP_UP_DECLARED_H
#define FIREBREAK_APP_UP_DECLARED_H

#include "app/declared_check.h"
#include "app/up.h"

/* A task: hands the configuration to the registry, says so by u->config_ready, and follows its
 * changes. */
void up_config_main(void *up);

/* By one task only. Each may wait. Of the first, `r` and `err` are those of declared_check_new; the
 * check is taken over. */
void up_declare_check(struct up *u, struct declared_check *check, int r, const struct err *err);
void up_undeclare_check(struct up *u, struct slice namespace_, struct slice name);
/* A Heartbeat check heard a sign of life, at that time. Does not wait. */
void up_beat(struct up *u, struct slice namespace_, struct slice name, int64_t at_wall_ns);
/* A repair of the asset has ended: its checks are asked at once, and those that still miss again
 * after 20 ms, 40 ms, … until that is no sooner than their EveryFailed. Does not wait. */
void up_ask_repaired(struct up *u, const char *namespace_, const char *asset);
/* Which planes are there, or what is shared out, has changed: each check is asked by those whose it
 * is now, and no longer by those whose it was. By the task that reconciles only. Does not wait. */
void up_place_checks(struct up *u);
void up_declare_asset(struct up *u, const struct config_object *asset);
void up_undeclare_asset(struct up *u, struct slice namespace_, struct slice name);
void up_declare_remedy(struct up *u, const struct config_object *remedy);
void up_undeclare_remedy(struct up *u, struct slice namespace_, struct slice name);

/* Frees what no task has freed: after the group of the tasks is done. */
void up_declared_done(struct up *u);

#endif
