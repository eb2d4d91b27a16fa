#include "observe/local.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "host/file.h"
#include "host/pipe.h"
#include "net/digest.h"

enum {
    CHUNK_BYTES = 256 * 1024,
    STEP_BYTES = 8 * 1024 * 1024, /* between two looks at the time */
    SETTLED_NS = 1000 * 1000 * 1000, /* a change within the clock's grain of a reading may hide */
};

struct file_state {
    char hex[DIGEST_HEX_BYTES]; /* of `hashed`; "": not known */
    struct host_file hashed;
    int64_t hashed_at_ns; /* since 1970 */
};

/* One look, on an offload thread from step to step. */
struct looking {
    const struct local_spec *spec;
    struct host_file file;
    uid_t owner;
    int owner_result;
    int fd, result;
    uint64_t at;
    struct digest *digest;
    char *chunk;
};

static void look_now(void *arg)
{
    struct looking *l = arg;
    l->result = host_file_look(l->spec->path, &l->file);
    if (l->result == 0 && l->spec->owner)
        l->owner_result = host_user_number(l->spec->owner, &l->owner);
}

static void open_now(void *arg)
{
    struct looking *l = arg;
    l->fd = host_file_open(l->spec->path, &l->file);
}

/* Returns with result 1: there is more, 0: that was all, or an errno. */
static void hash_some(void *arg)
{
    struct looking *l = arg;
    uint64_t end = l->at + STEP_BYTES;
    ssize_t n = 1;
    while (n > 0 && l->at < end && l->at <= LOCAL_FILE_BYTES_MAX) {
        n = host_file_read(l->fd, l->chunk, CHUNK_BYTES, l->at);
        if (n > 0)
            digest_add(l->digest, l->chunk, (size_t)n);
        l->at += n > 0 ? (uint64_t)n : 0;
    }
    l->result = n < 0 ? (int)n : n == 0 ? 0 : 1;
    if (l->result == 0)
        l->result = host_file_look_at(l->fd, &l->file); /* as it is behind the reading */
}

static void close_now(void *arg)
{
    struct looking *l = arg;
    host_close(l->fd);
}

/* ---- the checksum ---- */

static bool is_known(const struct file_state *s, const struct host_file *now)
{
    const struct host_file *then = &s->hashed;
    return s->hex[0] && then->device == now->device && then->inode == now->inode &&
           then->size == now->size && then->modified_ns == now->modified_ns &&
           then->changed_ns == now->changed_ns && s->hashed_at_ns - then->changed_ns > SETTLED_NS;
}

static int read_whole(struct looking *l, rt_time deadline)
{
    int r = 0;
    l->at = 0;
    l->digest = digest_new();
    l->chunk = mem_alloc(MEM_OBSERVE, CHUNK_BYTES);
    do
        r = rt_now_exact() >= deadline ? -ETIMEDOUT : rt_offload(hash_some, l, deadline);
    while (r == 0 && l->result == 1 && l->at <= LOCAL_FILE_BYTES_MAX);
    mem_free(MEM_OBSERVE, l->chunk);
    if (r == 0 && l->result == 1)
        r = -EFBIG;
    return r < 0 ? r : l->result;
}

static int hash(struct looking *l, struct file_state *s, rt_time deadline)
{
    s->hex[0] = 0;
    int64_t begin = rt_wall_now();
    int r = rt_offload(open_now, l, deadline);
    if (r < 0)
        return r;
    if (l->fd < 0)
        return l->fd;
    r = !l->file.regular                       ? -EISDIR
        : l->file.size > LOCAL_FILE_BYTES_MAX ? -EFBIG
                                              : read_whole(l, deadline);
    if (r == 0) {
        digest_end(l->digest, s->hex);
        l->digest = NULL;
        s->hashed = l->file;
        s->hashed_at_ns = begin;
    }
    digest_free(l->digest);
    l->digest = NULL;
    rt_shield_begin();
    rt_offload(close_now, l, RT_NEVER);
    rt_shield_end();
    return r;
}

