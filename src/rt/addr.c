#include "rt/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "base/defs.h"

enum { HOST_TEXT_MAX = 64 };

static int scope_parse(struct slice zone, uint32_t *ret_scope)
{
    uint64_t number;
    char name[IF_NAMESIZE];
    if (slice_to_u64(zone, UINT32_MAX, &number) == 0) {
        *ret_scope = (uint32_t)number;
        return 0;
    }
    if (zone.size == 0 || zone.size >= sizeof(name))
        return -EINVAL;
    memcpy(name, zone.data, zone.size);
    name[zone.size] = 0;
    *ret_scope = if_nametoindex(name);
    return *ret_scope ? 0 : -EINVAL;
}

int rt_addr_parse_ip(struct slice host, uint16_t port, struct rt_addr *ret_addr)
{
    struct rt_addr a = {0};
    char text[HOST_TEXT_MAX];
    bool brackets = host.size >= 2 && host.data[0] == '[' && host.data[host.size - 1] == ']';
    if (brackets)
        host = slice_sub(host, 1, host.size - 1);
    ptrdiff_t percent = slice_find_byte(host, '%');
    struct slice zone = {0};
    if (percent >= 0) {
        zone = slice_sub(host, (size_t)percent + 1, host.size);
        host = slice_sub(host, 0, (size_t)percent);
    }
    if (host.size == 0 || host.size >= sizeof(text) || memchr(host.data, 0, host.size))
        return -EINVAL;
    memcpy(text, host.data, host.size);
    text[host.size] = 0;
    if (!brackets && percent < 0 && inet_pton(AF_INET, text, &a.in.sin_addr) == 1) {
        a.family = AF_INET;
        a.in.sin_port = htons(port);
        a.size = sizeof(a.in);
        *ret_addr = a;
        return 0;
    }
    if (inet_pton(AF_INET6, text, &a.in6.sin6_addr) != 1)
        return -EINVAL;
    if (percent >= 0 && scope_parse(zone, &a.in6.sin6_scope_id) < 0)
        return -EINVAL;
    a.family = AF_INET6;
    a.in6.sin6_port = htons(port);
    a.size = sizeof(a.in6);
    *ret_addr = a;
    return 0;
}

int rt_addr_parse(struct slice text, struct rt_addr *ret_addr)
{
    size_t colon = text.size;
    while (colon > 0 && text.data[colon - 1] != ':')
        colon--;
    if (colon == 0)
        return -EINVAL;
    struct slice host = slice_sub(text, 0, colon - 1);
    uint64_t port;
    if (slice_to_u64(slice_sub(text, colon, text.size), UINT16_MAX, &port) < 0)
        return -EINVAL;
    /* "::1:80" is an address, not an address and a port: IPv6 needs its brackets here. */
    if (slice_find_byte(host, ':') >= 0 && host.data[0] != '[')
        return -EINVAL;
    return rt_addr_parse_ip(host, (uint16_t)port, ret_addr);
}

int rt_addr_unix(struct slice path, struct rt_addr *ret_addr)
{
    struct rt_addr a = {.un = {.sun_family = AF_UNIX}};
    if (path.size == 0 || path.size >= sizeof(a.un.sun_path))
        return path.size ? -ENAMETOOLONG : -EINVAL;
    memcpy(a.un.sun_path, path.data, path.size);
    a.size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.size + 1);
    if (path.data[0] == '@') {
        a.un.sun_path[0] = 0;
        a.size--; /* an abstract name has no end mark: each byte counts */
    }
    *ret_addr = a;
    return 0;
}

void rt_addr_ipv4(uint32_t host_order_ip, uint16_t port, struct rt_addr *ret_addr)
{
    *ret_addr = (struct rt_addr){.in = {.sin_family = AF_INET,
                                        .sin_port = htons(port),
                                        .sin_addr.s_addr = htonl(host_order_ip)},
                                 .size = sizeof(struct sockaddr_in)};
}

