#include "cli/asset_print.h"

#include <string.h>

#include "base/utf8.h"

/* ---- a table ---- */

enum {
    STATE_COLUMNS = 11,
    KIND_COLUMNS = 8,
    SINCE_COLUMNS = 6,
    SPARK_COLUMNS = 16,
    LAST_COLUMNS = 9,
    REASON_COLUMNS = 12, /* at least */
    NAME_COLUMNS_MAX = 40,
    NAME_COLUMNS_MIN = 8,
};
enum { SHOW_REASON = 1, SHOW_SINCE = 2, SHOW_LAST = 4, SHOW_SPARK = 8, SHOW_KIND = 16 };

void asset_table_plan(struct asset_table *t, const struct asset *const *assets, size_t count)
{
    static const struct {
        size_t column, width;
    } wanted[] = {
        {SHOW_REASON, REASON_COLUMNS}, {SHOW_SINCE, SINCE_COLUMNS}, {SHOW_LAST, LAST_COLUMNS},
        {SHOW_SPARK, SPARK_COLUMNS},   {SHOW_KIND, KIND_COLUMNS},
    };
    t->name_columns = NAME_COLUMNS_MIN;
    for (size_t i = 0; i < count; i++) {
        size_t n = utf8_columns(slice_from(assets[i]->name));
        if (n > t->name_columns)
            t->name_columns = n < NAME_COLUMNS_MAX ? n : NAME_COLUMNS_MAX;
    }
    size_t used = STATE_COLUMNS + 1;
    if (used + t->name_columns > t->columns)
        t->name_columns = t->columns > used ? t->columns - used : 1;
    used += t->name_columns;
    t->show = 0;
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
        if (used + 1 + wanted[i].width <= t->columns) {
            used += 1 + wanted[i].width;
            t->show |= wanted[i].column;
        }
}

/* A row under way: cells, one space apart, never beyond the screen. */
struct row {
    const struct asset_table *t;
    struct buf *out;
    size_t used;
};

static void cell(struct row *r, struct slice text, size_t columns, const char *paint)
{
    struct buf shown = BUF(MEM_CLI, 0);
    size_t left = r->t->columns > r->used ? r->t->columns - r->used : 0;
    if (r->used && left) {
        buf_append_byte(r->out, ' ');
        r->used++;
        left--;
    }
    utf8_append_shown(&shown, text);
    struct slice cut = utf8_cut_columns(buf_slice(&shown), columns < left ? columns : left);
    size_t width = utf8_columns(cut);
    if (paint && r->t->color)
        buf_append_cstr(r->out, paint);
    buf_append_slice(r->out, cut);
    if (paint && r->t->color)
        buf_append_cstr(r->out, "\x1b[0m");
    for (; width < columns && width < left; width++)
        buf_append_byte(r->out, ' ');
    r->used += width;
    buf_done(&shown);
}

static void line_end(struct row *r)
{
    while (r->out->size && r->out->data[r->out->size - 1] == ' ')
        r->out->data[--r->out->size] = 0;
    buf_append_byte(r->out, '\n');
}

/* "9s", "12m", "3h", "5d". */
static void age(int64_t ns, struct buf *out)
{
    static const struct {
        int64_t seconds;
        char unit;
    } units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    int64_t s = ns > 0 ? ns / 1000000000 : 0;
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (s >= 2 * units[i].seconds || units[i].seconds == 1) {
            buf_printf(out, "%lld%c", (long long)(s / units[i].seconds), units[i].unit);
            return;
        }
}

static void latency(int64_t ns, struct buf *out)
{
    if (ns == PROBE_NONE)
        buf_append_byte(out, '-');
    else if (ns < 1000000)
        buf_printf(out, "%.0f\xC2\xB5s", (double)ns / 1e3);
    else if (ns < INT64_C(10000000000))
        buf_printf(out, "%.1fms", (double)ns / 1e6);
    else
        buf_printf(out, "%.1fs", (double)ns / 1e9);
}

/* The newest latencies as bars, the highest of them full; a failed probe is a cross. */
static void spark(const struct latency_ring *l, struct buf *out)
{
    static const char *const bars[] = {"\u2581", "\u2582", "\u2583", "\u2584",
                                       "\u2585", "\u2586", "\u2587", "\u2588"};
    uint32_t from = l->count > SPARK_COLUMNS ? l->count - SPARK_COLUMNS : 0;
    int64_t most = 1;
    for (uint32_t i = from; i < l->count; i++)
        if (latency_ring_get(l, i) > most)
            most = latency_ring_get(l, i);
    for (uint32_t i = from; i < l->count; i++) {
        int64_t v = latency_ring_get(l, i);
        if (v == PROBE_NONE)
            buf_append_cstr(out, "\u00d7");
        else
            buf_append_cstr(out, bars[(v * 7 + most / 2) / most]);
    }
}

