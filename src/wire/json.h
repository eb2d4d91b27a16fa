/* json.h - JSON (RFC 8259): a strict decoder into an arena, and a writer into a buffer.
 *
 * Decoding checks everything that the RFC demands: UTF-8, escapes and surrogate pairs, number
 * grammar, one value and nothing behind it. Numbers keep their text, so that no digit is lost.
 * An escaped half of a surrogate pair is grammar, but no character: U+FFFD stands for it.
 * Strings without escapes point into the input, which must therefore outlive the tree; all other
 * memory is the arena's. Pure; any thread. */
#ifndef FIREBREAK_WIRE_JSON_H
#define FIREBREAK_WIRE_JSON_H

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum { JSON_DEPTH_MAX = 256 };

enum json_type {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json_value {
    enum json_type type;
    uint32_t line, column;   /* of its first byte, from 1; columns count bytes */
    struct slice text;       /* STRING: decoded; NUMBER: as written; else empty */
    struct slice key;        /* of a member: decoded */
    struct json_value *next; /* sibling in its array or object */
    struct json_value *first;
    uint32_t count; /* of children */
};

struct json_error {
    uint32_t line, column;
    const char *expected; /* "a value", "',' or ']'", … a literal */
};

/* Returns 0; -EBADMSG: not JSON (*ret_error, may be NULL, says where); -ELOOP: deeper than
 * depth_max (0: JSON_DEPTH_MAX); -ENOSPC: the arena's bound. */
int json_parse(struct slice input, struct arena *a, uint32_t depth_max,
               struct json_value **ret_value, struct json_error *ret_error);

/* Member by name (the last of equal names, as most readers have it), or NULL. */
const struct json_value *json_get(const struct json_value *object, const char *key);
/* The text of a member; empty, without data, where that is no string. */
struct slice json_text(const struct json_value *object, const char *key);
/* Element by index, or NULL. */
const struct json_value *json_at(const struct json_value *array, uint32_t index);
/* 0, or -EINVAL where it is no number, -ERANGE where the type cannot hold it exactly. */
int json_to_i64(const struct json_value *v, int64_t *ret);
int json_to_f64(const struct json_value *v, double *ret);
/* Deep equality; numbers by value, members in any order. */
bool json_equal(const struct json_value *a, const struct json_value *b);

/* ---- writing ----
 *
 * Commas are placed by themselves. A call that would pass the buffer's bound marks the writer;
 * json_end tells. Strings are escaped; bytes that are not UTF-8 become U+FFFD. */
enum json_writer_state { JSON_FIRST, JSON_AFTER_VALUE, JSON_AFTER_KEY };
struct json_writer {
    struct buf *out;
    uint8_t state; /* what stands before the next value: json_writer_state */
    bool failed;
    uint32_t indent, depth; /* indent 0: compact */
};

void json_begin(struct json_writer *w, struct buf *out, uint32_t indent);
/* Returns 0 or -EMSGSIZE. */
int json_end(struct json_writer *w);

void json_object_open(struct json_writer *w);
void json_object_close(struct json_writer *w);
void json_array_open(struct json_writer *w);
void json_array_close(struct json_writer *w);
void json_key_slice(struct json_writer *w, struct slice key);
/* A member that is a text, and one that is a number; `key` as for json_key. */
#define json_text_member(w, key, text) (json_key(w, key), json_string(w, text))
#define json_i64_member(w, key, number) (json_key(w, key), json_i64(w, number))
/* `key` is a literal in which nothing needs escaping. Most bytes of a compact object are its keys,
 * so they are copied as they stand here. */
#define json_key(w, key) json_key_ready_(w, SLICE(",\"" key "\":"))
void json_string(struct json_writer *w, struct slice s);
void json_cstr(struct json_writer *w, const char *s); /* NULL: null */
void json_i64(struct json_writer *w, int64_t v);
void json_u64(struct json_writer *w, uint64_t v);
/* Shortest text that reads back as the same double; null for what JSON cannot say. */
void json_f64(struct json_writer *w, double v);
/* ns / 10^6 with three decimals, trailing zeroes dropped: "1.25". */
void json_ms(struct json_writer *w, int64_t ns);
void json_bool(struct json_writer *w, bool v);
void json_null(struct json_writer *w);
/* A value that is JSON already. */
void json_raw(struct json_writer *w, struct slice json);
/* Members that are JSON already, with commas between them: "\"a\":null,\"b\":1". */
void json_members(struct json_writer *w, struct slice json);
void json_tree(struct json_writer *w, const struct json_value *v);

/* Length of the valid UTF-8 sequence (RFC 3629) that s begins with, or 0. */
size_t json_utf8_sequence(struct slice s);
/* Appends s as the inside of a JSON string, without the quotes. */
int json_escape(struct buf *out, struct slice s);

/* ---- inline bodies ---- */

/* `text` is a comma, the quoted key and a colon. */
static inline void json_key_ready_(struct json_writer *w, struct slice text)
{
    struct buf *b = w->out;
    bool comma = w->state == JSON_AFTER_VALUE;
    if (UNLIKELY(w->indent || b->cap - b->size <= text.size)) {
        json_key_slice(w, slice_sub(text, 2, text.size - 2));
        return;
    }
    char *at = b->data + b->size;
    *at = ',';
    memcpy(at + comma, text.data + 1, text.size - 1);
    b->size += text.size - 1 + comma;
    b->data[b->size] = 0;
    w->state = JSON_AFTER_KEY;
}

#endif
