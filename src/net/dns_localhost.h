/* dns_localhost.h - localhost is this host in every network (RFC 6761). Inside of net/.
 *
 * No server is asked for it. The file of hosts says which addresses; where that has no such line
 * (an empty root, a bare container) it is 127.0.0.1. ::1 is left out then, as a host without IPv6
 * lacks it. c-ares knows the name, too, but not its full form, asks servers for x.localhost, and
 * loses memory where the file lacks it (1.18). */
#ifndef FIREBREAK_NET_DNS_LOCALHOST_H
#define FIREBREAK_NET_DNS_LOCALHOST_H

#include <ares.h>

#include "net/dns.h"

/* "localhost" and everything below it, in lower case, with or without a dot at its end. */
bool dns_is_localhost(struct slice name);
/* Ports are 0. Returns 0, or -ENOMEM. Reads a file, and does not wait otherwise. */
int dns_localhost(ares_channel channel, struct slice name, struct dns_addresses *ret);

#endif
