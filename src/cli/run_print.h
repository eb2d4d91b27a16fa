/* run_print.h - how a program ended, as `run` tells it. */
#ifndef FIREBREAK_CLI_RUN_PRINT_H
#define FIREBREAK_CLI_RUN_PRINT_H

#include "base/buf.h"
#include "model/action.h"

/* One JSON object. `outputs`: what was kept of each stream; bytes that are no UTF-8 become U+FFFD.
 * What did not happen (no exit status, no times as nothing ran) is null. */
void run_print_json(const struct exec_spec *spec, const struct exec_result *r,
                    const struct slice outputs[EXEC_STREAM_COUNT], struct buf *out);
/* What standard error is told beside the program's own words, a line each: what was cut, which
 * limit nobody enforces. Nothing where there is nothing to say. */
void run_print_notes(const struct exec_spec *spec, const struct exec_result *r, struct buf *out);

#endif
