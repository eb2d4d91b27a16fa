#include "config/reference.h"

#include <stdio.h>

#include "base/duration.h"
#include "base/utf8.h"
#include "wire/json.h"

enum { NUMBER_BYTES_MAX = 48 };

/* ---- words ---- */

void schema_type_words(const struct schema_field *f, struct buf *out)
{
    static const char *const one[] = {"string", "true or false", "whole number", "number",
                                      "duration", ""};
    static const char *const many[] = {"strings", "true or false", "whole numbers", "numbers",
                                       "durations", ""};
    bool list = f->shape == SCHEMA_SLICE || f->shape == SCHEMA_TABLE;
    if (list)
        buf_append_cstr(out, f->shape == SCHEMA_SLICE ? "list of " : "table of ");
    buf_append_cstr(out, f->of ? f->of->name : list ? many[f->type] : one[f->type]);
}

static const char *bound(const struct schema_field *f, int64_t n, char text[NUMBER_BYTES_MAX])
{
    if (f->type == SCHEMA_DURATION)
        return duration_format(n, text);
    if (f->type == SCHEMA_FLOAT)
        snprintf(text, NUMBER_BYTES_MAX, "%g", (double)n / 1000);
    else
        snprintf(text, NUMBER_BYTES_MAX, "%lld", (long long)n);
    return text;
}

static void range_words(const struct schema_field *f, struct buf *out)
{
    char low[NUMBER_BYTES_MAX], high[NUMBER_BYTES_MAX];
    bool number = f->type == SCHEMA_INT || f->type == SCHEMA_FLOAT || f->type == SCHEMA_DURATION;
    if (number && (f->has_min || f->has_max))
        buf_printf(out, " From %s to %s%s%s.", bound(f, f->min, low), bound(f, f->max, high),
                   f->unit ? " " : "", f->unit ? f->unit : "");
    else if (!number && f->has_max)
        buf_printf(out, " At most %lld elements.", (long long)f->max);
}

void schema_rule_words(const struct schema_field *f, struct buf *out)
{
    struct buf all = BUF(MEM_CONFIG, 0);
    if (f->required)
        buf_append_cstr(&all, " Required.");
    if (f->dflt)
        buf_printf(&all, " Default %s.", f->dflt);
    range_words(f, &all);
    for (size_t i = 0; f->words && f->words[i]; i++)
        buf_printf(&all, "%s%s%s", i ? ", " : " One of ", f->words[i], f->words[i + 1] ? "" : ".");
    if (f->ref)
        buf_printf(&all, " Names a declared %s.", f->ref);
    else if (f->pattern_help)
        buf_printf(&all, " Written as %s.", f->pattern_help);
    if (f->merge == SCHEMA_MERGE_BY_KEY)
        buf_append_cstr(&all, " Sources are merged by name.");
    if (f->merge == SCHEMA_APPEND)
        buf_append_cstr(&all, " Sources are joined.");
    buf_append_slice(out, slice_trim(buf_slice(&all)));
    buf_done(&all);
}

/* ---- explain ---- */

static void spaces(struct buf *out, size_t n)
{
    while (n-- > 0)
        buf_append_byte(out, ' ');
}

static void paragraph(struct buf *out, struct slice text, size_t indent, size_t columns)
{
    size_t at = 0;
    while (text.data) {
        struct slice word = slice_cut(&text, ' ');
        size_t width = utf8_columns(word);
        if (word.size == 0)
            continue;
        if (at && at + 1 + width > columns) {
            buf_append_byte(out, '\n');
            at = 0;
        }
        if (at)
            buf_append_byte(out, ' ');
        else
            spaces(out, indent);
        at = (at ? at + 1 : indent) + width;
        buf_append_slice(out, word);
    }
    buf_append_byte(out, '\n');
}

static struct slice first_sentence(const char *help)
{
    struct slice s = slice_from(help);
    ptrdiff_t end = slice_find(s, SLICE(". "));
    return end < 0 ? s : slice_sub(s, 0, (size_t)end + 1);
}

static void list_fields(const struct schema_struct *s, size_t columns, struct buf *out)
{
    enum { GAP = 2, INDENT = 2, TYPE_MAX = 24 };
    size_t widest = 0;
    for (size_t i = 0; i < s->field_count; i++)
        widest = strlen(s->fields[i].key) > widest ? strlen(s->fields[i].key) : widest;
    buf_append_cstr(out, "\nFields\n");
    for (size_t i = 0; i < s->field_count; i++) {
        const struct schema_field *f = &s->fields[i];
        struct buf type = BUF(MEM_CONFIG, 0);
        schema_type_words(f, &type);
        size_t begin = out->size;
        spaces(out, INDENT);
        buf_append_cstr(out, f->key);
        spaces(out, widest - strlen(f->key) + GAP);
        buf_append_slice(out, buf_slice(&type));
        spaces(out, type.size < TYPE_MAX ? TYPE_MAX - type.size : GAP);
        size_t used = out->size - begin;
        struct slice help = first_sentence(f->help);
        if (columns > used + 10)
            help = utf8_cut_columns(help, columns - used);
        buf_append_slice(out, help);
        buf_append_byte(out, '\n');
        buf_done(&type);
    }
}

