/* tls_algorithms.h - OpenSSL's algorithms for a client that only reads certificates. Inside of tls.
 *
 * OpenSSL 3.0 lets every decoder that it has look at each public key of each certificate: eighty of
 * them, PEM, private keys and parameters too, which costs more than the handshake's cryptography.
 * A public key inside a certificate has one form only. So this context has OpenSSL's own
 * algorithms, less the decoders for other forms, and less the modes of ciphers that no TLS has: at
 * each key OpenSSL walks over all that it knows.
 *
 * Who reads private keys or PEM with public keys needs the usual context. */
#ifndef FIREBREAK_NET_TLS_ALGORITHMS_H
#define FIREBREAK_NET_TLS_ALGORITHMS_H

#include <openssl/types.h>

struct tls_algorithms {
    OSSL_LIB_CTX *library;
    OSSL_PROVIDER *provider;
};

/* Returns 0, or -ENOMEM. All zeroes is a valid closed one, with the usual context. */
int tls_algorithms_open(struct tls_algorithms *a);
/* What was made with it must be freed before. */
void tls_algorithms_close(struct tls_algorithms *a);

#endif