uint16_t rt_addr_port(const struct rt_addr *a)
{
    if (a->family == AF_INET)
        return ntohs(a->in.sin_port);
    return a->family == AF_INET6 ? ntohs(a->in6.sin6_port) : 0;
}

void rt_addr_set_port(struct rt_addr *a, uint16_t port)
{
    if (a->family == AF_INET)
        a->in.sin_port = htons(port);
    else if (a->family == AF_INET6)
        a->in6.sin6_port = htons(port);
}

bool rt_addr_eq(const struct rt_addr *a, const struct rt_addr *b)
{
    if (a->family != b->family)
        return false;
    if (a->family == AF_INET)
        return a->in.sin_port == b->in.sin_port &&
               a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
    if (a->family == AF_INET6)
        return a->in6.sin6_port == b->in6.sin6_port &&
               a->in6.sin6_scope_id == b->in6.sin6_scope_id &&
               memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof(a->in6.sin6_addr)) == 0;
    return a->size == b->size && memcmp(&a->sa, &b->sa, a->size) == 0;
}

bool rt_addr_is_loopback(const struct rt_addr *a)
{
    if (a->family == AF_INET)
        return ntohl(a->in.sin_addr.s_addr) >> 24 == 127;
    if (a->family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&a->in6.sin6_addr) ||
               (IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr) &&
                a->in6.sin6_addr.s6_addr[12] == 127);
    return a->family == AF_UNIX;
}

static const char *format_unix(const struct rt_addr *a, char *text)
{
    size_t head = offsetof(struct sockaddr_un, sun_path);
    size_t size = a->size > head ? a->size - head : 0;
    if (size == 0)
        snprintf(text, RT_ADDR_TEXT_MAX, "(unnamed)");
    else if (a->un.sun_path[0] == 0)
        snprintf(text, RT_ADDR_TEXT_MAX, "@%.*s", (int)size - 1, a->un.sun_path + 1);
    else
        snprintf(text, RT_ADDR_TEXT_MAX, "%.*s", (int)size, a->un.sun_path);
    return text;
}

static char *put_number(char *at, unsigned v)
{
    char digits[8];
    int n = 0;
    do
        digits[n++] = (char)('0' + v % 10);
    while ((v /= 10) != 0);
    while (n > 0)
        *at++ = digits[--n];
    return at;
}

/* By hand: each probe names its address, and printf's stack costs a waiting task a second page. */
static const char *format_ipv4(const struct rt_addr *a, bool port, char *text)
{
    const unsigned char *ip = (const unsigned char *)&a->in.sin_addr;
    char *at = text;
    for (int i = 0; i < 4; i++) {
        at = put_number(at, ip[i]);
        *at++ = '.';
    }
    at--;
    if (port) {
        *at++ = ':';
        at = put_number(at, rt_addr_port(a));
    }
    *at = 0;
    return text;
}

static const char *format_ipv6(const struct rt_addr *a, bool port, char *text)
{
    char host[INET6_ADDRSTRLEN], zone[IF_NAMESIZE + 1] = "";
    inet_ntop(AF_INET6, &a->in6.sin6_addr, host, sizeof(host));
    if (a->in6.sin6_scope_id) {
        zone[0] = '%';
        if (!if_indextoname(a->in6.sin6_scope_id, zone + 1))
            snprintf(zone, sizeof(zone), "%%%u", a->in6.sin6_scope_id);
    }
    if (port)
        snprintf(text, RT_ADDR_TEXT_MAX, "[%s%s]:%u", host, zone, rt_addr_port(a));
    else
        snprintf(text, RT_ADDR_TEXT_MAX, "%s%s", host, zone);
    return text;
}

const char *rt_addr_format(const struct rt_addr *a, bool port, char *text)
{
    switch (a->family) {
    case AF_INET:
        return format_ipv4(a, port, text);
    case AF_INET6:
        return format_ipv6(a, port, text);
    case AF_UNIX:
        return format_unix(a, text);
    default:
        return memcpy(text, "(none)", sizeof("(none)"));
    }
}
