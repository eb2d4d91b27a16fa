/* url.h - URLs with an authority (RFC 3986): taken apart, and put together for redirects.
 *
 * Every part is a slice into the given text. Pure; any thread. */
#ifndef FIREBREAK_WIRE_URL_H
#define FIREBREAK_WIRE_URL_H

#include "base/buf.h"
#include "base/err.h"

enum { URL_BYTES_MAX = 8192 };

struct url {
    struct slice scheme;   /* "http" */
    struct slice userinfo; /* before '@'; empty: none */
    struct slice host;     /* IPv6 without its brackets */
    uint16_t port;         /* given, or the scheme's own (http 80, https 443), else 0 */
    bool host_is_ipv6, has_port;
    struct slice path;     /* begins with '/', or is empty */
    struct slice query;    /* without '?' */
    struct slice fragment; /* without '#' */
    struct slice target;   /* path and query, as a request line wants them; may be empty ("/") */
};

/* Returns 0 or -EINVAL with *err. Bytes outside of ASCII, spaces and control characters are
 * refused: they are to be percent-encoded, names to be written in their xn-- form. */
int url_parse(struct slice text, struct url *ret_url, struct err *err);

/* "[USER@]HOST[:PORT][/…]", without a scheme; the port is 0 where there is none. As url_parse. */
int url_parse_authority(struct slice text, struct url *ret_url, struct err *err);

/* Appends the text with its %XX as the bytes that they stand for; a '+' stays one. Returns 0,
 * -EINVAL (no two hex digits, or %00), -EMSGSIZE. */
int url_decode(struct slice text, struct buf *out);
/* Takes the next "name=value" off a query; both as written. False at its end. */
bool url_next_param(struct slice *query, struct slice *ret_name, struct slice *ret_value);

/* The reference as seen from the base (RFC 3986, 5.2), as text, appended to *out. Returns 0,
 * -EINVAL, -EMSGSIZE. */
int url_resolve(const struct url *base, struct slice reference, struct buf *out);

#endif
