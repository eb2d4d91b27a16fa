/* scratch.h - files around a program: one that it writes for us, one that it reads.
 *
 * May block: tasks call it on an offload thread. */
#ifndef FIREBREAK_HOST_SCRATCH_H
#define FIREBREAK_HOST_SCRATCH_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

enum { HOST_SCRATCH_PATH_MAX = 256 };

/* An empty file in $TMPDIR or /tmp that only its owner may use. It is read by the descriptor that
 * made it: what somebody puts in its place, a link say, is not looked at. */
struct host_scratch {
    int fd;
    char path[HOST_SCRATCH_PATH_MAX]; /* "": there is none */
};

/* Returns 0 or a negative errno with *err. The owner is changed only where it is not us. */
int host_scratch_make(uid_t owner, gid_t group, struct host_scratch *ret_scratch, struct err *err);
/* Appends what is in it, up to the buffer's bound. Returns 0, -EMSGSIZE (there was more), or a
 * negative errno. */
int host_scratch_read(const struct host_scratch *s, struct buf *out);
/* Closes and removes it; all zeroes is accepted. */
void host_scratch_done(struct host_scratch *s);

/* Opens a file for reading: what a program gets as its standard input. Returns the descriptor or a
 * negative errno. A folder is -EISDIR. */
int host_open_input(const char *path);

#endif
