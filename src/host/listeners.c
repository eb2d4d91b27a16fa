#include "host/listeners.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/map.h"
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
};

static void name_process(int folder, struct owners *o, struct host_listener *l)
{
    struct buf text = BUF(MEM_HOST, HOST_PROC_FILE_BYTES_MAX);
    if (procfile_read(folder, "comm", &text) == 0) {
        struct slice comm = slice_trim(buf_slice(&text));
        size_t n = comm.size < sizeof(l->comm) - 1 ? comm.size : sizeof(l->comm) - 1;
        memcpy(l->comm, comm.data ? comm.data : "", n);
        l->comm[n] = 0;
    }
    buf_clear(&text);
    if (procfile_read(folder, "cgroup", &text) == 0) {
        struct slice rest = buf_slice(&text);
        /* Version 2 has one line, "0::/path"; of version 1 the named hierarchy comes close. */
        while (rest.data) {
            struct slice line = slice_cut(&rest, '\n');
            if (slice_starts_with(line, SLICE("0::")))
                l->cgroup = arena_strdup(&o->l->arena, slice_sub(line, 3, line.size));
        }
    }
    buf_done(&text);
}

static void look_at_descriptor(int folder, pid_t pid, const char *name, struct owners *o)
{
    char path[32], link[64];
    snprintf(path, sizeof(path), "fd/%.20s", name);
    ssize_t n = readlinkat(folder, path, link, sizeof(link) - 1);
    if (n <= 0)
        return;
    struct slice s = {link, (size_t)n};
    uint64_t inode;
    if (!slice_starts_with(s, SLICE("socket:[")) ||
        slice_to_u64(slice_sub(s, 8, s.size - 1), UINT64_MAX, &inode) < 0)
        return;
    uintptr_t index = (uintptr_t)map_get_u64(&o->by_inode, inode);
    if (index == 0)
        return;
    struct host_listener *l = &o->l->item[index - 1];
    l->own |= pid == o->self;
    if (l->pid != 0 && l->pid <= pid)
        return;
    l->pid = pid;
    name_process(folder, o, l);
}

static void look_at_process(int proc, const char *name, struct owners *o)
{
    int folder = openat(proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return; /* it has ended */
    int fds = openat(folder, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fds < 0 ? NULL : fdopendir(fds);
    if (!d) {
        if (fds >= 0)
            close(fds);
        close(folder);
        return; /* somebody else's */
    }
    pid_t pid = (pid_t)strtol(name, NULL, 10);
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] >= '0' && e->d_name[0] <= '9')
            look_at_descriptor(folder, pid, e->d_name, o);
    closedir(d);
    close(folder);
}

static void find_owners(struct host_listeners *l)
{
    struct owners o = {.l = l,
                       .self = getpid(),
                       .by_inode = MAP(MEM_HOST, HOST_LISTENERS_MAX, (struct map_seed){0})};
    for (size_t i = 0; i < l->count; i++)
        map_put_u64(&o.by_inode, l->item[i].inode, (void *)(uintptr_t)(i + 1), NULL);
    DIR *proc = opendir("/proc");
    int seen = 0;
    for (struct dirent *e; proc && seen < HOST_PROCESSES_MAX && (e = readdir(proc));)
        if (e->d_name[0] >= '0' && e->d_name[0] <= '9') {
            look_at_process(dirfd(proc), e->d_name, &o);
            seen++;
        }
    if (proc)
        closedir(proc);
    map_done(&o.by_inode);
}

/* ---- all of it ---- */

void host_listeners_done(struct host_listeners *l)
{
    mem_free(MEM_HOST, l->item);
    arena_done(&l->arena);
    *l = (struct host_listeners){0};
}

int host_listeners_read(struct host_listeners *l, struct err *err)
{
    static const char *const files[] = {"/proc/net/tcp", "/proc/net/tcp6", "/proc/net/unix"};
    host_listeners_done(l);
    l->arena = ARENA(MEM_HOST, 0);
    struct buf text = BUF(MEM_HOST, HOST_PROC_FILE_BYTES_MAX);
    int r = 0;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        buf_clear(&text);
        r = procfile_read(AT_FDCWD, files[i], &text);
        if (r < 0 && i == 0)
            break;
        /* A host without IPv6 has no tcp6; a text that is too long is read as far as it came. */
        if (i < 2)
            host_parse_tcp(buf_slice(&text), i == 1, l);
        else
            host_parse_unix(buf_slice(&text), l);
        r = 0;
    }
    buf_done(&text);
    if (r < 0) {
        host_listeners_done(l);
        return err_sys(err, r, "%s", files[0]);
    }
    find_owners(l);
    return 0;
}
