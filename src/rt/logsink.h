/* logsink.h - where log lines go, and which loggers speak at what level.
 *
 * A sink takes lines from any thread (tasks of any loop, offload threads, threads that are none of
 * ours), inside and outside of rt_run. A line is formatted in the caller's thread, then copied into
 * a bounded buffer; the kernel is asked by one thread at a time, outside of the lock. Two modes:
 *  - LOGSINK_BATCH: lines are written together when half the buffer is full, when the oldest is
 *    flush_ms old (seen by the next line, and by logsink_run, which an idle program needs), at
 *    an error, and at the end;
 *  - LOGSINK_LINE: one write a line.
 * Logging never waits for a reader: where a pipe, terminal or socket takes nothing, lines stay
 * in the buffer; when that is full they are dropped and counted, and the count is the first line
 * written once there is room again. Nothing is allocated after logsink_open.
 *
 * Loggers have names ("observe", "observe.dns"); a level set for a name holds for every logger
 * below it, may be set before the logger exists, and acts at once. A line that is off costs one
 * relaxed load and a branch, and its arguments are not evaluated.
 *
 *     logger_init(&s->log, sink, "observe");
 *     log_warn(&s->log, "probe failed", log_event("probe_failed"), log_str("target", target),
 *              log_ms("total_ms", took), log_err(&err));
 *
 * Each stage owns its loggers; the sink outlives them all. */
#ifndef FIREBREAK_RT_LOGSINK_H
#define FIREBREAK_RT_LOGSINK_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/err.h"
#include "base/log.h"

enum {
    LOGSINK_LINE_BYTES_MAX = 8 * 1024,
    LOGSINK_BUFFER_BYTES = 256 * 1024, /* default: two halves, one filled, one written */
    LOGSINK_FLUSH_MS = 200,            /* default */
    LOGSINK_CLOSE_MS_MAX = 1000,       /* waiting for a slow reader at the end */
    LOGSINK_NAMES_MAX = 64,            /* names with a level of their own, or a logger */
    LOGSINK_OPEN_MAX = 8,              /* sinks in a process */
};

enum logsink_mode {
    LOGSINK_BATCH,
    LOGSINK_LINE,
};

struct logsink_config {
    int fd; /* stays the caller's */
    enum log_format format;
    enum logsink_mode mode;
    enum log_level level;
    size_t buffer_bytes;      /* 0: LOGSINK_BUFFER_BYTES; at least 2 * LOGSINK_LINE_BYTES_MAX */
    int flush_ms;             /* 0: LOGSINK_FLUSH_MS */
    const char *service_name; /* "service.name" on every JSON line; NULL: none */
    uint32_t sample_first;    /* of the same message, a second; 0: no sampling */
    uint32_t sample_every;    /* beyond that every n-th; 0: none */
};

struct logsink;

/* Returns 0, or -EINVAL (a bound out of range), -EBADF, -ENOSPC (LOGSINK_OPEN_MAX). Open sinks are
 * also written out at exit(), as by logsink_close. A pipe without a reader is -EPIPE, never
 * SIGPIPE. */
int logsink_open(const struct logsink_config *config, struct logsink **ret_sink, struct err *err);
/* Writes what is left, waiting up to LOGSINK_CLOSE_MS_MAX for a slow reader, and frees the sink.
 * No logger of it may be used any more. NULL is accepted. */
void logsink_close(struct logsink *s);
/* Writes what can be written now. Any thread. Returns 0, -EAGAIN (some is left), or what the
 * kernel said; lines are kept, and tried again, until the buffer is full. */
int logsink_flush(struct logsink *s);
/* A task: writes out what is flush_ms old until its group is cancelled, then what is left. */
void logsink_run(void *sink);
/* For handlers of fatal signals: writes what is buffered in every sink, without locks or
 * memory. Lines may come twice or torn; the process is about to end. Async-signal-safe. */
void logsink_crash(void);

/* Sets the level of a name and all below it; "" is the default of all. Any thread.
 * Returns 0, -EINVAL (name too long) or -ENOSPC (LOGSINK_NAMES_MAX). */
int logsink_set_level(struct logsink *s, struct slice name, enum log_level level);
/* Back to the level of what stands above it; for "" nothing does, and its level stays. */
void logsink_unset_level(struct logsink *s, struct slice name);
enum log_level logsink_level(struct logsink *s, struct slice name);

struct logsink_stats {
    uint64_t lines;   /* taken */
    uint64_t dropped; /* because the buffer was full */
    uint64_t sampled; /* kept back as repeated */
    uint64_t bytes;   /* written */
    uint64_t writes;  /* system calls */
};
void logsink_stats(struct logsink *s, struct logsink_stats *ret_stats);

/* ---- loggers ---- */

/* Open so that the level can be asked inline; nobody else looks inside. A logger may be copied. */
struct logger {
    struct logsink *sink;
    const char *name;
    const _Atomic uint8_t *level; /* in the sink's table */
    struct log_context context;
};

/* `name` is a literal. Never fails: beyond LOGSINK_NAMES_MAX it follows the name above it. */
void logger_init(struct logger *l, struct logsink *s, const char *name);
/* Binds fields to every later line. Returns 0 or -ENOSPC (nothing changed). */
#define logger_bind(l, ...)                                                                        \
    log_context_add(&(l)->context, (const struct log_field[]){__VA_ARGS__},                        \
                    ARRAY_LEN(((const struct log_field[]){__VA_ARGS__})))

static inline bool logger_on(const struct logger *l, enum log_level level)
{
    return level >= (enum log_level)atomic_load_explicit(l->level, memory_order_relaxed);
}
/* `msg` is a literal: sampling knows a message by its address. */
void logger_write(const struct logger *l, enum log_level level, struct slice msg,
                  const struct log_field *fields, size_t count);

/* The first field is one that is never written, so that a line may have none. */
#define LOG_AT_(l, level, msg, ...)                                                                \
    do {                                                                                           \
        const struct logger *logger_ = (l);                                                        \
        if (UNLIKELY(logger_on(logger_, (level)))) {                                               \
            const struct log_field fields_[] = {{0}, ##__VA_ARGS__};                               \
            logger_write(logger_, (level), SLICE(msg), fields_ + 1, ARRAY_LEN(fields_) - 1);       \
        }                                                                                          \
    } while (0)
#define log_debug(l, msg, ...) LOG_AT_((l), LOG_LEVEL_DEBUG, msg, ##__VA_ARGS__)
#define log_info(l, msg, ...)  LOG_AT_((l), LOG_LEVEL_INFO, msg, ##__VA_ARGS__)
#define log_warn(l, msg, ...)  LOG_AT_((l), LOG_LEVEL_WARN, msg, ##__VA_ARGS__)
#define log_error(l, msg, ...) LOG_AT_((l), LOG_LEVEL_ERROR, msg, ##__VA_ARGS__)

#endif
