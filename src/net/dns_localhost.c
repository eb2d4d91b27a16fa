#include "net/dns_localhost.h"

#include <errno.h>
#include <netdb.h> /* rule zero: kernel header, for struct hostent, in which c-ares answers */
#include <string.h>

static const char suffix[] = ".localhost";

static struct slice without_dot(struct slice name)
{
    if (name.size && name.data[name.size - 1] == '.')
        name.size--;
    return name;
}

bool dns_is_localhost(struct slice name)
{
    name = without_dot(name);
    return slice_eq(name, slice_from(suffix + 1)) || slice_ends_with(name, slice_from(suffix));
}

static void add(struct dns_addresses *to, int family, const char *bytes)
{
    if (to->count == DNS_ADDRESSES_MAX)
        return;
    struct rt_addr *a = &to->addr[to->count++];
    *a = (struct rt_addr){0};
    a->family = (sa_family_t)family;
    if (family == AF_INET) {
        a->size = sizeof(a->in);
        memcpy(&a->in.sin_addr, bytes, sizeof(a->in.sin_addr));
    } else {
        a->size = sizeof(a->in6);
        memcpy(&a->in6.sin6_addr, bytes, sizeof(a->in6.sin6_addr));
    }
}

/* Returns 0 also where the file says nothing. */
static int read_file(ares_channel channel, const char *name, int family, struct dns_addresses *to)
{
    struct hostent *host = NULL;
    int status = ares_gethostbyname_file(channel, name, family, &host);
    if (status == ARES_ENOMEM)
        return -ENOMEM;
    if (status != ARES_SUCCESS)
        return 0;
    for (char **at = host->h_addr_list; *at; at++)
        add(to, family, *at);
    ares_free_hostent(host);
    return 0;
}

int dns_localhost(ares_channel channel, struct slice name, struct dns_addresses *ret)
{
    struct dns_addresses found = {0};
    char text[DNS_NAME_MAX + 2];
    name = without_dot(name);
    memcpy(text, name.data, name.size);
    text[name.size] = 0;
    int r = read_file(channel, text, AF_INET, &found);
    if (r == 0)
        r = read_file(channel, text, AF_INET6, &found);
    if (r < 0)
        return r;
    if (found.count == 0)
        rt_addr_ipv4(INADDR_LOOPBACK, 0, &found.addr[found.count++]);
    *ret = found;
    return 0;
}
