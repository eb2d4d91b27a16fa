/* remember.h - how processes are started is remembered while they run: of those that checks look
 * at, and of those that a remedy would restart, though no check asks for them by name. */
#ifndef FIREBREAK_APP_REMEMBER_H
#define FIREBREAK_APP_REMEMBER_H

#include "act/act.h"
#include "config/object.h"
#include "host/process.h"

struct up;

/* Remembers one that was found; `by` as for act_remember. What goes wrong is told in the log,
 * once until it goes well again: *told is the caller's to keep. Returns whether it is known. May
 * wait. */
bool remember_process(struct up *u, const char *name, const struct host_process *p,
                      enum act_known by, bool *told);

/* What a remedy would restart is looked for from here on, by tasks of u->watchers. A remedy that is
 * declared in another way is ended first. */
void remember_remedy(struct up *u, const struct config_object *remedy);
void remember_remedy_end(struct up *u, struct slice namespace_, struct slice name);
/* Frees what no task has freed: after the group of the tasks is done. */
void remember_done(struct up *u);

#endif
