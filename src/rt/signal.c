#include "rt/signal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "rt/loop.h"

struct rt_signals {
    struct rt_sock *sock;
    sigset_t taken; /* and blocked by us: others may have blocked more since, or less */
};

static bool stays_ignored(int signal)
{
    struct sigaction sa;
    return (signal == SIGHUP || signal == SIGTSTP) && sigaction(signal, NULL, &sa) == 0 &&
           sa.sa_handler == SIG_IGN;
}

int rt_signals_open(const int *signals, struct rt_signals **ret_signals)
{
    sigset_t set;
    sigemptyset(&set);
    for (; *signals; signals++)
        if (!stays_ignored(*signals) && sigaddset(&set, *signals) < 0)
            return -errno;
    int fd = fault_fails(FAULT_SYSCALL) ? (errno = EMFILE, -1)
                                        : signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        return -errno;
    struct rt_signals *s = mem_alloc(MEM_RT, sizeof(*s));
    int r = rt_adopt(fd, &s->sock);
    if (r < 0) {
        close(fd);
        mem_free(MEM_RT, s);
        return r;
    }
    /* Threads of the runtime are born with every signal blocked, so this one decides. */
    sigset_t before;
    pthread_sigmask(SIG_BLOCK, &set, &before);
    s->taken = set;
    for (int i = 1; i < NSIG; i++)
        if (sigismember(&before, i) == 1)
            sigdelset(&s->taken, i);
    *ret_signals = s;
    return 0;
}

int rt_signals_wait(struct rt_signals *s, rt_time deadline)
{
    struct signalfd_siginfo info;
    ssize_t n = rt_read(s->sock, &info, sizeof(info), deadline);
    if (n < 0)
        return (int)n;
    return n == (ssize_t)sizeof(info) ? (int)info.ssi_signo : -EIO;
}

void rt_signals_close(struct rt_signals *s)
{
    if (!s)
        return;
    rt_close(s->sock);
    /* A second Ctrl-C that nobody waits for any more must not kill us while we tidy up. */
    struct timespec none = {0};
    while (sigtimedwait(&s->taken, NULL, &none) > 0)
        ;
    pthread_sigmask(SIG_UNBLOCK, &s->taken, NULL);
    mem_free(MEM_RT, s);
}
