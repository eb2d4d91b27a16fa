#include "observe/local.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/duration.h"
#include "base/fault.h"
#include "base/utf8.h"
#include "host/file.h"
#include "host/pipe.h"
#include "observe/judge.h"

enum {
    CHUNK_BYTES = 64 * 1024,
    STEP_BYTES = 1024 * 1024, /* between two looks at the time */
    MARK_BYTES = 64,
};

/* A file that is read as it grows. It is held open, so its inode is nobody else's, however often
 * its name is. */
struct tail {
    int fd; /* -1: none */
    struct host_file file;
    uint64_t at;
    char mark[MARK_BYTES]; /* what stood before `at`: whether it still does */
    size_t mark_size;
    struct buf line; /* begun, and not ended yet; never longer than LOCAL_LINE_BYTES_MAX */
};

struct log_state {
    struct tail now, former; /* former: was rotated away, and its writer may not know it yet */
    rt_time former_until;
    bool began; /* what is there at the beginning is old; what comes later is new from its start */
    rt_time matched; /* when a line did last; 0: none has */
    uint64_t in_row; /* lines that matched since it was well */
    char line[PROBE_DETAIL_MAX];
};

/* One step, on an offload thread. */
struct reading {
    const struct local_spec *spec;
    struct log_state *state;
    char *chunk;
    uint64_t left; /* bytes that this step may still read */
    uint64_t matches;
    struct buf last;   /* line that matched */
    int gave_up;       /* what a match said that could not be made; 0 */
    bool more;         /* there is more to read */
    bool former_ends;
    int result;
};

/* ---- lines ---- */

static void take_line(struct reading *x, struct slice line)
{
    if (line.size && line.data[line.size - 1] == '\r')
        line.size--;
    int n = judge_match(x->spec->pattern, slice_sub(line, 0, LOCAL_LINE_BYTES_MAX));
    if (n < 0)
        x->gave_up = n;
    if (n <= 0)
        return;
    x->matches++;
    buf_clear(&x->last);
    utf8_append_shown(&x->last, slice_sub(line, 0, PROBE_DETAIL_MAX));
}

/* Behind LOCAL_LINE_BYTES_MAX a line is dropped up to its end. */
static void begin_line(struct tail *t, struct slice part)
{
    size_t room = LOCAL_LINE_BYTES_MAX - t->line.size;
    buf_append_slice(&t->line, slice_sub(part, 0, part.size < room ? part.size : room));
}

static void take_bytes(struct reading *x, struct tail *t, struct slice bytes)
{
    while (bytes.size) {
        ptrdiff_t end = slice_find_byte(bytes, '\n');
        struct slice part = slice_sub(bytes, 0, end < 0 ? bytes.size : (size_t)end);
        bytes = slice_sub(bytes, part.size + (end >= 0), bytes.size);
        if (end < 0) {
            begin_line(t, part);
        } else if (t->line.size) {
            begin_line(t, part);
            take_line(x, buf_slice(&t->line));
            buf_clear(&t->line);
        } else {
            take_line(x, part);
        }
    }
}

/* ---- files ---- */

static void tail_close(struct tail *t)
{
    host_close(t->fd);
    t->fd = -1;
    t->at = 0;
    buf_done(&t->line);
}

/* Keeps the end of what was read. */
static void set_mark(struct tail *t, struct slice read)
{
    size_t n = read.size < MARK_BYTES ? read.size : MARK_BYTES;
    size_t kept = t->mark_size < MARK_BYTES - n ? t->mark_size : MARK_BYTES - n;
    memmove(t->mark, t->mark + t->mark_size - kept, kept);
    memcpy(t->mark + kept, read.data + read.size - n, n);
    t->mark_size = kept + n;
}

/* Whether it was emptied under its writer (copytruncate): it is shorter, or has by now grown beyond
 * where we were, and holds other bytes there. Where a hole is there, its writer went on at his old
 * place, and so do we. Returns 1, 0 or a negative errno. */
static int is_truncated(const struct tail *t, char *chunk)
{
    size_t hole = 0;
    if (t->at == 0 || fault_mutant("log_regrown_missed"))
        return 0;
    ssize_t n = host_file_read(t->fd, chunk, t->mark_size, t->at - t->mark_size);
    if (n < 0 || (size_t)n < t->mark_size)
        return n < 0 ? (int)n : 1;
    if (memcmp(chunk, t->mark, t->mark_size) == 0)
        return 0;
    while (hole < t->mark_size && chunk[hole] == 0)
        hole++;
    return hole < t->mark_size;
}

static void begin_anew(struct tail *t)
{
    t->at = 0;
    t->mark_size = 0;
    buf_clear(&t->line);
}

