#include "host/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fault.h"
#include "host/alive.h"
#include "host/limits.h"
#include "host/listeners.h"
#include "host/procfile.h"

enum { PROC_PATH_BYTES = 64, SMALL_BYTES_MAX = 64 * 1024, PID_LAST = 4 * 1024 * 1024 };

/* ---- parts ---- */

int host_parse_process(struct slice text, struct host_process *ret)
{
    enum { STATE, PARENT, START = 19, FIELDS };
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
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (slice_eq_cstr(name, names[i]))
            return true;
    return false;
}

static bool called_by_command(const char *name, struct slice command)
{
    struct slice first = slice_cut(&command, 0);
    if (slice_eq_cstr(base_name(first), name))
        return true;
    if (!is_interpreter(first))
        return false;
    struct slice script = slice_cut(&command, 0);
    while (script.size > 1 && script.data[0] == '-' && command.data) {
        /* Then it runs a text or a module, and what follows is no file. */
        if (slice_eq(script, SLICE("-c")) || slice_eq(script, SLICE("-m")) ||
            slice_eq(script, SLICE("-e")))
            return false;
        script = slice_cut(&command, 0);
    }
    return slice_eq_cstr(base_name(script), name);
}

bool host_process_is_called(const char *name, const char *comm, const char *exe,
                            struct slice command)
{
    static const char gone[] = " (deleted)"; /* replaced by an upgrade while it runs */
    struct slice program = slice_from(exe);
    size_t size = strlen(name);
    if (slice_ends_with(program, SLICE(" (deleted)")))
        program.size -= sizeof(gone) - 1;
    if (size <= HOST_NAME_CUT && strcmp(comm, name) == 0)
        return true;
    if (program.size && slice_eq_cstr(base_name(program), name))
        return true;
    return command.size > 0 && called_by_command(name, command);
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

static bool is_called(const struct host_process *p, const char *name, struct buf *text)
{
    char path[PROC_PATH_BYTES], exe[PROCFILE_PATH_BYTES_MAX];
    if (host_process_is_called(name, p->comm, NULL, (struct slice){NULL, 0}))
        return true;
    snprintf(path, sizeof(path), "/proc/%d/exe", p->pid);
    ssize_t n = readlink(path, exe, sizeof(exe) - 1);
    exe[n > 0 ? n : 0] = 0;
    snprintf(path, sizeof(path), "/proc/%d/cmdline", p->pid);
    buf_clear(text);
    int r = procfile_read(AT_FDCWD, path, text);
    struct slice command = r < 0 && r != -EMSGSIZE ? (struct slice){NULL, 0} : buf_slice(text);
    return host_process_is_called(name, p->comm, exe, command);
}

/* Systemd keeps a unit's processes in a folder that is called as the unit. */
static bool is_in_unit(pid_t pid, const char *unit, struct buf *text)
{
    char path[PROC_PATH_BYTES];
    bool found = false;
    snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
    buf_clear(text);
    if (procfile_read(AT_FDCWD, path, text) < 0)
        return false;
    struct slice rest = buf_slice(text);
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

static bool is_meant(const struct host_process_query *q, const struct host_process *p,
                     struct buf *text)
{
    if (is_remains(p))
        return false;
    return q->name ? is_called(p, q->name, text) : is_in_unit(p->pid, q->unit, text);
}

bool host_process_matches(const struct host_process_query *q, pid_t pid)
{
    struct buf text = BUF(MEM_HOST, HOST_COMMAND_BYTES_MAX);
    struct host_process p;
    bool found = !q->pid_file && read_process(pid, &text, &p) == 0 && is_meant(q, &p, &text);
    buf_done(&text);
    return found;
}

bool host_process_runs(const struct host_process *p)
{
    return p->pid > 0 && !host_gone(p->pid, p->started);
}

/* ---- finding ---- */

static int look_through(const struct host_process_query *q, struct host_process *ret,
                        struct err *err)
{
    DIR *d = fault_fails(FAULT_SYSCALL) ? (errno = EMFILE, NULL) : opendir("/proc");
    struct buf text = BUF(MEM_HOST, HOST_COMMAND_BYTES_MAX);
    struct host_process best = {0};
    uint32_t seen = 0, same = 0;
    int failed = 0;
    if (!d)
        return err_sys(err, -errno, "/proc");
    for (struct dirent *e; (e = readdir(d)) && seen < HOST_PROCESSES_SEEN_MAX;) {
        uint64_t pid;
        struct host_process p;
        if (slice_to_u64(slice_from(e->d_name), PID_LAST, &pid) < 0)
            continue;
        seen++;
        int r = read_process((pid_t)pid, &text, &p);
        if (r < 0 && r != -ESRCH)
            failed = r;
        if (r < 0 || !is_meant(q, &p, &text))
            continue;
        same++;
        if (!best.pid || p.started < best.started ||
            (p.started == best.started && p.pid < best.pid))
            best = p;
    }
    closedir(d);
    buf_done(&text);
    if (same) {
        *ret = best;
        ret->same = same;
        return 0;
    }
    if (failed) /* it may be the one that could not be read */
        return err_sys(err, failed, "/proc");
    /* The first process is there always; without it /proc hides those of other users. */
    if (access("/proc/1", F_OK) < 0)
        return err_set(err, -EACCES, "/proc hides other users' processes from us (hidepid)");
    return -ESRCH;
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

int host_process_find(const struct host_process_query *q, struct host_process *ret_process,
                      struct err *err)
{
    if (q->pid_file)
        return find_by_file(q->pid_file, ret_process, err);
    int r = look_through(q, ret_process, err);
    if (r == -ESRCH && q->name)
        return err_set(err, r, "no process is called %s", q->name);
    if (r == -ESRCH && access("/run/systemd/system", F_OK) < 0)
        return err_set(err, -EOPNOTSUPP, "no systemd runs on this host, so nobody knows of %s",
                       q->unit);
    return r == -ESRCH ? err_set(err, r, "no process runs in %s", q->unit) : r;
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

int host_process_signal(int pidfd, int signal)
{
#ifdef SYS_pidfd_send_signal
    return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0U) < 0 ? -errno : 0;
#else
    (void)pidfd;
    (void)signal;
    return -ENOSYS;
#endif
}
