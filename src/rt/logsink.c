#include "rt/logsink.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "rt/log_levels.h"
#include "rt/loop.h"

/* The buffer is two halves. Lines go into `fill`; whoever finds it full, or too old, becomes the
 * writer: it turns the halves round and writes `out` without holding the lock, while others go on
 * filling. There is one writer at a time, so lines leave in the order in which they came; and who
 * meets a writer does not wait for it. Lines are never split between halves, so a half always ends
 * at the end of a line.
 *
 * A reader must not be waited for, and O_NONBLOCK would change the descriptor for everybody who
 * shares it (a shell's terminal). So a pipe or terminal is opened again, for us alone, through
 * /proc; where that cannot be done, poll(2) is asked and at most PIPE_BUF bytes are written, which
 * a pipe that is writable takes at once. */
enum out_kind {
    OUT_PLAIN,  /* a file, /dev/null: takes everything at once */
    OUT_OPENED, /* own_fd is the same pipe or terminal, not blocking */
    OUT_POLLED,
    OUT_SOCKET,
};

struct half {
    char *data;
    size_t size, written;
};

struct logsink {
    pthread_mutex_t lock;
    struct logsink_config config;
    struct half fill, out;
    size_t half_bytes;
    int64_t oldest_ns; /* wall time of the first line in `fill` */
    bool writing;
    bool wanted; /* somebody met the writer, and has lines that should not wait */
    uint64_t dropped_untold;
    struct logsink_stats stats;
    enum out_kind kind;
    bool raises_sigpipe;
    int own_fd; /* -1: none */
    struct log_context context; /* of the sink's own lines */
    struct log_levels levels;
    struct log_sampler sampler;
};

/* For exit() and for crashes. Slots are atomic, so that a signal handler may look. */
static _Atomic(struct logsink *) open_sinks[LOGSINK_OPEN_MAX];

/* Where a thread formats its line: too large for a task's stack, whose pages stay. Nothing parks
 * between formatting and copying. */
static _Thread_local char scratch[LOGSINK_LINE_BYTES_MAX];

static int64_t wall_now(void)
{
    if (rt_self)
        return rt_self->backend->wall(rt_self);
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * RT_SEC + ts.tv_nsec;
}

/* ---- asking the kernel ---- */

/* A pipe without a reader must be an error, not the end of the program; what the program itself
 * thinks of SIGPIPE is none of our business. */
static ssize_t write_without_sigpipe(int fd, const char *data, size_t size)
{
    sigset_t pipe, before, pending;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    sigpending(&pending);
    bool was_pending = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe, &before);
    ssize_t n = write(fd, data, size);
    int err = errno;
    if (n < 0 && err == EPIPE && !was_pending) {
        const struct timespec at_once = {0};
        while (sigtimedwait(&pipe, NULL, &at_once) < 0 && errno == EINTR)
            ;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = err;
    return n;
}

static bool takes_now(const struct logsink *s, int wait_ms)
{
    struct pollfd p = {.fd = s->config.fd, .events = POLLOUT};
    return poll(&p, 1, wait_ms) > 0;
}

