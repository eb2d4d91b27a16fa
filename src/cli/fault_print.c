#include "cli/fault_print.h"

#include <string.h>

#include "base/utf8.h"
#include "wire/json.h"

enum { TAB_COLUMNS = 4, GUTTER_COLUMNS = 5, CONTEXT_COLUMNS = 60 };

/* ---- text ---- */

/* A part of a line as it is shown: tabs are spaces, what steers a terminal is U+FFFD. */
static void append_part(struct buf *out, struct slice s)
{
    while (s.size) {
        size_t n = 0;
        while (n < s.size && s.data[n] != '\t')
            n++;
        utf8_append_shown(out, slice_sub(s, 0, n));
        for (size_t i = 0; n < s.size && i < TAB_COLUMNS; i++)
            buf_append_byte(out, ' ');
        s = slice_sub(s, n + (n < s.size), s.size);
    }
}

/* Bytes that continue a character are no place to cut. */
static size_t whole(struct slice s, size_t at)
{
    while (at > 0 && at < s.size && ((unsigned char)s.data[at] & 0xc0) == 0x80)
        at--;
    return at;
}

static void gutter(struct buf *out, uint32_t line)
{
    struct buf number = BUF(MEM_CLI, 0);
    if (line)
        buf_append_u64(&number, line);
    for (size_t i = number.size; i < GUTTER_COLUMNS; i++)
        buf_append_byte(out, ' ');
    buf_append_slice(out, buf_slice(&number));
    buf_append_cstr(out, " | ");
    buf_done(&number);
}

static void print_line(const struct source_point *p, const struct config_fault *f, bool color,
                       struct buf *out)
{
    struct slice line = p->text;
    size_t at = p->column - 1 < line.size ? p->column - 1 : line.size;
    size_t end = f->end > f->at ? at + (f->end - f->at) : at + 1;
    size_t from = at > CONTEXT_COLUMNS ? whole(line, at - CONTEXT_COLUMNS) : 0;
    size_t to = line.size - from > FAULT_LINE_COLUMNS_MAX
                    ? whole(line, from + FAULT_LINE_COLUMNS_MAX)
                    : line.size;
    if (end > to)
        end = to > at ? to : at + 1;
    struct buf before = BUF(MEM_CLI, 0), marked = BUF(MEM_CLI, 0);
    gutter(out, p->line);
    if (from)
        buf_append_cstr(out, "…");
    append_part(out, slice_sub(line, from, to));
    buf_append_cstr(out, to < line.size ? "…\n" : "\n");
    append_part(&before, slice_sub(line, from, at));
    append_part(&marked, slice_sub(line, at, end));
    gutter(out, 0);
    for (size_t i = utf8_columns(buf_slice(&before)) + (from > 0); i > 0; i--)
        buf_append_byte(out, ' ');
    buf_append_cstr(out, color ? "\x1b[31m^" : "^");
    for (size_t i = utf8_columns(buf_slice(&marked)); i > 1; i--)
        buf_append_byte(out, '~');
    buf_append_cstr(out, color ? "\x1b[0m" : "");
    buf_done(&before);
    buf_done(&marked);
}

static void print_suggestion(const struct config_fault *f, struct buf *out)
{
    if (!f->suggestion)
        return;
    buf_append_cstr(out, ": did you mean \"");
    utf8_append_shown(out, slice_from(f->suggestion));
    buf_append_cstr(out, "\"?");
}

void fault_print_text(const struct source_set *sources, const struct config_fault *f, bool color,
                      struct buf *out)
{
    struct source_point p;
    bool placed = source_point(sources, f->at, &p) == 0;
    /* What could not be read is an empty source: it has a name, and no lines. */
    bool has_line = placed && (f->code != CONFIG_FAULT_SOURCE_IO || p.source->text.size > 0);
    const char *bold = color ? "\x1b[1m" : "", *plain = color ? "\x1b[0m" : "";
    if (placed) {
        buf_append_cstr(out, bold);
        utf8_append_shown(out, slice_from(p.source->name));
        if (has_line)
            buf_printf(out, ":%u:%u", p.line, p.column);
        buf_printf(out, ":%s ", plain);
    }
    utf8_append_shown(out, slice_from(f->message));
    print_suggestion(f, out);
    buf_append_byte(out, '\n');
    if (!has_line)
        return;
    print_line(&p, f, color, out);
    if (f->path) {
        buf_append_byte(out, ' ');
        utf8_append_shown(out, slice_from(f->path));
    }
    if (f->schema && f->schema[0])
        buf_printf(out, " (%s)", f->schema);
    buf_append_byte(out, '\n');
}

/* ---- JSON ---- */

static void number_or_null(struct json_writer *w, const char *key, bool known, uint32_t n)
{
    json_key_slice(w, slice_from(key));
    if (known)
        json_u64(w, n);
    else
        json_null(w);
}

void fault_print_json(const struct source_set *sources, const struct config_fault *f,
                      struct buf *out)
{
    struct json_writer w;
    struct source_point p = {0};
    bool placed = source_point(sources, f->at, &p) == 0;
    uint32_t end = f->end > f->at ? p.column + (f->end - f->at) : p.column + 1;
    json_begin(&w, out, 0);
    json_object_open(&w);
    json_key(&w, "file");
    json_cstr(&w, placed ? p.source->name : NULL);
    number_or_null(&w, "line", placed, p.line);
    number_or_null(&w, "column", placed, p.column);
    number_or_null(&w, "end_column", placed, end);
    json_key(&w, "code");
    json_cstr(&w, config_fault_code_name(f->code));
    json_key(&w, "message");
    json_cstr(&w, f->message);
    json_key(&w, "path");
    json_cstr(&w, f->path);
    json_key(&w, "schema");
    json_cstr(&w, f->schema && f->schema[0] ? f->schema : NULL);
    json_key(&w, "suggestion");
    json_cstr(&w, f->suggestion);
    json_object_close(&w);
    json_end(&w);
}
