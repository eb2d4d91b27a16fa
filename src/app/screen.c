#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app/keep.h"
#include "app/repair.h"
#include "app/up.h"
#include "app/why.h"
#include "base/utf8.h"
#include "cli/asset_print.h"
#include "explain/explain.h"
#include "rt/stdio.h"
#include "rt/term.h"
#include "wire/asset_json.h"

enum {
    DRAW_EVERY_MS = 250, /* at most */
    AGE_EVERY_MS = 1000, /* so that "since" moves */
    HEAD_ROWS = 3,       /* title, empty line, column names */
    FOOT_ROWS = 1,
    STORY_ROWS = 12, /* the timeline of the selected asset, with its head; more where free */
    STORY_ROOM = 14, /* fewer rows than that have no timeline */
};

struct screen {
    struct up *up;
    struct rt_term *term;
    struct rt_event dirty;
    struct rt_group group;
    size_t top;                         /* first asset that is shown */
    size_t at;                          /* the selected one, in the order that was drawn last */
    char selected[ASSET_KEY_BYTES_MAX]; /* "namespace/name": it stays selected where rows move */
    bool chosen; /* by a key; else what needs somebody most is selected, or what happened last */
    bool moved;  /* by a key since the last frame: `at` holds, not the name */
    bool quit;
    struct buf frame;
};

/* ---- drawing ---- */

/* A line of the frame, cut to the screen and seen to be so; the rest of the old one is cleared. */
static void put_line(struct screen *s, struct slice text, size_t columns, bool last)
{
    bool cut = columns && utf8_columns(text) > columns;
    buf_append_slice(&s->frame, utf8_cut_columns(text, cut ? columns - 1 : columns));
    buf_append_cstr(&s->frame, cut ? "…" : "");
    buf_append_cstr(&s->frame, last ? "\x1b[K" : "\x1b[K\r\n");
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
    if (count > 1)
        buf_append_cstr(&line, "   arrows, j and k, space: another asset");
    if (reconciler_stats(s->up->assets)->frozen)
        buf_append_cstr(&line, "   FROZEN: nothing is repaired");
    else if (reconciler_stats(s->up->assets)->braked)
        buf_append_cstr(&line, "   BRAKE: so many fail at once that nothing is repaired");
    else if (reconciler_stats(s->up->assets)->blind)
        buf_append_cstr(&line, "   BLIND: we cannot see");
    if (s->up->notice) {
        buf_clear(&line);
        utf8_append_shown(&line, slice_from(s->up->notice));
    }
    put_line(s, buf_slice(&line), columns, true);
    buf_done(&line);
}

/* The state of the selected one is shown in reverse. */
static void put_marked(struct screen *s, struct slice rows, size_t marked)
{
    for (size_t i = 0; rows.size; i++) {
        struct slice line = slice_cut(&rows, '\n');
        buf_append_cstr(&s->frame, i == marked ? "\x1b[7m" : "");
        buf_append_slice(&s->frame, line);
        buf_append_cstr(&s->frame, "\x1b[K\r\n");
    }
}

/* On a tiny screen the title and the first rows are all: what needs somebody stands first. */
static void put_table(struct screen *s, const struct asset **list, size_t count, size_t shown,
                      size_t columns, bool tiny)
{
    struct buf table = BUF(MEM_APP, 0);
    size_t heads = tiny ? 0 : 1;
    bool marks = s->up->app->color_out && !tiny; /* without colours the timeline names it */
    struct asset_table t = {
        .columns = columns, .color = s->up->app->color_out, .wall_ns = rt_wall_now()};
    asset_table_plan(&t, list, count);
    if (!tiny) {
        buf_append_cstr(&s->frame, "\x1b[K\r\n");
        asset_table_head(&t, &table);
    }
    for (size_t i = 0; i < shown; i++)
        asset_table_row(&t, list[s->top + i], &table);
    put_marked(s, buf_slice(&table), marks ? s->at - s->top + heads : SIZE_MAX);
    buf_done(&table);
}

