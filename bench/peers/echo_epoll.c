/* echo_epoll.c - what bench/echo.c is measured against: the same server on bare epoll, as small
 * and as fast as it gets. Level-triggered, so that a short read needs no second one. */
#include "bench/bench.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { MESSAGE_BYTES_MAX = 1024, BACKLOG = 1024, EVENTS_MAX = 128 };

static int listen_here(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof(at);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, BACKLOG) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &size) < 0)
        bench_die("listen");
    printf("PORT %d\n", ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

/* False at the end of the connection. A message is far smaller than the socket's buffer, and its
 * sender waits for it before the next one, so a write that takes less is an error here. */
static bool echo_one(int fd)
{
    char message[MESSAGE_BYTES_MAX];
    ssize_t n = read(fd, message, sizeof(message));
    return n > 0 && send(fd, message, (size_t)n, MSG_NOSIGNAL) == n;
}

int main(int argc, char **argv)
{
    int open = argc == 2 ? atoi(argv[1]) : 0;
    int64_t messages = 0;
    static struct epoll_event events[EVENTS_MAX];
    if (open < 1) {
        fprintf(stderr, "usage: echo_epoll CONNECTIONS\n");
        return 2;
    }
    alarm(60); /* whoever loads us may have died */
    int listener = listen_here(), epoll = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < open; i++) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};
        if (fd < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) < 0)
            bench_die("accept");
    }
    struct bench_clock start = bench_now();
    while (open > 0) {
        int n = epoll_wait(epoll, events, EVENTS_MAX, -1);
        for (int i = 0; i < n; i++) {
            if (echo_one(events[i].data.fd)) {
                messages++;
            } else {
                close(events[i].data.fd);
                open--;
            }
        }
    }
    bench_result("echo", messages, start);
    return 0;
}
