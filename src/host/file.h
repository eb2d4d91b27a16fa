/* file.h - files as they lie there: looked at, read in pieces, replaced. Blocks for as long as the
 * disk likes: tasks call it on an offload thread. */
#ifndef FIREBREAK_HOST_FILE_H
#define FIREBREAK_HOST_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct host_file {
    bool regular, folder;
    mode_t mode; /* permissions only, with set-user-ID and the like */
    uid_t uid;
    gid_t gid;
    uint64_t size, device, inode, links;
    int64_t modified_ns, changed_ns; /* since 1970; changed: of content, owner or mode */
};

/* What a path leads to, behind symbolic links. Returns 0 or what the kernel said. */
int host_file_look(const char *path, struct host_file *ret);
/* Opens it for reading; never waits for the other end of a FIFO. Returns the descriptor, with *ret,
 * or a negative errno. host_close (pipe.h) closes it. */
int host_file_open(const char *path, struct host_file *ret);
int host_file_look_at(int fd, struct host_file *ret);
/* Returns the bytes read, fewer than size only at the end, or a negative errno. */
ssize_t host_file_read(int fd, void *to, size_t size, uint64_t offset);
/* A user's number, by name in /etc/passwd, or by number. Returns 0, -ENOENT, or why that file
 * cannot be read. */
int host_user_number(const char *name, uid_t *ret_uid);

#endif
