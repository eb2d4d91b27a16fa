#include "host/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/fault.h"
#include "host/alive.h"
#include "host/limits.h"
#include "host/listeners.h"
#include "host/procfile.h"

enum { PROC_PATH_BYTES = 64, SMALL_BYTES_MAX = 64 * 1024, PID_LAST = 4 * 1024 * 1024 };

/* ---- parts ---- */

int host_parse_process(struct slice text, struct host_process *ret)
{
    enum { STATE, PARENT, GROUP, START = 19, FIELDS };
    struct host_process p = {.same = 1};
    ptrdiff_t begin = slice_find_byte(text, '(');
    size_t end = text.size;
    uint64_t v;
    while (end > 0 && text.data[end - 1] != ')')
        end--;
    if (begin < 2 || end < (size_t)begin + 2 ||
        slice_to_u64(slice_sub(text, 0, (size_t)begin - 1), PID_LAST, &v) < 0 || v == 0)
        return -EINVAL;
    p.pid = (pid_t)v;
    struct slice comm = slice_sub(text, (size_t)begin + 1, end - 1);
    if (comm.size > HOST_NAME_CUT) /* kernel threads have longer ones */
        comm.size = HOST_NAME_CUT;
    memcpy(p.comm, comm.data, comm.size);
    struct slice rest = slice_trim(slice_sub(text, end, text.size));
    for (int i = 0; i < FIELDS; i++) {
        struct slice field = slice_cut(&rest, ' ');
        if (i == STATE && field.size == 1)
            p.state = field.data[0];
        if ((i == PARENT || i == START) && slice_to_u64(field, UINT64_MAX, &v) < 0)
            return -EINVAL;
        if (i == PARENT)
            p.parent = (pid_t)(v <= PID_LAST ? v : 0);
        if (i == GROUP && slice_to_u64(field, PID_LAST, &v) == 0) /* of the kernel's own: -1 */
            p.group = (pid_t)v;
        if (i == START)
            p.started = v;
    }
    if (!p.state)
        return -EINVAL;
    *ret = p;
    return 0;
}

static struct slice base_name(struct slice path)
{
    size_t at = path.size;
    while (at > 0 && path.data[at - 1] != '/')
        at--;
    return slice_sub(path, at, path.size);
}

/* "python3.11", "sh": a program whose first argument is what people name it by. */
static bool is_interpreter(struct slice program)
{
    static const char *const names[] = {"sh",   "bash", "dash", "ash",  "ksh", "zsh", "python",
                                        "perl", "ruby", "node", "php", "lua", "pypy"};
    struct slice name = base_name(program);
    while (name.size && strchr("0123456789.", name.data[name.size - 1]))
        name.size--;
    return slice_among(name, names, ARRAY_LEN(names)) >= 0;
}

/* The file that an interpreter runs, of the words behind its own; empty: none. */
static struct slice script_of(struct slice words)
{
    struct slice script = slice_cut(&words, 0);
    while (script.size > 1 && script.data[0] == '-' && words.data) {
        /* Then it runs a text or a module, and what follows is no file. */
        if (slice_eq(script, SLICE("-c")) || slice_eq(script, SLICE("-m")) ||
            slice_eq(script, SLICE("-e")))
            return (struct slice){NULL, 0};
        script = slice_cut(&words, 0);
    }
    return script;
}

static bool called_by_command(const char *name, struct slice command)
{
    struct slice first = slice_cut(&command, 0);
    if (slice_eq_cstr(base_name(first), name))
        return true;
    return is_interpreter(first) && slice_eq_cstr(base_name(script_of(command)), name);
}

/* Without what the kernel adds to one that was replaced by an upgrade while it runs. */
static struct slice file_of(const char *exe)
{
    const struct slice gone = SLICE(" (deleted)");
    struct slice program = slice_from(exe);
    if (slice_ends_with(program, gone))
        program.size -= gone.size;
    return base_name(program);
}

bool host_process_is_called(const char *name, const char *comm, const char *exe,
                            struct slice command)
{
    size_t size = strlen(name);
    if (size <= HOST_NAME_CUT && strcmp(comm, name) == 0)
        return true;
    struct slice file = file_of(exe);
    if (file.size && slice_eq_cstr(file, name))
        return true;
    return command.size > 0 && called_by_command(name, command);
}

