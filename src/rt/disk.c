#include "rt/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"

int disk_open(struct rt_loop *l, const char *path, int flags, mode_t mode)
{
    (void)l;
    if (fault_fails(FAULT_SYSCALL))
        return -EMFILE;
    int fd;
    do
        fd = open(path, flags | O_CLOEXEC, mode);
    while (fd < 0 && errno == EINTR);
    return fd < 0 ? -errno : fd;
}

ssize_t disk_read(struct rt_loop *l, int fd, void *buf, size_t size, uint64_t offset)
{
    (void)l;
    if (fault_fails(FAULT_SYSCALL))
        return -EIO;
    size_t done = 0;
    while (done < size) {
        ssize_t n = pread(fd, (char *)buf + done, size - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

ssize_t disk_write(struct rt_loop *l, int fd, const void *data, size_t size, uint64_t offset)
{
    (void)l;
    if (fault_fails(FAULT_SYSCALL))
        return -ENOSPC;
    size_t done = 0;
    while (done < size) {
        ssize_t n = pwrite(fd, (const char *)data + done, size - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

int disk_sync(struct rt_loop *l, int fd)
{
    (void)l;
    if (fault_fails(FAULT_SYSCALL))
        return -EIO;
    return fdatasync(fd) < 0 ? -errno : 0;
}

int disk_truncate(struct rt_loop *l, int fd, uint64_t size)
{
    (void)l;
    if (fault_fails(FAULT_SYSCALL))
        return -EIO;
    return ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
}

int64_t disk_size(struct rt_loop *l, int fd)
{
    (void)l;
    struct stat st;
    if (fault_fails(FAULT_SYSCALL))
        return -EIO;
    return fstat(fd, &st) < 0 ? -errno : (int64_t)st.st_size;
}

int disk_lock(struct rt_loop *l, int fd, bool exclusive)
{
    (void)l;
    if (fault_fails(FAULT_SYSCALL))
        return -ENOLCK;
    /* Of the open file, not of the process: closing another descriptor of it must not unlock. */
    struct flock whole = {.l_type = exclusive ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_OFD_SETLK, &whole) == 0)
        return 0;
    return errno == EACCES ? -EAGAIN : -errno;
}

void disk_close(struct rt_loop *l, int fd)
{
    (void)l;
    close(fd);
}

int disk_rename(struct rt_loop *l, const char *from, const char *to)
{
    (void)l;
    if (fault_fails(FAULT_SYSCALL))
        return -ENOSPC;
    return rename(from, to) < 0 ? -errno : 0;
}

int disk_remove(struct rt_loop *l, const char *path)
{
    (void)l;
    if (fault_fails(FAULT_SYSCALL))
        return -EROFS;
    return unlink(path) < 0 ? -errno : 0;
}

int disk_sync_folder(struct rt_loop *l, const char *path)
{
    (void)l;
    char folder[PATH_MAX / 4];
    const char *slash = strrchr(path, '/');
    size_t size = slash ? (size_t)(slash - path) : 0;
    if (size >= sizeof(folder))
        return -ENAMETOOLONG;
    memcpy(folder, path, size);
    folder[size] = 0;
    const char *name = size ? folder : slash ? "/" : ".";
    if (fault_fails(FAULT_SYSCALL))
        return -EIO;
    int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int r = fsync(fd) < 0 ? -errno : 0;
    close(fd);
    return r;
}

static int make_one(const char *path, mode_t mode)
{
    struct stat st;
    if (fault_fails(FAULT_SYSCALL))
        return -EROFS;
    if (mkdir(path, mode) == 0)
        return 0;
    int r = -errno;
    /* What else may be wrong with one that is there (not ours, read-only) its user will find. */
    if (stat(path, &st) == 0)
        return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
    return r;
}

int disk_make_folder(struct rt_loop *l, const char *path, mode_t mode)
{
    (void)l;
    size_t size = strlen(path);
    char *part = mem_strdup(MEM_RT, (struct slice){path, size});
    int r = 0;
    for (size_t i = 1; i <= size && r == 0; i++) {
        if (path[i] != '/' && path[i] != 0)
            continue;
        part[i] = 0;
        r = make_one(part, mode);
        part[i] = path[i];
    }
    mem_free(MEM_RT, part);
    return r;
}

int disk_read_folder(struct rt_loop *l, const char *path, struct buf *names)
{
    (void)l;
    int r = 0;
    DIR *d = fault_fails(FAULT_SYSCALL) ? (errno = EMFILE, NULL) : opendir(path);
    if (!d)
        return -errno;
    for (;;) {
        errno = 0;
        const struct dirent *e = readdir(d);
        if (!e) {
            r = -errno;
            break;
        }
        const char *name = e->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;
        r = buf_append(names, name, strlen(name) + 1);
        if (r < 0)
            break;
    }
    closedir(d);
    return r;
}
