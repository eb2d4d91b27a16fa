#include "host/replace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fault.h"
#include "host/pipe.h"

enum { NEW_MODE = 0644, LINKS_MAX = 40, MS_DIGITS = 13 };

/* ---- names ---- */

/* Where links lead; the last part need not be there. */
static int follow_links(char *path)
{
    char *to = mem_alloc(MEM_HOST, HOST_REPLACE_PATH_MAX);
    int r = 0;
    for (int i = 0; r == 0 && i <= LINKS_MAX; i++) {
        ssize_t n = readlink(path, to, HOST_REPLACE_PATH_MAX - 1);
        if (n < 0)
            break; /* no link, or nothing */
        to[n] = 0;
        char *slash = strrchr(path, '/');
        size_t folder = to[0] == '/' || !slash ? 0 : (size_t)(slash - path) + 1;
        if (i == LINKS_MAX)
            r = -ELOOP;
        else if (folder + (size_t)n >= HOST_REPLACE_PATH_MAX)
            r = -ENAMETOOLONG;
        else
            memcpy(path + folder, to, (size_t)n + 1);
    }
    mem_free(MEM_HOST, to);
    return r;
}

/* "/etc/", ".app.conf.firebreak": the folder's length with its slash, and the beginning of all
 * names that are ours there. */
static int own_names(const char *path, size_t *ret_folder, struct buf *prefix)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    *ret_folder = (size_t)(base - path);
    buf_printf(prefix, ".%s.firebreak", base);
    return prefix->size + HOST_REPLACE_TAG_MAX + MS_DIGITS + 8 > NAME_MAX ? -ENAMETOOLONG : 0;
}

static int make_name(const char *path, const char *tail, char to[HOST_REPLACE_PATH_MAX])
{
    struct buf prefix = BUF(MEM_HOST, 0);
    size_t folder;
    int r = own_names(path, &folder, &prefix);
    if (r == 0 && snprintf(to, HOST_REPLACE_PATH_MAX, "%.*s%s%s", (int)folder, path, prefix.data,
                           tail) >= HOST_REPLACE_PATH_MAX)
        r = -ENAMETOOLONG;
    buf_done(&prefix);
    return r;
}

static int sync_folder(const char *path)
{
    char *folder = mem_alloc(MEM_HOST, HOST_REPLACE_PATH_MAX);
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) + 1 : 0;
    memcpy(folder, n ? path : "./", n ? n : 2);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = fd < 0 || fsync(fd) < 0 ? -errno : 0;
    host_close(fd);
    mem_free(MEM_HOST, folder);
    return r;
}

/* ---- the new one ---- */

int host_replace_begin(const char *path, struct host_replace *r, struct err *err)
{
    char tail[64];
    *r = (struct host_replace){.fd = -1};
    int code = strlen(path) >= sizeof(r->path) ? -ENAMETOOLONG : 0;
    if (code == 0) {
        memcpy(r->path, path, strlen(path) + 1);
        code = follow_links(r->path);
    }
    if (code == 0) {
        code = host_file_look(r->path, &r->old);
        r->had = code == 0;
        code = code == -ENOENT ? 0 : code;
    }
    if (code == 0 && r->had && !r->old.regular)
        return err_set(err, -EINVAL, "%s is no regular file", r->path);
    snprintf(tail, sizeof(tail), ".new-%d", getpid());
    if (code == 0)
        code = make_name(r->path, tail, r->temp);
    if (code == 0) {
        unlink(r->temp); /* of a life that ended in the middle */
        r->fd = open(r->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        code = r->fd < 0 ? -errno : 0;
    }
    if (code < 0)
        r->temp[0] = 0;
    return code < 0 ? err_sys(err, code, "a new file beside %s", path) : 0;
}

int host_replace_write(struct host_replace *r, const void *data, size_t size, struct err *err)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = write(r->fd, (const char *)data + done, size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return err_sys(err, n < 0 ? -errno : -EIO, "write %s", r->temp);
        done += (size_t)n;
    }
    r->size += size;
    return 0;
}

/* Whose it is, and who may what: first the owner, for a change of it takes set-user-ID away. */
static int dress(const struct host_replace *r, struct err *err)
{
    const struct host_file *old = &r->old;
    if (r->had && (old->uid != geteuid() || old->gid != getegid()) &&
        fchown(r->fd, old->uid, old->gid) < 0)
        return err_sys(err, -errno, "give it to user %u, group %u", old->uid, old->gid);
    if (fchmod(r->fd, r->had ? old->mode : NEW_MODE) < 0)
        return err_sys(err, -errno, "its mode");
    if (fault_fails(FAULT_SYSCALL) || fsync(r->fd) < 0)
        return err_sys(err, -EIO, "its way to the disk");
    return 0;
}

/* ---- backups ---- */

struct backup {
    uint64_t ms;
    char name[NAME_MAX + 1];
};

