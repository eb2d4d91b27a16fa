/* http_server.c - what the HTTP benches ask: one bare epoll loop that answers each request with the
 * same 1.5 KB, keeps the connection where the client does, and knows nothing else of HTTP. Prints
 * "PORT n" and runs until its standard input ends. */
#include "bench/bench.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { BODY_BYTES = 1500, EVENTS_MAX = 128, REQUEST_BYTES_MAX = 4096, BACKLOG = 4096 };

static char kept[BODY_BYTES + 200], last[BODY_BYTES + 200];
static size_t kept_size, last_size;

static size_t make_answer(char *to, size_t room, const char *connection)
{
    int n = snprintf(to, room, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d"
                     "\r\nConnection: %s\r\n\r\n", BODY_BYTES, connection);
    memset(to + n, 'x', BODY_BYTES);
    return (size_t)n + BODY_BYTES;
}

static int listen_at_loopback(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, BACKLOG) < 0 ||
        getsockname(fd, (struct sockaddr *)&a, &size) < 0)
        bench_die("listen");
    printf("PORT %d\n", ntohs(a.sin_port));
    fflush(stdout);
    return fd;
}

static void watch(int epoll, int fd)
{
    struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) < 0)
        bench_die("epoll_ctl");
}

static void accept_all(int epoll, int listener)
{
    for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;)
        watch(epoll, fd);
}

/* A request comes in one piece here; one that asks for it is the connection's last. */
static void answer(int fd)
{
    static char request[REQUEST_BYTES_MAX + 1];
    ssize_t n = read(fd, request, REQUEST_BYTES_MAX);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        close(fd);
        return;
    }
    request[n] = 0;
    bool ends = strstr(request, "Connection: close") != NULL;
    ssize_t sent = ends ? write(fd, last, last_size) : write(fd, kept, kept_size);
    if (ends || sent < 0)
        close(fd);
}

int main(void)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC), listener = listen_at_loopback();
    kept_size = make_answer(kept, sizeof(kept), "keep-alive");
    last_size = make_answer(last, sizeof(last), "close");
    watch(epoll, listener);
    watch(epoll, STDIN_FILENO);
    for (;;) {
        struct epoll_event events[EVENTS_MAX];
        int n = epoll_wait(epoll, events, EVENTS_MAX, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.fd == STDIN_FILENO)
                return 0;
            if (events[i].data.fd == listener)
                accept_all(epoll, listener);
            else
                answer(events[i].data.fd);
        }
    }
}
