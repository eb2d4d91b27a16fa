/* probe_explain.h - `probe --explain`: each target's story, one after the other. */
#ifndef FIREBREAK_APP_PROBE_EXPLAIN_H
#define FIREBREAK_APP_PROBE_EXPLAIN_H

#include "app/app.h"
#include "observe/observe.h"

enum { PROBE_EXPLAIN_TARGETS_MAX = 100 }; /* more is for nobody to read */

/* In a task. Returns the exit status. */
int probe_explain(struct app *app, const struct probe_spec *spec, const struct target_set *targets);

#endif
