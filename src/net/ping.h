/* ping.h - ICMP echo: requests to many hosts at once, and how many came back.
 *
 * Where we may, one raw socket of each family serves all pings of a loop, and a task of the pinger
 * hands each answer to whoever waits for it; elsewhere each ping has a ping socket of its own, if
 * the kernel lets our group have those. An answer counts when it is from the host that was asked
 * and carries the bytes that were sent to it, which nobody can guess. */
#ifndef FIREBREAK_NET_PING_H
#define FIREBREAK_NET_PING_H

#include "base/err.h"
#include "rt/addr.h"
#include "rt/rt.h"

enum {
    PING_COUNT_MAX = 100,
    PING_IN_FLIGHT_MAX = 65536, /* requests of a loop: a sequence number each */
};

struct pinger;

void pinger_open(struct pinger **ret_pinger);
void pinger_close(struct pinger *p); /* NULL is accepted; no ping may be under way */

struct ping_result {
    uint32_t sent, received;
    rt_time rtt_ns; /* the mean of those that came back */
};

/* Sends `count` requests, `interval` apart, and waits for all answers until the deadline. Returns
 * 0: *ret_result says how many came, which may be none. -EHOSTUNREACH: a router says that there is
 * no way (*err has its words). -EPERM: neither raw nor ping sockets are for us. -ENETUNREACH,
 * -ECANCELED and our own wants: -ENOBUFS, -EMFILE …; *ret_result is filled in any case. */
int ping(struct pinger *p, const struct rt_addr *to, uint32_t count, rt_time interval,
         struct ping_result *ret_result, struct err *err, rt_time deadline);

#endif
