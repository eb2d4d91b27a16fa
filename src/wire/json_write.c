#include "wire/json.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/defs.h"
#include "base/plain.h"

enum { F64_DIGITS_MIN = 15, F64_DIGITS_MAX = 17, NUMBER_TEXT_MAX = 40 };
#define F64_WHOLE_MAX 1e15 /* beyond, 15 digits need an exponent */

void json_begin(struct json_writer *w, struct buf *out, uint32_t indent)
{
    *w = (struct json_writer){.out = out, .indent = indent};
}

int json_end(struct json_writer *w)
{
    return w->failed ? -EMSGSIZE : 0;
}

ALWAYS_INLINE void put(struct json_writer *w, const char *data, size_t size)
{
    if (buf_append(w->out, data, size) < 0)
        w->failed = true;
}

static void new_line(struct json_writer *w)
{
    if (!w->indent)
        return;
    put(w, "\n", 1);
    for (uint32_t i = 0; i < w->depth * w->indent; i++)
        put(w, " ", 1);
}

/* Before each value and each key: the comma, and in the indented form a line of its own. */
static inline void before(struct json_writer *w)
{
    if (w->state == JSON_AFTER_VALUE)
        put(w, ",", 1);
    if (w->state != JSON_AFTER_KEY && w->depth)
        new_line(w);
    w->state = JSON_AFTER_VALUE;
}

static void open_with(struct json_writer *w, const char *bracket)
{
    before(w);
    put(w, bracket, 1);
    w->depth++;
    w->state = JSON_FIRST;
}

static void close_with(struct json_writer *w, const char *bracket)
{
    w->depth--;
    if (w->state == JSON_AFTER_VALUE)
        new_line(w);
    put(w, bracket, 1);
    w->state = JSON_AFTER_VALUE;
}

void json_object_open(struct json_writer *w)
{
    open_with(w, "{");
}

void json_object_close(struct json_writer *w)
{
    close_with(w, "}");
}

void json_array_open(struct json_writer *w)
{
    open_with(w, "[");
}

void json_array_close(struct json_writer *w)
{
    close_with(w, "]");
}

/* Nearly every key and word: nothing in it to escape, and room for it. */
static inline bool put_plain(struct json_writer *w, struct slice s)
{
    struct buf *b = w->out;
    if (b->cap - b->size < 3 || b->cap - b->size - 3 < s.size)
        return false;
    char *at = b->data + b->size;
    if (!plain_copy(at + 1, s.data, s.size))
        return false;
    at[0] = '"';
    at[s.size + 1] = '"';
    at[s.size + 2] = 0;
    b->size += s.size + 2;
    return true;
}

static void put_quoted(struct json_writer *w, struct slice s)
{
    if (LIKELY(put_plain(w, s)))
        return;
    put(w, "\"", 1);
    if (json_escape(w->out, s) < 0)
        w->failed = true;
    put(w, "\"", 1);
}

void json_key_slice(struct json_writer *w, struct slice key)
{
    before(w);
    put_quoted(w, key);
    put(w, ": ", w->indent ? 2 : 1);
    w->state = JSON_AFTER_KEY;
}

void json_string(struct json_writer *w, struct slice s)
{
    before(w);
    put_quoted(w, s);
}

void json_cstr(struct json_writer *w, const char *s)
{
    if (s)
        json_string(w, slice_from(s));
    else
        json_null(w);
}

void json_raw(struct json_writer *w, struct slice json)
{
    before(w);
    put(w, json.data, json.size);
}

void json_members(struct json_writer *w, struct slice json)
{
    json_raw(w, json); /* what stands before a member, and the state behind it, are a value's */
}

void json_null(struct json_writer *w)
{
    json_raw(w, SLICE("null"));
}

void json_bool(struct json_writer *w, bool v)
{
    json_raw(w, v ? SLICE("true") : SLICE("false"));
}

void json_u64(struct json_writer *w, uint64_t v)
{
    before(w);
    if (buf_append_u64(w->out, v) < 0)
        w->failed = true;
}

void json_i64(struct json_writer *w, int64_t v)
{
    before(w);
    if (v < 0)
        put(w, "-", 1);
    if (buf_append_u64(w->out, v < 0 ? 0 - (uint64_t)v : (uint64_t)v) < 0)
        w->failed = true;
}

