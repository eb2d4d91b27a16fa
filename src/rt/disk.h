/* disk.h - the real disk, as blocking calls for offload threads. Inside of rt.
 * Each returns 0 or a count, else negative errno. */
#ifndef FIREBREAK_RT_DISK_H
#define FIREBREAK_RT_DISK_H

#include "rt/loop.h"

int disk_open(struct rt_loop *l, const char *path, int flags, mode_t mode);
ssize_t disk_read(struct rt_loop *l, int fd, void *buf, size_t size, uint64_t offset);
ssize_t disk_write(struct rt_loop *l, int fd, const void *data, size_t size, uint64_t offset);
int disk_sync(struct rt_loop *l, int fd);
int disk_truncate(struct rt_loop *l, int fd, uint64_t size);
int64_t disk_size(struct rt_loop *l, int fd);
int disk_lock(struct rt_loop *l, int fd, bool exclusive);
void disk_close(struct rt_loop *l, int fd);
int disk_rename(struct rt_loop *l, const char *from, const char *to);
int disk_remove(struct rt_loop *l, const char *path);
/* Makes the names in the folder of `path` durable. */
int disk_sync_folder(struct rt_loop *l, const char *path);
int disk_make_folder(struct rt_loop *l, const char *path, mode_t mode);
int disk_read_folder(struct rt_loop *l, const char *path, struct buf *names);

#endif