/* Returns 0, -ENOENT: it is not there, or why not. */
static int tail_open(struct tail *t, const char *path, bool at_end)
{
    struct host_file file;
    int fd = host_file_open(path, &file);
    if (fd < 0)
        return fd == -ENOTDIR ? -ENOENT : fd;
    if (!file.regular) {
        host_close(fd);
        return -EISDIR;
    }
    *t = (struct tail){.fd = fd, .file = file, .line = BUF(MEM_OBSERVE, 0)};
    t->at = at_end ? file.size : 0;
    if (t->at) {
        size_t size = t->at < MARK_BYTES ? (size_t)t->at : MARK_BYTES;
        ssize_t n = host_file_read(fd, t->mark, size, t->at - size);
        t->mark_size = n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* To its end, or as far as the step goes. Returns 0 or a negative errno. */
static int read_on(struct reading *x, struct tail *t)
{
    int truncated = is_truncated(t, x->chunk);
    if (truncated < 0)
        return truncated;
    if (truncated)
        begin_anew(t);
    for (;;) {
        if (x->left < CHUNK_BYTES) {
            x->more = true;
            return 0;
        }
        ssize_t n = host_file_read(t->fd, x->chunk, CHUNK_BYTES, t->at);
        if (n < 0)
            return (int)n;
        if (n > 0) {
            take_bytes(x, t, (struct slice){x->chunk, (size_t)n});
            set_mark(t, (struct slice){x->chunk, (size_t)n});
            t->at += (uint64_t)n;
            x->left -= (uint64_t)n;
            continue;
        }
        struct host_file now;
        int r = host_file_look_at(t->fd, &now);
        if (r < 0 || now.size >= t->at)
            return r;
        begin_anew(t); /* emptied just now */
    }
}

/* Whether the name leads to another file by now. */
static bool is_rotated(const struct log_state *s, const char *path)
{
    struct host_file there;
    return host_file_look(path, &there) == 0 && (there.device != s->now.file.device ||
                                                 there.inode != s->now.file.inode);
}

static int read_now(struct reading *x)
{
    struct log_state *s = x->state;
    const char *path = x->spec->path;
    int r = 0;
    if (s->now.fd < 0)
        r = tail_open(&s->now, path, !s->began);
    s->began = true;
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    r = read_on(x, &s->now);
    if (r < 0 || x->more || !is_rotated(s, path))
        return r;
    struct tail fresh;
    r = tail_open(&fresh, path, false);
    if (r < 0)
        return r == -ENOENT ? 0 : r; /* the next look may have it */
    tail_close(&s->former);
    s->former = s->now;
    s->now = fresh;
    s->former_until = 0; /* the caller's clock says until when */
    return read_on(x, &s->now);
}

static void step_now(void *arg)
{
    struct reading *x = arg;
    struct log_state *s = x->state;
    x->more = false;
    x->left = STEP_BYTES;
    x->result = s->former.fd >= 0 ? read_on(x, &s->former) : 0;
    if (x->result == 0 && !x->more && x->former_ends)
        tail_close(&s->former);
    if (x->result == 0 && !x->more)
        x->result = read_now(x);
}

static void close_now(void *arg)
{
    struct log_state *s = arg;
    tail_close(&s->now);
    tail_close(&s->former);
}

/* ---- a look ---- */

static int read_all(struct reading *x, rt_time deadline)
{
    struct log_state *s = x->state;
    uint64_t most = LOCAL_LOG_BYTES_MAX / STEP_BYTES;
    int r;
    do {
        x->former_ends = s->former_until && rt_now() >= s->former_until;
        r = rt_offload(step_now, x, deadline);
        if (r == 0)
            r = x->result;
        if (s->former.fd >= 0 && !s->former_until)
            s->former_until = rt_now() + LOCAL_FORMER_MS * RT_MS;
    } while (r == 0 && x->more && --most > 0 && rt_now_exact() < deadline);
    return r;
}

static void tell(struct log_state *s, const struct reading *x, struct probe_result *r)
{
    rt_time now = rt_now();
    if (x->matches) {
        s->in_row += x->matches;
        s->matched = now;
        size_t n = x->last.size < sizeof(s->line) - 1 ? x->last.size : sizeof(s->line) - 1;
        n = utf8_valid_bytes((struct slice){x->last.data, n});
        memcpy(s->line, x->last.data ? x->last.data : "", n);
        s->line[n] = 0;
    }
    if (s->matched && now - s->matched < x->spec->hold_ns) {
        probe_result_fail(r, REASON_LOG_MATCH, s->in_row > 1 ? "%s (%llu lines match)" : "%s",
                          s->line, (unsigned long long)s->in_row);
        return;
    }
    s->matched = 0;
    s->in_row = 0;
    if (x->gave_up)
        judge_match_failed(r, x->gave_up);
}

static void look(struct local_check *c, struct probe_result *r, const char **ret_word,
                 rt_time deadline)
{
    struct log_state *s = c->state;
    struct reading x = {.spec = c->spec, .state = s, .last = BUF(MEM_OBSERVE, 0)};
    (void)ret_word;
    x.chunk = mem_alloc(MEM_OBSERVE, CHUNK_BYTES);
    int code = read_all(&x, deadline);
    bool first = x.matches && (!s->matched || rt_now() - s->matched >= c->spec->hold_ns);
    if (code == -EISDIR)
        probe_result_fail(r, REASON_UNREACHABLE, "%s is no regular file", c->spec->path);
    else if (code < 0 && code != -ETIMEDOUT)
        probe_result_fail_errno(r, c->spec->path, code);
    else
        tell(s, &x, r);
    if (x.more || code == -ETIMEDOUT)
        local_push(c); /* what is left is read at once */
    else if (first)
        local_push(c); /* where no event told of it, it would be over before it is missed twice */
    buf_done(&x.last);
    mem_free(MEM_OBSERVE, x.chunk);
}

static int open_log(struct local_check *c, struct err *err)
{
    struct log_state *s = c->state;
    (void)err;
    s->now.fd = s->former.fd = -1;
    local_watch_begin(c, c->spec->path);
    return 0;
}

static void close_log(struct local_check *c)
{
    rt_shield_begin();
    rt_offload(close_now, c->state, RT_NEVER);
    rt_shield_end();
}

const struct local_class local_log_line = {
    .state_bytes = sizeof(struct log_state),
    .open = open_log,
    .look = look,
    .watch = local_watch_main,
    .close = close_log,
};
