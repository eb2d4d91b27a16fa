/* scheduler.h - the scheduler in `up`: its controller, its worker, or both, by --roles. */
#ifndef FIREBREAK_APP_SCHEDULER_H
#define FIREBREAK_APP_SCHEDULER_H

#include "app/up.h"
#include "wire/openmetrics_write.h"

struct scheduler;

/* Before the runtime, since what runs programs must fork first. `roles` is --roles, NULL: both;
 * `labels` are those of --label. Returns EXIT_WELL, or the exit status after saying what went
 * wrong. */
int scheduler_prepare(struct up *u, const char *roles, const struct cli_list *labels);
/* In a task, once the store is open. Returns 0 or negative errno with u->err. */
int scheduler_start(struct up *u);
/* Ends what runs, and gives it back. NULL, and what was not started, is accepted. */
void scheduler_stop(struct scheduler *s);
/* Behind the runtime. */
void scheduler_free(struct scheduler *s);
void scheduler_metrics(const struct scheduler *s, struct metrics_writer *w);
struct waiting_rate; /* store/waiting.h */
/* For the gateway; `up` is a struct up. */
bool scheduler_rate(void *up, struct slice action, struct waiting_rate *ret);

struct act;
/* What runs programs on this node; NULL: it takes no tasks. NULL is accepted. */
struct act *scheduler_act(struct scheduler *s);

#endif
