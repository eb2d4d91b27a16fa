#include "host/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"

int host_scratch_make(uid_t owner, gid_t group, struct host_scratch *ret_scratch, struct err *err)
{
    struct host_scratch s;
    const char *folder = getenv("TMPDIR");
    if (!folder || folder[0] != '/')
        folder = "/tmp";
    int n = snprintf(s.path, sizeof(s.path), "%s/firebreak-output-XXXXXX", folder);
    if (n >= (int)sizeof(s.path))
        return err_set(err, -ENAMETOOLONG, "a file for its values: TMPDIR is too long");
    if (fault_fails(FAULT_SYSCALL))
        return err_sys(err, -EMFILE, "a file for its values in %s", folder);
    s.fd = mkostemp(s.path, O_CLOEXEC);
    if (s.fd < 0)
        return err_sys(err, -errno, "a file for its values in %s", folder);
    if ((owner != geteuid() || group != getegid()) && fchown(s.fd, owner, group) < 0) {
        int r = err_sys(err, -errno, "give %s to user %u", s.path, owner);
        host_scratch_done(&s);
        return r;
    }
    *ret_scratch = s;
    return 0;
}

int host_scratch_read(const struct host_scratch *s, struct buf *out)
{
    enum { CHUNK_BYTES = 4096 };
    for (off_t at = 0;;) {
        char *room;
        size_t left = out->size_max ? out->size_max - out->size : CHUNK_BYTES;
        size_t size = left < CHUNK_BYTES ? left : CHUNK_BYTES;
        char more;
        ssize_t n;
        if (size == 0) {
            n = pread(s->fd, &more, 1, at);
            return n < 0 ? -errno : n > 0 ? -EMSGSIZE : 0;
        }
        buf_reserve(out, size, &room);
        n = pread(s->fd, room, size, at);
        if (n == 0)
            return 0;
        if (n > 0) {
            buf_commit(out, (size_t)n);
            at += n;
        } else if (errno != EINTR) {
            return -errno;
        }
    }
}

void host_scratch_done(struct host_scratch *s)
{
    if (!s->path[0])
        return;
    close(s->fd);
    unlink(s->path);
    s->path[0] = 0;
}

int host_open_input(const char *path)
{
    struct stat st;
    if (fault_fails(FAULT_SYSCALL))
        return -EMFILE;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        close(fd);
        return -EISDIR;
    }
    return fd;
}
