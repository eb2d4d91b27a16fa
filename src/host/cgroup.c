#include "host/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "host/limits.h"
#include "host/procfile.h"

enum { MOUNTINFO_BYTES_MAX = 4 * 1024 * 1024, LINE_BYTES = 32, NAMES_TRIED_MAX = 100 };

int host_parse_cgroup_mount(struct slice mountinfo, struct slice *ret_folder)
{
    while (mountinfo.data) {
        struct slice line = slice_cut(&mountinfo, '\n');
        ptrdiff_t end = slice_find(line, SLICE(" - cgroup2 "));
        if (end < 0)
            continue;
        struct slice folder = {0};
        line = slice_sub(line, 0, (size_t)end);
        for (int field = 0; field < 5 && line.data; field++)
            folder = slice_cut(&line, ' ');
        if (folder.size == 0 || folder.data[0] != '/')
            continue;
        *ret_folder = folder;
        return 0;
    }
    return -ENOENT;
}

uint64_t host_parse_cgroup_event(struct slice text, struct slice event)
{
    uint64_t count = 0;
    while (text.data) {
        struct slice line = slice_cut(&text, '\n'), name = slice_cut(&line, ' ');
        if (slice_eq(name, event) && slice_to_u64(line, UINT64_MAX, &count) < 0)
            count = 0;
    }
    return count;
}

/* Our own cgroup's folder. */
static int find_own(char path[static HOST_CGROUP_PATH_MAX])
{
    struct buf mounts = BUF(MEM_HOST, MOUNTINFO_BYTES_MAX);
    struct buf own = BUF(MEM_HOST, HOST_LIMIT_FILE_BYTES_MAX);
    struct slice mount, below;
    int r = procfile_read(AT_FDCWD, "/proc/self/mountinfo", &mounts);
    if (r == 0)
        r = procfile_read(AT_FDCWD, "/proc/self/cgroup", &own);
    if (r == 0)
        r = host_parse_cgroup_mount(buf_slice(&mounts), &mount);
    if (r == 0)
        r = host_parse_cgroup_path(buf_slice(&own), SLICE(""), &below);
    if (r == 0) {
        if (below.size == 1)
            below.size = 0; /* the root */
        int n =
            snprintf(path, HOST_CGROUP_PATH_MAX, "%.*s%.*s", SLICE_ARG(mount), SLICE_ARG(below));
        r = n < HOST_CGROUP_PATH_MAX ? 0 : -ENAMETOOLONG;
    }
    buf_done(&mounts);
    buf_done(&own);
    return r;
}

static int write_file(const char *folder, const char *name, const char *text)
{
    char path[HOST_CGROUP_PATH_MAX + LINE_BYTES];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int r = write(fd, text, strlen(text)) < 0 ? -errno : 0;
    close(fd);
    return r;
}

static int write_number(const char *folder, const char *name, uint64_t value)
{
    char text[LINE_BYTES];
    snprintf(text, sizeof(text), "%" PRIu64, value);
    return write_file(folder, name, text);
}

/* Makes it and sets what can be set there; removes it again where that is nothing. */
static int make_in(const char *parent, uint64_t memory_bytes, uint64_t processes,
                   struct host_cgroup *c)
{
    /* Refused where it is set already, where the controller is missing, or where processes live
     * in the parent itself: what holds is seen by the files below. */
    if (memory_bytes)
        write_file(parent, "cgroup.subtree_control", "+memory");
    if (processes)
        write_file(parent, "cgroup.subtree_control", "+pids");
    int r = -1;
    for (int i = 0; i < NAMES_TRIED_MAX && r < 0; i++) {
        int n = snprintf(c->path, sizeof(c->path), "%s/firebreak-%d-%d", parent, getpid(), i);
        r = n < (int)sizeof(c->path) ? mkdir(c->path, 0755) : -1;
        if (r < 0 && errno != EEXIST)
            break;
    }
    if (r < 0)
        return -EOPNOTSUPP;
    c->limits_memory = memory_bytes && write_number(c->path, "memory.max", memory_bytes) == 0;
    c->limits_processes = processes && write_number(c->path, "pids.max", processes) == 0;
    if (c->limits_memory)
        write_number(c->path, "memory.swap.max", 0); /* absent without swap */
    if (c->limits_memory || c->limits_processes)
        return 0;
    host_cgroup_remove(c);
    return -EOPNOTSUPP;
}

/* systemd marks the folders that it hands over. */
static bool is_ours(const char *folder)
{
    char mark[2];
    return getxattr(folder, "user.delegate", mark, sizeof(mark)) == 1 && mark[0] == '1';
}

int host_cgroup_make(const char *parent, uint64_t memory_bytes, uint64_t processes,
                     struct host_cgroup *ret_cgroup)
{
    char own[HOST_CGROUP_PATH_MAX];
    struct host_cgroup c = {.path = ""};
    if (!memory_bytes && !processes)
        return -EOPNOTSUPP;
    if (!parent && find_own(own) < 0)
        return -EOPNOTSUPP;
    int r = make_in(parent ? parent : own, memory_bytes, processes, &c);
    char *slash = parent ? NULL : strrchr(own, '/');
    if (r < 0 && slash) {
        *slash = 0;
        if (is_ours(own))
            r = make_in(own, memory_bytes, processes, &c);
    }
    if (r == 0)
        *ret_cgroup = c;
    return r;
}

static int read_file(const struct host_cgroup *c, const char *name, struct buf *text)
{
    char path[HOST_CGROUP_PATH_MAX + LINE_BYTES];
    snprintf(path, sizeof(path), "%s/%s", c->path, name);
    return procfile_read(AT_FDCWD, path, text);
}

uint64_t host_cgroup_memory_peak(const struct host_cgroup *c)
{
    struct buf text = BUF(MEM_HOST, HOST_LIMIT_FILE_BYTES_MAX);
    uint64_t bytes = 0;
    if (read_file(c, "memory.peak", &text) == 0)
        host_parse_cgroup_bytes(buf_slice(&text), &bytes);
    buf_done(&text);
    return bytes;
}

bool host_cgroup_memory_killed(const struct host_cgroup *c)
{
    struct buf text = BUF(MEM_HOST, HOST_LIMIT_FILE_BYTES_MAX);
    uint64_t kills = 0;
    if (read_file(c, "memory.events", &text) == 0)
        kills = host_parse_cgroup_event(buf_slice(&text), SLICE("oom_kill"));
    buf_done(&text);
    return kills > 0;
}

void host_cgroup_kill(const struct host_cgroup *c)
{
    if (c->path[0])
        write_file(c->path, "cgroup.kill", "1");
}

void host_cgroup_remove(struct host_cgroup *c)
{
    if (c->path[0])
        rmdir(c->path);
    c->path[0] = 0;
}
