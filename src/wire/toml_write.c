#include "wire/toml.h"

#include <errno.h>
#include <math.h>

#include "base/duration.h"
#include "wire/json.h"

enum { LINE_COLUMNS = 88 }; /* an array goes on in the next line behind that */

struct writer {
    struct value_output o;
    size_t line;   /* where in the buffer the line begins */
    bool in_table; /* an inline one: nothing in it may end the line, says 1.0 */
};

static void put(struct writer *w, const char *text)
{
    value_put_cstr(&w->o, text);
}

static void end_line(struct writer *w)
{
    put(w, "\n");
    w->line = w->o.out->size;
}

static void refuse(struct writer *w, const struct value_trail *t, const char *what)
{
    w->o.result = value_trail_fault(t, w->o.err, -EINVAL, what);
}

/* ---- strings and keys ---- */

static void put_escape(struct writer *w, unsigned char c)
{
    static const char from[] = "\b\t\n\f\r\"\\", means[] = "btnfr\"\\", hex[] = "0123456789ABCDEF";
    const char *known = c ? strchr(from, c) : NULL;
    char text[6] = {'\\', known ? means[known - from] : 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    value_put(&w->o, text, known ? 2 : 6);
}

/* Bytes at s.data[at] that stand as they are; 0: an escape is needed, or it is no UTF-8. */
static size_t plain_bytes(struct slice s, size_t at, bool lines)
{
    unsigned char c = (unsigned char)s.data[at];
    if (c >= 0x80)
        return json_utf8_sequence(slice_sub(s, at, s.size));
    if (c == '\n' || c == '\t')
        return lines;
    /* In a text of lines three quotes would end it, and so would one at its end. */
    if (c == '"' && lines)
        return at + 1 < s.size && s.data[at + 1] != '"' && (at == 0 || s.data[at - 1] != '"');
    return c >= 0x20 && c != 0x7F && c != '"' && c != '\\';
}

static void put_text(struct writer *w, struct slice s, bool lines)
{
    for (size_t at = 0; at < s.size && w->o.result == 0;) {
        size_t from = at, size;
        while (at < s.size && (size = plain_bytes(s, at, lines)) > 0)
            at += size;
        value_put(&w->o, s.data + from, at - from);
        if (at == s.size)
            return;
        if ((unsigned char)s.data[at] >= 0x80)
            put(w, "\xEF\xBF\xBD");
        else
            put_escape(w, (unsigned char)s.data[at]);
        at++;
    }
}

static void put_string(struct writer *w, struct slice s, bool inside)
{
    bool lines = !inside && slice_find_byte(s, '\n') >= 0;
    put(w, lines ? "\"\"\"\n" : "\"");
    put_text(w, s, lines);
    put(w, lines ? "\"\"\"" : "\"");
}

static void put_key(struct writer *w, struct slice key)
{
    bool bare = key.size > 0;
    for (size_t i = 0; i < key.size && bare; i++) {
        char c = key.data[i];
        bare = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    }
    if (bare)
        value_put(&w->o, key.data, key.size);
    else
        put_string(w, key, true);
}

/* ---- values on a line ---- */

static void put_float(struct writer *w, double d)
{
    char text[VALUE_NUMBER_BYTES_MAX];
    if (isfinite(d))
        value_put(&w->o, text, value_float_text(d, text));
    else
        put(w, isnan(d) ? "nan" : d > 0 ? "inf" : "-inf");
}

static void put_inline(struct writer *w, const struct value_trail *t, bool inside);

static void put_array(struct writer *w, const struct value_trail *t)
{
    uint32_t index = 0;
    put(w, "[");
    for (const struct value *v = t->value->first; v && w->o.result == 0; v = v->next) {
        struct value_trail below = value_trail_below(t, v, index);
        if (index++) {
            put(w, ",");
            if (!w->in_table && w->o.out->size - w->line > LINE_COLUMNS) {
                end_line(w);
                put(w, " ");
            }
            put(w, " ");
        }
        put_inline(w, &below, true);
    }
    put(w, "]");
}

static void put_inline_table(struct writer *w, const struct value_trail *t)
{
    uint32_t index = 0;
    bool outer = w->in_table;
    w->in_table = true;
    put(w, "{");
    for (const struct value *v = t->value->first; v && w->o.result == 0; v = v->next) {
        struct value_trail below = value_trail_below(t, v, index);
        put(w, index++ ? ", " : " ");
        put_key(w, value_key(v));
        put(w, " = ");
        put_inline(w, &below, true);
    }
    put(w, index ? " }" : "}");
    w->in_table = outer;
}

/* `inside` an array or inline table: on this line. */
static void put_inline(struct writer *w, const struct value_trail *t, bool inside)
{
    const struct value *v = t->value;
    char text[DURATION_TEXT_MAX];
    if ((w->o.result = value_trail_check(t, w->o.err)) < 0)
        return;
    switch ((enum value_type)v->type) {
    case VALUE_NULL:
        refuse(w, t, "TOML has no null");
        return;
    case VALUE_BOOL:
        put(w, v->boolean ? "true" : "false");
        return;
    case VALUE_INT:
        value_put_int(&w->o, v->integer);
        return;
    case VALUE_NUMBER:
        refuse(w, t, "a number beyond 64 bits has no place in TOML");
        return;
    case VALUE_FLOAT:
        put_float(w, v->number);
        return;
    case VALUE_STRING:
        put_string(w, v->text, inside);
        return;
    case VALUE_TIME:
        value_put(&w->o, v->text.data, v->text.size);
        return;
    case VALUE_DURATION:
        put_string(w, slice_from(duration_format(v->integer, text)), true);
        return;
    case VALUE_LIST:
        put_array(w, t);
        return;
    case VALUE_MAP:
        put_inline_table(w, t);
        return;
    case VALUE_BAD:
        refuse(w, t, "a faulty value cannot be written");
        return;
    }
}

/* ---- tables ---- */

/* A list of nothing but tables, at least one. */
static bool is_table_list(const struct value *v)
{
    if (v->type != VALUE_LIST || v->count == 0)
        return false;
    for (const struct value *c = v->first; c; c = c->next)
        if (c->type != VALUE_MAP)
            return false;
    return true;
}

static bool is_table(const struct value *v)
{
    return v->type == VALUE_MAP || is_table_list(v);
}

static void put_path(struct writer *w, const struct value_trail *t)
{
    const struct value_trail *chain[VALUE_WRITE_DEPTH_MAX + 2];
    uint32_t count = 0;
    for (; t->up && count < VALUE_WRITE_DEPTH_MAX + 2; t = t->up)
        if (t->up->value->type == VALUE_MAP) /* elements of lists have no name */
            chain[count++] = t;
    while (count--) {
        put_key(w, value_key(chain[count]->value));
        if (count)
            put(w, ".");
    }
}

static void put_header(struct writer *w, const struct value_trail *t, bool list)
{
    if (w->o.out->size > w->o.before)
        put(w, "\n");
    put(w, list ? "[[" : "[");
    put_path(w, t);
    put(w, list ? "]]" : "]");
    end_line(w);
}

static void put_members(struct writer *w, const struct value_trail *t);

/* A table without members of its own needs no header where tables below it have theirs. */
static bool needs_header(const struct value *table)
{
    for (const struct value *v = table->first; v; v = v->next)
        if (!is_table(v))
            return true;
    return table->count == 0;
}

static void put_table_list(struct writer *w, const struct value_trail *t)
{
    uint32_t index = 0;
    for (const struct value *v = t->value->first; v && w->o.result == 0; v = v->next) {
        struct value_trail below = value_trail_below(t, v, index++);
        put_header(w, t, true);
        put_members(w, &below);
    }
}

static void put_members(struct writer *w, const struct value_trail *t)
{
    w->o.result = value_trail_check(t, w->o.err);
    for (const struct value *v = t->value->first; v && w->o.result == 0; v = v->next) {
        struct value_trail below = value_trail_below(t, v, 0);
        if (is_table(v))
            continue;
        put_key(w, value_key(v));
        put(w, " = ");
        put_inline(w, &below, false);
        end_line(w);
    }
    for (const struct value *v = t->value->first; v && w->o.result == 0; v = v->next) {
        struct value_trail below = value_trail_below(t, v, 0);
        if (v->type == VALUE_MAP && needs_header(v))
            put_header(w, &below, false);
        if (v->type == VALUE_MAP)
            put_members(w, &below);
        else if (is_table(v))
            put_table_list(w, &below);
    }
}

int toml_write(struct buf *out, const struct value *root, struct err *err)
{
    struct writer w = {.o = value_output_begin(out, err), .line = out->size};
    struct value_trail t = {.value = root};
    if (root->type == VALUE_MAP)
        put_members(&w, &t);
    else
        refuse(&w, &t, "a text of TOML is a map, and this is none");
    return value_output_end(&w.o);
}
