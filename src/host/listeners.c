#include "host/listeners.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/map.h"
#include "host/limits.h"
#include "host/procfile.h"

/* ---- /proc/net/tcp, tcp6, unix ---- */

/* The next field, fields being divided by spaces; empty at the line's end. */
static struct slice field(struct slice *line)
{
    size_t n = 0;
    while (line->size && line->data[0] == ' ')
        *line = slice_sub(*line, 1, line->size);
    while (n < line->size && line->data[n] != ' ')
        n++;
    struct slice f = slice_sub(*line, 0, n);
    *line = slice_sub(*line, n, line->size);
    return f;
}

static int hex(struct slice s, uint32_t *ret)
{
    uint32_t v = 0;
    if (s.size == 0 || s.size > 8)
        return -EINVAL;
    for (size_t i = 0; i < s.size; i++) {
        char c = s.data[i];
        uint32_t digit;
        if (c >= '0' && c <= '9')
            digit = (uint32_t)(c - '0');
        else if ((c | 32) >= 'a' && (c | 32) <= 'f')
            digit = (uint32_t)((c | 32) - 'a' + 10);
        else
            return -EINVAL;
        v = v << 4 | digit;
    }
    *ret = v;
    return 0;
}

/* "0100007F:1F90": each 32-bit word of the address in the host's own order, the port as it is
 * written. */
static int address(struct slice s, bool ipv6, struct host_listener *l)
{
    struct slice port = s, ip = slice_cut(&port, ':');
    uint32_t word, p;
    size_t words = ipv6 ? 4 : 1;
    if (ip.size != words * 8 || hex(port, &p) < 0 || p > UINT16_MAX)
        return -EINVAL;
    for (size_t i = 0; i < words; i++) {
        if (hex(slice_sub(ip, i * 8, i * 8 + 8), &word) < 0)
            return -EINVAL;
        memcpy(l->ip + i * 4, &word, 4);
    }
    l->port = (uint16_t)p;
    return 0;
}

static int add(struct host_listeners *l, const struct host_listener *found)
{
    if (l->count == HOST_LISTENERS_MAX) {
        l->cut = true;
        return -E2BIG;
    }
    if (!l->item)
        l->item = mem_alloc(MEM_HOST, HOST_LISTENERS_MAX * sizeof(l->item[0]));
    l->item[l->count++] = *found;
    return 0;
}

int host_parse_tcp(struct slice text, bool ipv6, struct host_listeners *l)
{
    enum { TCP_LISTEN = 0x0a, FIELDS_TO_INODE = 5 };
    while (text.data) {
        struct slice line = slice_cut(&text, '\n');
        struct host_listener found = {.kind = ipv6 ? HOST_LISTENER_TCP6 : HOST_LISTENER_TCP4};
        uint32_t state;
        field(&line); /* "0:" */
        struct slice local = field(&line);
        field(&line); /* the peer */
        if (hex(field(&line), &state) < 0 || state != TCP_LISTEN ||
            address(local, ipv6, &found) < 0)
            continue;
        for (int i = 0; i < FIELDS_TO_INODE; i++)
            field(&line); /* queues, timers, uid, timeout */
        if (slice_to_u64(field(&line), UINT64_MAX, &found.inode) < 0)
            continue;
        int r = add(l, &found);
        if (r < 0)
            return r;
    }
    return 0;
}

