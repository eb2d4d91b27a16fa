#include "host/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "host/pipe.h"
#include "host/spawn_child.h"
#include "host/warden.h"

enum {
    REQUEST_DESCRIPTORS = 4, /* the warden's end of the stream, and 0, 1, 2 */
    REQUEST_FD = 3,          /* in the keeper */
};

int host_open_null(void)
{
    int ends[2];
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fd >= 0)
        return fd;
    int r = host_pipe(ends);
    if (r < 0)
        return r;
    close(ends[1]);
    return ends[0];
}

/* ---- the keeper's own life ---- */

/* Returns false when nobody will ask any more. */
static bool receive(int fd, int ret_fds[REQUEST_DESCRIPTORS], bool *ret_whole)
{
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(REQUEST_DESCRIPTORS * sizeof(int))];
    } control = {0};
    char byte;
    struct iovec iov = {&byte, 1};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof(control)};
    ssize_t n;
    do
        n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;
    size_t bytes = c && c->cmsg_type == SCM_RIGHTS ? c->cmsg_len - CMSG_LEN(0) : 0;
    /* Fewer come where we have no descriptors left: then the asker reads the stream's end. */
    *ret_whole = bytes == REQUEST_DESCRIPTORS * sizeof(int);
    if (bytes)
        memcpy(ret_fds, CMSG_DATA(c), bytes);
    for (size_t i = 0; !*ret_whole && i < bytes / sizeof(int); i++)
        close(ret_fds[i]);
    return n > 0;
}

/* Returns the request's descriptor, which moves to where nothing follows it. */
static int become_keeper(int request_fd)
{
    static const int ignored[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,
                                  SIGPIPE, SIGTSTP, SIGUSR1, SIGUSR2};
    sigset_t none;
    setsid(); /* Ctrl-C is for those who asked; we end with them */
    for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
        sigaction(ignored[i], &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    /* Wardens that have ended leave nothing to be waited for. */
    sigaction(SIGCHLD, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_NAME, "firebreak-keep", 0, 0, 0);
    int null = host_open_null();
    for (int fd = 0; fd < 3 && null >= 0; fd++)
        dup2(null, fd); /* a pipe of ours must end when we do */
    if (request_fd != REQUEST_FD)
        dup3(request_fd, REQUEST_FD, O_CLOEXEC);
    spawn_close_from(REQUEST_FD + 1);
    return REQUEST_FD;
}

static void keep(int request_fd)
{
    int fds[REQUEST_DESCRIPTORS];
    bool whole;
    request_fd = become_keeper(request_fd);
    while (receive(request_fd, fds, &whole)) {
        if (!whole)
            continue;
        pid_t pid = fork();
        if (pid == 0) {
            close(request_fd);
            warden_main(fds[0], fds + 1);
            _exit(0);
        }
        struct host_report failed = {.kind = HOST_REPORT_FAILED, .code = -EAGAIN};
        if (pid < 0) {
            memcpy(failed.text, "no process to be had", sizeof("no process to be had"));
            send(fds[0], &failed, sizeof(failed), MSG_NOSIGNAL | MSG_DONTWAIT);
        }
        for (int i = 0; i < REQUEST_DESCRIPTORS; i++)
            close(fds[i]);
    }
    _exit(0);
}

/* ---- for those who ask ---- */

int host_keeper_start(struct host_keeper *ret_keeper, struct err *err)
{
    int ends[2];
    if (fault_fails(FAULT_SYSCALL))
        return err_sys(err, -EMFILE, "a socket for the keeper of programs");
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return err_sys(err, -errno, "a socket for the keeper of programs");
    struct timeval longest = {.tv_sec = HOST_KEEPER_BUSY_MS / 1000};
    setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &longest, sizeof(longest));
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        keep(ends[1]);
    }
    int code = pid < 0 ? -errno : 0;
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return err_sys(err, code, "start the keeper of programs");
    }
    *ret_keeper = (struct host_keeper){ends[0], pid};
    return 0;
}

void host_keeper_stop(struct host_keeper *k)
{
    if (k->fd < 0 || k->pid <= 0)
        return;
    close(k->fd);
    while (waitpid(k->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    *k = (struct host_keeper){.fd = -1};
}

static int send_request(int fd, const int fds[REQUEST_DESCRIPTORS])
{
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(REQUEST_DESCRIPTORS * sizeof(int))];
    } control = {0};
    char byte = 0;
    struct iovec iov = {&byte, 1};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof(control)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(REQUEST_DESCRIPTORS * sizeof(int));
    memcpy(CMSG_DATA(c), fds, REQUEST_DESCRIPTORS * sizeof(int));
    ssize_t n;
    do
        n = sendmsg(fd, &m, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    /* It died with requests that it had not read: the same news. */
    return n >= 0 ? 0 : errno == ECONNRESET ? -EPIPE : -errno;
}

int host_keeper_ask(const struct host_keeper *k, const int stdio[3], int *ret_stream,
                    struct err *err)
{
    int ends[2];
    if (fault_fails(FAULT_SYSCALL))
        return err_sys(err, -EMFILE, "a socket for the program's warden");
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return err_sys(err, -errno, "a socket for the program's warden");
    int r = send_request(k->fd, (const int[]){ends[1], stdio[0], stdio[1], stdio[2]});
    close(ends[1]);
    if (r == 0) {
        *ret_stream = ends[0];
        return 0;
    }
    close(ends[0]);
    return err_sys(err, r, "ask the keeper of programs (process %d)", k->pid);
}
