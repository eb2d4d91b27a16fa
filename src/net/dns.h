/* dns.h - names to addresses, and questions to a given server: c-ares on the runtime.
 *
 * A resolver belongs to one loop and serves all its tasks. Looking up honours /etc/hosts (and
 * knows localhost where that file does not), the search domains and servers of /etc/resolv.conf,
 * falls back to TCP for cut answers, keeps answers for their TTL (at most DNS_CACHE_MAX names) and
 * "no such name" for DNS_NEGATIVE_TTL_S.
 * Numeric names need no lookup. Tasks that look up one name within a second share one question;
 * a task that gives up leaves its question to end by itself.
 *
 * Errors: -ENOENT no such name; -ENODATA the name has no such record; -ETIMEDOUT no answer by
 * the deadline; -EREMOTEIO the server failed (SERVFAIL, FORMERR, NOTIMP); -EACCES it refused the
 * question (REFUSED); -ECONNREFUSED nobody listens there; -EBADMSG a broken answer; -ECANCELED. Our
 * own want: -ENOBUFS more than DNS_IN_FLIGHT_MAX questions under way, -EMFILE, -ENFILE, -ENOMEM. */
#ifndef FIREBREAK_NET_DNS_H
#define FIREBREAK_NET_DNS_H

#include "base/arena.h"
#include "base/err.h"
#include "rt/addr.h"
#include "rt/rt.h"

enum {
    DNS_NAME_MAX = 253,
    DNS_ADDRESSES_MAX = 8, /* of one name; further ones are left out */
    DNS_CACHE_MAX = 4096,
    DNS_TTL_MAX_S = 3600,
    DNS_NEGATIVE_TTL_S = 5,
    DNS_IN_FLIGHT_MAX = 1024,
    DNS_SERVERS_MAX = 64, /* servers asked by name or address, kept open */

    DNS_TYPE_A = 1,
    DNS_TYPE_NS = 2,
    DNS_TYPE_CNAME = 5,
    DNS_TYPE_SOA = 6,
    DNS_TYPE_PTR = 12,
    DNS_TYPE_MX = 15,
    DNS_TYPE_TXT = 16,
    DNS_TYPE_AAAA = 28,
    DNS_TYPE_SRV = 33,
    DNS_TYPE_CAA = 257,
};

struct dns_resolver;

struct dns_addresses {
    struct rt_addr addr[DNS_ADDRESSES_MAX]; /* as the resolver orders them (RFC 6724) */
    uint32_t count;                         /* >= 1 */
};

/* NULL options: the system's own. */
struct dns_options {
    const char *resolv_conf; /* instead of /etc/resolv.conf */
    uint16_t port;           /* of its servers; 0: 53 */
};
/* Returns 0, or -EIO with *err where the configuration cannot be used. */
int dns_resolver_open(const struct dns_options *options, struct dns_resolver **ret_resolver,
                      struct err *err);
/* Waits for its own tasks only. NULL is accepted. No task may still ask it. */
void dns_resolver_close(struct dns_resolver *d);

/* *ret_addresses carry the port. */
int dns_lookup(struct dns_resolver *d, struct slice name, uint16_t port,
               struct dns_addresses *ret_addresses, struct err *err, rt_time deadline);

/* Asks `server` (NULL: the system's own) for one record type. Answers are text as in zone files
 * ("10 mail.example."), of the type asked for, in the arena; a name without any is -ENODATA. */
struct dns_answers {
    char **text;
    uint32_t count;
    bool authentic; /* the server says that it has verified them (DNSSEC) */
};
int dns_query(struct dns_resolver *d, const struct rt_addr *server, struct slice name,
              uint16_t type, struct arena *arena, struct dns_answers *ret_answers, struct err *err,
              rt_time deadline);

/* "AAAA" to 28, any case. 0 or -EINVAL. */
int dns_type_parse(struct slice word, uint16_t *ret_type);
/* 28 to "AAAA"; "?" for one that is not known here. */
const char *dns_type_name(uint16_t type);
/* "A AAAA …": for messages. */
const char *dns_type_words(void);

#endif