int host_parse_unix(struct slice text, struct host_listeners *l)
{
    enum { UNIX_ACCEPTS = 0x10000, UNIX_STREAM = 1 };
    while (text.data) {
        struct slice line = slice_cut(&text, '\n');
        struct host_listener found = {.kind = HOST_LISTENER_UNIX};
        uint32_t flags, type;
        field(&line); /* the address in the kernel */
        field(&line); /* references */
        field(&line); /* protocol */
        struct slice flags_text = field(&line), type_text = field(&line);
        field(&line); /* state */
        if (hex(flags_text, &flags) < 0 || hex(type_text, &type) < 0 || !(flags & UNIX_ACCEPTS) ||
            type != UNIX_STREAM ||
            slice_to_u64(field(&line), UINT64_MAX, &found.inode) < 0 || line.size < 2)
            continue;
        /* A path may hold spaces: it is all that is left. */
        found.path = arena_strdup(&l->arena, slice_sub(line, 1, line.size));
        int r = add(l, &found);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- whose they are ---- */

struct owners {
    struct host_listeners *l;
    struct map by_inode; /* inode to listener index + 1 */
    pid_t self;
    int error; /* our own want */
};

struct slice host_cgroup_unit(const char *cgroup)
{
    struct slice rest = slice_from(cgroup), unit = {0};
    while (rest.data) {
        struct slice part = slice_cut(&rest, '/');
        if (slice_ends_with(part, SLICE(".service")) || slice_ends_with(part, SLICE(".scope")) ||
            slice_ends_with(part, SLICE(".socket")))
            unit = part;
    }
    return unit;
}

/* Version 2's folder, or where that says nothing the one that systemd keeps in version 1. */
static const char *cgroup_of(struct slice text, struct arena *a)
{
    struct slice v2 = {0}, v1;
    host_parse_cgroup_path(text, SLICE(""), &v2);
    if (v2.size <= 1 && host_parse_cgroup_path(text, SLICE("name=systemd"), &v1) == 0)
        return arena_strdup(a, v1);
    return v2.data ? arena_strdup(a, v2) : NULL;
}

static const char *exe_of(int folder, struct arena *a)
{
    char path[PROCFILE_PATH_BYTES_MAX];
    ssize_t n = readlinkat(folder, "exe", path, sizeof(path));
    struct slice exe = {path, n > 0 ? (size_t)n : 0}, gone = SLICE(" (deleted)");
    if (exe.size == 0 || exe.size == sizeof(path))
        return NULL; /* another user's, or a path that was cut */
    if (slice_ends_with(exe, gone))
        exe.size -= gone.size;
    return arena_strdup(a, exe);
}

static void name_process(int folder, struct owners *o, struct host_listener *l)
{
    struct buf text = BUF(MEM_HOST, HOST_PROC_FILE_BYTES_MAX);
    memset(l->comm, 0, sizeof(l->comm));
    if (procfile_read(folder, "comm", &text) == 0) {
        struct slice comm = slice_trim(buf_slice(&text));
        size_t n = comm.size < sizeof(l->comm) - 1 ? comm.size : sizeof(l->comm) - 1;
        memcpy(l->comm, comm.data ? comm.data : "", n);
    }
    buf_clear(&text);
    l->cgroup = NULL;
    if (procfile_read(folder, "cgroup", &text) == 0)
        l->cgroup = cgroup_of(buf_slice(&text), &o->l->arena);
    l->exe = exe_of(folder, &o->l->arena);
    buf_done(&text);
}

/* The socket that a descriptor of the process is; 0: it is none. */
static uint64_t socket_at(int folder, const char *fd)
{
    char path[32], link[64];
    snprintf(path, sizeof(path), "fd/%.20s", fd);
    ssize_t n = readlinkat(folder, path, link, sizeof(link) - 1);
    struct slice s = {link, n > 0 ? (size_t)n : 0};
    uint64_t inode = 0;
    if (slice_starts_with(s, SLICE("socket:[")))
        slice_to_u64(slice_sub(s, 8, s.size - 1), UINT64_MAX, &inode);
    return inode;
}

static void look_at_descriptor(int folder, pid_t pid, const char *name, struct owners *o)
{
    uint64_t inode = socket_at(folder, name);
    if (inode == 0)
        return;
    uintptr_t index = (uintptr_t)map_get_u64(&o->by_inode, inode);
    if (index == 0)
        return;
    struct host_listener *l = &o->l->item[index - 1];
    l->own |= pid == o->self;
    if (l->pid != 0 && l->pid <= pid)
        return;
    l->pid = pid;
    l->fd = (int)strtol(name, NULL, 10);
    name_process(folder, o, l);
}

/* Opens a folder of /proc; -1: it has ended, or is somebody else's, or we lack descriptors. */
static int open_folder(int at, const char *name, struct owners *o)
{
    int fd = fault_fails(FAULT_SYSCALL) ? (errno = EMFILE, -1)
                                        : openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))
        o->error = -errno;
    return fd;
}

static void look_at_process(int proc, const char *name, struct owners *o)
{
    int folder = open_folder(proc, name, o);
    int fds = folder < 0 ? -1 : open_folder(folder, "fd", o);
    DIR *d = fds < 0 ? NULL : fdopendir(fds);
    if (!d && fds >= 0)
        close(fds);
    pid_t pid = (pid_t)strtol(name, NULL, 10);
    for (struct dirent *e; d && (e = readdir(d));)
        if (e->d_name[0] >= '0' && e->d_name[0] <= '9')
            look_at_descriptor(folder, pid, e->d_name, o);
    if (d)
        closedir(d);
    if (folder >= 0)
        close(folder);
}

/* Ourselves first: whatever else is cut, our own sockets are known. */
static void look_at_all(int proc, DIR *d, struct owners *o)
{
    char self[16];
    snprintf(self, sizeof(self), "%d", (int)o->self);
    look_at_process(proc, self, o);
    int seen = 0;
    for (struct dirent *e; !o->error && seen < HOST_PROCESSES_MAX && (e = readdir(d));)
        if (e->d_name[0] >= '1' && e->d_name[0] <= '9') {
            look_at_process(proc, e->d_name, o);
            seen++;
        }
}

/* Returns 0, or our own want. */
static int find_owners(struct host_listeners *l)
{
    struct owners o = {.l = l, .self = getpid()};
    o.by_inode = MAP(MEM_HOST, HOST_LISTENERS_MAX, (struct map_seed){0});
    for (size_t i = 0; i < l->count; i++)
        map_put_u64(&o.by_inode, l->item[i].inode, (void *)(uintptr_t)(i + 1), NULL);
    int proc = l->count ? open_folder(AT_FDCWD, "/proc", &o) : -1;
    DIR *d = proc < 0 ? NULL : fdopendir(proc);
    if (d)
        look_at_all(proc, d, &o);
    else if (proc >= 0)
        close(proc);
    if (d)
        closedir(d);
    map_done(&o.by_inode);
    for (size_t i = 0; i < l->count; i++)
        l->item[i].looks += l->item[i].pid == 0;
    return o.error;
}

