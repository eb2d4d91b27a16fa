/* http_request.h - an HTTP client's request head, put together. Inside of http.
 *
 * Pure. */
#ifndef FIREBREAK_NET_HTTP_REQUEST_H
#define FIREBREAK_NET_HTTP_REQUEST_H

#include "net/http.h"
#include "wire/url.h"

/* What a hop sends: the caller's request, less what redirects have taken away. */
struct http_hop {
    const struct http_request *request;
    struct slice method;
    const struct url *url;
    bool has_body;   /* a redirect to GET drops it, and the fields about it */
    bool is_foreign; /* led away from the first origin: no credentials, no Host of the caller's */
    const struct url *proxy; /* asked in the origin's place, without a tunnel; NULL: nobody */
    bool close;      /* ask the peer to close afterwards */
};

/* Appends the head. Returns 0, or -EINVAL with *err; it is -EINVAL, too, beyond the bound of *out.
 */
int http_request_put(const struct http_hop *hop, struct buf *out, struct err *err);
/* Whether the caller's fields have this name. */
const struct http1_field *http_request_field(const struct http_request *q, const char *name);

#endif
