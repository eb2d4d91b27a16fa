/* config_print.h - origins and changes of configurations, for people and for programs. Pure. */
#ifndef FIREBREAK_CLI_CONFIG_PRINT_H
#define FIREBREAK_CLI_CONFIG_PRINT_H

#include "base/buf.h"
#include "config/diff.h"
#include "config/origin.h"

/* One object, no line end. "inputs" has what the line of the winner asked for from outside. */
void origin_print_json(const struct config *c, const char *key, const struct config_origin *o,
                       struct buf *out);
void origin_print_text(const struct config *c, const char *key, const struct config_origin *o,
                       struct buf *out);

/* One object, no line end. */
void change_print_json(const struct config_change *c, struct buf *out);
/* "~ check/db-port" and a line for each field. */
void change_print_text(const struct config_change *c, bool color, struct buf *out);

#endif
