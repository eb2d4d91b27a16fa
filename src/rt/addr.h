/* addr.h - socket addresses as plain values: IPv4, IPv6 (with scope), unix paths.
 *
 * Pure; any thread. Numeric only: names are net/dns.h's. */
#ifndef FIREBREAK_RT_ADDR_H
#define FIREBREAK_RT_ADDR_H

#include <netinet/in.h>
#include <sys/un.h>

#include "base/slice.h"

struct rt_addr {
    union {
        sa_family_t family; /* AF_UNSPEC (all zeroes), AF_INET, AF_INET6, AF_UNIX */
        struct sockaddr sa;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
    };
    socklen_t size;
};

enum { RT_ADDR_TEXT_MAX = 128 };

/* "1.2.3.4", "::1", "fe80::1%eth0" (brackets accepted). Returns 0 or -EINVAL. */
int rt_addr_parse_ip(struct slice host, uint16_t port, struct rt_addr *ret_addr);
/* "1.2.3.4:80", "[::1]:80". Returns 0 or -EINVAL. */
int rt_addr_parse(struct slice text, struct rt_addr *ret_addr);
/* A path, or "@name" for Linux's abstract namespace. Returns 0 or -ENAMETOOLONG. */
int rt_addr_unix(struct slice path, struct rt_addr *ret_addr);
void rt_addr_ipv4(uint32_t host_order_ip, uint16_t port, struct rt_addr *ret_addr);

uint16_t rt_addr_port(const struct rt_addr *a); /* 0 for unix */
void rt_addr_set_port(struct rt_addr *a, uint16_t port);
bool rt_addr_eq(const struct rt_addr *a, const struct rt_addr *b);
bool rt_addr_is_loopback(const struct rt_addr *a); /* unix sockets are */
/* "1.2.3.4:80", "[::1]:80", "/run/x.sock"; without the port where `port` is false.
 * `text` has RT_ADDR_TEXT_MAX bytes; returned for convenience. */
const char *rt_addr_format(const struct rt_addr *a, bool port, char *text);

#endif