/* ---- the verdict ---- */

static void drift(struct probe_result *r, const char **ret_word, const char *detail, ...)
    PRINTF_LIKE(3, 4);
static void drift(struct probe_result *r, const char **ret_word, const char *detail, ...)
{
    struct buf text = BUF(MEM_OBSERVE, 0);
    va_list args;
    va_start(args, detail);
    buf_vprintf(&text, detail, args);
    va_end(args);
    probe_result_fail(r, REASON_BODY_MISMATCH, "%s", text.data ? text.data : "");
    *ret_word = "drift_file";
    buf_done(&text);
}

static void cannot_read(struct probe_result *r, const char **ret_word, const struct looking *l,
                        int code)
{
    const char *path = l->spec->path;
    if (code == -ENOENT || code == -ENOTDIR)
        drift(r, ret_word, "%s is missing", path);
    else if (code == -EISDIR)
        drift(r, ret_word, "%s is no regular file", path);
    else if (code == -EFBIG)
        probe_result_fail(r, REASON_TOO_LARGE, "%s has more than the %d MiB that are looked at",
                          path, LOCAL_FILE_BYTES_MAX >> 20);
    else if (code == -ETIMEDOUT)
        probe_result_fail(r, REASON_TIMEOUT, "%s could not be read in time: %llu of %llu bytes",
                          path, (unsigned long long)l->at, (unsigned long long)l->file.size);
    else if (code == -ELOOP || code == -EIO || code == -ENXIO)
        probe_result_fail(r, REASON_UNREACHABLE, "%s: %s", path, err_name(code));
    else
        probe_result_fail_errno(r, path, code);
}

static uint32_t octal(const char *text)
{
    uint32_t v = 0;
    for (; *text; text++)
        v = v * 8 + (uint32_t)(*text - '0');
    return v;
}

/* Whose it is and who may what: told before the content, for it is the smaller repair. */
static bool judge_rights(const struct looking *l, struct probe_result *r, const char **ret_word)
{
    const struct local_spec *spec = l->spec;
    if (spec->mode && l->file.mode != octal(spec->mode)) {
        drift(r, ret_word, "%s: its mode is %04o, wanted %04o", spec->path, l->file.mode,
              octal(spec->mode));
        return false;
    }
    if (!spec->owner)
        return true;
    if (l->owner_result == -ENOENT)
        drift(r, ret_word, "%s: there is no user %s", spec->path, spec->owner);
    else if (l->owner_result < 0)
        probe_result_fail_errno(r, "/etc/passwd", l->owner_result);
    else if (l->owner != l->file.uid)
        drift(r, ret_word, "%s: its owner is user %u, wanted %s (%u)", spec->path, l->file.uid,
              spec->owner, l->owner);
    return r->reason == REASON_OK;
}

static bool same_hex(const char *a, const char *b)
{
    return slice_eq_nocase(slice_from(a), slice_from(b));
}

static void look(struct local_check *c, struct probe_result *r, const char **ret_word,
                 rt_time deadline)
{
    struct file_state *s = c->state;
    const struct local_spec *spec = c->spec;
    struct looking *l = arena_new(&r->arena, struct looking);
    l->spec = spec;
    l->fd = -1;
    int code = rt_offload(look_now, l, deadline);
    if (code == 0)
        code = l->result;
    if (code == 0 && spec->sha256 && !is_known(s, &l->file))
        code = hash(l, s, deadline);
    if (code < 0) {
        cannot_read(r, ret_word, l, code);
        return;
    }
    if (judge_rights(l, r, ret_word) && spec->sha256 && !same_hex(s->hex, spec->sha256))
        drift(r, ret_word, "its SHA-256 is %s, wanted %s", s->hex, spec->sha256);
}

static int open_file(struct local_check *c, struct err *err)
{
    (void)err;
    local_watch_begin(c, c->spec->path);
    return 0;
}

const struct local_class local_file = {
    .state_bytes = sizeof(struct file_state),
    .open = open_file,
    .look = look,
    .watch = local_watch_main,
};
