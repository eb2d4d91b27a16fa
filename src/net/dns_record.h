/* dns_record.h - the answers of a DNS message (RFC 1035, 4.1) as text. Inside of dns. */
#ifndef FIREBREAK_NET_DNS_RECORD_H
#define FIREBREAK_NET_DNS_RECORD_H

#include "net/dns.h"

/* Takes the answer records of this type out of a reply whose sender is trusted with nothing.
 * Returns 0; -ENODATA none of that type; -EBADMSG a broken message; -ENOSPC the arena's bound. */
int dns_record_parse(const unsigned char *reply, int size, uint16_t type, struct arena *arena,
                     struct dns_answers *ret_answers);

#endif