/* Returns the bytes written, -EAGAIN, or what the kernel said. */
static ssize_t write_some(const struct logsink *s, const char *data, size_t size)
{
    int fd = s->own_fd >= 0 ? s->own_fd : s->config.fd;
    ssize_t n;
    if (fault_fails(FAULT_SYSCALL))
        return -EIO;
    if (s->kind == OUT_POLLED) {
        if (!takes_now(s, 0))
            return -EAGAIN;
        size = size < PIPE_BUF ? size : PIPE_BUF;
    }
    do {
        if (s->kind == OUT_SOCKET)
            n = send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        else if (s->raises_sigpipe)
            n = write_without_sigpipe(fd, data, size);
        else
            n = write(fd, data, size);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EWOULDBLOCK ? -EAGAIN : -errno;
    return n > 0 ? n : -EIO;
}

static void look_at_fd(struct logsink *s, const struct stat *st)
{
    s->own_fd = -1;
    s->kind = OUT_PLAIN;
    if (S_ISSOCK(st->st_mode)) {
        s->kind = OUT_SOCKET;
    } else if (S_ISFIFO(st->st_mode) || isatty(s->config.fd)) {
        char path[32];
        snprintf(path, sizeof(path), "/proc/self/fd/%d", s->config.fd);
        s->own_fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        s->kind = s->own_fd >= 0 ? OUT_OPENED : OUT_POLLED;
        s->raises_sigpipe = S_ISFIFO(st->st_mode);
    }
}

/* ---- the buffer; all of it under the lock ---- */

static bool is_empty(const struct logsink *s)
{
    return s->fill.size == 0 && s->out.size == 0;
}

/* What goes to the kernel in one call. */
static size_t chunk(const struct logsink *s)
{
    const char *from = s->out.data + s->out.written;
    size_t left = s->out.size - s->out.written;
    if (s->config.mode == LOGSINK_BATCH)
        return left;
    const char *end = memchr(from, '\n', left);
    return end ? (size_t)(end - from) + 1 : left;
}

static int write_out(struct logsink *s)
{
    while (s->out.written < s->out.size) {
        const char *data = s->out.data + s->out.written;
        size_t size = chunk(s);
        pthread_mutex_unlock(&s->lock);
        ssize_t n = write_some(s, data, size);
        pthread_mutex_lock(&s->lock);
        if (n < 0)
            return (int)n;
        s->out.written += (size_t)n;
        s->stats.bytes += (uint64_t)n;
        s->stats.writes++;
    }
    s->out.size = s->out.written = 0;
    return 0;
}

/* Becomes the writer, of what is left in `out` and then of what is in `fill`; and of what others
 * wanted written meanwhile, but not for ever. Lets go of the lock while it writes. Returns 0,
 * -EAGAIN (also: somebody else is writing), or what the kernel said. */
static int pump(struct logsink *s)
{
    enum { TURNS_MAX = 8 };
    if (s->writing) {
        s->wanted = true;
        return -EAGAIN;
    }
    s->writing = true;
    int r = write_out(s);
    for (int turn = 0; r == 0 && s->fill.size && (turn == 0 || s->wanted); turn++) {
        if (turn == TURNS_MAX)
            break;
        s->wanted = false;
        struct half empty = s->out;
        s->out = s->fill;
        s->fill = empty;
        r = write_out(s);
    }
    s->writing = s->wanted = false;
    return r;
}

static bool has_room(const struct logsink *s, size_t size)
{
    return s->fill.size + size <= s->half_bytes;
}

static void put_own_line(struct logsink *s, int64_t now_ns, uint64_t dropped)
{
    struct log_head head = {
        .level = LOG_LEVEL_WARN,
        .wall_ns = now_ns,
        .logger = SLICE("log"),
        .msg = SLICE("lines dropped: the reader is too slow"),
        .context = &s->context,
    };
    const struct log_field fields[] = {log_event("log_dropped"), log_u64("dropped", dropped)};
    s->fill.size += log_format_line(s->config.format, &head, fields, ARRAY_LEN(fields),
                                    s->fill.data + s->fill.size, LOG_LINE_BYTES_MIN);
    s->stats.lines++;
}

/* Takes the line, or counts it as dropped. */
static bool append(struct logsink *s, const char *line, size_t size, int64_t now_ns)
{
    size_t want = size + (s->dropped_untold ? LOG_LINE_BYTES_MIN : 0);
    if (!has_room(s, want))
        pump(s); /* may fail: what counts is whether there is room now */
    want = size + (s->dropped_untold ? LOG_LINE_BYTES_MIN : 0);
    if (!has_room(s, want)) {
        s->dropped_untold++;
        s->stats.dropped++;
        return false;
    }
    if (s->fill.size == 0)
        s->oldest_ns = now_ns;
    if (s->dropped_untold) {
        put_own_line(s, now_ns, s->dropped_untold);
        s->dropped_untold = 0;
    }
    memcpy(s->fill.data + s->fill.size, line, size);
    s->fill.size += size;
    s->stats.lines++;
    return true;
}

static bool is_old(const struct logsink *s, int64_t now_ns)
{
    /* Also when the clock went back. */
    return now_ns < s->oldest_ns || now_ns - s->oldest_ns >= s->config.flush_ms * RT_MS;
}

/* Lines for what sampling kept back before `until_ns` and nothing else will tell of. */
static void tell_of_sampled(struct logsink *s, int64_t now_ns, int64_t until_ns)
{
    struct log_head head;
    while (s->sampler.kept_back && has_room(s, LOG_LINE_BYTES_MIN) &&
           log_sampler_drain(&s->sampler, until_ns, &head)) {
        head.wall_ns = now_ns;
        head.context = &s->context;
        if (s->fill.size == 0)
            s->oldest_ns = now_ns;
        char *line = s->fill.data + s->fill.size;
        size_t size = log_format_line(s->config.format, &head, NULL, 0, line, LOG_LINE_BYTES_MIN);
        s->fill.size += size;
        s->stats.lines++;
    }
}

static int flush(struct logsink *s, int64_t now_ns)
{
    tell_of_sampled(s, now_ns, now_ns);
    if (s->dropped_untold && has_room(s, LOG_LINE_BYTES_MIN)) {
        put_own_line(s, now_ns, s->dropped_untold);
        s->dropped_untold = 0;
    }
    return is_empty(s) ? 0 : pump(s);
}

/* ---- a line ---- */

void logger_write(const struct logger *l, enum log_level level, struct slice msg,
                  const struct log_field *fields, size_t count)
{
    struct logsink *s = l->sink;
    struct log_head head = {
        .level = level,
        .wall_ns = wall_now(),
        .logger = slice_from(l->name),
        .msg = msg,
        .context = &l->context,
    };
    if (s->config.sample_first) {
        pthread_mutex_lock(&s->lock);
        bool shows = log_sampler_shows(&s->sampler, &head, &head.repeated);
        s->stats.sampled += !shows;
        pthread_mutex_unlock(&s->lock);
        if (!shows)
            return;
    }
    size_t size = log_format_line(s->config.format, &head, fields, count, scratch, sizeof(scratch));
    pthread_mutex_lock(&s->lock);
    bool taken = append(s, scratch, size, head.wall_ns);
    if (taken && (s->config.mode == LOGSINK_LINE || level >= LOG_LEVEL_ERROR ||
                  is_old(s, head.wall_ns)))
        pump(s); /* what cannot be written now stays, and is tried again */
    pthread_mutex_unlock(&s->lock);
}

void logger_init(struct logger *l, struct logsink *s, const char *name)
{
    pthread_mutex_lock(&s->lock);
    *l = (struct logger){
        .sink = s,
        .name = name,
        .level = log_levels_watch(&s->levels, slice_from(name)),
        .context = s->context,
    };
    pthread_mutex_unlock(&s->lock);
}

/* ---- the sink ---- */

int logsink_flush(struct logsink *s)
{
    int64_t now_ns = wall_now();
    pthread_mutex_lock(&s->lock);
    int r = flush(s, now_ns);
    pthread_mutex_unlock(&s->lock);
    return r;
}

void logsink_run(void *sink)
{
    struct logsink *s = sink;
    while (rt_sleep(rt_now() + s->config.flush_ms * RT_MS) == 0)
        logsink_flush(s);
    logsink_flush(s);
}

/* Until all is written, the reader has had LOGSINK_CLOSE_MS_MAX, or writing fails. */
static void drain(struct logsink *s)
{
    enum { SAMPLE_WINDOW_MS = 1000, WRITER_BUSY_MS = 1 };
    int64_t now_ns = wall_now(), left_ms = LOGSINK_CLOSE_MS_MAX;
    for (;;) {
        pthread_mutex_lock(&s->lock);
        tell_of_sampled(s, now_ns, now_ns + SAMPLE_WINDOW_MS * RT_MS);
        int r = flush(s, now_ns);
        bool done = is_empty(s) && s->sampler.kept_back == 0 && s->dropped_untold == 0;
        bool busy = s->writing;
        pthread_mutex_unlock(&s->lock);
        if (done || (r < 0 && r != -EAGAIN) || left_ms <= 0)
            return;
        if (busy) {
            poll(NULL, 0, WRITER_BUSY_MS);
            left_ms -= WRITER_BUSY_MS;
        } else if (r == -EAGAIN && !takes_now(s, (int)left_ms)) {
            return;
        }
        left_ms -= r == -EAGAIN; /* a reader that takes a byte a time does not hold us for ever */
    }
}

static void drain_at_exit(void)
{
    for (int i = 0; i < LOGSINK_OPEN_MAX; i++) {
        struct logsink *s = atomic_load(&open_sinks[i]);
        if (s)
            drain(s);
    }
}

static void crash_write(const struct logsink *s, const char *data, size_t size)
{
    ssize_t n = 1;
    for (; size > 0 && (n = write_some(s, data, size)) > 0; size -= (size_t)n)
        data += n;
}

void logsink_crash(void)
{
    for (int i = 0; i < LOGSINK_OPEN_MAX; i++) {
        struct logsink *s = atomic_load(&open_sinks[i]);
        if (!s)
            continue;
        crash_write(s, s->out.data + s->out.written, s->out.size - s->out.written);
        crash_write(s, s->fill.data, s->fill.size);
    }
}

static void register_exit(void)
{
    atexit(drain_at_exit);
}

static int enter(struct logsink *s)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_exit);
    for (int i = 0; i < LOGSINK_OPEN_MAX; i++) {
        struct logsink *none = NULL;
        if (atomic_compare_exchange_strong(&open_sinks[i], &none, s))
            return 0;
    }
    return -ENOSPC;
}

