#include "host/limits.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "host/procfile.h"

/* ---- descriptors ---- */

uint64_t host_raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 0;
    if (limit.rlim_cur < limit.rlim_max) {
        struct rlimit raised = {limit.rlim_max, limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
            limit = raised;
    }
    return limit.rlim_cur;
}

/* Without /proc: each number is asked for, as far as ours can reach in practice. */
static uint64_t count_by_asking(uint64_t limit)
{
    enum { ASKED_MAX = 65536 };
    uint64_t open = 0, end = limit < ASKED_MAX ? limit : ASKED_MAX;
    for (int fd = 0; (uint64_t)fd < end; fd++)
        open += fcntl(fd, F_GETFD) >= 0;
    return open;
}

uint64_t host_free_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 0;
    uint64_t open = 0;
    DIR *d = opendir("/proc/self/fd");
    if (d) {
        for (struct dirent *e; (e = readdir(d));) {
            /* One beyond the limit, opened before that was lowered, takes no room below it. */
            uint64_t fd;
            struct slice name = slice_from(e->d_name);
            open += slice_to_u64(name, UINT64_MAX, &fd) == 0 && fd < limit.rlim_cur &&
                    fd != (uint64_t)dirfd(d);
        }
        closedir(d);
    } else {
        open = count_by_asking(limit.rlim_cur);
    }
    return limit.rlim_cur > open ? limit.rlim_cur - open : 0;
}

/* ---- ports ---- */

int host_parse_ports(struct slice text, struct host_ports *ret_ports)
{
    struct slice rest = slice_trim(text);
    size_t n = 0;
    while (n < rest.size && rest.data[n] != '\t' && rest.data[n] != ' ')
        n++;
    uint64_t first, last;
    if (slice_to_u64(slice_sub(rest, 0, n), UINT16_MAX, &first) < 0 ||
        slice_to_u64(slice_trim(slice_sub(rest, n, rest.size)), UINT16_MAX, &last) < 0 ||
        first == 0 || first > last)
        return -EINVAL;
    *ret_ports = (struct host_ports){(uint16_t)first, (uint16_t)last};
    return 0;
}

struct host_ports host_local_ports(void)
{
    struct host_ports ports = {32768, 60999}; /* the kernel's own default */
    struct buf text = BUF(MEM_HOST, HOST_LIMIT_FILE_BYTES_MAX);
    if (procfile_read(AT_FDCWD, "/proc/sys/net/ipv4/ip_local_port_range", &text) == 0)
        host_parse_ports(buf_slice(&text), &ports);
    buf_done(&text);
    return ports;
}

/* ---- memory ---- */

int host_parse_meminfo(struct slice text, struct slice name, uint64_t *ret_bytes)
{
    enum { KIB = 1024 };
    while (text.data) {
        struct slice value = slice_cut(&text, '\n'), key = slice_cut(&value, ':');
        if (!slice_eq(key, name) || !value.data)
            continue;
        value = slice_trim(value);
        if (!slice_ends_with(value, SLICE(" kB")))
            return -EINVAL;
        uint64_t v;
        if (slice_to_u64(slice_sub(value, 0, value.size - 3), UINT64_MAX / KIB, &v) < 0)
            return -EINVAL;
        *ret_bytes = v * KIB;
        return 0;
    }
    return -ENOENT;
}

int host_parse_cgroup_bytes(struct slice text, uint64_t *ret_bytes)
{
    text = slice_trim(text);
    if (slice_eq(text, SLICE("max"))) {
        *ret_bytes = UINT64_MAX;
        return 0;
    }
    return slice_to_u64(text, UINT64_MAX, ret_bytes) < 0 ? -EINVAL : 0;
}

static bool lists(struct slice controllers, struct slice wanted)
{
    if (wanted.size == 0)
        return controllers.size == 0;
    while (controllers.data)
        if (slice_eq(slice_cut(&controllers, ','), wanted))
            return true;
    return false;
}

