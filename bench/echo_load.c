/* echo_load.c - the load of the echo bench: so many connections, each with one message under way
 * and so many to go. The same for every server. */
#include "bench/bench.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "bench/loopback.h"

enum { MESSAGE_BYTES = 64, EVENTS_MAX = 256, CONNECTIONS_MAX = 4096, SECONDS_MAX = 60 };

static char message[MESSAGE_BYTES], answer[MESSAGE_BYTES];

static void send_one(int fd)
{
    if (send(fd, message, sizeof(message), MSG_NOSIGNAL) != (ssize_t)sizeof(message))
        bench_die("send");
}

int main(int argc, char **argv)
{
    static int left[CONNECTIONS_MAX * 2]; /* messages, by descriptor */
    static struct epoll_event events[EVENTS_MAX];
    struct sockaddr_in to = {.sin_family = AF_INET};
    int connections = argc == 5 ? atoi(argv[3]) : 0, each = argc == 5 ? atoi(argv[4]) : 0;
    if (connections < 1 || connections > CONNECTIONS_MAX || each < 1 ||
        inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) {
        fprintf(stderr, "usage: echo_load ADDRESS PORT CONNECTIONS MESSAGES-EACH\n");
        return 2;
    }
    to.sin_port = htons((uint16_t)atoi(argv[2]));
    loopback_only(&to);
    alarm(SECONDS_MAX);
    memset(message, 'm', sizeof(message));
    int epoll = epoll_create1(EPOLL_CLOEXEC), open = connections;
    for (int i = 0; i < connections; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};
        if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
            epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) < 0)
            bench_die("connect");
        left[fd] = each;
    }
    for (int fd = 0; fd < (int)(sizeof(left) / sizeof(left[0])); fd++)
        if (left[fd])
            send_one(fd);
    while (open > 0) {
        int n = epoll_wait(epoll, events, EVENTS_MAX, -1);
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            if (recv(fd, answer, sizeof(answer), MSG_WAITALL) != (ssize_t)sizeof(answer) ||
                memcmp(answer, message, sizeof(answer)) != 0)
                bench_die("a wrong answer");
            if (--left[fd] > 0) {
                send_one(fd);
            } else {
                close(fd);
                open--;
            }
        }
    }
    return 0;
}
