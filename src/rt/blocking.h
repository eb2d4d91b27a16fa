/* blocking.h - the disk, for code that blocks: a library that does its own I/O, as SQLite does.
 *
 * Called from inside rt_offload, where the calls of file.h cannot wait. It is the same disk: on
 * epoll the kernel's, in the simulator the simulated one, with its torn writes, failed syncs and
 * crashes, so that a database is tried against them. Handles are small integers, of the host that
 * opened them; who opens closes. A loop's thread must not call it: it would hold the loop.
 *
 * Each returns 0 or a count, else negative errno. */
#ifndef FIREBREAK_RT_BLOCKING_H
#define FIREBREAK_RT_BLOCKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Returns the handle. flags, mode as open(2) (O_CLOEXEC is added). */
int rt_disk_open(const char *path, int flags, mode_t mode);
/* Returns bytes read, fewer than size only at the end of the file. */
ssize_t rt_disk_read(int fd, void *buf, size_t size, uint64_t offset);
/* All (0) or an error: then an unknown part was written. */
int rt_disk_write(int fd, const void *data, size_t size, uint64_t offset);
/* Data and size are durable on 0. After an error nobody knows what is, and a second call may say
 * 0 all the same: who fails here must not go on with the file. (file.h remembers that.) */
int rt_disk_sync(int fd);
int rt_disk_truncate(int fd, uint64_t size);
int64_t rt_disk_size(int fd);
/* As rt_file_lock. */
int rt_disk_lock(int fd, bool exclusive);
void rt_disk_close(int fd);
int rt_disk_rename(const char *from, const char *to);
int rt_disk_remove(const char *path);
/* Makes the names in the folder of `path` durable. */
int rt_disk_sync_folder(const char *path);

#endif
