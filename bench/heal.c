/* heal.c - what the healing bench has killed, and what it asks.
 *
 *   heal serve PORT           answers HTTP on 127.0.0.1:PORT until it is killed
 *   heal daemon PORT PIDFILE  the same in the background; returns once it listens and the file is
 *                             written
 *   heal many PORT OWN        takes connections on PORT of every loopback address, and on OWN ports
 *                             above it of 127.0.0.1. "close I" on standard input closes own port I
 *                             right after its next connection, and prints "CLOSED I NS": when that
 *                             was, CLOCK_MONOTONIC. Runs until its standard input ends. */
#include "bench/bench.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

enum { OWN_MAX = 1000, COMMAND = OWN_MAX + 1 };
enum { EVENTS_MAX = 128, BACKLOG = 4096, REQUEST_BYTES_MAX = 4096 };

static int listen_at(uint32_t address, long port, int flags)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    a.sin_addr.s_addr = htonl(address);
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, BACKLOG) < 0)
        bench_die("listen");
    return fd;
}

/* ---- what is killed ---- */

static void serve(int listener)
{
    static const char answer[] =
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";
    static char request[REQUEST_BYTES_MAX];
    struct timeval patience = {.tv_sec = 1}; // a TCP check says nothing, and closes
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        if (read(fd, request, sizeof(request)) > 0)
            (void)!send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL);
        close(fd);
    }
}

static void daemon_of(int listener, const char *path)
{
    pid_t pid = fork();
    if (pid < 0)
        bench_die("fork");
    if (pid == 0) {
        if (setsid() < 0 || !freopen("/dev/null", "r", stdin) ||
            !freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
            _exit(1);
        serve(listener);
    }
    FILE *f = fopen(path, "w");
    if (!f || fprintf(f, "%d\n", (int)pid) < 0 || fclose(f) != 0)
        bench_die(path);
}

/* ---- what is asked ---- */

static int own[OWN_MAX];
static bool is_to_close[OWN_MAX];

static void watch(int epoll, int fd, uint32_t tag)
{
    struct epoll_event e = {.events = EPOLLIN, .data.u32 = tag};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) < 0)
        bench_die("epoll_ctl");
}

/* Takes what waits; closes the port behind the first one where that was asked for. */
static void take(uint32_t tag, int listener)
{
    bool closes = tag < OWN_MAX && is_to_close[tag];
    struct timespec now;
    for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0;) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        close(fd);
        if (closes) {
            close(listener);
            is_to_close[tag] = false;
            printf("CLOSED %u %lld\n", tag, now.tv_sec * 1000000000LL + now.tv_nsec);
            return;
        }
    }
}

/* One read is one command or several. False: nobody commands any more. */
static bool obey(long owns)
{
    static char text[4096 + 1];
    ssize_t n = read(STDIN_FILENO, text, sizeof(text) - 1);
    if (n <= 0)
        return n < 0 && errno == EINTR;
    text[n] = 0;
    for (char *line = text; (line = strstr(line, "close ")); line++) {
        long i = atol(line + 6);
        if (i >= 0 && i < owns)
            is_to_close[i] = true;
    }
    return true;
}

static void many(long port, long owns)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC), all = listen_at(INADDR_ANY, port, SOCK_NONBLOCK);
    if (epoll < 0)
        bench_die("epoll_create1");
    setvbuf(stdout, NULL, _IOLBF, 0);
    watch(epoll, all, OWN_MAX);
    watch(epoll, STDIN_FILENO, COMMAND);
    for (long i = 0; i < owns; i++)
        watch(epoll, own[i] = listen_at(INADDR_LOOPBACK, port + 1 + i, SOCK_NONBLOCK), (uint32_t)i);
    puts("READY");
    for (;;) {
        static struct epoll_event events[EVENTS_MAX];
        int n = epoll_wait(epoll, events, EVENTS_MAX, -1);
        for (int i = 0; i < n; i++) {
            uint32_t tag = events[i].data.u32;
            if (tag == COMMAND && !obey(owns))
                return;
            if (tag != COMMAND)
                take(tag, tag == OWN_MAX ? all : own[tag]);
        }
    }
}

int main(int argc, char **argv)
{
    const char *what = argc >= 3 ? argv[1] : "";
    long port = argc >= 3 ? atol(argv[2]) : 0, owns = argc == 4 ? atol(argv[3]) : 0;
    if (port < 1 || port > 60000) {
        fprintf(stderr, "usage: heal serve PORT | daemon PORT PIDFILE | many PORT OWN\n");
        return 2;
    }
    if (strcmp(what, "serve") == 0)
        serve(listen_at(INADDR_LOOPBACK, port, 0));
    else if (strcmp(what, "daemon") == 0 && argc == 4)
        daemon_of(listen_at(INADDR_LOOPBACK, port, 0), argv[3]);
    else if (strcmp(what, "many") == 0 && owns >= 0 && owns <= OWN_MAX)
        many(port, owns);
    else
        return 2;
    return 0;
}
