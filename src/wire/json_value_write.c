#include "wire/json_value.h"

#include <errno.h>
#include <math.h>

#include "base/duration.h"
#include "wire/json.h"

struct writer {
    struct value_output o;
    uint32_t indent;
};

static void put(struct writer *w, const char *data, size_t size)
{
    value_put(&w->o, data, size);
}

static void put_line(struct writer *w, uint32_t depth)
{
    if (!w->indent)
        return;
    put(w, "\n", 1);
    value_put_spaces(&w->o, depth * w->indent);
}

/* ---- strings ---- */

/* Bytes of the character at s.data[at] that are copied as they are; 0: it must be escaped. */
static size_t plain_bytes(struct slice s, size_t at)
{
    unsigned char c = (unsigned char)s.data[at];
    if (c < 0x80)
        return c >= 0x20 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
    size_t size = json_utf8_sequence(slice_sub(s, at, s.size));
    /* U+2028 and U+2029 end a line in JavaScript. */
    bool line_end = size == 3 && c == 0xE2 && (unsigned char)s.data[at + 1] == 0x80 &&
                    ((unsigned char)s.data[at + 2] & 0xFE) == 0xA8;
    return line_end ? 0 : size;
}

/* Writes what stands for the character at s.data[at]. Returns how many bytes that one has. */
static size_t put_escape(struct writer *w, struct slice s, size_t at)
{
    static const char from[] = "\"\\\b\f\n\r\t", means[] = "\"\\bfnrt", hex[] = "0123456789abcdef";
    unsigned char c = (unsigned char)s.data[at];
    if (c == 0xE2 && json_utf8_sequence(slice_sub(s, at, s.size)) == 3) {
        put(w, s.data[at + 2] & 1 ? "\\u2029" : "\\u2028", 6);
        return 3;
    }
    if (c >= 0x80) {
        put(w, "\\ufffd", 6);
        return 1;
    }
    const char *known = c ? strchr(from, c) : NULL;
    char text[6] = {'\\', known ? means[known - from] : 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    put(w, text, known ? 2 : 6);
    return 1;
}

static void put_string(struct writer *w, struct slice s)
{
    put(w, "\"", 1);
    for (size_t at = 0; at < s.size && w->o.result == 0;) {
        size_t from = at, size;
        while (at < s.size && (size = plain_bytes(s, at)) > 0)
            at += size;
        put(w, s.data + from, at - from);
        if (at < s.size)
            at += put_escape(w, s, at);
    }
    put(w, "\"", 1);
}

/* ---- values ---- */

static void put_number(struct writer *w, const struct value_trail *t)
{
    char text[VALUE_NUMBER_BYTES_MAX];
    if (!isfinite(t->value->number))
        w->o.result = value_trail_fault(t, w->o.err, -EINVAL, "JSON has no word for inf and nan");
    else
        put(w, text, value_number_text(t->value->number, text));
}

static void put_value(struct writer *w, const struct value_trail *t);

static void put_children(struct writer *w, const struct value_trail *t)
{
    bool map = t->value->type == VALUE_MAP;
    uint32_t index = 0;
    w->o.result = value_trail_check(t, w->o.err);
    put(w, map ? "{" : "[", 1);
    for (const struct value *v = t->value->first; v && w->o.result == 0; v = v->next) {
        struct value_trail below = value_trail_below(t, v, index);
        if (index++)
            put(w, ",", 1);
        put_line(w, t->depth + 1);
        if (map) {
            put_string(w, value_key(v));
            put(w, ": ", w->indent ? 2 : 1);
        }
        put_value(w, &below);
    }
    if (index)
        put_line(w, t->depth);
    put(w, map ? "}" : "]", 1);
}

static void put_value(struct writer *w, const struct value_trail *t)
{
    const struct value *v = t->value;
    char text[DURATION_TEXT_MAX];
    switch ((enum value_type)v->type) {
    case VALUE_NULL:
        put(w, "null", 4);
        return;
    case VALUE_BOOL:
        put(w, v->boolean ? "true" : "false", v->boolean ? 4 : 5);
        return;
    case VALUE_INT:
        value_put_int(&w->o, v->integer);
        return;
    case VALUE_NUMBER:
        put(w, v->text.data, v->text.size);
        return;
    case VALUE_FLOAT:
        put_number(w, t);
        return;
    case VALUE_STRING:
    case VALUE_TIME:
        put_string(w, v->text);
        return;
    case VALUE_DURATION:
        put_string(w, slice_from(duration_format(v->integer, text)));
        return;
    case VALUE_LIST:
    case VALUE_MAP:
        put_children(w, t);
        return;
    case VALUE_BAD:
        w->o.result = value_trail_fault(t, w->o.err, -EINVAL, "a faulty value cannot be written");
        return;
    }
}

int json_value_write(struct buf *out, const struct value *root, uint32_t indent, struct err *err)
{
    struct writer w = {.o = value_output_begin(out, err), .indent = indent};
    struct value_trail t = {.value = root};
    put_value(&w, &t);
    return value_output_end(&w.o);
}
