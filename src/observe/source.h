/* source.h - connecting when this host's own ports run short: from another address of it.
 *
 * A connection is told from others by four numbers, so each further source address is another
 * range of ports to one and the same target. The kernel's choice of address comes first; only when
 * it has no port left to a destination, the others are used: of the loopback network all addresses,
 * else those of the same family on the interface that the kernel chose. Which one has ports is
 * remembered for each destination network, as looking for a port in vain is slow. Belongs to a
 * loop. */
#ifndef FIREBREAK_OBSERVE_SOURCE_H
#define FIREBREAK_OBSERVE_SOURCE_H

#include "rt/sock.h"

enum {
    SOURCE_ADDRESSES_MAX = 32, /* that are used towards one destination network */
    SOURCE_ROUTES_MAX = 64,    /* destination networks remembered; the longest known goes first */
};

struct source_pool; /* made when it is first needed */

/* As rt_connect, with the pool's help. `reset`: closing sends RST, and keeps no port. */
int source_connect(struct source_pool **pool, const struct rt_addr *to, bool reset,
                   struct rt_sock **ret_sock, rt_time deadline);
void source_pool_close(struct source_pool *p); /* NULL is accepted */

#endif
