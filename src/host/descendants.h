/* descendants.h - every process below this one, however it got away.
 *
 * For a process that adopts what its children leave behind (PR_SET_CHILD_SUBREAPER): then nothing
 * that it started is outside of the tree below it, whatever group or session it has moved to. */
#ifndef FIREBREAK_HOST_DESCENDANTS_H
#define FIREBREAK_HOST_DESCENDANTS_H

#include <sys/types.h>

enum { HOST_DESCENDANTS_MAX = 65536 }; /* reached by one call */

/* Sends a signal to each process below this one; those that are born meanwhile may be missed, so
 * one that kills asks again until there is no child left. Where /proc does not list children: to
 * our children that were born after `first`, and their groups. Returns how many were reached. */
int host_signal_descendants(pid_t first, int signal);

#endif
