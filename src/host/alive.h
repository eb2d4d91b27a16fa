/* alive.h - whether a process that was seen before still runs.
 *
 * A process id is used again, so a process is its id with the moment it began at; and ids mean
 * something only in one life of the kernel and in one namespace of ids: its boot. Files of /proc
 * are read; nothing waits. Any thread. */
#ifndef FIREBREAK_HOST_ALIVE_H
#define FIREBREAK_HOST_ALIVE_H

#include <stdbool.h>

#include "base/buf.h"

/* Appends a word that is the same for all whose process ids mean the same. Returns 0, or -ENOENT
 * where /proc does not tell: then nobody can look. */
int host_boot(struct buf *out);
/* When it began, in the kernel's ticks since its start. Returns 0; -ESRCH: there is no such process
 * (or only its remains); or why /proc does not tell. */
int host_started(int64_t pid, uint64_t *ret_ticks);
/* Surely gone: /proc can be read, and has no such process, or another one of that id. */
bool host_gone(int64_t pid, uint64_t started_ticks);

#endif
