/* http_epoll.c - what bench/http.c is measured against: the same GETs by one bare epoll loop, which
 * looks for the status, Content-Length and the body's end, and for nothing else. */
#include "bench/bench.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { IN_FLIGHT_MAX = 10000, EVENTS_MAX = 128, ANSWER_BYTES_MAX = 8192, BODY_BYTES = 1500 };

struct get {
    int fd;
    bool sent;
    size_t size, whole; /* whole 0: the head's end was not seen */
    char answer[ANSWER_BYTES_MAX];
};

static struct {
    int epoll, port;
    bool kept;
    long left, done;
    char request[256];
    size_t request_size;
} b;

static void open_connection(struct get *g)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)b.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = g};
    g->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (g->fd < 0 || epoll_ctl(b.epoll, EPOLL_CTL_ADD, g->fd, &e) < 0)
        bench_die("socket");
    if (connect(g->fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS)
        bench_die("connect");
}

static void begin(struct get *g)
{
    g->sent = false;
    g->size = g->whole = 0;
    b.left--;
    if (g->fd < 0)
        open_connection(g);
}

static void send_request(struct get *g)
{
    ssize_t n = write(g->fd, b.request, b.request_size);
    if (n < 0 && (errno == EAGAIN || errno == ENOTCONN))
        return;
    if (n != (ssize_t)b.request_size)
        bench_die("write");
    g->sent = true;
}

static void look_at_head(struct get *g)
{
    char *end = memmem(g->answer, g->size, "\r\n\r\n", 4);
    if (!end)
        return;
    char *length = memmem(g->answer, g->size, "Content-Length: ", 16);
    if (memcmp(g->answer, "HTTP/1.1 200", 12) != 0 || !length || atol(length + 16) != BODY_BYTES) {
        fprintf(stderr, "http_epoll: a strange answer\n");
        exit(1);
    }
    g->whole = (size_t)(end - g->answer) + 4 + BODY_BYTES;
}

/* Returns whether the answer is whole. */
static bool receive(struct get *g)
{
    while (!g->whole || g->size < g->whole) {
        ssize_t n = read(g->fd, g->answer + g->size, sizeof(g->answer) - g->size);
        if (n < 0 && (errno == EAGAIN || errno == ENOTCONN))
            return false;
        if (n <= 0)
            bench_die("read");
        g->size += (size_t)n;
        if (!g->whole)
            look_at_head(g);
    }
    return true;
}

static void go_on(struct get *g)
{
    if (!g->sent)
        send_request(g);
    if (!g->sent || !receive(g))
        return;
    b.done++;
    if (!b.kept) {
        close(g->fd);
        g->fd = -1;
    }
    if (b.left > 0) {
        begin(g);
        if (b.kept)
            send_request(g);
    }
}

int main(int argc, char **argv)
{
    long in_flight = argc == 5 ? atol(argv[4]) : 0;
    if (in_flight < 1 || in_flight > IN_FLIGHT_MAX) {
        fprintf(stderr, "usage: http_epoll fresh|kept PORT REQUESTS IN_FLIGHT\n");
        return 2;
    }
    b.kept = strcmp(argv[1], "kept") == 0;
    b.port = atoi(argv[2]);
    b.left = atol(argv[3]);
    b.epoll = epoll_create1(EPOLL_CLOEXEC);
    b.request_size =
        (size_t)snprintf(b.request, sizeof(b.request),
                         "GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: bench\r\n"
                         "Accept: */*\r\n%s\r\n",
                         b.port, b.kept ? "" : "Connection: close\r\n");
    long requests = b.left;
    struct get *gets = calloc((size_t)in_flight, sizeof(*gets));
    struct bench_clock start = bench_now();
    for (long i = 0; i < in_flight && b.left > 0; i++) {
        gets[i].fd = -1;
        begin(&gets[i]);
    }
    while (b.done < requests) {
        struct epoll_event events[EVENTS_MAX];
        int n = epoll_wait(b.epoll, events, EVENTS_MAX, -1);
        for (int i = 0; i < n; i++)
            go_on(events[i].data.ptr);
    }
    bench_result(argv[1], requests, start);
    return 0;
}
