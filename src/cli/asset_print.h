/* asset_print.h - assets for a terminal. Pure. As JSON: wire/asset_json.h. */
#ifndef FIREBREAK_CLI_ASSET_PRINT_H
#define FIREBREAK_CLI_ASSET_PRINT_H

#include "base/buf.h"
#include "model/asset.h"

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
