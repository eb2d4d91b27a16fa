#include "cli/config_print.h"

#include "base/utf8.h"
#include "wire/json.h"
#include "wire/json_value.h"

static void put_value(struct json_writer *w, const struct value *v)
{
    struct buf text = BUF(MEM_CLI, 0);
    if (v && json_value_write(&text, v, 0, NULL) == 0)
        json_raw(w, buf_slice(&text));
    else
        json_null(w);
    buf_done(&text);
}

static void put_shown(struct buf *out, const struct value *v)
{
    struct buf text = BUF(MEM_CLI, 0);
    if (v && json_value_write(&text, v, 0, NULL) == 0)
        utf8_append_shown(out, buf_slice(&text));
    else
        buf_append_cstr(out, "nothing");
    buf_done(&text);
}

/* ---- origins ---- */

static void source_json(struct json_writer *w, const struct source_set *sources,
                        const struct config_claim *c)
{
    struct source_point p = {0};
    bool placed = c->kind != SOURCE_DEFAULT && source_point(sources, c->value->at, &p) == 0;
    bool lines = placed && c->kind == SOURCE_FILE;
    json_object_open(w);
    json_key(w, "kind");
    json_cstr(w, source_kind_name(c->kind));
    json_key(w, "file");
    json_cstr(w, placed ? p.source->name : NULL);
    json_key(w, "line");
    if (lines)
        json_u64(w, p.line);
    else
        json_null(w);
    json_key(w, "column");
    if (lines)
        json_u64(w, p.column);
    else
        json_null(w);
    json_object_close(w);
}

/* Whether something was asked for from outside on the line that the winner stands on. */
static bool is_asked_by(const struct config *c, const struct config_input *input,
                        const struct config_origin *o)
{
    struct source_point a, b;
    return o->winner.value && source_point(&c->sources, input->at, &a) == 0 &&
           source_point(&c->sources, o->winner.value->at, &b) == 0 && a.source == b.source &&
           a.line == b.line;
}

void origin_print_json(const struct config *c, const char *key, const struct config_origin *o,
                       struct buf *out)
{
    const struct source_set *sources = &c->sources;
    struct json_writer w;
    json_begin(&w, out, 0);
    json_object_open(&w);
    json_key(&w, "key");
    json_cstr(&w, key);
    json_key(&w, "value");
    put_value(&w, o->value);
    json_key(&w, "source");
    if (o->winner.value)
        source_json(&w, sources, &o->winner);
    else
        json_null(&w);
    json_key(&w, "overridden");
    json_array_open(&w);
    for (uint32_t i = 0; i < o->lost_count; i++) {
        json_object_open(&w);
        json_key(&w, "value");
        put_value(&w, o->lost[i].value);
        json_key(&w, "source");
        source_json(&w, sources, &o->lost[i]);
        json_object_close(&w);
    }
    json_array_close(&w);
    json_key(&w, "inputs");
    json_array_open(&w);
    for (size_t i = 0; i < c->input_count; i++)
        if (is_asked_by(c, &c->inputs[i], o))
            json_cstr(&w, c->inputs[i].what);
    json_array_close(&w);
    json_object_close(&w);
    json_end(&w);
}

static void source_text(struct buf *out, const struct source_set *sources,
                        const struct config_claim *c)
{
    struct source_point p;
    buf_append_cstr(out, source_kind_name(c->kind));
    if (c->kind == SOURCE_DEFAULT || source_point(sources, c->value->at, &p) < 0)
        return;
    buf_append_byte(out, ' ');
    utf8_append_shown(out, slice_from(p.source->name));
    if (c->kind == SOURCE_FILE)
        buf_printf(out, ":%u:%u", p.line, p.column);
}

void origin_print_text(const struct config *c, const char *key, const struct config_origin *o,
                       struct buf *out)
{
    const struct source_set *sources = &c->sources;
    if (o->winner.value) {
        buf_printf(out, "%s = ", key);
        put_shown(out, o->value);
        buf_append_cstr(out, "\n  from  ");
        source_text(out, sources, &o->winner);
        buf_append_byte(out, '\n');
    } else {
        buf_printf(out, "%s is not set\n", key);
    }
    for (size_t i = 0; i < c->input_count; i++)
        if (is_asked_by(c, &c->inputs[i], o))
            buf_printf(out, "  with  %s\n", c->inputs[i].what);
    for (uint32_t i = 0; i < o->lost_count; i++) {
        buf_append_cstr(out, "  lost  ");
        source_text(out, sources, &o->lost[i]);
        buf_append_cstr(out, "  ");
        put_shown(out, o->lost[i].value);
        buf_append_byte(out, '\n');
    }
}

/* ---- changes ---- */

void change_print_json(const struct config_change *c, struct buf *out)
{
    struct json_writer w;
    json_begin(&w, out, 0);
    json_object_open(&w);
    json_key(&w, "action");
    json_cstr(&w, config_action_name(c->action));
    json_key(&w, "kind");
    json_cstr(&w, c->kind);
    json_key(&w, "name");
    if (c->name.data)
        json_string(&w, c->name);
    else
        json_null(&w);
    json_key(&w, "namespace");
    if (c->namespace_.data)
        json_string(&w, c->namespace_);
    else
        json_null(&w);
    json_key(&w, "fields");
    json_array_open(&w);
    for (const struct config_change_field *f = c->fields; f; f = f->next) {
        json_object_open(&w);
        json_key(&w, "path");
        json_cstr(&w, f->path);
        json_key(&w, "old");
        put_value(&w, f->old_value);
        json_key(&w, "new");
        put_value(&w, f->new_value);
        json_object_close(&w);
    }
    json_array_close(&w);
    json_object_close(&w);
    json_end(&w);
}

void change_print_text(const struct config_change *c, bool color, struct buf *out)
{
    static const char *const marks[] = {"+", "~", "-"};
    static const char *const colors[] = {"\x1b[32m", "\x1b[33m", "\x1b[31m"};
    buf_printf(out, "%s%s%s %s", color ? colors[c->action] : "", marks[c->action],
               color ? "\x1b[0m" : "", c->kind);
    if (c->name.data) {
        buf_append_byte(out, '/');
        utf8_append_shown(out, c->name);
    }
    if (c->namespace_.data && !slice_eq(c->namespace_, SLICE("default")))
        buf_printf(out, " in %.*s", SLICE_ARG(c->namespace_));
    buf_append_byte(out, '\n');
    for (const struct config_change_field *f = c->fields; f && c->action != CONFIG_DELETE;
         f = f->next) {
        buf_append_cstr(out, "    ");
        utf8_append_shown(out, slice_from(f->path));
        buf_append_cstr(out, ": ");
        if (c->action == CONFIG_UPDATE) {
            put_shown(out, f->old_value);
            buf_append_cstr(out, " -> ");
        }
        put_shown(out, f->new_value);
        buf_append_byte(out, '\n');
    }
}
