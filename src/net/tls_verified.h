/* tls_verified.h - chains of certificates that were found good: remembered, not judged again.
 * Inside of tls.
 *
 * Probes see the same chains again and again, and a signature that was true stays true. What is
 * remembered is a verdict on exact bytes by the roots and rules of one context, so the table
 * belongs to a context and ends with it: other roots (a reload, --ca) mean another context. The
 * verdict has no name in it, and of dates only the time in which each certificate of the path is
 * valid: both are looked at each time, and where either is amiss the chain is examined from the
 * beginning.
 *
 * A chain with any fault is never remembered. The table has TLS_VERIFIED_MAX places; a chain that
 * comes to a taken one replaces what was there. */
#ifndef FIREBREAK_NET_TLS_VERIFIED_H
#define FIREBREAK_NET_TLS_VERIFIED_H

#include <openssl/x509_vfy.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    TLS_VERIFIED_MAX = 256,
    TLS_VERIFIED_KEY_BYTES = 32,       /* SHA-256 */
    TLS_VERIFIED_CERTIFICATES_MAX = 10 /* a longer chain is examined each time */
};

struct tls_verified_chain {
    unsigned char key[TLS_VERIFIED_KEY_BYTES];
    int64_t from_s, until_s; /* seconds since 1970: valid from the first until before the second.
                              * Both 0: the place is free */
};

/* All zeroes is a valid empty one, which allocates with the first chain. */
struct tls_verified {
    struct tls_verified_chain *places;
};

void tls_verified_done(struct tls_verified *v);
/* What stands for the certificates that the peer sent, in their order. Returns whether there is a
 * key: none for more than TLS_VERIFIED_CERTIFICATES_MAX, or without memory. */
bool tls_verified_key(const X509_STORE_CTX *ctx, unsigned char key[TLS_VERIFIED_KEY_BYTES]);
/* NULL: unknown, or not valid at `now_s`. Good until the next put. */
const struct tls_verified_chain *tls_verified_find(const struct tls_verified *v,
                                                   const unsigned char *key, int64_t now_s);
void tls_verified_put(struct tls_verified *v, const struct tls_verified_chain *chain);

#endif