/* "-TAG-1700000000000" behind our prefix. Returns false: it is none. */
static bool parse_tail(const char *tail, const char *tag, uint64_t *ret_ms)
{
    const char *dash = tail[0] == '-' ? strchr(tail + 1, '-') : NULL;
    if (!dash || strlen(dash + 1) != MS_DIGITS ||
        slice_to_u64(slice_from(dash + 1), UINT64_MAX, ret_ms) < 0)
        return false;
    size_t n = (size_t)(dash - tail) - 1;
    return !tag || (strlen(tag) == n && memcmp(tail + 1, tag, n) == 0);
}

static int newer_first(const void *a, const void *b)
{
    uint64_t x = ((const struct backup *)a)->ms, y = ((const struct backup *)b)->ms;
    return x < y ? 1 : x > y ? -1 : 0;
}

/* Those of a path, of that tag or of any, the newest first; the array is the caller's to free. */
static size_t list_backups(const char *path, const char *tag, struct backup **ret_list)
{
    struct buf prefix = BUF(MEM_HOST, 0), folder = BUF(MEM_HOST, 0);
    struct backup *list = mem_alloc(MEM_HOST, HOST_REPLACE_SEEN_MAX * sizeof(*list));
    size_t n, count = 0;
    *ret_list = list;
    if (own_names(path, &n, &prefix) < 0)
        n = 0;
    buf_append(&folder, n ? path : "./", n ? n : 2);
    DIR *d = opendir(folder.data);
    for (struct dirent *e; d && count < HOST_REPLACE_SEEN_MAX && (e = readdir(d));) {
        if (strncmp(e->d_name, prefix.data, prefix.size) != 0 ||
            !parse_tail(e->d_name + prefix.size, tag, &list[count].ms))
            continue;
        snprintf(list[count++].name, sizeof(list[0].name), "%s", e->d_name);
    }
    if (d)
        closedir(d);
    qsort(list, count, sizeof(*list), newer_first);
    buf_done(&prefix);
    buf_done(&folder);
    return count;
}

static void path_of(const char *path, const char *name, char to[HOST_REPLACE_PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    int folder = slash ? (int)(slash - path) + 1 : 0;
    snprintf(to, HOST_REPLACE_PATH_MAX, "%.*s%s", folder, path, name);
}

static void drop_old(const char *path, uint32_t keep)
{
    struct backup *list;
    char *at = mem_alloc(MEM_HOST, HOST_REPLACE_PATH_MAX);
    size_t count = list_backups(path, NULL, &list);
    for (size_t i = keep; i < count; i++) {
        path_of(path, list[i].name, at);
        unlink(at);
    }
    mem_free(MEM_HOST, at);
    mem_free(MEM_HOST, list);
}

/* A second name for the old file: it stays what it was, with mode, owner and attributes. */
static int keep_old(struct host_replace *r, const char *tag, struct err *err)
{
    struct timespec now;
    char tail[64];
    if (!r->had)
        return 0;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    snprintf(tail, sizeof(tail), "-%s-%013llu", tag, (unsigned long long)ms);
    int code = make_name(r->path, tail, r->backup);
    if (code == 0 && link(r->path, r->backup) < 0 && errno != EEXIST)
        code = -errno;
    if (code < 0)
        r->backup[0] = 0;
    return code < 0 ? err_sys(err, code, "a backup of %s", r->path) : 0;
}

int host_replace_end(struct host_replace *r, const char *tag, uint32_t keep, struct err *err)
{
    int code = dress(r, err);
    if (code == 0)
        code = keep_old(r, tag, err);
    if (code == 0 && rename(r->temp, r->path) < 0)
        code = err_sys(err, -errno, "rename %s to %s", r->temp, r->path);
    if (code < 0) {
        if (r->backup[0])
            unlink(r->backup);
        host_replace_drop(r);
        return err_wrap(err, "%s", r->path);
    }
    r->temp[0] = 0;
    host_replace_drop(r);
    code = sync_folder(r->path);
    drop_old(r->path, keep);
    return code < 0 ? err_sys(err, code, "%s is in place, and may not outlive a power cut", r->path)
                    : 0;
}

void host_replace_drop(struct host_replace *r)
{
    host_close(r->fd);
    r->fd = -1;
    if (r->temp[0])
        unlink(r->temp);
    r->temp[0] = 0;
}

int host_replace_undo(const char *path, const char *tag, char ret_backup[HOST_REPLACE_PATH_MAX],
                      struct err *err)
{
    struct backup *list = NULL;
    char *real = mem_alloc(MEM_HOST, HOST_REPLACE_PATH_MAX);
    int r = snprintf(real, HOST_REPLACE_PATH_MAX, "%s", path) >= HOST_REPLACE_PATH_MAX
                ? -ENAMETOOLONG
                : follow_links(real);
    if (r < 0) {
        err_sys(err, r, "%s", path);
    } else if (list_backups(real, tag, &list) == 0) {
        r = err_set(err, -ENOENT, "there is no backup of %s from before that content", path);
    } else {
        path_of(real, list[0].name, ret_backup);
        r = rename(ret_backup, real) < 0 ? -errno : sync_folder(real);
        if (r < 0)
            err_sys(err, r, "put %s back", ret_backup);
    }
    mem_free(MEM_HOST, list);
    mem_free(MEM_HOST, real);
    return r;
}
