#include <errno.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fault.h"
#include "rt/sock.h"

enum { RECEIVE_BYTES = 4 * 1024 * 1024 }; /* replies of a whole network come at once */

/* Raw sockets get a copy of all that arrives: only answers are of interest, or on 127.0.0.1 we
 * would read our own questions, too. */
static int filter(int fd, int family)
{
    if (family == AF_INET6) {
        struct icmp6_filter f;
        ICMP6_FILTER_SETBLOCKALL(&f);
        ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &f);
        ICMP6_FILTER_SETPASS(ICMP6_DST_UNREACH, &f);
        ICMP6_FILTER_SETPASS(ICMP6_TIME_EXCEEDED, &f);
        return setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &f, sizeof(f));
    }
    struct icmp_filter f = {
        .data = ~(1u << ICMP_ECHOREPLY | 1u << ICMP_DEST_UNREACH | 1u << ICMP_TIME_EXCEEDED)};
    return setsockopt(fd, SOL_RAW, ICMP_FILTER, &f, sizeof(f));
}

static int prepare(int fd, int family, const struct rt_addr *connect_to)
{
    int bytes = RECEIVE_BYTES;
    if (connect_to)
        return connect(fd, &connect_to->sa, connect_to->size) < 0 ? -errno : 0;
    if (filter(fd, family) < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)); /* as much as we may */
    return 0;
}

int rt_icmp_open(int family, const struct rt_addr *connect_to, struct rt_sock **ret_sock)
{
    if (fault_fails(FAULT_SYSCALL) || fault_fails(FAULT_SOCKET))
        return -EMFILE;
    int type = connect_to ? SOCK_DGRAM : SOCK_RAW;
    int protocol = family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
    int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    if (fd < 0)
        return -errno;
    int r = prepare(fd, family, connect_to);
    if (r == 0)
        r = rt_adopt(fd, ret_sock);
    if (r < 0)
        close(fd);
    return r;
}