struct slice host_process_whole_name(const char *comm, const char *exe, struct slice command)
{
    struct slice own = slice_from(comm), first = slice_cut(&command, 0);
    struct slice names[] = {file_of(exe), base_name(first),
                            is_interpreter(first) ? base_name(script_of(command)) : own};
    if (own.size < HOST_NAME_CUT)
        return own;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (slice_starts_with(names[i], own))
            return names[i];
    return own;
}

int host_parse_pid(struct slice text, pid_t *ret_pid)
{
    uint64_t v;
    struct slice line = slice_trim(slice_cut(&text, '\n'));
    if (slice_to_u64(line, PID_LAST, &v) < 0 || v == 0)
        return -EINVAL;
    *ret_pid = (pid_t)v;
    return 0;
}

/* ---- one process ---- */

static int read_process(pid_t pid, struct buf *text, struct host_process *ret)
{
    char path[PROC_PATH_BYTES];
    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    buf_clear(text);
    int r = procfile_read(AT_FDCWD, path, text);
    if (r == -ENOENT)
        r = -ESRCH;
    return r < 0 ? r : host_parse_process(buf_slice(text), ret);
}

static bool is_remains(const struct host_process *p)
{
    return p->state == 'Z' || p->state == 'X' || p->state == 'x';
}

/* One that is looked at: each of its files is read once, when the first query asks for it. */
struct looked_at {
    struct host_process process;
    struct buf stat, exe, command, cgroup;
    bool has_exe, has_command, has_cgroup;
};

static void looked_at_init(struct looked_at *l)
{
    *l = (struct looked_at){.stat = BUF(MEM_HOST, 0),
                            .exe = BUF(MEM_HOST, PROCFILE_PATH_BYTES_MAX),
                            .command = BUF(MEM_HOST, HOST_COMMAND_BYTES_MAX),
                            .cgroup = BUF(MEM_HOST, SMALL_BYTES_MAX)};
}

static void looked_at_done(struct looked_at *l)
{
    buf_done(&l->stat);
    buf_done(&l->exe);
    buf_done(&l->command);
    buf_done(&l->cgroup);
}

static int look_at(struct looked_at *l, pid_t pid)
{
    l->has_exe = l->has_command = l->has_cgroup = false;
    return read_process(pid, &l->stat, &l->process);
}

static void read_once(struct looked_at *l, const char *name, bool *has, struct buf *text)
{
    char path[PROC_PATH_BYTES];
    if (*has)
        return;
    *has = true;
    buf_clear(text);
    snprintf(path, sizeof(path), "/proc/%d/%s", l->process.pid, name);
    int r = procfile_read(AT_FDCWD, path, text);
    if (r < 0 && r != -EMSGSIZE)
        buf_clear(text);
}

static void read_exe(struct looked_at *l)
{
    char path[PROC_PATH_BYTES], exe[PROCFILE_PATH_BYTES_MAX];
    if (l->has_exe)
        return;
    l->has_exe = true;
    snprintf(path, sizeof(path), "/proc/%d/exe", l->process.pid);
    ssize_t n = readlink(path, exe, sizeof(exe) - 1);
    buf_clear(&l->exe);
    buf_append(&l->exe, exe, n > 0 ? (size_t)n : 0);
}

static bool is_called(struct looked_at *l, const char *name, bool own_name_only)
{
    const char *comm = l->process.comm;
    const struct slice none = {NULL, 0};
    if (host_process_is_called(name, comm, NULL, none))
        return true;
    if (own_name_only)
        return false;
    read_exe(l);
    if (host_process_is_called(name, comm, l->exe.data, none))
        return true;
    /* Most processes are done with here: the kernel's name is that of the file, or of the link to
     * it, as long as that fits. */
    bool cut = strlen(name) > HOST_NAME_CUT && strncmp(comm, name, HOST_NAME_CUT) == 0;
    if (l->exe.size && !cut && !is_interpreter(buf_slice(&l->exe)))
        return false;
    read_once(l, "cmdline", &l->has_command, &l->command);
    return host_process_is_called(name, comm, NULL, buf_slice(&l->command));
}

