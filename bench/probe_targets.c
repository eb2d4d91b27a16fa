/* probe_targets.c - what the probe bench connects to: listeners on many loopback addresses and
 * ports, and as many addresses with nobody behind them. Writes the list of both, mixed, to a file.
 *
 * Nobody accepts while a prober runs, so that nothing but the kernel works beside it: each target
 * is asked once a run and its connection waits in the listener's own queue, far below its limit.
 * For each line on standard input the queues are emptied, and the connections reset, so that
 * neither side keeps a port or a timer of them for the next run; the answer tells how many. Ends at
 * the end of the input. */
#include "bench/bench.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "bench/loopback.h"

enum {
    PORTS = 100,         /* listeners on each address */
    PORT_OPEN = 21000,   /* the first; below the range that the kernel gives to clients */
    PORT_CLOSED = 22000,
    ADDRESSES_MAX = 150, /* descriptors: 100 an address */
    BACKLOG = 64,
    NET = 127 << 24 | 77 << 16,
};

static int listeners[ADDRESSES_MAX * PORTS];

static struct sockaddr_in address(int index, int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    a.sin_addr.s_addr = htonl((uint32_t)(NET + 1 + index));
    return a;
}

static int listen_at(struct sockaddr_in a)
{
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    loopback_only(&a);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, BACKLOG) < 0)
        bench_die("listen");
    return fd;
}

static int drain(int count)
{
    const struct linger reset = {.l_onoff = 1};
    int total = 0;
    for (int i = 0; i < count; i++) {
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
        fprintf(stderr, "usage: probe_targets FILE ADDRESSES (%d open ports each)\n", PORTS);
        return 2;
    }
    FILE *f = fopen(argv[1], "we");
    if (!f)
        bench_die(argv[1]);
    /* Neighbours in the list differ in address and port, as a real list's do. */
    for (int port = 0; port < PORTS; port++)
        for (int i = 0; i < addresses; i++) {
            listeners[port * addresses + i] = listen_at(address(i, PORT_OPEN + port));
            fprintf(f, "127.77.%d.%d:%d\n", (i + 1) >> 8, (i + 1) & 255, PORT_OPEN + port);
            fprintf(f, "127.77.%d.%d:%d\n", (i + 1) >> 8, (i + 1) & 255, PORT_CLOSED + port);
        }
    if (fclose(f) != 0)
        bench_die(argv[1]);
    printf("READY %d\n", addresses * PORTS);
    fflush(stdout);
    while (fgets(line, sizeof(line), stdin)) {
        printf("DRAINED %d\n", drain(addresses * PORTS));
        fflush(stdout);
    }
    return 0;
}
