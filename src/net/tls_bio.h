/* tls_bio.h - OpenSSL's way to the socket: a BIO that parks the task. Inside of tls. */
#ifndef FIREBREAK_NET_TLS_BIO_H
#define FIREBREAK_NET_TLS_BIO_H

#include <openssl/bio.h>

#include "base/buf.h"
#include "rt/sock.h"

/* The calls of OpenSSL carry no deadline and no errno, so both pass through here: the caller
 * sets the deadline before, and finds out after a failure whether it was the socket's.
 *
 * What the handshake writes waits in `out` until something is read, or written after it: so the
 * last flight and the first request are one segment, and one wake-up of the peer.
 *
 * A duplex link never parks inside of OpenSSL, whose state two tasks could then not share: what
 * cannot be read now is -ETIMEDOUT, and what is written is kept in `out` for the caller to send. */
struct tls_link {
    struct rt_sock *sock;
    rt_time deadline;
    int error;  /* the first failure of the socket, negative; 0: none */
    bool ended; /* the stream's end was read */
    bool cut;   /* the failure has left a part of a record on its way: nothing can follow */
    bool duplex;
    bool holding; /* the handshake goes on */
    struct buf out;
};

/* Sends what is held back. Returns 0 or the socket's error, which is then the link's. */
int tls_link_flush(struct tls_link *l);
/* NULL without memory. The caller frees it, after its BIOs. */
BIO_METHOD *tls_bio_method(void);
/* `link` must outlive the BIO. NULL without memory. */
BIO *tls_bio_new(BIO_METHOD *method, struct tls_link *link);

#endif
