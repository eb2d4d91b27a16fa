#include "observe/source.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "host/addresses.h"

/* The way to one destination network. Address 0 is "whatever the kernel takes". */
struct route {
    struct rt_addr network; /* a destination in it, with its last bits cut off; AF_UNSPEC: free */
    struct rt_addr from[SOURCE_ADDRESSES_MAX];
    uint32_t count, at;
};

struct source_pool {
    struct route routes[SOURCE_ROUTES_MAX];
    uint32_t oldest;
};

void source_pool_close(struct source_pool *p)
{
    mem_free(MEM_OBSERVE, p);
}

/* /24 and /64; all of loopback is one. */
static struct rt_addr network_of(const struct rt_addr *to)
{
    struct rt_addr n = *to;
    rt_addr_set_port(&n, 0);
    if (n.family == AF_INET6)
        memset(&n.in6.sin6_addr.s6_addr[8], 0, 8);
    else if (rt_addr_is_loopback(to))
        rt_addr_ipv4(INADDR_LOOPBACK, 0, &n);
    else
        n.in.sin_addr.s_addr &= htonl(0xffffff00);
    return n;
}

static struct route *find(struct source_pool *p, const struct rt_addr *network)
{
    for (uint32_t i = 0; p && i < SOURCE_ROUTES_MAX; i++)
        if (rt_addr_eq(&p->routes[i].network, network))
            return &p->routes[i];
    return NULL;
}

/* ---- which addresses there are ---- */

static bool address_is(const struct host_address *h, const struct rt_addr *a)
{
    if (h->ipv6 != (a->family == AF_INET6))
        return false;
    return h->ipv6 ? memcmp(h->ip, &a->in6.sin6_addr, 16) == 0
                   : memcmp(h->ip, &a->in.sin_addr, 4) == 0;
}

static void add(struct route *r, const struct rt_addr *a)
{
    if (r->count < SOURCE_ADDRESSES_MAX)
        r->from[r->count++] = *a;
}

/* The kernel takes each address of the loopback's network for ours. */
static void add_loopback(struct route *r)
{
    for (uint32_t i = 2; r->count < SOURCE_ADDRESSES_MAX; i++) {
        struct rt_addr a;
        rt_addr_ipv4((INADDR_LOOPBACK & 0xff000000) | i, 0, &a);
        add(r, &a);
    }
}

static void add_interface(struct route *r, const struct rt_addr *chosen,
                          const struct host_address *all, int count)
{
    uint32_t interface = 0;
    for (int i = 0; i < count; i++)
        if (address_is(&all[i], chosen))
            interface = all[i].interface;
    for (int i = 0; i < count && interface; i++) {
        struct rt_addr a = *chosen; /* its scope, too */
        if (all[i].interface != interface || all[i].ipv6 != (chosen->family == AF_INET6) ||
            address_is(&all[i], chosen))
            continue;
        bool link_local = all[i].ipv6 && all[i].ip[0] == 0xfe && (all[i].ip[1] & 0xc0) == 0x80;
        if (link_local != (a.family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&a.in6.sin6_addr)))
            continue;
        if (all[i].ipv6)
            memcpy(&a.in6.sin6_addr, all[i].ip, 16);
        else
            memcpy(&a.in.sin_addr, all[i].ip, 4);
        add(r, &a);
    }
}

/* What the kernel would take as our address towards it. */
static int chosen_towards(const struct rt_addr *to, struct rt_addr *ret)
{
    struct rt_sock *s;
    int r = rt_udp_open(NULL, to, &s);
    if (r == 0) {
        r = rt_sock_local(s, ret);
        rt_addr_set_port(ret, 0);
        rt_close(s);
    }
    return r;
}

static struct route *make(struct source_pool **pool, const struct rt_addr *network,
                          const struct rt_addr *to)
{
    struct rt_addr chosen;
    if (!*pool)
        *pool = mem_alloc(MEM_OBSERVE, sizeof(**pool));
    struct route *r = &(*pool)->routes[(*pool)->oldest++ % SOURCE_ROUTES_MAX];
    memset(r, 0, sizeof(*r)); /* a literal would lie on the stack first */
    r->network = *network;
    r->count = 1;
    if (to->family == AF_INET && rt_addr_is_loopback(to)) {
        add_loopback(r);
    } else if (chosen_towards(to, &chosen) == 0) {
        struct host_address *all = mem_alloc(MEM_OBSERVE, HOST_ADDRESSES_MAX * sizeof(*all));
        add_interface(r, &chosen, all, host_addresses(all, HOST_ADDRESSES_MAX));
        mem_free(MEM_OBSERVE, all);
    }
    return r;
}

/* ---- connecting ---- */

static int connect_from(const struct rt_addr *from, const struct rt_addr *to, bool reset,
                        struct rt_sock **ret_sock, rt_time deadline)
{
    struct rt_connect_options options = {.reset_on_close = reset};
    if (from && from->family != AF_UNSPEC)
        options.from = from;
    return rt_connect(to, &options, ret_sock, deadline);
}

/* Apart: addresses on the stack would cost a page of each probe that waits. */
static __attribute__((noinline)) int from_elsewhere(struct source_pool **pool,
                                                    const struct rt_addr *to, bool reset,
                                                    struct rt_sock **ret_sock, rt_time deadline)
{
    struct rt_addr network = network_of(to);
    struct route *route = find(*pool, &network);
    if (!route)
        route = make(pool, &network, to);
    int r = -EADDRNOTAVAIL;
    for (uint32_t tries = 0; tries < route->count && r == -EADDRNOTAVAIL; tries++) {
        struct rt_addr from = route->from[route->at];
        uint32_t at = route->at;
        r = connect_from(&from, to, reset, ret_sock, deadline);
        /* While we waited, the route may have become another one's. */
        if (r == -EADDRNOTAVAIL && route->at == at)
            route->at = (at + 1) % route->count;
        if (!rt_addr_eq(&route->network, &network))
            break;
    }
    return r;
}

static bool is_known(struct source_pool *p, const struct rt_addr *to)
{
    if (!p)
        return false;
    struct rt_addr network = network_of(to);
    return find(p, &network);
}

int source_connect(struct source_pool **pool, const struct rt_addr *to, bool reset,
                   struct rt_sock **ret_sock, rt_time deadline)
{
    int r = -EADDRNOTAVAIL;
    bool ip = to->family == AF_INET || to->family == AF_INET6;
    if (!ip || !is_known(*pool, to))
        r = connect_from(NULL, to, reset, ret_sock, deadline);
    return r == -EADDRNOTAVAIL && ip ? from_elsewhere(pool, to, reset, ret_sock, deadline) : r;
}
