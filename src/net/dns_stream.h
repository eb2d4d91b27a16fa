/* dns_stream.h - one question to a name server over TCP or TLS (RFC 7766, 7858).
 *
 * The stream is the caller's, connected, and asked once. Errors are those of dns.h, and of
 * stream.h; a server that closes without an answer is -EPIPE. */
#ifndef FIREBREAK_NET_DNS_STREAM_H
#define FIREBREAK_NET_DNS_STREAM_H

#include "net/dns.h"
#include "net/stream.h"

int dns_query_stream(struct stream *s, struct slice name, uint16_t type, struct arena *arena,
                     struct dns_answers *ret_answers, struct err *err, rt_time deadline);

#endif
