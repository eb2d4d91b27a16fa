/* watch.h - file watches: told when a path is written, replaced, created or removed.
 *
 * What is watched is the path, not the file that it names now: editors write a new file and
 * rename it over the old one, and Kubernetes swaps a symbolic link in the middle of the path
 * (config.yaml -> ..data/config.yaml, ..data -> ..2026_08_01). So each symbolic link on the way
 * is watched where it stands, and the way is looked up anew after each change. What is not seen
 * is a real folder on the way that somebody renames.
 *
 * A change is told once it has been quiet for WATCH_QUIET_NS, at the latest WATCH_QUIET_MAX_NS
 * after it began, so that a file is not read while it is half written. Reading it after
 * rt_watch_wait never misses a change: a later one is told by the next call. Epoll only. */
#ifndef FIREBREAK_RT_WATCH_H
#define FIREBREAK_RT_WATCH_H

#include "rt/rt.h"

enum {
    WATCH_PATH_BYTES_MAX = 4096,
    WATCH_LINKS_MAX = 40, /* symbolic links on the way, as the kernel's own limit */
    WATCH_QUIET_NS = 20 * 1000 * 1000,
    WATCH_QUIET_MAX_NS = 500 * 1000 * 1000,
};

struct rt_watch;

/* A file (which need not exist yet, nor its folder) or a folder (then everything directly in it
 * counts). Returns 0, -ENAMETOOLONG, -ELOOP, -EACCES, -ENOTDIR; our own want: -EMFILE (inotify
 * instances of the user), -ENOSPC (watches of the user). */
int rt_watch_open(const char *path, struct rt_watch **ret_watch, rt_time deadline);
/* Returns 0 when something changed since the last call (or rt_watch_open), -ETIMEDOUT,
 * -ECANCELED, or as rt_watch_open where the new way cannot be watched. */
int rt_watch_wait(struct rt_watch *w, rt_time deadline);
void rt_watch_close(struct rt_watch *w); /* NULL is accepted */

#endif
