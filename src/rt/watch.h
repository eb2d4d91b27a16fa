/* watch.h - file watches: told when a path is written, replaced, created or removed.
 *
 * Watches the folder, not the file, so that editors which write a new file and rename it over
 * the old one are seen. Events that come together are folded into one. */
#ifndef FIREBREAK_RT_WATCH_H
#define FIREBREAK_RT_WATCH_H

#include "rt/rt.h"

struct rt_watch;

/* A file (which need not exist yet) or a folder (then everything directly in it counts). */
int rt_watch_open(const char *path, struct rt_watch **ret_watch);
/* Returns 0 when something changed since the last call. */
int rt_watch_wait(struct rt_watch *w, rt_time deadline);
void rt_watch_close(struct rt_watch *w); /* NULL is accepted */

#endif
