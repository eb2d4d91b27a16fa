/* fault_print.h - faults of a configuration, for people and for programs. Pure.
 *
 *     ops.go:17:24: every is a duration: 30 of what? Write the unit, too: did you mean "30s"?
 *        17 |     Every: 30,
 *           |            ^ checks[db-port].every
 */
#ifndef FIREBREAK_CLI_FAULT_PRINT_H
#define FIREBREAK_CLI_FAULT_PRINT_H

#include "base/buf.h"
#include "model/config_fault.h"

enum { FAULT_LINE_COLUMNS_MAX = 100 }; /* of a source line: more of it is cut around the fault */

void fault_print_text(const struct source_set *sources, const struct config_fault *f, bool color,
                      struct buf *out);
/* One object, no line end. */
void fault_print_json(const struct source_set *sources, const struct config_fault *f,
                      struct buf *out);

#endif
