#include "rt/file_now.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"

int file_now_kind(const char *path, enum file_now_kind *ret_kind)
{
    struct stat st;
    if (fault_fails(FAULT_SYSCALL))
        return -EIO;
    if (stat(path, &st) < 0)
        return -errno;
    *ret_kind = S_ISREG(st.st_mode)   ? FILE_NOW_FILE
                : S_ISDIR(st.st_mode) ? FILE_NOW_FOLDER
                                      : FILE_NOW_OTHER;
    return 0;
}

static int open_now(const char *path, int flags, mode_t mode)
{
    int fd;
    if (fault_fails(FAULT_SYSCALL))
        return -EMFILE;
    do
        fd = open(path, flags | O_CLOEXEC, mode);
    while (fd < 0 && errno == EINTR);
    return fd < 0 ? -errno : fd;
}

static int read_to_end(int fd, struct buf *b)
{
    enum { CHUNK_BYTES = 64 * 1024 };
    char *chunk = mem_alloc(MEM_RT, CHUNK_BYTES);
    int r = 0;
    for (;;) {
        ssize_t n = fault_fails(FAULT_SYSCALL) ? (errno = EIO, -1) : read(fd, chunk, CHUNK_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        r = n < 0 ? -errno : buf_append(b, chunk, (size_t)n);
        if (n <= 0 || r < 0)
            break;
    }
    mem_free(MEM_RT, chunk);
    return r;
}

int file_now_read(const char *path, struct buf *b)
{
    size_t before = b->size;
    int fd = open_now(path, O_RDONLY, 0);
    if (fd < 0)
        return fd;
    int r = read_to_end(fd, b);
    close(fd);
    if (r < 0) {
        b->size = before;
        if (b->data)
            b->data[before] = 0;
    }
    return r;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int file_now_list(const char *path, struct arena *a, const char *const **ret_names)
{
    DIR *dir = fault_fails(FAULT_SYSCALL) ? (errno = EMFILE, NULL) : opendir(path);
    if (!dir)
        return -errno;
    const char **names = mem_alloc(MEM_RT, FILE_NOW_NAMES_MAX * sizeof(*names));
    int n = 0;
    struct dirent *e;
    while ((errno = 0, e = readdir(dir))) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (n == FILE_NOW_NAMES_MAX) {
            errno = E2BIG;
            break;
        }
        names[n++] = arena_strdup(a, slice_from(e->d_name));
    }
    int r = errno ? -errno : n;
    closedir(dir);
    if (r >= 0) {
        qsort(names, (size_t)n, sizeof(*names), by_bytes);
        const char **kept = arena_alloc_array(a, (size_t)n + 1, sizeof(*names));
        memcpy(kept, names, (size_t)n * sizeof(*names));
        *ret_names = kept;
    }
    mem_free(MEM_RT, names);
    return r;
}

static int write_all(int fd, struct slice data)
{
    while (data.size) {
        ssize_t n = fault_fails(FAULT_SYSCALL) ? (errno = ENOSPC, -1)
                                               : write(fd, data.data, data.size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        data = slice_sub(data, (size_t)n, data.size);
    }
    return fsync(fd) < 0 ? -errno : 0;
}

int file_now_write(const char *path, struct slice data, mode_t mode, bool replace)
{
    struct buf temp = BUF(MEM_RT, PATH_MAX);
    if (buf_printf(&temp, "%s.%d.tmp", path, (int)getpid()) < 0)
        return -ENAMETOOLONG;
    int fd = open_now(temp.data, O_WRONLY | O_CREAT | O_EXCL, mode), r = fd;
    if (fd >= 0) {
        r = write_all(fd, data);
        close(fd);
        /* A link does not replace: whoever was first stays. */
        if (r == 0 && (replace ? rename(temp.data, path) : link(temp.data, path)) < 0)
            r = -errno;
        if (r < 0 || !replace)
            unlink(temp.data);
    }
    buf_done(&temp);
    return r;
}

int file_now_make_folder(const char *path, mode_t mode)
{
    enum file_now_kind kind;
    if (mkdir(path, mode) == 0)
        return 0;
    int r = -errno;
    if (r == -EEXIST && file_now_kind(path, &kind) == 0)
        return kind == FILE_NOW_FOLDER ? 0 : -ENOTDIR;
    return r;
}

int file_now_real_path(const char *path, struct arena *a, const char **ret_path)
{
    char *real = fault_fails(FAULT_SYSCALL) ? (errno = EIO, NULL) : realpath(path, NULL);
    if (!real)
        return -errno;
    *ret_path = arena_strdup(a, slice_from(real));
    free(real); /* rule zero, banned: it is the C library's own block */
    return 0;
}
