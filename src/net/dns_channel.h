/* dns_channel.h - one c-ares channel, its sockets watched by tasks. Inside of dns. */
#ifndef FIREBREAK_NET_DNS_CHANNEL_H
#define FIREBREAK_NET_DNS_CHANNEL_H

#include <ares.h>

#include "net/dns.h"

struct dns_channel {
    ares_channel ares;
    struct rt_group *group;
    struct rt_addr server; /* AF_UNSPEC: the system's own */
    struct list link;      /* of the resolver, most recently used first */
    struct list watches;
    uint32_t in_flight;
    bool timer_runs;
    bool unwatched; /* some socket has no task that watches it: the timer looks at all of them */
};

struct dns_channel_options {
    const struct rt_addr *server;     /* ask only this one, and search no domains; or NULL: */
    const struct dns_options *config; /* where the servers stand; NULL: the system's own */
    bool own_words; /* SERVFAIL and REFUSED are answers; else the next server is asked, and c-ares
                     * forgets what the last one said */
};
/* Returns 0, or -EIO or -ENOMEM with *err. The channel's tasks live in `group`. */
int dns_channel_open(struct dns_channel *c, struct rt_group *group,
                     const struct dns_channel_options *options, struct err *err);
/* Every question still open is answered with "destroyed". */
void dns_channel_close(struct dns_channel *c);
/* Around each question: keeps the clock of c-ares going while any is open. Begin returns 0, or
 * -ENOMEM: the question is begun, but nothing ends it that waits in vain. */
int dns_channel_begin(struct dns_channel *c);
void dns_channel_end(struct dns_channel *c);

#endif
