/* proxy.h - which requests go through an HTTP proxy, and the tunnel through one.
 *
 * As curl understands http_proxy, https_proxy and no_proxy: a proxy is
 * http://[USER:PASSWORD@]HOST[:PORT] (the port else 1080; the scheme may be left out). no_proxy is
 * a list of names, which stand for what is below them, too, of addresses and of prefixes
 * ("10.0.0.0/8"); "*" is everything. Nothing else is special: localhost is asked for through a
 * proxy unless no_proxy has it. */
#ifndef FIREBREAK_NET_PROXY_H
#define FIREBREAK_NET_PROXY_H

#include "base/err.h"
#include "net/stream.h"
#include "wire/url.h"

enum { PROXY_PORT = 1080, PROXY_HEAD_BYTES_MAX = 16 * 1024 };

/* Texts of the environment; NULL or empty: none. The caller's. */
struct proxy_settings {
    const char *http, *https, *none;
};

/* The proxy for a connection to this host. Returns 1 with *ret_proxy (slices of the settings), 0:
 * it is connected to directly, or -EINVAL with *err: the setting names no proxy that is known here.
 */
int proxy_choose(const struct proxy_settings *s, bool tls, struct slice host, uint16_t port,
                 struct url *ret_proxy, struct err *err);

/* Appends "Basic …" for the proxy's user and password. */
void proxy_authorization(const struct url *proxy, struct buf *out);

/* Asks the proxy at the other end of the stream for a tunnel (CONNECT). Returns 0: what is written
 * now is read by host:port. -EACCES: it refuses, with its status and words in *err; -EBADMSG: it is
 * no proxy; -EPIPE and those of stream.h. */
int proxy_tunnel(struct stream *s, const struct url *proxy, struct slice host, uint16_t port,
                 struct err *err, rt_time deadline);

#endif