static void leave(struct logsink *s)
{
    for (int i = 0; i < LOGSINK_OPEN_MAX; i++) {
        struct logsink *mine = s;
        if (atomic_compare_exchange_strong(&open_sinks[i], &mine, NULL))
            return;
    }
}

static void sink_free(struct logsink *s)
{
    if (s->own_fd >= 0)
        close(s->own_fd);
    pthread_mutex_destroy(&s->lock);
    mem_free(MEM_RT, s->fill.data);
    mem_free(MEM_RT, s->out.data);
    mem_free(MEM_RT, s);
}

static int check(const struct logsink_config *c, struct stat *ret_st, struct err *err)
{
    if (c->buffer_bytes && c->buffer_bytes < 2 * LOGSINK_LINE_BYTES_MAX)
        return err_set(err, -EINVAL, "log buffer of %zu bytes: at least %d are needed",
                       c->buffer_bytes, 2 * LOGSINK_LINE_BYTES_MAX);
    if (c->flush_ms < 0)
        return err_set(err, -EINVAL, "log flush after %d ms: must not be negative", c->flush_ms);
    if (fstat(c->fd, ret_st) < 0)
        return err_sys(err, -errno, "log to descriptor %d", c->fd);
    return 0;
}

int logsink_open(const struct logsink_config *config, struct logsink **ret_sink, struct err *err)
{
    struct stat st;
    int r = check(config, &st, err);
    if (r < 0)
        return r;
    struct logsink *s = mem_alloc(MEM_RT, sizeof(*s));
    s->config = *config;
    s->own_fd = -1;
    s->config.flush_ms = config->flush_ms ? config->flush_ms : LOGSINK_FLUSH_MS;
    s->half_bytes = (config->buffer_bytes ? config->buffer_bytes : LOGSINK_BUFFER_BYTES) / 2;
    s->sampler.first = config->sample_first;
    s->sampler.every = config->sample_every;
    s->context.format = config->format;
    pthread_mutex_init(&s->lock, NULL);
    log_levels_init(&s->levels, config->level);
    const struct log_field service = log_str("service.name", config->service_name);
    if (config->service_name && config->format == LOG_FORMAT_JSON &&
        log_context_add(&s->context, &service, 1) < 0)
        r = err_set(err, -EINVAL, "service name of %zu bytes: at most some %d fit",
                    strlen(config->service_name), LOG_CONTEXT_BYTES_MAX / 2);
    if (r == 0 && (r = enter(s)) < 0)
        err_set(err, r, "%d log sinks are open already", LOGSINK_OPEN_MAX);
    if (r < 0) {
        sink_free(s);
        return r;
    }
    s->fill.data = mem_alloc(MEM_RT, s->half_bytes);
    s->out.data = mem_alloc(MEM_RT, s->half_bytes);
    look_at_fd(s, &st);
    *ret_sink = s;
    return 0;
}

void logsink_close(struct logsink *s)
{
    if (!s)
        return;
    drain(s);
    leave(s);
    sink_free(s);
}

int logsink_set_level(struct logsink *s, struct slice name, enum log_level level)
{
    pthread_mutex_lock(&s->lock);
    int r = log_levels_set(&s->levels, name, level);
    pthread_mutex_unlock(&s->lock);
    return r;
}

void logsink_unset_level(struct logsink *s, struct slice name)
{
    pthread_mutex_lock(&s->lock);
    log_levels_unset(&s->levels, name);
    pthread_mutex_unlock(&s->lock);
}

enum log_level logsink_level(struct logsink *s, struct slice name)
{
    pthread_mutex_lock(&s->lock);
    enum log_level level = log_levels_get(&s->levels, name);
    pthread_mutex_unlock(&s->lock);
    return level;
}

void logsink_stats(struct logsink *s, struct logsink_stats *ret_stats)
{
    pthread_mutex_lock(&s->lock);
    *ret_stats = s->stats;
    pthread_mutex_unlock(&s->lock);
}
