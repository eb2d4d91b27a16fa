#include "rt/stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

int rt_stdio_hold(void)
{
    /* Opened the wrong way round: for reading where one writes. */
    static const int modes[] = {[RT_STDIN] = O_WRONLY, [RT_STDOUT] = O_RDONLY,
                                [RT_STDERR] = O_RDONLY};
    for (int fd = RT_STDIN; fd <= RT_STDERR; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            continue;
        /* The lowest free number is this one: those below it are open by now. Without /dev, as in
         * an empty chroot, the root folder holds the place: it is neither read nor written. */
        if (open("/dev/null", modes[fd]) < 0 && open("/", O_RDONLY | O_DIRECTORY) < 0)
            return -errno;
    }
    return 0;
}

/* ---- input ---- */

struct input {
    int fd, result;
    struct buf *b;
};

static void wait_for(int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};
    poll(&p, 1, -1);
}

static void read_all(void *arg)
{
    enum { CHUNK_BYTES = 64 * 1024 };
    struct input *in = arg;
    for (;;) {
        char *room;
        in->result = buf_reserve(in->b, CHUNK_BYTES, &room);
        /* The bound may lie within a chunk: then what is left is read byte by byte. */
        size_t size = CHUNK_BYTES;
        if (in->result < 0) {
            size = 1;
            in->result = buf_reserve(in->b, size, &room);
        }
        if (in->result < 0)
            return;
        ssize_t n = read(in->fd, room, size);
        if (n > 0)
            buf_commit(in->b, (size_t)n);
        else if (n == 0)
            return;
        else if (errno == EAGAIN)
            wait_for(in->fd, POLLIN);
        else if (errno != EINTR) {
            in->result = -errno;
            return;
        }
    }
}

int rt_input_read_all(int fd, struct buf *b, rt_time deadline)
{
    struct input in = {.fd = fd, .b = b};
    int r = rt_offload(read_all, &in, deadline);
    return r < 0 ? r : in.result;
}

/* ---- output ---- */

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
            wait_for(fd, POLLOUT);
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

/* Threads that write to one pipe at the same time would cut each other's lines: the kernel keeps
 * only small writes whole. */
static pthread_mutex_t turns[] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER,
                                  PTHREAD_MUTEX_INITIALIZER};

static void run(void *arg)
{
    struct output *o = arg;
    pthread_mutex_t *turn = o->fd >= 0 && o->fd < (int)ARRAY_LEN(turns) ? &turns[o->fd] : NULL;
    if (turn)
        pthread_mutex_lock(turn);
    o->result = rt_output_write_now(o->fd, o->data, o->size);
    if (turn)
        pthread_mutex_unlock(turn);
}

int rt_output_write(int fd, const void *data, size_t size, rt_time deadline)
{
    struct output o = {.fd = fd, .data = data, .size = size};
    int r = rt_offload(run, &o, deadline);
    return r < 0 ? r : o.result;
}

bool rt_output_is_same(int a, int b)
{
    struct stat of_a, of_b;
    return fstat(a, &of_a) == 0 && fstat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
           of_a.st_ino == of_b.st_ino;
}
