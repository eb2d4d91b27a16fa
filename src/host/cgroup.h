/* cgroup.h - a cgroup of one's own for a program, where this host lets us make one.
 *
 * Version 2 only. It is made below our own cgroup, or below the one above where systemd has given
 * us that (Delegate=yes with DelegateSubgroup=): nowhere else, because other folders have other
 * managers. Where there is none, or it lacks the controllers, the caller falls back to rlimits. May
 * block for a moment, as all files of the kernel. */
#ifndef FIREBREAK_HOST_CGROUP_H
#define FIREBREAK_HOST_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum { HOST_CGROUP_PATH_MAX = 480 };

struct host_cgroup {
    char path[HOST_CGROUP_PATH_MAX]; /* "": there is none */
    bool limits_memory, limits_processes;
};

/* Makes one that holds the limits, 0: none of that. `parent`: a folder to make it in; NULL: found
 * as above. Returns 0 (at least one of the limits holds: see *ret_cgroup), or -EOPNOTSUPP: rlimits
 * have to do. */
int host_cgroup_make(const char *parent, uint64_t memory_bytes, uint64_t processes,
                     struct host_cgroup *ret_cgroup);
/* The most memory that it held; 0: not known. */
uint64_t host_cgroup_memory_peak(const struct host_cgroup *c);
/* Whether the kernel killed one of its processes for going beyond the memory limit. */
bool host_cgroup_memory_killed(const struct host_cgroup *c);
/* SIGKILL to all in it; nothing where the kernel is before 5.14. */
void host_cgroup_kill(const struct host_cgroup *c);
/* Nobody may be left in it. */
void host_cgroup_remove(struct host_cgroup *c);

/* ---- the parts, pure ---- */

/* Where a version 2 hierarchy is mounted, in the text of /proc/self/mountinfo. Returns 0 or
 * -ENOENT. */
int host_parse_cgroup_mount(struct slice mountinfo, struct slice *ret_folder);
/* How often an event happened, in the text of memory.events; 0 where it is not named. */
uint64_t host_parse_cgroup_event(struct slice text, struct slice event);

#endif
