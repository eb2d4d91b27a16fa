/* asset_print.h - assets and what happens to them, as JSON and for a terminal. Pure. */
#ifndef FIREBREAK_CLI_ASSET_PRINT_H
#define FIREBREAK_CLI_ASSET_PRINT_H

#include "base/buf.h"
#include "model/asset.h"

/* One object, no line end. */
void asset_print_json(const struct asset *a, struct buf *out);
void asset_change_print_json(const struct asset_change *c, struct buf *out);

/* A table of assets for a screen of so many columns: what does not fit is left out, the least
 * needed column first. */
struct asset_table {
    size_t columns;
    bool color;
    int64_t wall_ns; /* now: for ages */
    size_t name_columns, show; /* set by asset_table_plan */
};
/* Looks at the names, and decides which columns fit. */
void asset_table_plan(struct asset_table *t, const struct asset *const *assets, size_t count);
/* Each appends one line with its end. */
void asset_table_head(const struct asset_table *t, struct buf *out);
void asset_table_row(const struct asset_table *t, const struct asset *a, struct buf *out);
/* "3 Healthy, 1 Failed". */
void asset_table_counts(const struct asset *const *assets, size_t count, bool color,
                        struct buf *out);

#endif