/* Systemd keeps a unit's processes in a folder that is called as the unit. */
static bool is_in_unit(struct looked_at *l, const char *unit)
{
    bool found = false;
    read_once(l, "cgroup", &l->has_cgroup, &l->cgroup);
    struct slice rest = buf_slice(&l->cgroup);
    while (rest.data && !found) {
        struct slice line = slice_cut(&rest, '\n');
        while (line.data && !found) {
            struct slice part = slice_cut(&line, '/');
            found = slice_eq_cstr(part, unit) ||
                    (slice_ends_with(part, SLICE(".service")) &&
                     slice_eq_cstr(slice_sub(part, 0, part.size - strlen(".service")), unit));
        }
    }
    return found;
}

/* Whether it is a container's: seen from here, and nobody's here to name or to end. Where we may
 * not know, it is taken for one of ours. */
static bool is_elsewhere(pid_t pid)
{
    char path[PROC_PATH_BYTES];
    struct stat ours, its;
    snprintf(path, sizeof(path), "/proc/%d/ns/pid", pid);
    return stat(path, &its) == 0 && stat("/proc/self/ns/pid", &ours) == 0 &&
           (its.st_ino != ours.st_ino || its.st_dev != ours.st_dev);
}

static bool is_meant(const struct host_process_query *q, struct looked_at *l)
{
    if (is_remains(&l->process) || q->pid_file || l->process.started < q->since)
        return false;
    if (!q->name)
        return is_in_unit(l, q->unit);
    return is_called(l, q->name, q->by_own_name) && !is_elsewhere(l->process.pid);
}

size_t host_process_meant(pid_t pid, const struct host_process_query *const *queries, size_t count,
                          bool *ret_meant)
{
    struct looked_at l;
    size_t n = 0;
    looked_at_init(&l);
    int r = look_at(&l, pid);
    for (size_t i = 0; i < count; i++) {
        ret_meant[i] = r == 0 && is_meant(queries[i], &l);
        n += ret_meant[i];
    }
    looked_at_done(&l);
    return n;
}

void host_process_name(const struct host_process *p, char ret_name[static HOST_NAME_BYTES])
{
    struct looked_at l;
    looked_at_init(&l);
    l.process = *p;
    struct slice name = slice_from(p->comm);
    if (name.size == HOST_NAME_CUT) { /* else it is whole */
        read_exe(&l);
        read_once(&l, "cmdline", &l.has_command, &l.command);
        name = host_process_whole_name(p->comm, l.exe.data, buf_slice(&l.command));
    }
    if (name.size >= HOST_NAME_BYTES)
        name = slice_from(p->comm);
    memcpy(ret_name, name.data, name.size);
    ret_name[name.size] = 0;
    looked_at_done(&l);
}

bool host_process_runs(const struct host_process *p)
{
    return p->pid > 0 && !host_gone(p->pid, p->started);
}

/* ---- finding ---- */

static bool is_older(const struct host_process *a, const struct host_process *b)
{
    return a->started < b->started || (a->started == b->started && a->pid < b->pid);
}

/* It stands for the query where it is the oldest so far. */
static void found_one(struct host_process_seek *s, const struct host_process *p)
{
    uint32_t same = s->result == 0 ? s->process.same + 1 : 1;
    if (s->result < 0 || is_older(p, &s->process))
        s->process = *p;
    s->process.same = same;
    s->result = 0;
    if (s->meant)
        buf_append(s->meant, (const char *)p, sizeof(*p));
}

/* Returns 0, or why one of them, which may be the one, could not be read. */
static int look_through(DIR *d, struct host_process_seek *const *seeks, size_t count)
{
    struct looked_at l;
    uint32_t seen = 0;
    int failed = 0;
    looked_at_init(&l);
    for (struct dirent *e; (e = readdir(d)) && seen < HOST_PROCESSES_SEEN_MAX;) {
        uint64_t pid;
        if (slice_to_u64(slice_from(e->d_name), PID_LAST, &pid) < 0)
            continue;
        seen++;
        int r = look_at(&l, (pid_t)pid);
        if (r < 0 && r != -ESRCH)
            failed = r;
        for (size_t i = 0; r == 0 && i < count; i++)
            if (is_meant(&seeks[i]->query, &l))
                found_one(seeks[i], &l.process);
    }
    looked_at_done(&l);
    /* The first process is there always; without it /proc hides those of other users. */
    return failed || access("/proc/1", F_OK) == 0 ? failed : -EACCES;
}

