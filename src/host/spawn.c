#include "host/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "host/pipe.h"
#include "host/spawn_child.h"

/* ---- which program ---- */

static const char *path_of(const struct host_spawn *s)
{
    if (!s->env)
        return getenv("PATH");
    for (const char *const *e = s->env; *e; e++)
        if (strncmp(*e, "PATH=", 5) == 0)
            return *e + 5;
    return NULL;
}

/* Looked up here and not by execvp, which hands a file that is no program to /bin/sh. */
static int find_program(const struct host_spawn *s, char path[static HOST_PROGRAM_PATH_BYTES_MAX])
{
    const char *name = s->program ? s->program : s->argv[0], *folders = path_of(s);
    if (!*name || strlen(name) >= HOST_PROGRAM_PATH_BYTES_MAX)
        return *name ? -ENAMETOOLONG : -ENOENT;
    if (strchr(name, '/')) {
        memcpy(path, name, strlen(name) + 1);
        return 0;
    }
    int r = -ENOENT;
    struct slice rest = slice_from(folders ? folders : "/bin:/usr/bin");
    while (rest.data) {
        struct slice folder = slice_cut(&rest, ':');
        if (folder.size == 0)
            folder = SLICE(".");
        int n = snprintf(path, HOST_PROGRAM_PATH_BYTES_MAX, "%.*s/%s", SLICE_ARG(folder), name);
        struct stat st;
        if (n >= HOST_PROGRAM_PATH_BYTES_MAX || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
            continue;
        if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0)
            return 0;
        r = -EACCES; /* unless a later folder has one that may be run */
    }
    return r;
}

/* ---- starting ---- */

static int own_limits(const struct host_spawn *s, struct spawn_launch *l)
{
    static const int resources[HOST_RESOURCE_COUNT] = {
        [HOST_RESOURCE_MEMORY_BYTES] = RLIMIT_AS,    [HOST_RESOURCE_CPU_S] = RLIMIT_CPU,
        [HOST_RESOURCE_PROCESSES] = RLIMIT_NPROC,    [HOST_RESOURCE_FILE_BYTES] = RLIMIT_FSIZE,
        [HOST_RESOURCE_DESCRIPTORS] = RLIMIT_NOFILE, [HOST_RESOURCE_CORE_BYTES] = RLIMIT_CORE,
    };
    struct rlimit files;
    if (s->limits_count > HOST_RESOURCE_COUNT)
        return -EINVAL;
    if (s->cgroup && snprintf(l->cgroup_file, sizeof(l->cgroup_file), "%s/cgroup.procs",
                              s->cgroup) >= (int)sizeof(l->cgroup_file))
        return -EINVAL;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur > HOST_CHILD_DESCRIPTORS) {
        files.rlim_cur = HOST_CHILD_DESCRIPTORS;
        l->limits[l->limits_count++] = (struct spawn_limit){RLIMIT_NOFILE, files};
    }
    for (size_t i = 0; i < s->limits_count; i++) {
        const struct host_limit *h = &s->limits[i];
        if (h->resource >= HOST_RESOURCE_COUNT || h->soft > h->hard)
            return -EINVAL;
        struct rlimit r = {h->soft == UINT64_MAX ? RLIM_INFINITY : h->soft,
                           h->hard == UINT64_MAX ? RLIM_INFINITY : h->hard};
        l->limits[l->limits_count++] = (struct spawn_limit){resources[h->resource], r};
    }
    return 0;
}

/* Returns the pid or -errno. The child has become the program, or ended, when l->report has
 * been read to its end. */
