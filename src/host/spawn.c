#include "host/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/defs.h"
#include "base/fault.h"

/* The child runs on a stack of its own in our memory, between clone and exec. It calls nothing but
 * system calls and the exec family, and writes to `failed` only. */
enum { CHILD_STACK_BYTES = 64 * 1024, DESCRIPTORS_CLOSED_MAX = 65536 };

struct launch {
    const struct host_spawn *spawn;
    int failed;       /* errno of the step that failed; 0 */
    const char *step; /* a literal */
};

static int fail(struct launch *l, const char *step)
{
    l->failed = errno ? errno : EIO;
    l->step = step;
    return 127;
}

static int take_stdio(const int stdio[3])
{
    int from[3];
    /* Out of the way first, so that no dup2 below runs over a descriptor still needed. */
    for (int i = 0; i < 3; i++) {
        int fd = stdio[i] >= 0 ? stdio[i] : open("/dev/null", O_RDWR);
        from[i] = fd < 0 ? -1 : fcntl(fd, F_DUPFD, 3);
        if (from[i] < 0)
            return -1;
    }
    for (int i = 0; i < 3; i++)
        if (dup2(from[i], i) < 0)
            return -1;
    return 0;
}

static void close_others(void)
{
#ifdef SYS_close_range
    if (syscall(SYS_close_range, 3U, ~0U, 0U) == 0)
        return;
#endif
    /* Our own descriptors are all close-on-exec; this is for those that a library forgot. */
    struct rlimit limit;
    rlim_t end = DESCRIPTORS_CLOSED_MAX;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < end)
        end = limit.rlim_cur;
    for (int fd = 3; (rlim_t)fd < end; fd++)
        close(fd);
}

static int child_main(void *arg)
{
    struct launch *l = arg;
    const struct host_spawn *s = l->spawn;
    struct sigaction dflt = {.sa_handler = SIG_DFL};
    sigset_t none;
    errno = 0;
    for (int i = 1; i < NSIG; i++)
        sigaction(i, &dflt, NULL);
    if (setpgid(0, 0) < 0)
        return fail(l, "setpgid");
    if (take_stdio(s->stdio) < 0)
        return fail(l, "standard descriptors");
    close_others();
    if (s->dir && chdir(s->dir) < 0)
        return fail(l, "chdir");
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    char *const *argv = (char *const *)(uintptr_t)s->argv;
    if (s->env)
        execvpe(argv[0], argv, (char *const *)(uintptr_t)s->env);
    else
        execvp(argv[0], argv);
    return fail(l, "exec");
}

/* Returns the pid or -errno; the child has become the program, or ended, when it returns. */
static pid_t launch(struct launch *l, int *ret_pidfd)
{
    sigset_t all, before;
    if (fault_fails(FAULT_SYSCALL))
        return -EAGAIN;
    char *stack = mmap(NULL, CHILD_STACK_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED)
        return -errno;
    /* No handler of ours may run in the child while it shares our memory. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    *ret_pidfd = -1;
    int flags = CLONE_VM | CLONE_VFORK | SIGCHLD;
    pid_t pid = clone(child_main, stack + CHILD_STACK_BYTES, flags | CLONE_PIDFD, l, ret_pidfd);
    if (pid < 0 && errno == EINVAL)
        pid = clone(child_main, stack + CHILD_STACK_BYTES, flags, l);
    int code = pid < 0 ? -errno : 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    munmap(stack, CHILD_STACK_BYTES);
    return pid < 0 ? code : pid;
}

int host_spawn(const struct host_spawn *s, struct host_child *ret_child, struct err *err)
{
    struct launch l = {.spawn = s};
    int pidfd;
    pid_t pid = launch(&l, &pidfd);
    if (pid < 0)
        return err_sys(err, (int)pid, "start a process");
    if (l.failed == 0) {
        if (pidfd >= 0)
            fcntl(pidfd, F_SETFD, FD_CLOEXEC);
        *ret_child = (struct host_child){pid, pidfd};
        return 0;
    }
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    if (pidfd >= 0)
        close(pidfd);
    return err_sys(err, -l.failed, "%s: %s", s->argv[0], l.step);
}

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

void host_child_kill(const struct host_child *c)
{
    kill(-c->pid, SIGKILL);
}
