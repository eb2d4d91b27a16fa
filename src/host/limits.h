/* limits.h - how much of this machine we may use: descriptors, ports, memory, processors.
 *
 * For back-pressure: a prober that knows its limits waits before it meets them, and no target is
 * called down because we ran out. Small files of /proc and /sys are read; nothing waits. Any
 * thread. */
#ifndef FIREBREAK_HOST_LIMITS_H
#define FIREBREAK_HOST_LIMITS_H

#include <stdint.h>

#include "base/slice.h"

enum {
    HOST_LIMIT_FILE_BYTES_MAX = 64 * 1024, /* of one file of /proc or /sys that is read */
    HOST_CGROUP_DEPTH_MAX = 64,            /* folders from our cgroup up to its root */
};

/* Raises the soft limit of open descriptors to the hard one. Returns the limit that holds now. */
uint64_t host_raise_descriptors(void);
/* How many more descriptors may be opened: the soft limit less those open now. */
uint64_t host_free_descriptors(void);

/* Ports that connect(2) takes from, first … last; the kernel's default where /proc is missing. */
struct host_ports {
    uint16_t first, last;
};
struct host_ports host_local_ports(void);

/* 0: not known. limit_bytes is the least of the machine's memory and the limits of our cgroup
 * and those above it (version 1 or 2), free_bytes what is left below it. */
struct host_memory {
    uint64_t total_bytes, limit_bytes, free_bytes;
};
void host_memory_read(struct host_memory *ret_memory);

/* Processors that we may run on, >= 1. */
int host_cpus(void);

/* ---- the parts, pure ---- */

/* "32768\t60999\n". Returns 0 or -EINVAL. */
int host_parse_ports(struct slice text, struct host_ports *ret_ports);
/* A line "MemTotal:   24522 kB" of /proc/meminfo, in bytes. Returns 0, -ENOENT or -EINVAL. */
int host_parse_meminfo(struct slice text, struct slice name, uint64_t *ret_bytes);
/* memory.max: "max" is UINT64_MAX. Returns 0 or -EINVAL. */
int host_parse_cgroup_bytes(struct slice text, uint64_t *ret_bytes);
/* Our folder in a hierarchy of /proc/PID/cgroup: "memory" of version 1, or "" for version 2.
 * Returns 0 or -ENOENT. */
int host_parse_cgroup_path(struct slice text, struct slice controller, struct slice *ret_path);

#endif
