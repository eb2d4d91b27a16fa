#include "act/actions.h"

#include <errno.h>
#include <string.h>

#include "act/doing.h"
#include "act/fetch.h"
#include "base/fault.h"
#include "host/pipe.h"
#include "host/replace.h"
#include "net/digest.h"

/* A file is put to what it should be; and back, by From: "backup". */

enum { CHUNK_BYTES = 256 * 1024, TAG_DIGITS = HOST_REPLACE_TAG_MAX - 1 };

struct patch {
    struct doing d;
    const char *path, *from;
    char want[DIGEST_HEX_BYTES]; /* lower case */
    char tag[HOST_REPLACE_TAG_MAX];
    struct host_replace to;
    bool begun;
    char *chunk;
    size_t size;     /* of what is in the chunk */
    uint64_t at;     /* bytes read of a file */
    int fd, result;  /* fd: of a file that is read; -1 */
    struct digest *digest;
    char found[DIGEST_HEX_BYTES];
    char backup[HOST_REPLACE_PATH_MAX];
    struct err err;
};

/* ---- on an offload thread ---- */

static int hash_file(struct patch *p, const char *path)
{
    struct host_file file;
    int fd = host_file_open(path, &file);
    if (fd < 0)
        return fd;
    struct digest *d = digest_new();
    ssize_t n = file.regular && file.size <= ACT_PATCH_BYTES_MAX ? 1 : -EINVAL;
    for (uint64_t at = 0; n > 0; at += (uint64_t)n) {
        n = host_file_read(fd, p->chunk, CHUNK_BYTES, at);
        if (n > 0)
            digest_add(d, p->chunk, (size_t)n);
    }
    digest_end(d, p->found);
    host_close(fd);
    return n < 0 ? (int)n : 0;
}

/* What is there now. */
static void look_now(void *arg)
{
    struct patch *p = arg;
    p->result = hash_file(p, p->path);
}

static void begin_now(void *arg)
{
    struct patch *p = arg;
    p->result = host_replace_begin(p->path, &p->to, &p->err);
    p->begun = p->result == 0;
}

static void open_source(void *arg)
{
    struct patch *p = arg;
    struct host_file file;
    p->fd = host_file_open(p->from, &file);
    p->result = p->fd < 0 ? err_sys(&p->err, p->fd, "%s", p->from) : 0;
    if (p->result == 0 && !file.regular)
        p->result = err_set(&p->err, -EINVAL, "%s is no regular file", p->from);
}

static void read_source(void *arg)
{
    struct patch *p = arg;
    ssize_t n = host_file_read(p->fd, p->chunk, CHUNK_BYTES, p->at);
    p->size = n > 0 ? (size_t)n : 0;
    p->at += p->size;
    p->result = n < 0 ? err_sys(&p->err, (int)n, "%s", p->from) : 0;
}

static void write_now(void *arg)
{
    struct patch *p = arg;
    p->result = host_replace_write(&p->to, p->chunk, p->size, &p->err);
}

static void end_now(void *arg)
{
    struct patch *p = arg;
    p->result = host_replace_end(&p->to, p->tag, ACT_BACKUPS_KEPT, &p->err);
}

static void undo_now(void *arg)
{
    struct patch *p = arg;
    p->result = host_replace_undo(p->path, p->tag, p->backup, &p->err);
}

static void close_now(void *arg)
{
    struct patch *p = arg;
    if (p->begun)
        host_replace_drop(&p->to);
    host_close(p->fd);
}

static int offload(struct patch *p, rt_fn *fn)
{
    int r = rt_offload(fn, p, p->d.deadline);
    return r < 0 ? err_sys(&p->err, r, "%s", p->path) : p->result;
}

/* ---- the content ---- */

/* What is in the chunk goes into the new file. */
static int take_chunk(struct patch *p)
{
    if (p->to.size + p->size > ACT_PATCH_BYTES_MAX)
        return err_set(&p->err, -EFBIG, "%s has more than %d MiB", p->from,
                       ACT_PATCH_BYTES_MAX >> 20);
    digest_add(p->digest, p->chunk, p->size);
    return offload(p, write_now);
}

static int take_file(struct patch *p)
{
    int r = offload(p, open_source);
    do {
        if (r == 0)
            r = offload(p, read_source);
        if (r == 0 && p->size)
            r = take_chunk(p);
    } while (r == 0 && p->size);
    return r;
}

static int take_url(struct patch *p)
{
    enum { REDIRECTS_MAX = 5 };
    struct http_request q = {.url = slice_from(p->from), .redirects_max = REDIRECTS_MAX};
    struct fetch f;
    ssize_t n = 0;
    int r = fetch_open(&f, &q, &p->err, p->d.deadline);
    if (r == 0 && fetch_status(&f) != 200)
        r = err_set(&p->err, -EBADMSG, "%s: the answer is status %u", p->from, fetch_status(&f));
    while (r == 0 && (n = http_read(f.response, p->chunk, CHUNK_BYTES, &p->err,
                                    p->d.deadline)) > 0) {
        p->size = (size_t)n;
        r = take_chunk(p);
    }
    if (n < 0)
        r = err_wrap(&p->err, "%s", p->from);
    fetch_close(&f);
    return r;
}

