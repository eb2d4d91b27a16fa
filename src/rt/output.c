#include "rt/output.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

struct output {
    int fd, result;
    const char *data;
    size_t size;
};

static int write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, data, size);
        if (n >= 0) {
            data += n;
            size -= (size_t)n;
        } else if (errno == EAGAIN) {
            struct pollfd p = {.fd = fd, .events = POLLOUT};
            poll(&p, 1, -1);
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

int rt_output_write_now(int fd, const void *data, size_t size)
{
    /* A SIGPIPE of our own is taken back before anybody can see it. */
    sigset_t pipe_only, before;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    int r = write_all(fd, data, size);
    if (r == -EPIPE && !sigismember(&before, SIGPIPE)) {
        struct timespec none = {0};
        sigtimedwait(&pipe_only, NULL, &none);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r;
}

static void run(void *arg)
{
    struct output *o = arg;
    o->result = rt_output_write_now(o->fd, o->data, o->size);
}

int rt_output_write(int fd, const void *data, size_t size, rt_time deadline)
{
    struct output o = {.fd = fd, .data = data, .size = size};
    int r = rt_offload(run, &o, deadline);
    return r < 0 ? r : o.result;
}
