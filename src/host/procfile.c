#include "host/procfile.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fault.h"

/* Small first: most files of /proc are, and there may be thousands of them. */
enum { FIRST_BYTES = 1024, CHUNK_BYTES = 64 * 1024 };

static int read_all(int fd, struct buf *out)
{
    for (size_t chunk = FIRST_BYTES;;) {
        char *room;
        size_t left = out->size_max ? out->size_max - out->size : chunk;
        if (left == 0)
            return -EMSGSIZE;
        size_t size = left < chunk ? left : chunk;
        int r = buf_reserve(out, size, &room);
        if (r < 0)
            return r;
        ssize_t n = read(fd, room, size);
        if (n == 0)
            return 0;
        if (n > 0) {
            buf_commit(out, (size_t)n);
            chunk = CHUNK_BYTES;
        } else if (errno != EINTR) {
            return -errno;
        }
    }
}

int procfile_read(int folder, const char *path, struct buf *out)
{
    if (fault_fails(FAULT_SYSCALL))
        return -EMFILE;
    int fd = openat(folder, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int r = read_all(fd, out);
    close(fd);
    return r;
}
