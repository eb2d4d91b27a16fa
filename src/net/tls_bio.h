/* tls_bio.h - OpenSSL's way to the socket: a BIO that parks the task. Inside of tls. */
#ifndef FIREBREAK_NET_TLS_BIO_H
#define FIREBREAK_NET_TLS_BIO_H

#include <openssl/bio.h>

#include "base/buf.h"
#include "rt/sock.h"

/* The calls of OpenSSL carry no deadline and no errno, so both pass through here: the caller
 * sets the deadline before, and finds out after a failure whether it was the socket's.
 *
 * A duplex link never parks inside of OpenSSL, whose state two tasks could then not share: what
 * cannot be read now is -ETIMEDOUT, and what is written is kept in `out` for the caller to send. */
struct tls_link {
    struct rt_sock *sock;
    rt_time deadline;
    int error;  /* the first failure of the socket, negative; 0: none */
    bool ended; /* the stream's end was read */
    bool duplex;
    struct buf out;
};

/* NULL without memory. The caller frees it, after its BIOs. */
BIO_METHOD *tls_bio_method(void);
/* `link` must outlive the BIO. NULL without memory. */
BIO *tls_bio_new(BIO_METHOD *method, struct tls_link *link);

#endif
