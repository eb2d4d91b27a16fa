/* tls_verify.h - a certificate chain examined to the end, and put into words. Inside of tls. */
#ifndef FIREBREAK_NET_TLS_VERIFY_H
#define FIREBREAK_NET_TLS_VERIFY_H

#include <openssl/x509_vfy.h>

#include "net/tls.h"
#include "net/tls_verified.h"

/* Verifies what the context was made for, adds every fault to *report (which began as zeroes), and
 * describes the chain in `arena` (NULL: not). `name` is what was expected, for the words. Returns
 * whether there is no fault; otherwise the context's error is that of the first fault, from which
 * OpenSSL makes its alert.
 *
 * A chain that `known` remembers is only looked at for its name and dates, and a good one is put
 * there; but whoever wants a description has all of it examined now. */
bool tls_verify(X509_STORE_CTX *ctx, struct slice name, struct arena *arena,
                struct tls_verified *known, struct tls_report *report);

#endif
