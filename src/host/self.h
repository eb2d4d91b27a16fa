/* self.h - this process, as the kernel sees it. Small files of /proc are read; nothing waits. Any
 * thread. */
#ifndef FIREBREAK_HOST_SELF_H
#define FIREBREAK_HOST_SELF_H

#include <stdint.h>

#include "base/buf.h"

uint32_t host_uid(void); /* the effective one */
int host_pid(void);
/* Appends the host's name, as `uname -n` prints it. Returns 0 or negative errno. */
int host_name(struct buf *out);
/* Appends the path of the current folder. Returns 0 or negative errno. */
int host_current_folder(struct buf *out);

/* What a client library of Prometheus tells of its process. */
struct host_self {
    double cpu_s;     /* user and system */
    double started_s; /* since 1970 */
    uint64_t resident_bytes, virtual_bytes;
    uint64_t descriptors, descriptors_max;
};
/* Returns 0, or -ENOENT where /proc is missing or says something else: then *ret is as it was. */
int host_self_read(struct host_self *ret);

/* ---- the parts, pure ---- */

/* /proc/self/stat, in the kernel's units: ticks and pages. Returns 0 or -EINVAL. */
struct host_stat {
    uint64_t user_ticks, system_ticks, start_ticks, virtual_bytes, resident_pages;
};
int host_parse_stat(struct slice text, struct host_stat *ret);
/* The line "btime 1700000000" of /proc/stat. Returns 0 or -EINVAL. */
int host_parse_btime(struct slice text, uint64_t *ret_s);

#endif