static const char *paint_of(enum asset_state s)
{
    switch (s) {
    case ASSET_HEALTHY:
        return "\x1b[32m";
    case ASSET_DEGRADED:
        return "\x1b[33m";
    case ASSET_FAILED:
        return "\x1b[1;31m";
    default:
        return "\x1b[36m";
    }
}

/* The check that a row is about: the first that failed, else the first. */
static const struct asset_check *row_check(const struct asset *a)
{
    for (uint32_t i = 0; i < a->check_count; i++)
        if (a->checks[i].known && !a->checks[i].ok)
            return &a->checks[i];
    return a->check_count ? &a->checks[0] : NULL;
}

void asset_table_head(const struct asset_table *t, struct buf *out)
{
    struct row r = {t, out, 0};
    cell(&r, SLICE("STATE"), STATE_COLUMNS, "\x1b[1m");
    cell(&r, SLICE("ASSET"), t->name_columns, "\x1b[1m");
    if (t->show & SHOW_KIND)
        cell(&r, SLICE("KIND"), KIND_COLUMNS, "\x1b[1m");
    if (t->show & SHOW_SINCE)
        cell(&r, SLICE("SINCE"), SINCE_COLUMNS, "\x1b[1m");
    if (t->show & SHOW_SPARK)
        cell(&r, SLICE("LATENCY"), SPARK_COLUMNS, "\x1b[1m");
    if (t->show & SHOW_LAST)
        cell(&r, SLICE("LAST"), LAST_COLUMNS, "\x1b[1m");
    if (t->show & SHOW_REASON)
        cell(&r, SLICE("REASON"), t->columns, "\x1b[1m");
    line_end(&r);
}

static void reason_cell(struct row *r, const struct asset *a, const struct asset_check *c)
{
    struct buf text = BUF(MEM_CLI, 0);
    buf_append_cstr(&text, a->reason);
    if (c && a->state == ASSET_FAILED && c->detail[0])
        buf_printf(&text, ": %s", c->detail);
    cell(r, buf_slice(&text), r->t->columns, NULL);
    buf_done(&text);
}

void asset_table_row(const struct asset_table *t, const struct asset *a, struct buf *out)
{
    struct row r = {t, out, 0};
    struct buf text = BUF(MEM_CLI, 0);
    const struct asset_check *c = row_check(a);
    cell(&r, slice_from(asset_state_name(a->state)), STATE_COLUMNS, paint_of(a->state));
    cell(&r, slice_from(a->name), t->name_columns, NULL);
    if (t->show & SHOW_KIND)
        cell(&r, slice_from(a->kind), KIND_COLUMNS, NULL);
    if (t->show & SHOW_SINCE) {
        age(t->wall_ns - a->since_wall_ns, &text);
        cell(&r, buf_slice(&text), SINCE_COLUMNS, NULL);
    }
    if (t->show & SHOW_SPARK) {
        buf_clear(&text);
        if (c)
            spark(&c->latencies, &text);
        cell(&r, buf_slice(&text), SPARK_COLUMNS, NULL);
    }
    if (t->show & SHOW_LAST) {
        buf_clear(&text);
        latency(c ? c->last_ns : PROBE_NONE, &text);
        cell(&r, buf_slice(&text), LAST_COLUMNS, NULL);
    }
    if (t->show & SHOW_REASON)
        reason_cell(&r, a, c);
    line_end(&r);
    buf_done(&text);
}

void asset_table_counts(const struct asset *const *assets, size_t count, bool color,
                        struct buf *out)
{
    size_t n[ASSET_STATE_COUNT] = {0};
    bool any = false;
    for (size_t i = 0; i < count; i++)
        n[assets[i]->state]++;
    for (int s = ASSET_STATE_COUNT - 1; s >= 0; s--) {
        if (n[s] == 0)
            continue;
        buf_printf(out, "%s%s%zu %s%s", any ? ", " : "", color ? paint_of((enum asset_state)s) : "",
                   n[s], asset_state_name((enum asset_state)s), color ? "\x1b[0m" : "");
        any = true;
    }
    if (!any)
        buf_append_cstr(out, "nothing listens on this host");
}