static pid_t launch(struct spawn_launch *l, bool without_pidfd, int *ret_pidfd)
{
    sigset_t all, before;
    if (fault_fails(FAULT_SYSCALL))
        return -EAGAIN;
    char *stack = mmap(NULL, SPAWN_STACK_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED)
        return -errno;
    /* No handler of ours may run in the child while it shares our memory. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    *ret_pidfd = -1;
    int flags = SPAWN_SHARES | SIGCHLD | (without_pidfd ? 0 : CLONE_PIDFD);
    pid_t pid = clone(spawn_child_main, stack + SPAWN_STACK_BYTES, flags, l, ret_pidfd);
    if (pid < 0 && errno == EINVAL)
        pid = clone(spawn_child_main, stack + SPAWN_STACK_BYTES, SPAWN_SHARES | SIGCHLD, l);
    int code = pid < 0 ? -errno : 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    munmap(stack, SPAWN_STACK_BYTES);
    return pid < 0 ? code : pid;
}

/* What the child says of itself: nothing more, once it is the program. A detached one is told of
 * by whoever stood for it, before it fails or after. */
static struct spawn_report read_report(int fd)
{
    struct spawn_report report, all = {0};
    ssize_t n;
    do {
        n = read(fd, &report, sizeof(report));
        if (n == (ssize_t)sizeof(report) && report.code == 0) {
            all.pid = report.pid;
        } else if (n == (ssize_t)sizeof(report)) {
            all.code = report.code;
            all.step = report.step;
        }
    } while (n > 0 || (n < 0 && errno == EINTR));
    return all;
}

static int failed(const struct host_spawn *s, const struct spawn_launch *l,
                  const struct spawn_report *report, struct err *err)
{
    if (report->step == SPAWN_STEP_DIR)
        return err_set(err, -ENOTDIR, "%s: its folder %s: %s", s->argv[0], s->dir,
                       err_name(report->code));
    if (report->step == SPAWN_STEP_LIMITS)
        return err_set(err, -EINVAL, "%s: its limits: %s", s->argv[0], err_name(report->code));
    if (report->step == SPAWN_STEP_IDENTITY)
        return err_set(err, -EINVAL, "%s: become user %u, group %u: %s", s->argv[0],
                       s->identity->uid, s->identity->gid, err_name(report->code));
    if (report->step == SPAWN_STEP_CGROUP)
        return err_set(err, -EINVAL, "%s: join the cgroup %s: %s", s->argv[0], s->cgroup,
                       err_name(report->code));
    if (report->step == SPAWN_STEP_DETACH)
        return err_sys(err, -report->code, "%s: start a process", s->argv[0]);
    if (report->step == SPAWN_STEP_STDIO)
        return err_sys(err, -report->code, "%s: its standard descriptors", s->argv[0]);
    /* Taken from dir, where that matters; asked for the words only. */
    if (report->code == ENOENT && (l->program[0] == '/' || !s->dir) &&
        access(l->program, F_OK) == 0)
        return err_set(err, -ENOEXEC, "%s: the interpreter that it names is missing", s->argv[0]);
    return err_sys(err, -report->code, "%s: exec", s->argv[0]);
}

static void wait_away(pid_t pid)
{
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

/* Nobody waits for the one that stood for it. */
static int started_detached(const struct host_spawn *s, pid_t stood, int pidfd,
                            const struct spawn_report *report, struct host_child *ret_child)
{
    wait_away(stood);
    if (pidfd >= 0)
        close(pidfd);
    *ret_child = (struct host_child){report->pid, -1, s->group != HOST_GROUP_OURS};
    return 0;
}

static int start(const struct host_spawn *s, struct spawn_launch *l, struct host_child *ret_child,
                 struct err *err)
{
    int ends[2], pidfd;
    int r = host_pipe(ends);
    if (r < 0)
        return err_sys(err, r, "%s: a pipe for its start", s->argv[0]);
    l->report_fd = ends[1];
    pid_t pid = launch(l, s->without_pidfd, &pidfd);
    close(ends[1]);
    struct spawn_report report = {0};
    if (pid > 0)
        report = read_report(ends[0]);
    close(ends[0]);
    if (pid < 0)
        return err_sys(err, (int)pid, "%s: start a process", s->argv[0]);
    if (report.code == 0 && s->detached && report.pid > 0)
        return started_detached(s, pid, pidfd, &report, ret_child);
    if (report.code == 0) {
        *ret_child = (struct host_child){pid, pidfd, s->group != HOST_GROUP_OURS};
        return 0;
    }
    wait_away(pid);
    if (pidfd >= 0)
        close(pidfd);
    return failed(s, l, &report, err);
}

int host_spawn(const struct host_spawn *s, struct host_child *ret_child, struct err *err)
{
    char *path = mem_alloc(MEM_HOST, HOST_PROGRAM_PATH_BYTES_MAX);
    struct spawn_launch l = {.spawn = s, .program = path, .parent = getpid()};
    int r = find_program(s, path);
    if (r < 0) {
        err_sys(err, r, "%s: looked for in PATH", s->argv[0]);
    } else {
        r = own_limits(s, &l);
        if (r < 0)
            err_set(err, r, "%s: a limit is unknown, or its soft value above the hard one",
                    s->argv[0]);
        else
            r = start(s, &l, ret_child, err);
    }
    mem_free(MEM_HOST, path);
    return r;
}

enum host_blame host_spawn_blame(int error)
{
    switch (error < 0 ? -error : error) {
    case ENOENT:
        return HOST_BLAME_NOT_FOUND;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
    case EBADF:
        return HOST_BLAME_OURS;
    case ENOTDIR:
    case EINVAL:
    case E2BIG:
        return HOST_BLAME_COMMAND;
    default:
        return HOST_BLAME_NOT_EXECUTABLE;
    }
}

/* ---- ending ---- */

int host_child_reap(struct host_child *c, struct host_exit *ret_exit)
{
    struct rusage u;
    int status;
    pid_t pid;
    do
        pid = wait4(c->pid, &status, WNOHANG, &u);
    while (pid < 0 && errno == EINTR);
    if (pid == 0)
        return 0;
    if (c->pidfd >= 0)
        close(c->pidfd);
    c->pidfd = -1;
    *ret_exit = (struct host_exit){0};
    if (pid < 0)
        return 1; /* somebody else reaped it: how it ended is lost */
    ret_exit->signaled = WIFSIGNALED(status);
    ret_exit->code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    ret_exit->user_us = u.ru_utime.tv_sec * INT64_C(1000000) + u.ru_utime.tv_usec;
    ret_exit->system_us = u.ru_stime.tv_sec * INT64_C(1000000) + u.ru_stime.tv_usec;
    ret_exit->rss_max_bytes = u.ru_maxrss * INT64_C(1024);
    return 1;
}

int host_child_signal(const struct host_child *c, int signal)
{
    return kill(c->leads_group ? -c->pid : c->pid, signal) < 0 ? -errno : 0;
}

void host_child_kill(const struct host_child *c)
{
    host_child_signal(c, SIGKILL);
}

static int64_t now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Whether it has ended: not reaped, as its number is still needed. */
static bool has_ended(const struct host_child *c)
{
    siginfo_t info = {0};
    int r;
    do
        r = waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT);
    while (r < 0 && errno == EINTR);
    return r < 0 || info.si_pid != 0;
}

static int wait_end(const struct host_child *c, int timeout_ms)
{
    enum { LOOK_EVERY_MS = 5 };
    int64_t end = timeout_ms < 0 ? INT64_MAX : now_ms() + timeout_ms;
    while (!has_ended(c)) {
        int64_t left = end - now_ms();
        if (left <= 0)
            return -ETIMEDOUT;
        struct pollfd p = {.fd = c->pidfd, .events = POLLIN}; /* -1: only time passes */
        int64_t longest = c->pidfd < 0 ? LOOK_EVERY_MS : INT32_MAX;
        poll(&p, 1, (int)(left < longest ? left : longest));
    }
    return 0;
}

int host_child_wait(struct host_child *c, int timeout_ms, struct host_exit *ret_exit)
{
    int r = wait_end(c, timeout_ms);
    if (r == 0)
        host_child_reap(c, ret_exit);
    return r;
}

void host_child_stop(struct host_child *c, int grace_ms, struct host_exit *ret_exit)
{
    if (!has_ended(c))
        host_child_signal(c, SIGTERM);
    wait_end(c, grace_ms);
    host_child_kill(c);
    host_child_wait(c, -1, ret_exit);
}