bool host_has_systemd(void)
{
    return access("/run/systemd/system", F_OK) == 0;
}

static void say_missing(struct host_process_seek *s, int failed)
{
    const struct host_process_query *q = &s->query;
    if (failed == -EACCES)
        s->result = err_set(&s->err, failed, "/proc hides processes of other users from us");
    else if (failed)
        s->result = err_sys(&s->err, failed, "/proc");
    else if (q->name)
        s->result = err_set(&s->err, -ESRCH, "no process is called %s", q->name);
    else if (host_has_systemd())
        s->result = err_set(&s->err, -ESRCH, "no process runs in %s", q->unit);
    else
        s->result = err_set(&s->err, -EOPNOTSUPP, "no systemd runs on this host, so nobody knows "
                            "of %s", q->unit);
}

static int64_t clock_ms(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* When it began, in milliseconds since 1970, by the clock as it is now. */
static int64_t began_ms(const struct host_process *p)
{
    int64_t tick_ms = 1000 / sysconf(_SC_CLK_TCK);
    int64_t boot = clock_ms(CLOCK_REALTIME) - clock_ms(CLOCK_BOOTTIME);
    return boot + (int64_t)p->started * tick_ms;
}

int64_t host_process_age_ms(const struct host_process *p)
{
    return clock_ms(CLOCK_BOOTTIME) - (int64_t)p->started * (1000 / sysconf(_SC_CLK_TCK));
}

uint64_t host_process_ticks(void)
{
    return (uint64_t)(clock_ms(CLOCK_BOOTTIME) / (1000 / sysconf(_SC_CLK_TCK)));
}

int host_process_look(pid_t pid, struct host_process *ret_process)
{
    struct buf text = BUF(MEM_HOST, 0);
    struct host_process p;
    int r = read_process(pid, &text, &p);
    buf_done(&text);
    if (r < 0 || is_remains(&p))
        return -ESRCH;
    *ret_process = p;
    return 0;
}

size_t host_process_group(const struct host_process *p, struct host_process *ret_members,
                          size_t max)
{
    DIR *d = p->group == p->pid ? opendir("/proc") : NULL;
    struct buf text = BUF(MEM_HOST, 0);
    size_t n = 0;
    for (struct dirent *e; d && n < max && (e = readdir(d));) {
        uint64_t pid;
        if (slice_to_u64(slice_from(e->d_name), PID_LAST, &pid) == 0 && (pid_t)pid != p->pid &&
            read_process((pid_t)pid, &text, &ret_members[n]) == 0 &&
            ret_members[n].group == p->pid && !is_remains(&ret_members[n]))
            n++;
    }
    if (d)
        closedir(d);
    buf_done(&text);
    return n;
}

static int read_pid_file(const char *path, pid_t *ret_pid, int64_t *ret_written_ms, struct err *err)
{
    struct buf text = BUF(MEM_HOST, HOST_PID_FILE_BYTES_MAX);
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return err_set(err, -ESRCH, "there is no %s", path);
    if (fd < 0)
        return err_sys(err, -errno, "%s", path);
    int r = fstat(fd, &st) < 0 ? -errno : procfile_read(AT_FDCWD, path, &text);
    close(fd);
    if (r < 0 && r != -EMSGSIZE)
        r = err_sys(err, r, "%s", path);
    else if (host_parse_pid(buf_slice(&text), ret_pid) < 0)
        r = err_set(err, -ESRCH, "%s holds no process number", path);
    else
        r = 0;
    if (r == 0)
        *ret_written_ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
    buf_done(&text);
    return r;
}

static int find_by_file(const char *path, struct host_process *ret, struct err *err)
{
    struct buf text = BUF(MEM_HOST, 0);
    struct host_process p;
    int64_t written = 0;
    pid_t pid = 0;
    int r = read_pid_file(path, &pid, &written, err);
    if (r < 0)
        return r;
    r = read_process(pid, &text, &p);
    buf_done(&text);
    if (r == -ESRCH || (r == 0 && is_remains(&p)))
        return err_set(err, -ESRCH, "%s says %d, and no such process runs", path, pid);
    if (r < 0)
        return err_sys(err, r, "/proc/%d", pid);
    /* Who writes its number into a file has begun before that. */
    if (began_ms(&p) > written + HOST_PID_SLACK_MS && !fault_mutant("pid_file_reused_pid"))
        return err_set(err, -ESRCH, "%s is older than process %d (%s): that is another one", path,
                       pid, p.comm);
    *ret = p;
    return 0;
}

void host_process_find_all(struct host_process_seek *const *seeks, size_t count)
{
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        struct host_process_seek *s = seeks[i];
        s->err = (struct err){0};
        s->result = -ESRCH;
        any |= !s->query.pid_file;
        if (s->query.pid_file)
            s->result = find_by_file(s->query.pid_file, &s->process, &s->err);
    }
    if (!any)
        return;
    DIR *d = fault_fails(FAULT_SYSCALL) ? (errno = EMFILE, NULL) : opendir("/proc");
    int failed = d ? look_through(d, seeks, count) : -errno;
    for (size_t i = 0; i < count; i++)
        if (seeks[i]->result < 0 && !seeks[i]->query.pid_file)
            say_missing(seeks[i], failed);
    if (d)
        closedir(d);
}

