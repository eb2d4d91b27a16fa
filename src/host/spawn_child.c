#include "host/spawn_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fault.h"

enum {
    REPORT_FD = 3,           /* behind the standard descriptors */
    OUT_OF_THE_WAY = 10,     /* where descriptors are kept that are still to be moved */
    KERNEL_SIGSET_BYTES = 8, /* on every architecture of ours */
    DIRENT_BYTES = 1024,
    DESCRIPTORS_CLOSED_MAX = 65536,
    FAILED_STATUS = 127,
};

/* What the kernel lays out; glibc's readdir allocates. */
struct kernel_dirent {
    uint64_t inode;
    int64_t next;
    unsigned short size;
    unsigned char type;
    char name[];
};

static long move_fd(int from, int to)
{
    return syscall(SYS_dup3, from, to, to == REPORT_FD ? O_CLOEXEC : 0);
}

/* Descriptors 0, 1, 2 as asked and 3 for the report. Everything is first copied out of the way, so
 * that no move runs over one that is still needed. */
static int take_descriptors(const int stdio[3], int report)
{
    int from[4] = {stdio[0], stdio[1], stdio[2], report};
    for (int i = 0; i < 4; i++) {
        long fd = from[i];
        if (fd < 0)
            fd = syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC, 0);
        if (fd >= 0) {
            fd = syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
            if (fd < 0 && errno == EINVAL)
                errno = EMFILE; /* the limit is below that number */
        }
        if (fd < 0)
            return -1;
        from[i] = (int)fd;
    }
    for (int i = 0; i < 4; i++)
        if (move_fd(from[i], i) < 0)
            return -1;
    return 0;
}

static int number_of(const char *name)
{
    int n = 0;
    for (; *name >= '0' && *name <= '9'; name++)
        n = n * 10 + (*name - '0');
    return *name ? -1 : n;
}

/* Closing while reading may hide names that follow: so it is done again until nothing was left. */
static bool close_listed(int first)
{
    _Alignas(struct kernel_dirent) char buf[DIRENT_BYTES];
    bool closed;
    do {
        closed = false;
        int folder = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/fd",
                                  O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
        if (folder < 0)
            return false;
        long n;
        while ((n = syscall(SYS_getdents64, folder, buf, sizeof(buf))) > 0)
            for (long at = 0; at < n;) {
                const struct kernel_dirent *d = (const void *)(buf + at);
                int fd = number_of(d->name);
                if (fd >= first && fd != folder)
                    closed |= syscall(SYS_close, fd) == 0;
                at += d->size;
            }
        syscall(SYS_close, folder);
    } while (closed);
    return true;
}

void spawn_close_from(int first)
{
#ifdef SYS_close_range
    if (syscall(SYS_close_range, (unsigned)first, ~0U, 0U) == 0)
        return;
#endif
    if (close_listed(first))
        return;
    for (int fd = first; fd < DESCRIPTORS_CLOSED_MAX; fd++)
        syscall(SYS_close, fd);
}

/* Handlers go with exec; ignored signals would stay, and with them our way of seeing a pipe
 * close. All zeroes is SIG_DFL, however the kernel lays the struct out. */
static void default_signals(void)
{
    static const uint64_t dflt[8];
    const uint64_t none = 0;
    for (int i = 1; i < NSIG; i++)
        syscall(SYS_rt_sigaction, i, dflt, NULL, KERNEL_SIGSET_BYTES);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, KERNEL_SIGSET_BYTES);
}

static void join_group(enum host_group group)
{
    if (group == HOST_GROUP_OWN)
        syscall(SYS_setpgid, 0, 0);
    else if (group == HOST_GROUP_SESSION)
        syscall(SYS_setsid);
}

static void die_with(pid_t parent)
{
    syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    /* The parent may have ended before it was asked for. */
    if ((pid_t)syscall(SYS_getppid) != parent)
        syscall(SYS_exit_group, FAILED_STATUS);
}

static int fail(int fd, enum spawn_step step)
{
    struct spawn_report report = {.code = errno, .step = step};
    syscall(SYS_write, fd, &report, sizeof(report));
    syscall(SYS_exit_group, FAILED_STATUS);
    return FAILED_STATUS;
}

/* "0" is whoever writes it. */
static int join_cgroup(const char *file)
{
    int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CLOEXEC, 0);
    return fd < 0 || syscall(SYS_write, fd, "0", 1) < 0 ? -1 : 0; /* the fd goes with the others */
}

/* The kernel's own calls, which change this process only; glibc's would change every thread of
 * those that share our memory. Groups first: without the user's rights they cannot be set. */
static int become(const struct host_identity *i)
{
    if (syscall(SYS_setgroups, i->group_count, i->groups) < 0 ||
        syscall(SYS_setresgid, i->gid, i->gid, i->gid) < 0 ||
        syscall(SYS_setresuid, i->uid, i->uid, i->uid) < 0)
        return -1;
    return 0;
}

static int limit(const struct spawn_launch *l)
{
    for (size_t i = 0; i < l->limits_count; i++)
        if (syscall(SYS_prlimit64, 0, l->limits[i].resource, &l->limits[i].value, NULL) < 0)
            return -1;
    return 0;
}

/* One that shares no memory takes our place, and we end at once: so its parent is not ours. */
static int detach(int report_fd)
{
    pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (pid <= 0)
        return pid;
    struct spawn_report report = {.step = SPAWN_STEP_DETACH, .pid = pid};
    syscall(SYS_write, report_fd, &report, sizeof(report));
    syscall(SYS_exit_group, 0);
    return -1;
}

int spawn_child_main(void *arg)
{
    const struct spawn_launch *l = arg;
    const struct host_spawn *s = l->spawn;
    if (s->detached && detach(l->report_fd) < 0)
        return fail(l->report_fd, SPAWN_STEP_DETACH);
    join_group(s->group);
    if (l->cgroup_file[0] && join_cgroup(l->cgroup_file) < 0)
        return fail(l->report_fd, SPAWN_STEP_CGROUP);
    if (take_descriptors(s->stdio, l->report_fd) < 0)
        return fail(l->report_fd, SPAWN_STEP_STDIO);
    /* Ours are all close-on-exec: it is for those that a library forgot, or that we inherited. */
    if (!fault_mutant("host_descriptors_inherited"))
        spawn_close_from(REPORT_FD + 1);
    if (limit(l) < 0)
        return fail(REPORT_FD, SPAWN_STEP_LIMITS);
    if (s->identity && become(s->identity) < 0)
        return fail(REPORT_FD, SPAWN_STEP_IDENTITY);
    if (s->ends_with_us)
        die_with(l->parent); /* after that: another identity would forget it */
    if (s->dir && syscall(SYS_chdir, s->dir) < 0)
        return fail(REPORT_FD, SPAWN_STEP_DIR);
    if (s->sets_umask)
        syscall(SYS_umask, s->umask);
    if (s->no_new_privileges)
        syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); /* any kernel of ours has it */
    default_signals();
    syscall(SYS_execve, l->program, s->argv, s->env ? s->env : (const char *const *)environ);
    return fail(REPORT_FD, SPAWN_STEP_EXEC);
}
