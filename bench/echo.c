/* echo.c - an echo server as a straight line: one task a connection, no callbacks, no state
 * machine. Prints its port, serves as many connections as it is told, and ends when the last
 * of them has. peers/echo_epoll.c does the same with bare epoll. */
#include "bench/bench.h"

#include "rt/rt.h"
#include "rt/sock.h"

enum { MESSAGE_BYTES_MAX = 1024, BACKLOG = 1024 };

struct server {
    int connections;
    int64_t messages;
    struct rt_sock *listener;
    struct rt_group group;
};

struct connection {
    struct server *server;
    struct rt_sock *sock;
};

static void task_echoes(void *arg)
{
    struct connection c = *(struct connection *)arg;
    char message[MESSAGE_BYTES_MAX];
    ssize_t n;
    free(arg);
    while ((n = rt_read(c.sock, message, sizeof(message), RT_NEVER)) > 0) {
        if (rt_write(c.sock, message, (size_t)n, RT_NEVER) < 0)
            break;
        c.server->messages++;
    }
    rt_close(c.sock);
}

static void serve(void *arg)
{
    struct server *s = arg;
    struct rt_addr at;
    struct bench_clock start;
    rt_addr_ipv4(INADDR_LOOPBACK, 0, &at);
    if (rt_listen(&at, BACKLOG, false, &s->listener) < 0 || rt_sock_local(s->listener, &at) < 0)
        bench_die("listen");
    printf("PORT %d\n", rt_addr_port(&at));
    fflush(stdout);
    rt_group_init(&s->group, "echo");
    for (int i = 0; i < s->connections; i++) {
        struct connection *c = malloc(sizeof(*c));
        c->server = s;
        if (rt_accept(s->listener, &c->sock, NULL, rt_now() + 10 * RT_SEC) < 0)
            bench_die("accept");
        if (rt_go(&s->group, task_echoes, c) < 0)
            bench_die("spawn");
    }
    start = bench_now();
    rt_group_wait(&s->group, RT_NEVER);
    bench_result("echo", s->messages, start);
    rt_close(s->listener);
    rt_group_done(&s->group);
}

int main(int argc, char **argv)
{
    static struct server server;
    server.connections = argc == 2 ? atoi(argv[1]) : 0;
    if (server.connections < 1) {
        fprintf(stderr, "usage: echo CONNECTIONS\n");
        return 2;
    }
    alarm(60); /* whoever loads us may have died */
    return rt_run(&(struct rt_config){.loops = 1}, serve, &server) < 0;
}
