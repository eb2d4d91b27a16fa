#include "host/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fault.h"
#include "host/procfile.h"
#include "host/user.h"

static int64_t ns_of(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void take(const struct stat *st, struct host_file *ret)
{
    *ret = (struct host_file){
        .regular = S_ISREG(st->st_mode),
        .folder = S_ISDIR(st->st_mode),
        .mode = st->st_mode & 07777,
        .uid = st->st_uid,
        .gid = st->st_gid,
        .size = (uint64_t)st->st_size,
        .device = st->st_dev,
        .inode = st->st_ino,
        .links = st->st_nlink,
        .modified_ns = ns_of(st->st_mtim),
        .changed_ns = ns_of(st->st_ctim),
    };
}

int host_file_look(const char *path, struct host_file *ret)
{
    struct stat st;
    if (stat(path, &st) < 0)
        return -errno;
    take(&st, ret);
    return 0;
}

int host_file_look_at(int fd, struct host_file *ret)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    take(&st, ret);
    return 0;
}

int host_file_open(const char *path, struct host_file *ret)
{
    if (fault_fails(FAULT_SYSCALL))
        return -EMFILE;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return -errno;
    int r = host_file_look_at(fd, ret);
    if (r == 0)
        return fd;
    close(fd);
    return r;
}

ssize_t host_file_read(int fd, void *to, size_t size, uint64_t offset)
{
    size_t got = 0;
    while (got < size) {
        ssize_t n = pread(fd, (char *)to + got, size - got, (off_t)(offset + got));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

int host_user_number(const char *name, uid_t *ret_uid)
{
    struct buf text = BUF(MEM_HOST, HOST_USER_FILE_BYTES_MAX);
    struct arena a = ARENA(MEM_HOST, 0);
    struct host_user user;
    uint64_t number;
    int r = procfile_read(AT_FDCWD, "/etc/passwd", &text);
    if (r == 0 || r == -ENOENT)
        r = host_parse_passwd(buf_slice(&text), slice_from(name), &a, &user);
    if (r == 0)
        *ret_uid = user.uid;
    if (r == -ENOENT && slice_to_u64(slice_from(name), UINT32_MAX - 1, &number) == 0) {
        *ret_uid = (uid_t)number;
        r = 0;
    }
    arena_done(&a);
    buf_done(&text);
    return r;
}