static bool is_url(const char *from)
{
    return strncmp(from, "http://", 7) == 0 || strncmp(from, "https://", 8) == 0;
}

/* Nothing of the file is touched before its new content is whole and the one that is wanted. */
static void replace(struct patch *p)
{
    int r = offload(p, begin_now);
    p->digest = digest_new();
    if (r == 0)
        r = is_url(p->from) ? take_url(p) : take_file(p);
    digest_end(p->digest, p->found);
    if (r == 0 && strcmp(p->found, p->want) != 0 && !fault_mutant("patch_unverified")) {
        doing_fail(&p->d, REASON_BODY_MISMATCH, "%s: its SHA-256 is %s: nothing was changed",
                   p->from, p->found);
        return;
    }
    if (r == 0)
        r = offload(p, end_now);
    if (r < 0) {
        doing_fail_code(&p->d, r, &p->err);
        return;
    }
    doing_say(&p->d, "%s: %llu bytes from %s", p->path, (unsigned long long)p->to.size, p->from);
    if (p->to.backup[0]) {
        doing_say(&p->d, "what was there is in %s", p->to.backup);
        doing_output(&p->d, "BACKUP", p->to.backup);
    }
}

/* ---- the whole of it ---- */

/* Only what this content has replaced, and only while it is there: a change of somebody else's is
 * not undone. */
static void undo(struct patch *p, bool is_there)
{
    if (!is_there) {
        doing_fail(&p->d, REASON_BODY_MISMATCH, "%s holds something else by now (SHA-256 %s): "
                   "nothing was changed", p->path, p->found[0] ? p->found : "none: it is missing");
        return;
    }
    if (p->d.spec->dry_run) {
        doing_say(&p->d, "would put back what %s was before", p->path);
        return;
    }
    int r = offload(p, undo_now);
    if (r < 0)
        doing_fail_code(&p->d, r, &p->err);
    else
        doing_say(&p->d, "%s is what it was before, from %s", p->path, p->backup);
}

static void do_patch(struct patch *p)
{
    bool undoes = strcmp(p->from, "backup") == 0;
    int r = offload(p, look_now);
    bool is_there = r == 0 && strcmp(p->found, p->want) == 0;
    if (r < 0 && r != -ENOENT)
        doing_fail(&p->d, probe_reason_of_errno(r), "%s: %s", p->path, err_name(r));
    else if (undoes)
        undo(p, is_there);
    else if (is_there)
        doing_say(&p->d, "%s is as it should be: nothing is to be done", p->path);
    else if (p->d.spec->dry_run)
        doing_say(&p->d, "would replace %s by %s", p->path, p->from);
    else
        replace(p);
}

static void take_want(struct patch *p, const char *sha256)
{
    for (size_t i = 0; i < sizeof(p->want) - 1; i++) {
        char c = sha256[i];
        p->want[i] = c >= 'A' && c <= 'F' ? (char)(c | 32) : c;
    }
    memcpy(p->tag, p->want, TAG_DIGITS);
}

static int patch(struct doing *d, const char *sha256, struct err *err)
{
    struct patch *p = mem_alloc(MEM_ACT, sizeof(*p));
    p->d = *d;
    p->fd = p->to.fd = -1;
    p->path = doing_text(d, "path");
    p->from = doing_text(d, "from");
    p->chunk = mem_alloc(MEM_ACT, CHUNK_BYTES);
    take_want(p, sha256);
    do_patch(p);
    rt_shield_begin();
    rt_offload(close_now, p, RT_NEVER);
    rt_shield_end();
    int r = doing_end(&p->d, err);
    mem_free(MEM_ACT, p->chunk);
    mem_free(MEM_ACT, p);
    return r;
}

int act_patch(struct act *a, const struct exec_spec *spec, const struct exec_sink *sink,
              struct exec_result *ret_result, struct err *err, rt_time deadline)
{
    struct doing d;
    struct exec_result r;
    int code = doing_begin(&d, a, spec, "patch", sink, &r, err, deadline);
    if (code < 0)
        return code;
    const char *sha256 = doing_text(&d, "sha256");
    if (!doing_text(&d, "path") || !doing_text(&d, "from") || !sha256 ||
        strlen(sha256) != DIGEST_HEX_BYTES - 1 ||
        strspn(sha256, "0123456789abcdefABCDEF") != DIGEST_HEX_BYTES - 1) {
        exec_result_done(&r);
        return err_set(err, -EBADMSG, "patch: path, sha256 and from are wanted");
    }
    code = patch(&d, sha256, err);
    if (code == 0)
        *ret_result = r;
    return code;
}
