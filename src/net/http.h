/* http.h - an HTTP client: requests, redirects, streaming bodies, kept connections; HTTP/1.1, and
 * HTTP/2 where it is asked for.
 *
 * A client belongs to one loop and serves all its tasks. A request is one straight line: take an
 * idle connection to the origin or make one (name, connect as dial.h does, TLS),
 * send, read the head, follow redirects. The body is then read call by call, or not at all.
 *
 *     struct http_response *resp;
 *     r = http_open(client, &request, &resp, &trace, &err, deadline);
 *     while (r == 0 && (n = http_read(resp, chunk, sizeof(chunk), &err, deadline)) > 0)
 *         use(chunk, n);
 *     http_close(resp);
 *
 * A kept connection may have died unseen: a request whose kept connection turns out dead before
 * the first byte of an answer is sent once more over a fresh one, if it is idempotent.
 * Across origins no Authorization, Cookie or Proxy-Authorization is carried on.
 *
 * HTTP/2 is spoken where TLS agrees on it (HTTP_VERSION_ANY offers both), or where the caller
 * knows that the server does (HTTP_VERSION_2 without TLS: "h2c" by prior knowledge). The answer's
 * head and body look the same. Each such request has a connection of its own, which is not kept. A
 * server that wants HTTP/1.1 after all (HTTP_1_1_REQUIRED) is asked again in it, where both were
 * offered.
 *
 * Errors: -EINVAL the URL or a field cannot be sent; -ELOOP more redirects than allowed;
 * -EMSGSIZE a limit of the head; -EBADMSG no (acceptable) HTTP; -EPROTONOSUPPORT a transfer
 * coding or major version that is not understood; -EPIPE the peer closed before its message was
 * complete; -ECONNRESET the connection, or its one stream of HTTP/2, was reset; -EKEYREJECTED,
 * -EPROTO as tls.h; those of dns.h and rt_connect: the trace's phase tells which. */
#ifndef FIREBREAK_NET_HTTP_H
#define FIREBREAK_NET_HTTP_H

#include "net/dns.h"
#include "net/proxy.h"
#include "net/stream.h"
#include "net/tls.h"
#include "wire/http1.h"

enum {
    HTTP_IDLE_MAX = 64, /* kept connections of a client */
    HTTP_IDLE_PER_ORIGIN_MAX = 4,
    HTTP_IDLE_MS = 30 * 1000, /* a kept connection's longest rest; closed when next looked at */
    HTTP_REDIRECTS_MAX = 50,
    HTTP_INTERIM_MAX = 16,            /* 1xx answers before the real one */
    HTTP_DRAIN_BYTES_MAX = 64 * 1024, /* of a redirect's body read to keep its connection */
};

struct http_client;

struct http_client_options {
    struct dns_resolver *dns;   /* the caller's; outlives the client */
    struct tls_context *tls;    /* the caller's; NULL: https is refused */
    struct proxy_settings proxies; /* the caller's; none: connected to directly */
    struct http1_limits limits; /* of answers; zeroes: the defaults */
    bool no_keep;               /* each request on a connection of its own */
    /* Connects instead of rt_connect, with its results: for who has a word to say on where from. */
    int (*connect)(void *ctx, const struct rt_addr *to, struct rt_sock **ret_sock,
                   rt_time deadline);
    void *connect_ctx;
    uint32_t idle_ms;           /* a kept connection's longest rest; 0: HTTP_IDLE_MS */
};

int http_client_open(const struct http_client_options *options, struct http_client **ret_client);
/* NULL is accepted. No response may be open. */
void http_client_close(struct http_client *c);

enum http_version {
    HTTP_VERSION_1,   /* HTTP/1.1 */
    HTTP_VERSION_ANY, /* over TLS whichever the server prefers; else HTTP/1.1 */
    HTTP_VERSION_2,   /* HTTP/2 or nothing, without TLS by prior knowledge; for the first origin:
                       * behind a redirect to another one it is HTTP_VERSION_ANY */
};

struct http_request {
    struct slice method; /* empty: GET */
    struct slice url;    /* http:// or https://; user:password@ becomes Authorization */
    /* Sent as given, behind those that the client sets by itself (Host, User-Agent, Accept,
     * Accept-Encoding: identity, Content-Length); a field of that name replaces the client's.
     * Transfer-Encoding and Content-Length are refused; with Connection, none is kept. */
    const struct http1_field *fields;
    uint32_t field_count;
    struct slice body;
    uint32_t redirects_max; /* 0: a 3xx is the answer itself; else one beyond is -ELOOP */
    const char
        *server_name;       /* TLS: checked and sent instead of the URL's host; first origin only */
    struct slice unix_path; /* first origin only: connect there, whatever the URL's host says */
    bool no_keep;           /* a fresh connection, and none is kept */
    enum http_version version;
};

enum http_phase {
    HTTP_PHASE_START, /* nothing yet: the request itself is wrong */
    HTTP_PHASE_PROXY, /* finding and asking one */
    HTTP_PHASE_DNS,
    HTTP_PHASE_CONNECT,
    HTTP_PHASE_TLS,
    HTTP_PHASE_SEND,
    HTTP_PHASE_HEAD, /* waiting for and reading the answer's head */
    HTTP_PHASE_REDIRECT,
    HTTP_PHASE_BODY,
};

/* What happened on the way, filled also when it failed. Times are those of the last hop; -1: the
 * phase did not happen (a kept connection, an address, no TLS). */
struct http_trace {
    enum http_phase phase;  /* the last one entered */
    struct rt_addr address; /* last tried; AF_UNSPEC: none */
    int64_t dns_ns, connect_ns, tls_ns;
    int64_t first_byte_ns; /* from the request's last byte to the answer's first */
    uint16_t status;       /* of the last hop's answer; 0: none came */
    uint32_t redirects;    /* followed */
    uint32_t attempts;     /* connections tried: addresses that failed and dead kept ones count */
    bool proxied;          /* the last hop went, or was to go, through a proxy */
    bool reused;           /* the last hop went over a kept connection */
    bool http2;            /* the last hop spoke HTTP/2 */
    struct tls_report tls; /* without its chain, unless `arena` is set */
    struct arena *arena;   /* set by the caller, for the chain; may be NULL */
};

struct http_response;

/* Sends and reads the head. *trace, which may be NULL, is filled in any case; its `arena` is the
 * caller's to set before (zero the rest). Returns 0: *ret_response must be closed. */
int http_open(struct http_client *c, const struct http_request *request,
              struct http_response **ret_response, struct http_trace *trace, struct err *err,
              rt_time deadline);
/* Valid until http_close. */
const struct http1_head *http_head(const struct http_response *r);
/* The URL that answered: the request's, or where the redirects led. */
struct slice http_url(const struct http_response *r);
/* Bytes of the body (1 … size), 0 at its end, or negative errno with *err. */
ssize_t http_read(struct http_response *r, void *buf, size_t size, struct err *err,
                  rt_time deadline);
/* Appends the rest of the body; -EMSGSIZE beyond the buffer's bound (then the buffer is full
 * with the body's beginning). Returns 0 or as http_read. */
int http_read_all(struct http_response *r, struct buf *out, struct err *err, rt_time deadline);
/* Keeps the connection if the body was read to its end and the peer agrees, else closes it. Does
 * not wait. NULL is accepted. */
void http_close(struct http_response *r);

/* Idle connections kept now. */
uint32_t http_client_idle(const struct http_client *c);

#endif
