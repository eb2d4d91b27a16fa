/* addresses.h - the addresses that this host has, and on which interface. */
#ifndef FIREBREAK_HOST_ADDRESSES_H
#define FIREBREAK_HOST_ADDRESSES_H

#include <stdbool.h>
#include <stdint.h>

enum { HOST_ADDRESSES_MAX = 1024 };

struct host_address {
    bool ipv6, loopback;
    uint8_t ip[16];     /* network order; the first 4 of IPv4 */
    uint8_t prefix;     /* bits */
    uint32_t interface; /* its number */
};

/* Interfaces that are up only. Does not wait; any thread. Returns how many, at most `max`, or a
 * negative errno. */
int host_addresses(struct host_address *ret_list, int max);

/* How many links there are to somewhere else: interfaces but the loopback that are up and have a
 * carrier. Does not wait; any thread. Returns a negative errno where nobody knows. */
int host_links(void);

/* A socket, non-blocking and the caller's, that becomes readable when a link comes, goes or
 * changes in the network namespace that we are in now. What it says is only that host_links is to
 * be asked anew: read it and throw it away. -ENOBUFS from a read: some of it was lost, which says
 * the same, and it is time for another socket. Returns it, or a negative errno. */
int host_links_news_open(void);

#endif
