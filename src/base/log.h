/* log.h - a log line: typed fields in, one line of JSON or console text out.
 *
 * This is the pure half of logging. It knows neither the clock (the time is an argument) nor
 * where lines go (rt/logsink.h does), and never allocates: fields live on the caller's stack, the
 * line in the caller's memory, and what a logger says on every line is formatted once, into a
 * log_context, and copied from then on.
 *
 * Whatever the fields hold, the output is one line: valid JSON in valid UTF-8, or console text
 * without control characters. Bytes that are no UTF-8 become U+FFFD. A line that does not fit is
 * cut at a character's end, keeps its form, and says so ("cut":true).
 *
 *     {"ts":"2026-11-24T10:15:30.123Z","level":"info","logger":"observe","msg":"probe failed",
 *      "service.name":"firebreak","event":"probe_failed","target":"10.0.0.1:22","total_ms":2000.5}
 *     2026-11-24T10:15:30.123Z info  observe  probe failed  event=probe_failed target=10.0.0.1:22
 *
 * Any thread. */
#ifndef FIREBREAK_BASE_LOG_H
#define FIREBREAK_BASE_LOG_H

#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum {
    LOG_LINE_BYTES_MIN = 1024,   /* room that a caller gives at least */
    LOG_CONTEXT_BYTES_MAX = 400, /* of pre-bound fields, formatted */
    LOG_NAME_BYTES_MAX = 64,     /* of a logger's name; the rest is not shown */
};

enum log_level {
    LOG_LEVEL_DEBUG,
    LOG_LEVEL_INFO,
    LOG_LEVEL_WARN,
    LOG_LEVEL_ERROR,
    LOG_LEVEL_OFF, /* as a threshold: nothing passes */
};

/* "debug" … "error", "off". */
const char *log_level_name(enum log_level level);
/* As typed by a person, any case. Returns 0 or -EINVAL. */
int log_level_parse(struct slice name, enum log_level *ret_level);

/* ---- fields ---- */

enum log_type {
    LOG_TYPE_NONE, /* no field: nothing is written */
    LOG_TYPE_NULL,
    LOG_TYPE_TEXT,
    LOG_TYPE_I64,
    LOG_TYPE_U64,
    LOG_TYPE_F64,
    LOG_TYPE_BOOL,
    LOG_TYPE_MS,
    LOG_TYPE_TIME,
    LOG_TYPE_HEX,
};

/* Made by the functions below, used up by the call that it is passed to; points into what it
 * was made from. */
struct log_field {
    const char *key;
    uint32_t key_bytes;
    enum log_type type;
    union {
        struct slice text;
        int64_t i64;
        uint64_t u64;
        double f64;
        bool boolean;
    };
};

/* Keys are snake_case literals (CONTRACT: units in the name); any bytes are safe. */
static inline struct log_field log_slice(const char *key, struct slice value);
static inline struct log_field log_str(const char *key, const char *value); /* NULL: null */
static inline struct log_field log_i64(const char *key, int64_t value);
static inline struct log_field log_u64(const char *key, uint64_t value);
/* Shortest decimal that reads back as the same number; "NaN", "+Inf" and "-Inf" are strings. */
static inline struct log_field log_f64(const char *key, double value);
static inline struct log_field log_bool(const char *key, bool value);
/* A duration in nanoseconds, written as a number of milliseconds: the key ends in _ms. */
static inline struct log_field log_ms(const char *key, int64_t ns);
/* Nanoseconds since 1970, written as RFC 3339 in UTC with milliseconds. */
static inline struct log_field log_time(const char *key, int64_t wall_ns);
/* Lower-case hex digits. */
static inline struct log_field log_hex(const char *key, const void *bytes, size_t size);

/* The fields that every reader of our logs knows by name. */
static inline struct log_field log_event(const char *name);
/* "error": the whole chain. NULL or no error: no field. */
static inline struct log_field log_err(const struct err *e);
/* "error": the system's words. 0: no field. */
static inline struct log_field log_errno(int code);
/* 16 bytes; NULL or all zeroes (no trace): no field. */
static inline struct log_field log_trace_id(const void *id);
/* 8 bytes; as log_trace_id. */
static inline struct log_field log_span_id(const void *id);

/* ---- formatting ---- */

enum log_format {
    LOG_FORMAT_JSON,
    LOG_FORMAT_CONSOLE,
    LOG_FORMAT_COLOR, /* console, with colours for the level */
};

/* Fields formatted ahead of time. All zeroes is a valid empty one, for JSON. */
struct log_context {
    enum log_format format;
    uint32_t size;
    char text[LOG_CONTEXT_BYTES_MAX];
};

/* Adds the fields behind those it has. Returns 0, or -ENOSPC: they do not fit, nothing changed. */
int log_context_add(struct log_context *c, const struct log_field *fields, size_t count);

struct log_head {
    enum log_level level;
    int64_t wall_ns;   /* ns since 1970, UTC */
    uint64_t repeated; /* like this one, kept back since the last that was shown */
    struct slice logger;
    struct slice msg;
    const struct log_context *context; /* of the same format, or NULL */
};

