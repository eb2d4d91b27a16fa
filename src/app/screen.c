#include <errno.h>
#include <string.h>

#include "app/up.h"
#include "base/utf8.h"
#include "cli/asset_print.h"
#include "rt/stdio.h"
#include "rt/term.h"

enum {
    DRAW_EVERY_MS = 250, /* at most */
    AGE_EVERY_MS = 1000, /* so that "since" moves */
    HEAD_ROWS = 3,       /* title, empty line, column names */
    FOOT_ROWS = 1,
};

struct screen {
    struct up *up;
    struct rt_term *term;
    struct rt_event dirty;
    struct rt_group group;
    size_t top; /* first asset that is shown */
    bool quit;
    struct buf frame;
};

/* ---- drawing ---- */

/* A line of the frame, cut to the screen, and the rest of the old one cleared. */
static void put_line(struct screen *s, struct slice text, size_t columns, bool last)
{
    buf_append_slice(&s->frame, utf8_cut_columns(text, columns));
    buf_append_cstr(&s->frame, last ? "\x1b[K" : "\x1b[K\r\n");
}

static void put_rows(struct screen *s, struct slice rows)
{
    while (rows.size) {
        struct slice line = slice_cut(&rows, '\n');
        buf_append_slice(&s->frame, line);
        buf_append_cstr(&s->frame, "\x1b[K\r\n");
    }
}

static void put_title(struct screen *s, const struct asset **list, size_t count, size_t columns,
                      bool last)
{
    struct buf plain = BUF(MEM_APP, 0), painted = BUF(MEM_APP, 0);
    buf_append_cstr(&plain, "firebreak up   ");
    buf_append_cstr(&painted, "firebreak up   ");
    asset_table_counts(list, count, false, &plain);
    asset_table_counts(list, count, s->up->app->color_out, &painted);
    /* Colours take no columns, so a line that fits is shown with them, and only such a one. */
    if (utf8_columns(buf_slice(&plain)) <= columns) {
        buf_append_slice(&s->frame, buf_slice(&painted));
        buf_append_cstr(&s->frame, last ? "\x1b[K" : "\x1b[K\r\n");
    } else {
        put_line(s, buf_slice(&plain), columns, last);
    }
    buf_done(&plain);
    buf_done(&painted);
}

static void put_foot(struct screen *s, size_t shown, size_t count, size_t columns)
{
    struct buf line = BUF(MEM_APP, 0);
    if (shown < count)
        buf_printf(&line, "%zu-%zu of %zu   ", s->top + 1, s->top + shown, count);
    buf_append_cstr(&line, "q quits");
    if (shown < count)
        buf_append_cstr(&line, "   arrows, j and k, space: move");
    if (s->up->notice) {
        buf_clear(&line);
        utf8_append_shown(&line, slice_from(s->up->notice));
    }
    put_line(s, buf_slice(&line), columns, true);
    buf_done(&line);
}

/* On a tiny screen the title and the first rows are all: what needs somebody stands first. */
static void put_table(struct screen *s, const struct asset **list, size_t count, size_t shown,
                      size_t columns, bool tiny)
{
    struct buf table = BUF(MEM_APP, 0);
    struct asset_table t = {
        .columns = columns, .color = s->up->app->color_out, .wall_ns = rt_wall_now()};
    asset_table_plan(&t, list, count);
    if (!tiny) {
        buf_append_byte(&table, '\n');
        asset_table_head(&t, &table);
    }
    for (size_t i = 0; i < shown; i++)
        asset_table_row(&t, list[s->top + i], &table);
    put_rows(s, buf_slice(&table));
    buf_done(&table);
    if (!tiny)
        put_foot(s, shown, count, columns);
    else if (shown > 0)
        s->frame.size -= strlen("\r\n"); /* it would scroll */
}

static void draw(struct screen *s)
{
    struct rt_term_size size = rt_term_size_of(RT_STDOUT);
    size_t count, rows = (size_t)size.rows, columns = (size_t)size.columns;
    const struct asset **list = up_sorted(s->up, &count);
    bool tiny = rows <= HEAD_ROWS + FOOT_ROWS;
    size_t room = rows - (tiny ? 1 : HEAD_ROWS + FOOT_ROWS);
    if (s->top + room > count)
        s->top = count > room ? count - room : 0;
    size_t shown = count - s->top < room ? count - s->top : room;
    buf_clear(&s->frame);
    buf_append_cstr(&s->frame, "\x1b[H");
    put_title(s, list, count, columns, tiny && shown == 0);
    put_table(s, list, count, shown, columns, tiny);
    buf_append_cstr(&s->frame, "\x1b[J");
    rt_output_write(RT_STDOUT, s->frame.data, s->frame.size, RT_NEVER);
    mem_free(MEM_APP, list);
}

static void draw_main(void *arg)
{
    struct screen *s = arg;
    for (;;) {
        rt_event_clear(&s->dirty);
        draw(s);
        if (rt_sleep(rt_now() + DRAW_EVERY_MS * RT_MS) < 0 ||
            rt_event_wait(&s->dirty, rt_now() + AGE_EVERY_MS * RT_MS) == -ECANCELED)
            return;
    }
}

/* ---- keys ---- */

static size_t page(void)
{
    int rows = rt_term_size_of(RT_STDOUT).rows;
    return rows > HEAD_ROWS + FOOT_ROWS + 1 ? (size_t)rows - HEAD_ROWS - FOOT_ROWS - 1 : 1;
}

static void move(struct screen *s, bool down, size_t by)
{
    if (down)
        s->top += by; /* draw() keeps it within the list */
    else
        s->top -= s->top < by ? s->top : by;
}

/* ESC [ A and its relatives; an ESC by itself means nothing. */
static void take_escape(struct screen *s)
{
    enum { FOLLOWS_MS = 50 };
    rt_time soon = rt_now() + FOLLOWS_MS * RT_MS;
    int bracket = rt_term_key(s->term, soon);
    if (bracket != '[' && bracket != 'O')
        return;
    int key = rt_term_key(s->term, soon);
    if (key == 'A' || key == 'B')
        move(s, key == 'B', 1);
    if (key == '5' || key == '6') {
        rt_term_key(s->term, soon); /* '~' */
        move(s, key == '6', page());
    }
}

static void keys_main(void *arg)
{
    struct screen *s = arg;
    for (;;) {
        int key = rt_term_key(s->term, RT_NEVER);
        if (key < 0)
            return;
        if (key == 'q' || key == 'Q')
            break;
        if (key == 'j' || key == 'k')
            move(s, key == 'j', 1);
        if (key == ' ' || key == 'b')
            move(s, key == ' ', page());
        if (key == 0x1b)
            take_escape(s);
        rt_event_set(&s->dirty);
    }
    s->quit = true;
    rt_chan_close(&s->up->changes);
}

/* ---- the stage ---- */

void up_screen(struct up *u)
{
    struct screen s = {.up = u, .frame = BUF(MEM_APP, 0)};
    int r = rt_term_open(RT_STDOUT, &s.term);
    if (r < 0) {
        err_sys(&u->err, r, "take the terminal (or use -o jsonl)");
        return;
    }
    rt_group_init(&s.group, "screen");
    r = rt_go(&s.group, draw_main, &s);
    if (r == 0)
        r = rt_go(&s.group, keys_main, &s);
    struct event *c;
    while (r == 0 && !s.quit && rt_recv(&u->changes, &c, RT_NEVER) == 0) {
        mem_free(MEM_APP, c);
        rt_event_set(&s.dirty);
    }
    rt_group_done(&s.group);
    rt_term_close(s.term);
    buf_done(&s.frame);
}