int host_process_find(const struct host_process_query *q, struct host_process *ret_process,
                      struct err *err)
{
    struct host_process_seek s = {.query = *q}, *all[] = {&s};
    host_process_find_all(all, 1);
    if (s.result == 0)
        *ret_process = s.process;
    else if (err)
        *err = s.err;
    return s.result;
}

/* ---- the tops of trees ---- */

static int by_pid(const void *x, const void *y)
{
    const struct host_process *a = x, *b = y;
    return (a->pid > b->pid) - (a->pid < b->pid);
}

/* Its parents are looked at as they are now: one whose parent has ended is init's, and a top. */
static bool is_below(const struct host_process *p, const struct host_process *meant, size_t count)
{
    struct host_process at = *p;
    for (int i = 0; i < HOST_ANCESTORS_MAX && at.parent > 0; i++) {
        const struct host_process key = {.pid = at.parent};
        if (bsearch(&key, meant, count, sizeof(*meant), by_pid))
            return true;
        if (host_process_look(at.parent, &at) < 0)
            return false;
    }
    return false;
}

/* The oldest `max` are kept, in their order. */
static void keep_top(const struct host_process *p, struct host_process *tops, size_t count,
                     size_t max)
{
    size_t at = count < max ? count : max;
    while (at > 0 && is_older(p, &tops[at - 1]))
        at--;
    if (at == max)
        return;
    size_t last = count < max ? count : max - 1;
    memmove(&tops[at + 1], &tops[at], (last - at) * sizeof(*tops));
    tops[at] = *p;
}

int host_process_tops(const struct host_process_query *q, struct host_process *ret_tops,
                      size_t max, struct err *err)
{
    struct buf meant = BUF(MEM_HOST, 0);
    struct host_process_seek s = {.query = *q, .meant = &meant}, *all[] = {&s};
    size_t tops = 0;
    host_process_find_all(all, 1);
    size_t n = s.result == 0 ? s.process.same : 0;
    struct host_process *p = (struct host_process *)(void *)meant.data;
    if (n)
        qsort(p, n, sizeof(*p), by_pid);
    for (size_t i = 0; i < n; i++)
        if (!is_below(&p[i], p, n))
            keep_top(&p[i], ret_tops, tops++, max);
    buf_done(&meant);
    if (s.result < 0 && err)
        *err = s.err;
    return s.result < 0 ? s.result : (int)tops;
}

/* ---- holding ---- */

int host_process_hold(const struct host_process *p)
{
#ifdef SYS_pidfd_open
    if (fault_fails(FAULT_SYSCALL))
        return -EMFILE;
    int fd = (int)syscall(SYS_pidfd_open, p->pid, 0U);
    if (fd < 0)
        return errno == EPERM ? -ENOSYS : -errno; /* a filter that knows the call not */
    if (host_process_runs(p))
        return fd;
    close(fd); /* it went between the two, and its number may be another's */
    return -ESRCH;
#else
    (void)p;
    return -ENOSYS;
#endif
}

int host_process_signal(const struct host_process *p, int pidfd, int signal)
{
#ifdef SYS_pidfd_send_signal
    if (pidfd >= 0)
        return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0U) < 0 ? -errno : 0;
#else
    (void)pidfd;
#endif
    if (!host_process_runs(p))
        return -ESRCH;
    return kill(p->pid, signal) < 0 ? -errno : 0;
}
