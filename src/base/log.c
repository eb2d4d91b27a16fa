#include "base/log.h"

#include <assert.h>
#include <errno.h>

#include "base/defs.h"
#include "base/log_text.h"
#include "base/utf8.h"

static const char *const level_names[] = {"debug", "info", "warn", "error", "off"};

const char *log_level_name(enum log_level level)
{
    return (unsigned)level < ARRAY_LEN(level_names) ? level_names[level] : "off";
}

int log_level_parse(struct slice name, enum log_level *ret_level)
{
    for (size_t i = 0; i < ARRAY_LEN(level_names); i++)
        if (slice_eq_nocase(name, slice_from(level_names[i]))) {
            *ret_level = (enum log_level)i;
            return 0;
        }
    return -EINVAL;
}

/* ---- one field ---- */

/* Behind the end that the writers see there is always room for the end of a cut line: "…" and
 * the closing quote of a text, `,"cut":true}`, the newline. */
enum {
    TAIL_BYTES = 24,
    KEY_EXTRA_BYTES = 8,   /* `,"` and `":` around a key */
    SCALAR_BYTES_MAX = 40, /* of a value that is no text or hex */
    REPEATED_BYTES_MAX = 120, /* the field of that name, with the doubts of put_field */
};

ALWAYS_INLINE void put_key(struct log_out *o, const struct log_field *f, bool json)
{
    if (json) {
        log_put(o, ",\"", 2);
        log_put_text(o, (struct slice){f->key, f->key_bytes});
        log_put(o, "\":", 2);
    } else {
        log_put(o, " ", 1);
        log_put_text(o, (struct slice){f->key, f->key_bytes});
        log_put(o, "=", 1);
    }
}

ALWAYS_INLINE void put_quote(struct log_out *o, bool quoted)
{
    if (quoted)
        *o->at++ = '"';
}

ALWAYS_INLINE void put_f64(struct log_out *o, double v, bool json)
{
    bool quoted = json && v - v != 0; /* JSON has no word for what is not finite */

    put_quote(o, quoted);
    o->at += log_format_f64(v, o->at);
    put_quote(o, quoted);
}

ALWAYS_INLINE void put_time(struct log_out *o, int64_t wall_ns, bool json)
{
    put_quote(o, json);
    log_format_time(wall_ns, o->at);
    o->at += LOG_TIME_BYTES;
    put_quote(o, json);
}

/* The console shows a text as it is where nothing in it could be taken for something else. */
static bool is_plain(struct slice s)
{
    for (size_t i = 0; i < s.size; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '=')
            return false;
    }
    return s.size > 0;
}

ALWAYS_INLINE void put_text(struct log_out *o, struct slice s, bool json)
{
    bool quoted = json || !is_plain(s);

    put_quote(o, quoted);
    log_put_text(o, s);
    put_quote(o, quoted);
}

ALWAYS_INLINE void put_hex(struct log_out *o, struct slice bytes, bool json)
{
    put_quote(o, json);
    log_put_hex(o, bytes);
    put_quote(o, json);
}

ALWAYS_INLINE void put_value(struct log_out *o, const struct log_field *f, bool json)
{
    switch (f->type) {
    case LOG_TYPE_NONE:
        return;
    case LOG_TYPE_NULL:
        return log_put(o, "null", 4);
    case LOG_TYPE_TEXT:
        return put_text(o, f->text, json);
    case LOG_TYPE_I64:
        return log_put_i64(o, f->i64);
    case LOG_TYPE_U64:
        return log_put_u64(o, f->u64);
    case LOG_TYPE_F64:
        return put_f64(o, f->f64, json);
    case LOG_TYPE_BOOL:
        return f->boolean ? log_put(o, "true", 4) : log_put(o, "false", 5);
    case LOG_TYPE_MS:
        return log_put_ms(o, f->i64);
    case LOG_TYPE_TIME:
        return put_time(o, f->i64, json);
    case LOG_TYPE_HEX:
        return put_hex(o, f->text, json);
    }
}

/* A field that has no room at all is left out, a text that has some is cut. Either ends the line:
 * fields behind it would make a reader think that only this one is missing. */
ALWAYS_INLINE void put_field(struct log_out *o, const struct log_field *f, bool json)
{
    if (f->type == LOG_TYPE_NONE || o->cut)
        return;
    size_t room = (size_t)(o->end - o->at), key = f->key_bytes;
    size_t value = f->type == LOG_TYPE_HEX ? f->text.size : 0;

    if (room < KEY_EXTRA_BYTES + SCALAR_BYTES_MAX || value > (room - SCALAR_BYTES_MAX) / 2 ||
        key > (room - SCALAR_BYTES_MAX - 2 * value) / LOG_ESCAPED_BYTES_MAX) {
        o->cut = true;
        return;
    }
    put_key(o, f, json);
    put_value(o, f, json);
}

