/* probe_print.h - a probe's result as JSON, as a line of text, and as a row of a table. Pure. */
#ifndef FIREBREAK_CLI_PROBE_PRINT_H
#define FIREBREAK_CLI_PROBE_PRINT_H

#include "base/buf.h"
#include "model/probe.h"

/* One object, no line end. */
void probe_print_json(const struct probe_result *r, struct buf *out);
/* "OK 127.0.0.1:80" or "FAIL 127.0.0.1:81 - refused: connect: Connection refused", one line. */
void probe_print_text(const struct probe_result *r, bool color, struct buf *out);

struct probe_table {
    size_t target_columns; /* width of the first column; longer targets push the rest aside */
    bool wide;             /* with every phase, status, days left, attempt and address */
    bool color;
};
void probe_print_head(const struct probe_table *t, struct buf *out);
void probe_print_row(const struct probe_result *r, const struct probe_table *t, struct buf *out);

#endif