/* Takes over what the last reading knew of this listener. Returns whether that is still so. The
 * name stays in any case, until another is found: a process that ends lets go of its descriptors
 * first and of its sockets a moment later, and they must not become somebody else's in between. */
static bool keep_owner(struct owners *o, const struct host_listener *before,
                       struct host_listener *l)
{
    char path[32], fd[16];
    l->looks = before->looks;
    memcpy(l->comm, before->comm, sizeof(l->comm));
    if (before->pid == 0)
        return before->looks >= HOST_OWNER_LOOKS_MAX;
    if (before->own && before->pid != o->self)
        return false; /* that we have it, too, is not seen by looking there */
    snprintf(path, sizeof(path), "/proc/%d", (int)before->pid);
    snprintf(fd, sizeof(fd), "%d", before->fd);
    int folder = open_folder(AT_FDCWD, path, o);
    bool holds = folder >= 0 && socket_at(folder, fd) == l->inode;
    if (holds) {
        l->pid = before->pid;
        l->fd = before->fd;
        l->own = before->own;
        name_process(folder, o, l); /* it may be another program by now */
    }
    if (folder >= 0)
        close(folder);
    return holds;
}

/* Returns 1: every owner is known, 0: they have to be looked for, or our own want. */
static int keep_owners(struct host_listeners *l, const struct host_listeners *before)
{
    struct owners o = {.l = l, .self = getpid()};
    o.by_inode = MAP(MEM_HOST, HOST_LISTENERS_MAX, (struct map_seed){0});
    for (size_t i = 0; i < before->count; i++)
        map_put_u64(&o.by_inode, before->item[i].inode, &before->item[i], NULL);
    bool all = true;
    for (size_t i = 0; i < l->count; i++) {
        const struct host_listener *b = map_get_u64(&o.by_inode, l->item[i].inode);
        all &= b && keep_owner(&o, b, &l->item[i]);
    }
    map_done(&o.by_inode);
    return o.error ? o.error : all;
}

/* ---- all of it ---- */

void host_listeners_done(struct host_listeners *l)
{
    mem_free(MEM_HOST, l->item);
    arena_done(&l->arena);
    *l = (struct host_listeners){0};
}

static int read_sockets(struct host_listeners *l, struct err *err)
{
    static const char *const files[] = {"/proc/net/tcp", "/proc/net/tcp6", "/proc/net/unix"};
    struct buf text = BUF(MEM_HOST, HOST_PROC_FILE_BYTES_MAX);
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(files); i++) {
        buf_clear(&text);
        r = procfile_read(AT_FDCWD, files[i], &text);
        if (r == -EMSGSIZE) {
            l->cut = true;
            r = 0;
        }
        if (r == 0 && i < 2)
            host_parse_tcp(buf_slice(&text), i == 1, l);
        else if (r == 0)
            host_parse_unix(buf_slice(&text), l);
        else if (r == -ENOENT && i > 0)
            r = 0; /* a kernel without IPv6 or unix sockets */
        if (r < 0)
            err_sys(err, r, "%s", files[i]);
    }
    buf_done(&text);
    return r;
}

static bool is_new_and_nobodys(const struct host_listener *l)
{
    return l->pid == 0 && l->looks == 1 && !l->comm[0];
}

/* Who was not found may have ended since the list was read, and its listener with it: what is not
 * listed any more is dropped. Where the list cannot be read again, all stays. */
static void drop_ended(struct host_listeners *l)
{
    struct host_listeners again = {.arena = ARENA(MEM_HOST, 0)};
    struct map by_inode = MAP(MEM_HOST, HOST_LISTENERS_MAX, (struct map_seed){0});
    struct err err;
    size_t kept = 0, nobodys = 0;
    for (size_t i = 0; i < l->count; i++)
        nobodys += is_new_and_nobodys(&l->item[i]);
    if (nobodys > 0 && read_sockets(&again, &err) == 0) {
        for (size_t i = 0; i < again.count; i++)
            map_put_u64(&by_inode, again.item[i].inode, &again.item[i], NULL);
        for (size_t i = 0; i < l->count; i++)
            if (!is_new_and_nobodys(&l->item[i]) || map_get_u64(&by_inode, l->item[i].inode))
                l->item[kept++] = l->item[i];
        l->count = kept;
    }
    map_done(&by_inode);
    host_listeners_done(&again);
}

int host_listeners_read(struct host_listeners *l, struct err *err)
{
    struct host_listeners before = *l;
    *l = (struct host_listeners){.arena = ARENA(MEM_HOST, 0)};
    int r = read_sockets(l, err);
    if (r == 0) {
        r = keep_owners(l, &before);
        if (r == 0) {
            r = find_owners(l);
            drop_ended(l);
        }
        if (r < 0)
            err_sys(err, r, "/proc: whose the sockets are");
    }
    host_listeners_done(&before);
    if (r < 0)
        host_listeners_done(l);
    return r < 0 ? r : 0;
}