/* ---- the timeline of the selected asset ---- */

/* What is done about it now, or why nothing is. */
struct now_line {
    const struct asset *asset;
    struct buf *out;
};

static void put_plan(void *ctx, const struct repair_plan *p)
{
    struct now_line *n = ctx;
    if (p->asset != n->asset || p->asset->repair)
        return;
    if (p->remedy)
        buf_printf(n->out, "   %s is next", p->remedy->name);
    for (uint32_t i = 0; !p->remedy && i < p->rejected_count; i++) {
        struct slice why = slice_from(repair_why_name(p->rejected[i].why));
        buf_printf(n->out, "%s%s: %.*s", i ? "; " : "   not repaired: ", p->rejected[i].remedy,
                   SLICE_ARG(sentence_why_not(why)));
    }
}

/* Another plane's: who has it, and what that one has told of a repair. Returns whether it is. */
static bool put_theirs(struct screen *s, const struct asset *a, struct buf *line)
{
    const struct repairs *repairs = s->up->repairs;
    const char *told = s->up->keep ? keep_theirs(s->up->keep, a->key) : NULL;
    const char *owner = repairs && !repairs_own(repairs, a) ? repairs_owner(repairs, a) : NULL;
    if (!owner || strcmp(owner, s->up->node) == 0)
        return false;
    struct arena arena = ARENA(MEM_APP, 0);
    struct asset *x = arena_new(&arena, struct asset);
    buf_printf(line, "   %s has it", owner);
    if (told && asset_read(slice_from(told), 0, &arena, x, NULL) == 0 && x->repair)
        buf_printf(line, ": %s is under way (%s)", x->repair->remedy,
                   repair_phase_name((enum repair_phase)x->repair->phase));
    arena_done(&arena);
    return true;
}

static void put_now(struct screen *s, const struct asset *a, struct buf *line)
{
    struct reconcile_time now = {rt_now(), rt_wall_now()};
    struct now_line n = {a, line};
    if (put_theirs(s, a, line))
        return;
    if (a->repair)
        buf_printf(line, "   %s is under way (%s)", a->repair->remedy,
                   repair_phase_name((enum repair_phase)a->repair->phase));
    else
        reconciler_plan(s->up->assets, now, put_plan, &n);
}

static void put_shown(struct screen *s, struct slice line, size_t columns)
{
    struct buf shown = BUF(MEM_APP, 0);
    utf8_append_shown(&shown, line);
    put_line(s, buf_slice(&shown), columns, false);
    buf_done(&shown);
}

static const struct json_value *parsed(struct buf *objects, struct arena *a)
{
    struct json_value *v = NULL;
    const char *text = arena_printf(a, "[%.*s]", SLICE_ARG(buf_slice(objects)));
    return json_parse(slice_from(text), a, 0, &v, NULL) == 0 ? v : NULL;
}

/* Its stories and who was told of them, oldest first; *ret_count of them. In the arena. */
static const struct json_value **read_story(struct screen *s, const struct gateway_why *ask,
                                            struct arena *a, size_t *ret_count)
{
    struct gateway_story got = {.items = BUF(MEM_APP, 0), .notified = BUF(MEM_APP, 0)};
    struct err err = {0};
    const struct json_value **lines = NULL;
    *ret_count = 0;
    if (why_tell(s->up, ask, &got, &err) == 0) {
        const struct json_value *items = parsed(&got.items, a), *told = parsed(&got.notified, a);
        uint32_t n = 0, room = items ? items->count + TOLD_ITEMS_MAX : 1;
        const struct json_value **events = arena_alloc_array(a, room, sizeof(*events));
        for (const struct json_value *e = items ? items->first : NULL; e; e = e->next)
            events[n++] = e;
        lines = arena_alloc_array(a, room, sizeof(*lines));
        *ret_count = told_among(events, n, told, lines);
    }
    buf_done(&got.items);
    buf_done(&got.notified);
    return lines;
}