int host_parse_cgroup_path(struct slice text, struct slice controller, struct slice *ret_path)
{
    while (text.data) {
        struct slice path = slice_cut(&text, '\n');
        slice_cut(&path, ':'); /* the hierarchy's number */
        struct slice controllers = slice_cut(&path, ':');
        if (path.size == 0 || path.data[0] != '/' || !lists(controllers, controller))
            continue;
        *ret_path = path;
        return 0;
    }
    return -ENOENT;
}

/* One version of cgroups: where it is mounted and how it names things. */
struct hierarchy {
    const char *controller, *mount, *limit, *used;
};

static int read_bytes(const char *folder, const char *name, uint64_t *ret_bytes)
{
    char path[PROCFILE_PATH_BYTES_MAX];
    struct buf text = BUF(MEM_HOST, HOST_LIMIT_FILE_BYTES_MAX);
    int n = snprintf(path, sizeof(path), "%s/%s", folder, name);
    int r = n < (int)sizeof(path) ? procfile_read(AT_FDCWD, path, &text) : -ENAMETOOLONG;
    if (r == 0)
        r = host_parse_cgroup_bytes(buf_slice(&text), ret_bytes);
    buf_done(&text);
    return r;
}

/* Tightens *m by the limit of one folder. */
static void bound_by(const struct hierarchy *h, const char *folder, struct host_memory *m)
{
    uint64_t limit, used = 0;
    if (read_bytes(folder, h->limit, &limit) < 0)
        return;
    read_bytes(folder, h->used, &used);
    uint64_t left = limit > used ? limit - used : 0;
    if (limit < m->limit_bytes)
        m->limit_bytes = limit;
    if (left < m->free_bytes)
        m->free_bytes = left;
}

/* From our folder up to the mount. In a container without a cgroup namespace the path is that
 * of the machine outside, and the folders of its lower part are missing: only the mount is left. */
static void bound_by_all(const struct hierarchy *h, struct slice path, struct host_memory *m)
{
    char folder[PROCFILE_PATH_BYTES_MAX];
    size_t mount = strlen(h->mount);
    int n = snprintf(folder, sizeof(folder), "%s%.*s", h->mount, SLICE_ARG(path));
    if (n >= (int)sizeof(folder))
        return;
    for (int depth = 0; depth < HOST_CGROUP_DEPTH_MAX; depth++) {
        bound_by(h, folder, m);
        char *slash = strrchr(folder, '/');
        if (!slash || slash < folder + mount)
            return;
        *slash = 0;
    }
}

void host_memory_read(struct host_memory *ret_memory)
{
    static const struct hierarchy hierarchies[] = {
        {"", "/sys/fs/cgroup", "memory.max", "memory.current"},
        {"memory", "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes"},
    };
    struct host_memory m = {0};
    struct buf text = BUF(MEM_HOST, HOST_LIMIT_FILE_BYTES_MAX);
    if (procfile_read(AT_FDCWD, "/proc/meminfo", &text) == 0) {
        host_parse_meminfo(buf_slice(&text), SLICE("MemTotal"), &m.total_bytes);
        host_parse_meminfo(buf_slice(&text), SLICE("MemAvailable"), &m.free_bytes);
    }
    bool known = m.total_bytes > 0;
    m.limit_bytes = known ? m.total_bytes : UINT64_MAX;
    m.free_bytes = known ? m.free_bytes : UINT64_MAX;
    buf_clear(&text);
    if (procfile_read(AT_FDCWD, "/proc/self/cgroup", &text) == 0)
        for (size_t i = 0; i < ARRAY_LEN(hierarchies); i++) {
            const struct hierarchy *h = &hierarchies[i];
            struct slice path;
            if (host_parse_cgroup_path(buf_slice(&text), slice_from(h->controller), &path) == 0)
                bound_by_all(h, path, &m);
        }
    buf_done(&text);
    if (m.limit_bytes == UINT64_MAX)
        m.limit_bytes = m.free_bytes = 0;
    *ret_memory = m;
}

/* ---- processors ---- */

int host_cpus(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        return CPU_COUNT(&set);
    long n = sysconf(_SC_NPROCESSORS_ONLN); /* more processors than a cpu_set_t has */
    return n > 0 ? (int)n : 1;
}
