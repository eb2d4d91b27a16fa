#include "cli/table.h"

#include <assert.h>

#include "base/utf8.h"

enum { GAP = 2 };

void cli_table_init(struct cli_table *t, const char *const *heads, struct arena *arena)
{
    *t = (struct cli_table){.arena = arena, .heads = heads};
    while (heads[t->columns])
        t->columns++;
    assert(t->columns <= CLI_COLUMNS_MAX);
    t->end = &t->first;
}

struct cli_row *cli_table_row(struct cli_table *t)
{
    struct cli_row *row = arena_new(t->arena, struct cli_row);
    *t->end = row;
    t->end = &row->next;
    return row;
}

/* The text as it is shown, and how many columns that takes. */
static size_t shown(struct slice text, struct buf *out)
{
    size_t before = out->size;
    utf8_append_shown(out, text);
    return utf8_columns(slice_sub(buf_slice(out), before, out->size));
}

static void widen(size_t *width, struct slice text)
{
    struct buf out = BUF(MEM_CLI, 0);
    size_t columns = shown(text, &out);
    if (columns > CLI_COLUMN_WIDTH_MAX)
        columns = CLI_COLUMN_WIDTH_MAX;
    if (columns > *width)
        *width = columns;
    buf_done(&out);
}

static void put_cell(struct buf *out, struct slice text, size_t width, bool last)
{
    size_t columns = shown(text, out);
    for (size_t i = columns; !last && i < width + GAP; i++)
        buf_append_byte(out, ' ');
    if (!last && columns >= width + GAP)
        buf_append_byte(out, ' ');
}

void cli_table_print(const struct cli_table *t, bool color, struct buf *out)
{
    size_t widths[CLI_COLUMNS_MAX] = {0};
    for (uint32_t i = 0; i < t->columns; i++) {
        widen(&widths[i], slice_from(t->heads[i]));
        for (const struct cli_row *row = t->first; row; row = row->next)
            widen(&widths[i], row->cells[i]);
    }
    if (color)
        buf_append_cstr(out, "\x1b[1m");
    for (uint32_t i = 0; i < t->columns; i++)
        put_cell(out, slice_from(t->heads[i]), widths[i], i + 1 == t->columns);
    buf_append_cstr(out, color ? "\x1b[0m\n" : "\n");
    for (const struct cli_row *row = t->first; row; row = row->next) {
        for (uint32_t i = 0; i < t->columns; i++)
            put_cell(out, row->cells[i], widths[i], i + 1 == t->columns);
        buf_append_byte(out, '\n');
    }
}
