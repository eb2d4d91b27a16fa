/* metrics.h - this machine in numbers, under the names that node_exporter gives them.
 *
 * node_cpu_seconds_total{cpu,mode}, node_cpu_guest_seconds_total, node_load1/5/15,
 * node_memory_*_bytes, node_disk_*{device}, node_network_*{device}, node_pressure_*,
 * node_filesystem_*{device,fstype,mountpoint},
 * node_procs_running, node_procs_blocked, node_boot_time_seconds, node_context_switches_total,
 * node_intr_total, node_forks_total.
 *
 * The parsers are pure: the text of a file of /proc in, numbers out; lines that are not understood
 * are passed over, as another kernel may have more. host_metrics_read reads the files, and asks
 * each file system for its size, which may wait for a disk or a server: on an offload thread. */
#ifndef FIREBREAK_HOST_METRICS_H
#define FIREBREAK_HOST_METRICS_H

#include "base/arena.h"
#include "base/buf.h"

enum {
    HOST_METRICS_MAX = 20000, /* of one reading; the rest is left out */
    HOST_METRIC_LABELS_MAX = 3,
    HOST_METRICS_FILE_BYTES_MAX = 4 * 1024 * 1024,
    HOST_METRICS_MOUNTS_MAX = 256, /* that are asked for their size */
};

struct host_metric {
    const char *name;
    const char *label_names[HOST_METRIC_LABELS_MAX]; /* NULL ends */
    const char *label_values[HOST_METRIC_LABELS_MAX];
    double value;
};

/* Names and values are literals or lie in the arena. */
struct host_metrics {
    struct arena arena;
    struct host_metric *items;
    uint32_t count, cap;
    struct host_metric beyond; /* what is beyond the limit is written here, and not read */
};

void host_metrics_done(struct host_metrics *m);
/* What can be read is; what cannot is not there. */
void host_metrics_read(struct host_metrics *m);

/* ---- one file each ---- */

void host_metrics_stat(struct host_metrics *m, struct slice text);    /* /proc/stat */
void host_metrics_loadavg(struct host_metrics *m, struct slice text); /* /proc/loadavg */
void host_metrics_meminfo(struct host_metrics *m, struct slice text);
void host_metrics_diskstats(struct host_metrics *m, struct slice text);
void host_metrics_net_dev(struct host_metrics *m, struct slice text); /* /proc/net/dev */
/* /proc/pressure/NAME; `resource` is its name: "cpu", "io", "memory". */
void host_metrics_pressure(struct host_metrics *m, const char *resource, struct slice text);

struct host_mount {
    const char *device, *path, *type;
};
/* A line of /proc/self/mounts, with its escapes undone; false: none that is worth asking (the
 * kernel's own, which hold nothing). */
bool host_metrics_mount(struct arena *a, struct slice line, struct host_mount *ret);

#endif