/* The newest lines of its stories; what does not fit is the oldest. */
static void put_story(struct screen *s, const struct asset *a, size_t rows, size_t columns)
{
    struct buf line = BUF(MEM_APP, 0);
    struct arena arena = ARENA(MEM_APP, 0);
    /* While the store is asked the asset may go: its names are copied. */
    struct gateway_why ask = {
        .kind = SLICE("asset"),
        .namespace_ = slice_from(arena_strdup(&arena, slice_from(a->namespace_))),
        .name = slice_from(arena_strdup(&arena, slice_from(a->name))),
        .all = true,
    };
    size_t used;
    buf_printf(&line, "%s", a->name);
    put_now(s, a, &line);
    const struct json_value **lines = read_story(s, &ask, &arena, &used);
    put_shown(s, buf_slice(&line), columns);
    for (size_t i = used > rows - 1 ? used - (rows - 1) : 0; i < used; i++) {
        buf_clear(&line);
        sentence_line(lines[i], false, &line);
        put_shown(s, slice_sub(buf_slice(&line), 0, line.size - 1), columns);
    }
    buf_done(&line);
    arena_done(&arena);
}

/* ---- a frame ---- */

/* The selected asset stays so where others move past it. */
static void select_row(struct screen *s, const struct asset **list, size_t count, size_t room)
{
    bool needed = count && (list[0]->state == ASSET_FAILED || list[0]->state == ASSET_DEGRADED);
    const char *wanted = s->chosen ? s->selected : s->up->latest;
    if (!s->chosen)
        s->at = 0;
    for (size_t i = 0; i < count && !s->moved && (s->chosen || !needed); i++)
        if (strcmp(list[i]->key, wanted) == 0)
            s->at = i;
    if (s->at >= count)
        s->at = count ? count - 1 : 0;
    if (count)
        memcpy(s->selected, list[s->at]->key, strlen(list[s->at]->key) + 1);
    s->moved = false;
    if (s->at < s->top)
        s->top = s->at;
    if (room && s->at >= s->top + room)
        s->top = s->at - room + 1;
    if (s->top + room > count)
        s->top = count > room ? count - room : 0;
}

static void draw(struct screen *s)
{
    struct rt_term_size size = rt_term_size_of(RT_STDOUT);
    size_t count, rows = (size_t)size.rows, columns = (size_t)size.columns;
    const struct asset **list = up_sorted(s->up, &count);
    bool tiny = rows <= HEAD_ROWS + FOOT_ROWS;
    size_t room = rows - (tiny ? 1 : HEAD_ROWS + FOOT_ROWS);
    size_t story = !tiny && s->up->store && count && room >= STORY_ROOM ? STORY_ROWS : 0;
    if (story && room > count + story)
        story = room - count;
    room -= story;
    select_row(s, list, count, room);
    size_t shown = count - s->top < room ? count - s->top : room;
    buf_clear(&s->frame);
    buf_append_cstr(&s->frame, "\x1b[H");
    put_title(s, list, count, columns, tiny && shown == 0);
    put_table(s, list, count, shown, columns, tiny);
    if (story) {
        buf_append_cstr(&s->frame, "\x1b[K\r\n");
        put_story(s, list[s->at], story - 1, columns);
    }
    if (!tiny)
        put_foot(s, shown, count, columns);
    else if (shown > 0)
        s->frame.size -= strlen("\r\n"); /* it would scroll */
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
    s->moved = s->chosen = true;
    if (down)
        s->at += by; /* draw() keeps it within the list */
    else
        s->at -= s->at < by ? s->at : by;
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
    rt_chan_close(&s->up->events);
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
    struct event *e;
    while (r == 0 && !s.quit && rt_recv(&u->events, &e, RT_NEVER) == 0) {
        snprintf(u->latest, sizeof(u->latest), "%s", e->key);
        event_free(e);
        rt_event_set(&s.dirty);
    }
    rt_group_done(&s.group);
    rt_term_close(s.term);
    buf_done(&s.frame);
}
