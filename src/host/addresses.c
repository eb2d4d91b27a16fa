#include "host/addresses.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fault.h"

static uint8_t count_bits(const uint8_t *mask, size_t size)
{
    uint8_t bits = 0;
    for (size_t i = 0; i < size; i++)
        bits = (uint8_t)(bits + __builtin_popcount(mask[i]));
    return bits;
}

static bool take(const struct ifaddrs *i, struct host_address *ret)
{
    if (!i->ifa_addr || !i->ifa_netmask || !(i->ifa_flags & IFF_UP))
        return false;
    int family = i->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6)
        return false;
    *ret = (struct host_address){
        .ipv6 = family == AF_INET6,
        .loopback = (i->ifa_flags & IFF_LOOPBACK) != 0,
        .interface = if_nametoindex(i->ifa_name),
    };
    size_t size = ret->ipv6 ? 16 : 4;
    size_t at = ret->ipv6 ? offsetof(struct sockaddr_in6, sin6_addr)
                          : offsetof(struct sockaddr_in, sin_addr);
    memcpy(ret->ip, (const char *)i->ifa_addr + at, size);
    ret->prefix = count_bits((const uint8_t *)i->ifa_netmask + at, size);
    return true;
}

int host_links(void)
{
    struct ifaddrs *all;
    int n = 0;
    if (getifaddrs(&all) < 0)
        return -errno;
    for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
        unsigned up = IFF_UP | IFF_RUNNING;
        n += i->ifa_addr && i->ifa_addr->sa_family == AF_PACKET &&
             !(i->ifa_flags & IFF_LOOPBACK) && (i->ifa_flags & up) == up;
    }
    freeifaddrs(all);
    return n;
}

int host_links_news_open(void)
{
    const struct sockaddr_nl at = {
        .nl_family = AF_NETLINK,
        .nl_groups = fault_mutant("link_news_untold") ? 0 : RTMGRP_LINK,
    };
    if (fault_fails(FAULT_SYSCALL))
        return -EMFILE;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (fd < 0)
        return -errno;
    if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) == 0)
        return fd;
    int r = -errno;
    close(fd);
    return r;
}

int host_addresses(struct host_address *ret_list, int max)
{
    struct ifaddrs *all;
    int n = 0;
    if (getifaddrs(&all) < 0)
        return -errno;
    for (const struct ifaddrs *i = all; i && n < max; i = i->ifa_next)
        n += take(i, &ret_list[n]);
    freeifaddrs(all);
    return n;
}
