/* probe_targets.c - what the probe bench connects to: a few listeners that answer on every loopback
 * address, and as many ports with nobody behind them. Writes the list of both, mixed, to a file.
 *
 * The listeners are bound to the loopback device instead of an address each: thousands of listening
 * sockets would not fit the processor's caches, and fetching them would be charged to the prober.
 *
 * Nobody accepts while a prober runs, so that nothing but the kernel works beside it: each target
 * is asked once a run and its connection waits in the listener's own queue, below its limit.
 * For each line on standard input the queues are emptied, and the connections reset, so that
 * neither side keeps a port or a timer of them for the next run; the answer tells how many. Ends at
 * the end of the input. */
#include "bench/bench.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

enum {
    PORTS = 100,         /* open ones; a listener each */
    PORT_OPEN = 21000,   /* the first; below the range that the kernel gives to clients */
    PORT_CLOSED = 22000,
    ADDRESSES_MAX = 500, /* a connection to each waits at each listener */
    NETWORK = 250, /* addresses of one /24 */
    BACKLOG = 1000,
};

static int listeners[PORTS];

static int listen_at(int port)
{
    int on = 1;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", sizeof("lo")) < 0 ||
        bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, BACKLOG) < 0)
        bench_die("listen");
    return fd;
}

static int drain(void)
{
    const struct linger reset = {.l_onoff = 1};
    int total = 0;
    for (int i = 0; i < PORTS; i++) {
        int fd;
        while ((fd = accept4(listeners[i], NULL, NULL, SOCK_CLOEXEC)) >= 0) {
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
            close(fd);
            total++;
        }
        if (errno != EAGAIN)
            bench_die("accept");
    }
    return total;
}

int main(int argc, char **argv)
{
    char line[64];
    int addresses = argc == 3 ? atoi(argv[2]) : 0;
    if (addresses < 1 || addresses > ADDRESSES_MAX) {
        fprintf(stderr, "usage: probe_targets FILE ADDRESSES (1 to %d, %d open ports each)\n",
                ADDRESSES_MAX, PORTS);
        return 2;
    }
    FILE *f = fopen(argv[1], "we");
    if (!f)
        bench_die(argv[1]);
    /* Neighbours in the list differ in address and port, as a real list's do. */
    for (int port = 0; port < PORTS; port++) {
        listeners[port] = listen_at(PORT_OPEN + port);
        for (int i = 1; i <= addresses; i++) {
            int network = (i - 1) / NETWORK, host = (i - 1) % NETWORK + 1;
            fprintf(f, "127.77.%d.%d:%d\n", network, host, PORT_OPEN + (port + i) % PORTS);
            fprintf(f, "127.77.%d.%d:%d\n", network, host, PORT_CLOSED + (port + i) % PORTS);
        }
    }
    if (fclose(f) != 0)
        bench_die(argv[1]);
    printf("READY %d\n", addresses * PORTS);
    fflush(stdout);
    while (fgets(line, sizeof(line), stdin)) {
        printf("DRAINED %d\n", drain());
        fflush(stdout);
    }
    return 0;
}
