/* procfile.h - the inside of host: reading files of /proc and /sys, whose size nobody knows. */
#ifndef FIREBREAK_HOST_PROCFILE_H
#define FIREBREAK_HOST_PROCFILE_H

#include "base/buf.h"

enum { PROCFILE_PATH_BYTES_MAX = 1024 };

/* Appends the whole file; `folder` as for openat(2). Returns 0; -EMSGSIZE: what lies within the
 * buffer's bound was appended; or what the kernel said. */
int procfile_read(int folder, const char *path, struct buf *out);

#endif
