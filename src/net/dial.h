/* dial.h - connecting to a name with several addresses: Happy Eyeballs (RFC 8305).
 *
 * Attempts begin one after the other, DIAL_STAGGER_MS apart or as soon as the one before has
 * failed, families in turn, and run side by side; the first that succeeds is taken, and the others
 * are cancelled. So an address that swallows packets costs a quarter of a second, and no time-out.
 */
#ifndef FIREBREAK_NET_DIAL_H
#define FIREBREAK_NET_DIAL_H

#include "net/dns.h"
#include "rt/sock.h"

enum { DIAL_STAGGER_MS = 250 };

struct dial_trace {
    struct rt_addr address; /* connected to, or the one that the failure is about */
    uint32_t attempts;      /* begun */
};

/* How each attempt connects; a NULL way, or one without `connect`: by rt_connect. */
struct dial_way {
    int (*connect)(void *ctx, const struct rt_addr *to, struct rt_sock **ret_sock,
                   rt_time deadline);
    void *ctx;
};

/* Returns 0; or what the most telling attempt met: an answer (-ECONNREFUSED) says more than no
 * route, and what we lack ourselves ends it at once. *ret_trace is filled in any case. */
int dial(const struct dial_way *way, const struct dns_addresses *to, struct rt_sock **ret_sock,
         struct dial_trace *ret_trace, rt_time deadline);

#endif