/* Writes one line with its '\n' to `out`, which has room for out_bytes >= LOG_LINE_BYTES_MIN.
 * Returns the line's size. */
size_t log_format_line(enum log_format format, const struct log_head *head,
                       const struct log_field *fields, size_t count, char *out, size_t out_bytes);

/* RFC 3339, UTC, milliseconds; 24 bytes, no NUL. (64 bits of ns reach from 1677 to 2262.) */
enum { LOG_TIME_BYTES = 24 };
void log_format_time(int64_t wall_ns, char ret_text[LOG_TIME_BYTES]);
/* As log_f64 writes it, without quotes. Returns the size; no NUL. */
enum { LOG_F64_BYTES_MAX = 32 };
size_t log_format_f64(double value, char ret_text[LOG_F64_BYTES_MAX]);

/* ---- sampling ---- */

/* Lines that say the same (level, logger and message; all three are literals and compared by
 * address) are shown `first` times in a second, then every `every`-th. The next one shown says how
 * many were kept back, and log_sampler_drain tells of those that no other line followed.
 * `first` 0: everything is shown. Time is the caller's; a clock that goes back starts a new
 * second. When more than LOG_SAMPLER_SLOTS messages come in a second the rest is shown in full:
 * sampling gives way before information is lost. One owner; not thread-safe. */
enum { LOG_SAMPLER_SLOTS = 256 };

struct log_sample {
    const char *msg, *logger;
    uint32_t msg_bytes, logger_bytes;
    int64_t window_ns; /* start of its second */
    uint64_t seen;     /* in this second */
    uint64_t kept_back;
    enum log_level level;
};

struct log_sampler {
    uint32_t first; /* a second */
    uint32_t every; /* 0: none beyond `first` */
    uint64_t kept_back; /* and not yet told of */
    struct log_sample slots[LOG_SAMPLER_SLOTS];
};

/* Whether to show a line with this head (its time, level, logger and msg); *ret_repeated gets
 * the number for log_head.repeated. */
bool log_sampler_shows(struct log_sampler *s, const struct log_head *head, uint64_t *ret_repeated);
/* Fills *ret_head for one message whose second is over and which still has lines to tell of,
 * and marks them told. Returns false when there is none (left). */
bool log_sampler_drain(struct log_sampler *s, int64_t now_wall_ns, struct log_head *ret_head);

/* ---- inline bodies ---- */

#define LOG_FIELD_(key_, type_, member, value)                                                     \
    ((struct log_field){                                                                           \
        .key = (key_), .key_bytes = (uint32_t)strlen(key_), .type = (type_), .member = (value)})

static inline struct log_field log_slice(const char *key, struct slice value)
{
    return LOG_FIELD_(key, LOG_TYPE_TEXT, text, value);
}
static inline struct log_field log_str(const char *key, const char *value)
{
    return LOG_FIELD_(key, value ? LOG_TYPE_TEXT : LOG_TYPE_NULL, text, slice_from(value));
}
static inline struct log_field log_i64(const char *key, int64_t value)
{
    return LOG_FIELD_(key, LOG_TYPE_I64, i64, value);
}
static inline struct log_field log_u64(const char *key, uint64_t value)
{
    return LOG_FIELD_(key, LOG_TYPE_U64, u64, value);
}
static inline struct log_field log_f64(const char *key, double value)
{
    return LOG_FIELD_(key, LOG_TYPE_F64, f64, value);
}
static inline struct log_field log_bool(const char *key, bool value)
{
    return LOG_FIELD_(key, LOG_TYPE_BOOL, boolean, value);
}
static inline struct log_field log_ms(const char *key, int64_t ns)
{
    return LOG_FIELD_(key, LOG_TYPE_MS, i64, ns);
}
static inline struct log_field log_time(const char *key, int64_t wall_ns)
{
    return LOG_FIELD_(key, LOG_TYPE_TIME, i64, wall_ns);
}
static inline struct log_field log_hex(const char *key, const void *bytes, size_t size)
{
    return LOG_FIELD_(key, LOG_TYPE_HEX, text, ((struct slice){bytes, size}));
}
static inline struct log_field log_event(const char *name)
{
    return log_str("event", name);
}
static inline struct log_field log_err(const struct err *e)
{
    return e && e->code ? log_str("error", e->text) : (struct log_field){0};
}
static inline struct log_field log_errno(int code)
{
    return code ? log_str("error", err_name(code)) : (struct log_field){0};
}
static inline struct log_field log_id_(const char *key, const void *id, size_t size)
{
    static const char none[16];
    return id && memcmp(id, none, size) != 0 ? log_hex(key, id, size) : (struct log_field){0};
}
static inline struct log_field log_trace_id(const void *id)
{
    return log_id_("trace_id", id, 16);
}
static inline struct log_field log_span_id(const void *id)
{
    return log_id_("span_id", id, 8);
}

#endif