void explain_text(const char *name, const struct schema_place *at, size_t columns, bool color,
                  struct buf *out)
{
    enum { INDENT = 4 };
    const struct schema_field *f = at->field;
    const struct schema_struct *s = f ? f->of : at->in;
    struct buf words = BUF(MEM_CONFIG, 0);
    buf_printf(out, "%s%s%s  ", color ? "\x1b[1m" : "", name, color ? "\x1b[0m" : "");
    if (f)
        schema_type_words(f, out);
    else
        buf_append_cstr(out, at->in->kind ? "kind" : "section");
    buf_append_byte(out, '\n');
    paragraph(out, slice_from(f ? f->help : s->help), INDENT, columns);
    if (f)
        schema_rule_words(f, &words);
    if (words.size)
        paragraph(out, buf_slice(&words), INDENT, columns);
    buf_done(&words);
    if (f)
        buf_printf(out, "\n  In Go  firebreak.%s{%s: …}\n", at->in->name, f->name);
    if (s)
        list_fields(s, columns, out);
}

static void json_field(struct json_writer *w, const struct schema_field *f)
{
    struct buf type = BUF(MEM_CONFIG, 0), rules = BUF(MEM_CONFIG, 0);
    schema_type_words(f, &type);
    schema_rule_words(f, &rules);
    json_key(w, "key");
    json_cstr(w, f->key);
    json_key(w, "go");
    json_cstr(w, f->name);
    json_key(w, "type");
    json_string(w, buf_slice(&type));
    json_key(w, "required");
    json_bool(w, f->required);
    json_key(w, "default");
    json_cstr(w, f->dflt);
    json_key(w, "unit");
    json_cstr(w, f->unit);
    json_key(w, "words");
    if (f->words) {
        json_array_open(w);
        for (size_t i = 0; f->words[i]; i++)
            json_cstr(w, f->words[i]);
        json_array_close(w);
    } else {
        json_null(w);
    }
    json_key(w, "refers_to");
    json_cstr(w, f->ref);
    json_key(w, "rules");
    json_string(w, buf_slice(&rules));
    json_key(w, "help");
    json_cstr(w, f->help);
    buf_done(&type);
    buf_done(&rules);
}

void explain_json(const char *name, const struct schema_place *at, struct buf *out)
{
    struct json_writer w;
    const struct schema_struct *s = at->field ? at->field->of : at->in;
    json_begin(&w, out, 0);
    json_object_open(&w);
    json_key(&w, "field");
    json_cstr(&w, name);
    if (at->field) {
        json_field(&w, at->field);
    } else {
        json_key(&w, "help");
        json_cstr(&w, s->help);
    }
    json_key(&w, "fields");
    json_array_open(&w);
    for (size_t i = 0; s && i < s->field_count; i++) {
        json_object_open(&w);
        json_field(&w, &s->fields[i]);
        json_object_close(&w);
    }
    json_array_close(&w);
    json_object_close(&w);
    json_end(&w);
}

/* ---- the reference ---- */

/* Text for a cell of a table. */
static void cell(struct buf *out, struct slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '|' || text.data[i] == '<' || text.data[i] == '*')
            buf_append_byte(out, '\\');
        buf_append_byte(out, text.data[i]);
    }
}

static void field_row(const struct schema_field *f, struct buf *out)
{
    struct buf type = BUF(MEM_CONFIG, 0), rules = BUF(MEM_CONFIG, 0);
    schema_type_words(f, &type);
    schema_rule_words(f, &rules);
    buf_printf(out, "| `%s` | `%s` | ", f->name, f->key);
    if (f->of)
        buf_printf(out, "%s[%s](#%s)", f->shape == SCHEMA_SLICE ? "list of " : "", f->of->name,
                   f->of->name);
    else
        buf_append_slice(out, buf_slice(&type));
    buf_append_cstr(out, " | ");
    cell(out, slice_from(f->help));
    if (rules.size)
        buf_append_byte(out, ' ');
    cell(out, buf_slice(&rules));
    buf_append_cstr(out, " |\n");
    buf_done(&type);
    buf_done(&rules);
}

void reference_markdown(struct buf *out)
{
    buf_append_cstr(out,
        "# Configuration: every kind and field\n\n"
        "Made by `firebreak docs config` from the tables that the checker itself uses. In Go a "
        "field has the first name, in YAML, TOML and JSON the second one; `firebreak explain` says "
        "the same on the terminal.\n\n"
        "A zero equals a field that is left out; a null takes back what a lower source said. "
        "Durations are written as in `250ms`, `30s` or `1m30s`.\n");
    for (size_t i = 0; config_schema.structs[i]; i++) {
        const struct schema_struct *s = config_schema.structs[i];
        buf_printf(out, "\n<a id=\"%s\"></a>\n## %s\n\n", s->name, s->name);
        cell(out, slice_from(s->help));
        if (s->one_of)
            buf_append_cstr(out, " Exactly one of its choices is set:");
        for (size_t k = 0, n = 0; s->one_of && k < s->field_count; k++)
            if (s->fields[k].one_of)
                buf_printf(out, "%s `%s`", n++ ? "," : "", s->fields[k].key);
        buf_append_cstr(out, s->one_of ? ".\n\n" : "\n\n");
        buf_append_cstr(out, "| Go | key | type | meaning |\n|---|---|---|---|\n");
        for (size_t k = 0; k < s->field_count; k++)
            field_row(&s->fields[k], out);
    }
}