/* A copy for each form: what a field costs is mostly questions, and half of them are this one. */
static void put_fields(struct log_out *o, const struct log_field *fields, size_t count, bool json)
{
    if (json)
        for (size_t i = 0; i < count; i++)
            put_field(o, &fields[i], true);
    else
        for (size_t i = 0; i < count; i++)
            put_field(o, &fields[i], false);
}

int log_context_add(struct log_context *c, const struct log_field *fields, size_t count)
{
    struct log_out o = {
        .at = c->text + c->size, .end = c->text + LOG_CONTEXT_BYTES_MAX - TAIL_BYTES};

    if (o.at > o.end)
        return -ENOSPC;
    put_fields(&o, fields, count, c->format == LOG_FORMAT_JSON);
    if (o.cut)
        return -ENOSPC;
    c->size = (uint32_t)(o.at - c->text);
    return 0;
}

/* ---- the line ---- */

#define PUT_LITERAL(o, text) log_put((o), (text), sizeof(text) - 1)

/* The message may be of any size; what stands behind it must not fall off the line for that. */
static void put_message(struct log_out *o, const struct log_head *h, size_t behind)
{
    o->end -= behind;
    log_put_text(o, h->msg);
    o->end += behind;
}

static void put_json_head(struct log_out *o, const struct log_head *h, size_t behind)
{
    const char *level = log_level_name(h->level);

    PUT_LITERAL(o, "{\"ts\":\"");
    log_format_time(h->wall_ns, o->at);
    o->at += LOG_TIME_BYTES;
    PUT_LITERAL(o, "\",\"level\":\"");
    log_put(o, level, strlen(level));
    PUT_LITERAL(o, "\",\"logger\":\"");
    log_put_text(o, slice_sub(h->logger, 0, LOG_NAME_BYTES_MAX));
    PUT_LITERAL(o, "\",\"msg\":\"");
    put_message(o, h, behind);
    PUT_LITERAL(o, "\"");
}

static void put_console_head(struct log_out *o, const struct log_head *h, size_t behind,
                             bool with_color)
{
    static const char colors[][6] = {"\x1b[36m", "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[35m"};
    const char *level = log_level_name(h->level);
    size_t size = strlen(level);

    log_format_time(h->wall_ns, o->at);
    o->at += LOG_TIME_BYTES;
    PUT_LITERAL(o, " ");
    if (with_color)
        log_put(o, colors[h->level < LOG_LEVEL_OFF ? h->level : LOG_LEVEL_OFF], 5);
    log_put(o, level, size);
    if (with_color)
        PUT_LITERAL(o, "\x1b[0m");
    log_put(o, "      ", 6 - size);
    log_put_text(o, slice_sub(h->logger, 0, LOG_NAME_BYTES_MAX));
    PUT_LITERAL(o, "  ");
    put_message(o, h, behind);
    PUT_LITERAL(o, " ");
}

size_t log_format_line(enum log_format format, const struct log_head *head,
                       const struct log_field *fields, size_t count, char *out, size_t out_bytes)
{
    const struct log_context *context = head->context;
    bool json = format == LOG_FORMAT_JSON;

    assert(out_bytes >= LOG_LINE_BYTES_MIN);
    assert(!context || (context->format == LOG_FORMAT_JSON) == json);

    struct log_out o = {.at = out, .end = out + out_bytes - TAIL_BYTES};
    size_t behind = (context ? context->size : 0) + REPEATED_BYTES_MAX;
    if (json)
        put_json_head(&o, head, behind);
    else
        put_console_head(&o, head, behind, format == LOG_FORMAT_COLOR);

    bool message_cut = o.cut;
    o.cut = false;
    if (context)
        log_put(&o, context->text, context->size);
    const struct log_field repeated = {"repeated", 8, LOG_TYPE_U64, .u64 = head->repeated};
    put_fields(&o, &repeated, head->repeated != 0, json);
    put_fields(&o, fields, count, json);
    if (o.cut || message_cut)
        json ? PUT_LITERAL(&o, ",\"cut\":true") : PUT_LITERAL(&o, " cut=true");
    if (json)
        PUT_LITERAL(&o, "}");
    PUT_LITERAL(&o, "\n");
    return (size_t)(o.at - out);
}