void json_f64(struct json_writer *w, double v)
{
    char text[NUMBER_TEXT_MAX];
    if (!isfinite(v)) {
        json_null(w);
        return;
    }
    /* Whole numbers, of which there are many, without printf; but a zero may be negative. */
    if (v == trunc(v) && fabs(v) < F64_WHOLE_MAX && !(v == 0 && signbit(v))) {
        json_i64(w, (int64_t)v);
        return;
    }
    /* 15 digits always survive text -> double -> text; 17 survive double -> text -> double. */
    for (int digits = F64_DIGITS_MIN; digits <= F64_DIGITS_MAX; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    json_raw(w, slice_from(text));
}

void json_ms(struct json_writer *w, int64_t ns)
{
    int64_t us = (ns + (ns < 0 ? -500 : 500)) / 1000;
    uint64_t size = us < 0 ? 0 - (uint64_t)us : (uint64_t)us;
    unsigned rest = (unsigned)(size % 1000);
    char fraction[] = {'.', (char)('0' + rest / 100), (char)('0' + rest / 10 % 10),
                       (char)('0' + rest % 10)};
    before(w);
    if (us < 0)
        put(w, "-", 1);
    if (buf_append_u64(w->out, size / 1000) < 0)
        w->failed = true;
    if (rest)
        put(w, fraction, rest % 10 ? 4 : rest % 100 ? 3 : 2);
}

/* Recursion is bounded by the depth that the decoder allowed. */
void json_tree(struct json_writer *w, const struct json_value *v)
{
    switch (v->type) {
    case JSON_NULL:
        json_null(w);
        return;
    case JSON_FALSE:
    case JSON_TRUE:
        json_bool(w, v->type == JSON_TRUE);
        return;
    case JSON_NUMBER:
        json_raw(w, v->text);
        return;
    case JSON_STRING:
        json_string(w, v->text);
        return;
    case JSON_ARRAY:
    case JSON_OBJECT:
        open_with(w, v->type == JSON_OBJECT ? "{" : "[");
        for (const struct json_value *c = v->first; c; c = c->next) {
            if (v->type == JSON_OBJECT)
                json_key_slice(w, c->key);
            json_tree(w, c);
        }
        close_with(w, v->type == JSON_OBJECT ? "}" : "]");
        return;
    }
}

/* ---- escaping ---- */

static size_t escape_one(unsigned char c, char *to)
{
    static const char hex[] = "0123456789abcdef";
    static const char from[] = "\"\\\b\f\n\r\t", short_form[] = "\"\\bfnrt";
    const char *known = c ? strchr(from, c) : NULL;
    to[0] = '\\';
    if (known) {
        to[1] = short_form[known - from];
        return 2;
    }
    memcpy(to + 1, "u00", 3);
    to[4] = hex[c >> 4];
    to[5] = hex[c & 15];
    return 6;
}

/* Bytes at `at` that may be copied as they are. */
static size_t plain_run(struct slice s, size_t at)
{
    size_t i = at;
    while (i < s.size) {
        uint64_t word;
        if (s.size - i >= sizeof(word)) {
            memcpy(&word, s.data + i, sizeof(word));
            if (plain_word(word)) {
                i += sizeof(word);
                continue;
            }
        }
        unsigned char c = (unsigned char)s.data[i];
        if (c < 0x20 || c == '"' || c == '\\' || c == 0x7F)
            break;
        size_t size = c < 0x80 ? 1 : json_utf8_sequence(slice_sub(s, i, s.size));
        if (size == 0)
            break;
        i += size;
    }
    return i - at;
}

int json_escape(struct buf *out, struct slice s)
{
    size_t before_size = out->size;
    int r = 0;
    for (size_t at = 0; r == 0 && at < s.size;) {
        size_t run = plain_run(s, at);
        r = buf_append(out, s.data + at, run);
        at += run;
        if (r < 0 || at == s.size)
            break;
        char text[8];
        unsigned char c = (unsigned char)s.data[at++];
        r = c >= 0x80 ? buf_append(out, "\xEF\xBF\xBD", 3)
                      : buf_append(out, text, escape_one(c, text));
    }
    if (r < 0 && out->data) {
        out->size = before_size;
        out->data[before_size] = 0;
    }
    return r;
}
