#include "cli/table.h"

#include "tests/tap.h"

static void columns_are_as_wide_as_they_need_to_be(void)
{
    static const char *const heads[] = {"NAME", "STATE", "X", NULL};
    struct arena a = ARENA(MEM_TEST, 0);
    struct buf out = BUF(MEM_TEST, 0);
    struct cli_table t;
    cli_table_init(&t, heads, &a);
    struct cli_row *r = cli_table_row(&t);
    r->cells[0] = SLICE("a-long-name");
    r->cells[1] = SLICE("ok");
    r->cells[2] = SLICE("1");
    r = cli_table_row(&t);
    r->cells[0] = SLICE("\xe4\xb8\xad\xe6\x96\x87"); /* two characters, four columns */
    r->cells[2] = SLICE("2\x1b[31m");
    cli_table_print(&t, false, &out);
    CHECK_STR(out.data, "NAME         STATE  X\n"
                        "a-long-name  ok     1\n"
                        "\xe4\xb8\xad\xe6\x96\x87                2\xef\xbf\xbd[31m\n");
    buf_clear(&out);
    cli_table_print(&t, true, &out);
    CHECK(strncmp(out.data, "\x1b[1mNAME", 8) == 0);
    arena_done(&a);
    buf_done(&out);
}

static void a_very_wide_cell_pushes_only_its_own_row(void)
{
    static const char *const heads[] = {"A", "B", NULL};
    char wide[100];
    struct arena a = ARENA(MEM_TEST, 0);
    struct buf out = BUF(MEM_TEST, 0);
    struct cli_table t;
    memset(wide, 'w', sizeof(wide));
    cli_table_init(&t, heads, &a);
    cli_table_row(&t)->cells[0] = (struct slice){wide, sizeof(wide)};
    t.first->cells[1] = SLICE("b");
    cli_table_row(&t)->cells[0] = SLICE("a");
    cli_table_print(&t, false, &out);
    CHECK(strstr(out.data, "www b\n"));
    CHECK_INT(strcspn(out.data, "B"), CLI_COLUMN_WIDTH_MAX + 2);
    arena_done(&a);
    buf_done(&out);
}

int main(void)
{
    TAP_RUN(columns_are_as_wide_as_they_need_to_be);
    TAP_RUN(a_very_wide_cell_pushes_only_its_own_row);
    return tap_done();
}
