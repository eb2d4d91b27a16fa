#include "rt/blocking.h"

#include "rt/loop.h"

/* An offload thread has no loop: its disk is the kernel's. The simulator works inline. */
static const struct rt_backend *disk(void)
{
    return rt_self ? rt_self->backend : &rt_backend_epoll;
}

int rt_disk_open(const char *path, int flags, mode_t mode)
{
    return disk()->file_open(rt_self, path, flags, mode);
}

ssize_t rt_disk_read(int fd, void *buf, size_t size, uint64_t offset)
{
    return disk()->file_read(rt_self, fd, buf, size, offset);
}

int rt_disk_write(int fd, const void *data, size_t size, uint64_t offset)
{
    ssize_t n = disk()->file_write(rt_self, fd, data, size, offset);
    return n < 0 ? (int)n : 0;
}

int rt_disk_sync(int fd)
{
    return disk()->file_sync(rt_self, fd);
}

int rt_disk_truncate(int fd, uint64_t size)
{
    return disk()->file_truncate(rt_self, fd, size);
}

int64_t rt_disk_size(int fd)
{
    return disk()->file_size(rt_self, fd);
}

int rt_disk_lock(int fd, bool exclusive)
{
    return disk()->file_lock(rt_self, fd, exclusive);
}

void rt_disk_close(int fd)
{
    disk()->file_close(rt_self, fd);
}

int rt_disk_rename(const char *from, const char *to)
{
    return disk()->file_rename(rt_self, from, to);
}

int rt_disk_remove(const char *path)
{
    return disk()->file_remove(rt_self, path);
}

int rt_disk_sync_folder(const char *path)
{
    return disk()->file_sync_folder(rt_self, path);
}
