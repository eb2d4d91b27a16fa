/* pressure.h - whether this machine stood still: the kernel's pressure files, and stolen time.
 *
 * Pure parsers of small files of /proc; the caller reads them. All are sums since boot: two
 * readings make a share. A kernel that does not tell leaves zeroes. */
#ifndef FIREBREAK_HOST_PRESSURE_H
#define FIREBREAK_HOST_PRESSURE_H

#include <stdint.h>

#include "base/slice.h"

enum { HOST_PRESSURE_BYTES_MAX = 1024 * 1024 }; /* of one file: /proc/stat has a line a processor */

struct host_pressure {
    uint64_t memory_full_us, cpu_full_us; /* everything that could run waited for it */
    uint64_t steal_ticks, all_ticks;      /* of all processors: taken by the hypervisor; in all */
};

/* /proc/pressure/memory: the "full" line's total. Each returns 0, -ENOENT (no such line) or
 * -EINVAL. */
int host_parse_memory_pressure(struct slice text, struct host_pressure *ret);
/* /proc/pressure/cpu, so. */
int host_parse_cpu_pressure(struct slice text, struct host_pressure *ret);
/* /proc/stat: the "cpu" line. */
int host_parse_steal(struct slice text, struct host_pressure *ret);

#endif
