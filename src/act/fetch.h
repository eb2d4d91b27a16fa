/* fetch.h - the inside of act: one request over HTTP, with all that it needs.
 *
 * Actions are rare: each has a resolver and a client of its own, and keeps nothing. */
#ifndef FIREBREAK_ACT_FETCH_H
#define FIREBREAK_ACT_FETCH_H

#include "net/http.h"

struct fetch {
    struct dns_resolver *dns;
    struct tls_context *tls;
    struct http_client *client;
    struct http_response *response;
    struct http_trace trace; /* of the request */
};

/* The resolver and TLS alone, for who speaks something else. *ret is to be closed in any case.
 * Returns 0, or a negative errno with *err. */
int fetch_begin(struct fetch *ret, struct err *err, rt_time deadline);
/* Sends it and reads the answer's head, whatever its status. *ret is to be closed in any case.
 * Returns 0, or a negative errno with *err. */
int fetch_open(struct fetch *ret, const struct http_request *q, struct err *err, rt_time deadline);
uint16_t fetch_status(const struct fetch *f);
void fetch_close(struct fetch *f);

#endif
