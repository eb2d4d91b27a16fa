/* file.h - files, read and written on offload threads so that a slow disk holds no loop.
 *
 * Under sim: a disk with torn writes, failed fsync and crash. A file is owned by its opener; one
 * task uses it at a time. A failed fsync is final: the file answers -EIO from then on, because
 * what reached the disk is unknown and a second fsync would lie (the kernel forgets). */
#ifndef FIREBREAK_RT_FILE_H
#define FIREBREAK_RT_FILE_H

#include <sys/types.h>

#include "base/buf.h"
#include "rt/rt.h"

struct rt_file;

enum { RT_FILE_READ = 0 /* O_RDONLY, where fcntl.h is out of reach */ };
/* flags, mode as open(2) (O_CLOEXEC is added). Not for FIFOs and devices. */
int rt_file_open(const char *path, int flags, mode_t mode, struct rt_file **ret_file,
                 rt_time deadline);
/* Returns bytes read, fewer than size only at the end of the file. */
ssize_t rt_file_read(struct rt_file *f, void *buf, size_t size, uint64_t offset, rt_time deadline);
/* All or an error (-ENOSPC …). */
int rt_file_write(struct rt_file *f, const void *data, size_t size, uint64_t offset,
                  rt_time deadline);
int rt_file_sync(struct rt_file *f, rt_time deadline); /* data and size are durable on 0 */
int rt_file_truncate(struct rt_file *f, uint64_t size, rt_time deadline);
int rt_file_size(struct rt_file *f, uint64_t *ret_size, rt_time deadline);
/* Locks the whole file, alone (it is open for writing) or with others (for reading), until it is
 * closed or its process ends. Does not wait for who holds it: -EAGAIN. A lock binds those who ask,
 * not those who read and write; and it is the open file's: the same process can meet itself. */
int rt_file_lock(struct rt_file *f, bool exclusive, rt_time deadline);
void rt_file_close(struct rt_file *f); /* NULL is accepted; durable only after a sync */

int rt_file_rename(const char *from, const char *to, rt_time deadline);
int rt_file_remove(const char *path, rt_time deadline);
/* Makes the names in the folder of `path` durable: what was created, renamed or removed there. */
int rt_file_sync_folder(const char *path, rt_time deadline);
/* Whole file appended to *b, within its size_max (-EMSGSIZE). */
int rt_file_read_all(const char *path, struct buf *b, rt_time deadline);
/* A password, a key or a token, appended to *b: what is in the file without the line ends behind
 * it. -ENODATA: nothing is. */
int rt_file_read_secret(const char *path, struct buf *b, rt_time deadline);
/* Whole file replaced or kept, never half: temporary name beside it, fsync, rename, fsync of
 * the folder. */
int rt_file_write_all(const char *path, const void *data, size_t size, mode_t mode,
                      rt_time deadline);

#endif
