/* table.h - rows of texts in columns that are as wide as they need to be.
 *
 * Texts may come from anywhere: they are shown as a terminal may show them. The last column is not
 * padded. Rows lie in the arena. Pure. */
#ifndef FIREBREAK_CLI_TABLE_H
#define FIREBREAK_CLI_TABLE_H

#include "base/arena.h"
#include "base/buf.h"

enum { CLI_COLUMNS_MAX = 12, CLI_COLUMN_WIDTH_MAX = 60 }; /* wider cells push what follows */

struct cli_row {
    struct slice cells[CLI_COLUMNS_MAX];
    struct cli_row *next;
};

struct cli_table {
    struct arena *arena;
    const char *const *heads; /* ends in NULL */
    uint32_t columns;
    struct cli_row *first, **end;
};

void cli_table_init(struct cli_table *t, const char *const *heads, struct arena *arena);
/* A row of empty cells, to be filled in; their texts outlive the table. */
struct cli_row *cli_table_row(struct cli_table *t);
void cli_table_print(const struct cli_table *t, bool color, struct buf *out);

#endif
