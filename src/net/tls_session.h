/* tls_session.h - TLS sessions that may be resumed: a small cache by peer. Inside of tls. */
#ifndef FIREBREAK_NET_TLS_SESSION_H
#define FIREBREAK_NET_TLS_SESSION_H

#include <openssl/ssl.h>

#include "base/list.h"
#include "net/tls.h"

enum {
    TLS_SESSION_KEY_MAX = 480,
    TLS_SESSION_BUCKETS = 64,
    TLS_TICKETS_MAX = 8, /* of TLS 1.3, kept for one peer: each is good for one connection, and a
                          * server gives two or so with each */
};

/* Of any number of peers a probe looks only at those of one bucket, by a hash that is no defence:
 * all are ours, and few. */
struct tls_sessions {
    struct list entries;                      /* most recently used first */
    struct list buckets[TLS_SESSION_BUCKETS]; /* likewise, by their keys */
    uint32_t count;
};

void tls_sessions_init(struct tls_sessions *s);
void tls_sessions_done(struct tls_sessions *s);
/* Takes over one reference. The newest session of a peer replaces its former one; of tickets of
 * TLS 1.3 the oldest of TLS_TICKETS_MAX. */
void tls_sessions_put(struct tls_sessions *s, const char *key, SSL_SESSION *session);
/* A reference for the caller, or NULL. Tickets of TLS 1.3 leave the cache: used twice, they
 * would let an onlooker link the two connections. */
SSL_SESSION *tls_sessions_take(struct tls_sessions *s, const char *key);

#endif
