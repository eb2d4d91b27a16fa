#include "wire/yaml.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "base/duration.h"
#include "base/utf8.h"
#include "wire/yaml_plain.h"

enum {
    INDENT = 2,
    SIMPLE_KEY_BYTES_MAX = 256, /* libyaml wants a ':' within 1024 characters */
};

static void put(struct value_output *o, const char *text)
{
    value_put_cstr(o, text);
}

/* ---- strings ---- */

/* Characters that stand in a line of text as they are. */
static bool is_shown(uint32_t c, bool valid)
{
    if (!valid || c == 0x2028 || c == 0x2029 || c == 0xFEFF || c == 0xFFFE || c == 0xFFFF)
        return false;
    return (c >= 0x20 && c < 0x7F) || c >= 0xA0;
}

static void put_escape(struct value_output *o, uint32_t c, bool valid)
{
    static const char from[] = "\"\\\n\t\r\b\x1b", means[] = "\"\\ntrbe";
    char text[16];
    const char *known = c && c < 0x80 ? strchr(from, (char)c) : NULL;
    if (!valid)
        put(o, "\xEF\xBF\xBD");
    else if (known)
        value_put(o, (char[]){'\\', means[known - from]}, 2);
    else
        value_put(o, text,
                  (size_t)snprintf(text, sizeof(text), c < 0x100 ? "\\x%02X" : "\\u%04X", c));
}

static void put_quoted(struct value_output *o, struct slice s)
{
    put(o, "\"");
    while (s.size && o->result == 0) {
        bool valid;
        struct slice rest = s;
        uint32_t c = utf8_next(&rest, &valid);
        if (is_shown(c, valid) && c != '"' && c != '\\')
            value_put(o, s.data, s.size - rest.size);
        else
            put_escape(o, c, valid);
        s = rest;
    }
    put(o, "\"");
}

/* Whether a text of lines can stand in a block as it is: its first line says how far it is
 * indented, so that it begins with a character; tabs at a line's start are not for every reader. */
static bool is_block(struct slice s)
{
    if (slice_find_byte(s, '\n') <= 0 || s.data[0] == ' ')
        return false;
    char before = '\n';
    while (s.size) {
        bool valid;
        uint32_t c = utf8_next(&s, &valid);
        if (c == '\t' ? before == '\n' : c != '\n' && !is_shown(c, valid))
            return false;
        before = c < 0x80 ? (char)c : 'x';
    }
    return true;
}

static void put_block_text(struct value_output *o, struct slice s, uint32_t indent)
{
    bool ends = s.data[s.size - 1] == '\n';
    put(o, !ends ? "|-" : s.data[s.size - 2] == '\n' ? "|+" : "|");
    if (ends)
        s.size--;
    while (s.data && o->result == 0) {
        struct slice line = slice_cut(&s, '\n');
        put(o, "\n");
        if (line.size)
            value_put_spaces(o, indent);
        value_put(o, line.data, line.size);
    }
}

static void put_string(struct value_output *o, struct slice s, uint32_t indent)
{
    if (yaml_is_plain(s))
        value_put(o, s.data, s.size);
    else if (indent && is_block(s))
        put_block_text(o, s, indent);
    else
        put_quoted(o, s);
}

/* ---- scalars ---- */

static void put_float(struct value_output *o, double d)
{
    char text[VALUE_NUMBER_BYTES_MAX];
    if (!isfinite(d)) {
        put(o, isnan(d) ? ".nan" : d > 0 ? ".inf" : "-.inf");
        return;
    }
    size_t size = value_float_text(d, text);
    const char *e = memchr(text, 'e', size);
    bool point = memchr(text, '.', size);
    size_t head = e ? (size_t)(e - text) : size;
    value_put(o, text, head);
    if (!point)
        put(o, ".0"); /* readers of 1.1 take no number for a float without one */
    value_put(o, text + head, size - head);
}

/* `indent` of the lines of a text. */
static void put_scalar(struct value_output *o, const struct value_trail *t, uint32_t indent)
{
    const struct value *v = t->value;
    char text[DURATION_TEXT_MAX];
    switch ((enum value_type)v->type) {
    case VALUE_NULL:
        put(o, "null");
        return;
    case VALUE_BOOL:
        put(o, v->boolean ? "true" : "false");
        return;
    case VALUE_INT:
        value_put_int(o, v->integer);
        return;
    case VALUE_FLOAT:
        put_float(o, v->number);
        return;
    case VALUE_STRING:
        put_string(o, v->text, indent);
        return;
    case VALUE_TIME:
        if (v->time == VALUE_CLOCK_LOCAL)
            put_quoted(o, v->text); /* a number of base 60 to readers of 1.1 */
        else
            value_put(o, v->text.data, v->text.size);
        return;
    case VALUE_NUMBER:
        value_put(o, v->text.data, v->text.size);
        return;
    case VALUE_DURATION:
        put_string(o, slice_from(duration_format(v->integer, text)), 0);
        return;
    case VALUE_LIST:
        put(o, "[]");
        return;
    case VALUE_MAP:
        put(o, "{}");
        return;
    case VALUE_BAD:
        o->result = value_trail_fault(t, o->err, -EINVAL, "a faulty value cannot be written");
        return;
    }
}

/* ---- blocks ---- */

static bool is_block_node(const struct value *v)
{
    return (v->type == VALUE_LIST || v->type == VALUE_MAP) && v->count > 0;
}

static void put_key(struct value_output *o, struct slice key, uint32_t indent)
{
    if (key.size > SIMPLE_KEY_BYTES_MAX) {
        put(o, "? ");
        put_string(o, key, 0);
        put(o, "\n");
        value_put_spaces(o, indent);
    } else {
        put_string(o, key, 0);
    }
    put(o, ":");
}

/* A list or map that is not empty; the first child goes on in the line that was begun. */
static void put_node(struct value_output *o, const struct value_trail *t, uint32_t indent)
{
    bool map = t->value->type == VALUE_MAP;
    uint32_t index = 0;
    o->result = value_trail_check(t, o->err);
    for (const struct value *v = t->value->first; v && o->result == 0; v = v->next) {
        struct value_trail below = value_trail_below(t, v, index);
        if (index++)
            value_put_spaces(o, indent);
        if (map)
            put_key(o, value_key(v), indent);
        else
            put(o, "-");
        if (!is_block_node(v)) {
            put(o, " ");
            put_scalar(o, &below, indent + INDENT);
            put(o, "\n");
            continue;
        }
        put(o, map ? "\n" : " ");
        if (map)
            value_put_spaces(o, indent + INDENT);
        put_node(o, &below, indent + INDENT);
    }
}

int yaml_write(struct buf *out, const struct value *root, struct err *err)
{
    struct value_output o = value_output_begin(out, err);
    struct value_trail t = {.value = root};
    if (is_block_node(root)) {
        put_node(&o, &t, 0);
    } else {
        put_scalar(&o, &t, INDENT);
        put(&o, "\n");
    }
    return value_output_end(&o);
}
