/* http_server.h - an HTTP/1.1 server: a task for each connection, a call for each request.
 *
 * The server reads a request's head, checks it, and calls `serve` in the connection's task. There,
 * reading the body and answering are straight lines:
 *
 *     static void serve(void *ctx, struct http_exchange *x)
 *     {
 *         r = exchange_read_all(x, &body, &err);
 *         if (r < 0)
 *             exchange_refuse(x, r, &err);
 *         else
 *             exchange_answer(x, 200, "application/json", answer);
 *     }
 *
 * What it sees to: keep-alive; requests that were sent ahead (they are answered one by one, in
 * their order); chunks both ways; "100 Continue", sent when the body is first asked for; HEAD; a
 * peer that has closed its half and still reads; the date; the answer before the end, when a
 * request was not read whole.
 *
 * What it refuses, with a problem (RFC 9457) and the connection's end: no HTTP (400), a head or a
 * body beyond a limit (413, 414, 431), a peer that lets us wait (408), another version (505).
 *
 * How long a peer may let us wait: `idle_ms` between requests, `head_ms` for a whole head, and for
 * bodies both ways `stall_ms` and a second for each `rate_min` bytes. A server that has
 * `connections_max` gives up the one that is idle longest; where all are busy, it answers 503.
 *
 * One loop. Library code: logs nothing; `done` is told of every answer. */
#ifndef FIREBREAK_NET_HTTP_SERVER_H
#define FIREBREAK_NET_HTTP_SERVER_H

#include "base/buf.h"
#include "rt/chan.h"
#include "rt/sock.h"
#include "wire/http1.h"

enum { /* defaults of struct http_server_options, where it has 0 */
       HTTP_SERVER_CONNECTIONS_MAX = 1024,
       HTTP_SERVER_BODY_BYTES_MAX = 4 * 1024 * 1024,
       HTTP_SERVER_IDLE_MS = 60 * 1000,
       HTTP_SERVER_HEAD_MS = 10 * 1000,
       HTTP_SERVER_STALL_MS = 20 * 1000,
       HTTP_SERVER_RATE_MIN = 1024, /* bytes a second */
};
enum {
    HTTP_SERVER_LISTENERS_MAX = 8,
    HTTP_SERVER_AHEAD_BYTES_MAX = 64 * 1024,  /* of requests sent ahead of a streaming answer */
    HTTP_SERVER_DRAIN_BYTES_MAX = 256 * 1024, /* of a body that nobody read, to keep a connection */
    HTTP_SERVER_LINGER_MS = 1000,             /* until the peer has heard our last words */
};

struct http_server;
struct http_exchange;

/* An answer that was given, or could not be. */
struct http_done {
    struct slice method; /* empty: no request could be read */
    uint16_t status;     /* that was sent; 0: none */
    int64_t took_ns;     /* from the head's last byte to the answer's */
};

struct http_server_options {
    /* In the connection's task; may wait. Returning without an answer is answered with a 500. */
    void (*serve)(void *ctx, struct http_exchange *x);
    void (*done)(void *ctx, const struct http_done *d); /* NULL: nobody wants to know */
    void *ctx;
    struct http1_limits limits; /* of heads; zeroes: the defaults */
    uint32_t connections_max, body_bytes_max;
    uint32_t idle_ms, head_ms, stall_ms, rate_min;
};

struct http_server_stats {
    uint32_t connections, idle;
    uint64_t accepted_total;
    uint64_t refused_total;       /* 503: connections_max */
    uint64_t reclaimed_total;     /* idle ones that were given up for a new one */
    uint64_t accept_failed_total; /* for want of descriptors or memory */
};

int http_server_new(const struct http_server_options *options, struct http_server **ret_server);
/* May be called more than once, for several addresses. A unix socket gets mode 0600, and its path
 * must not exist. *ret_at, which may be NULL: with the port that was chosen. */
int http_server_listen(struct http_server *s, const struct rt_addr *at, struct rt_addr *ret_at,
                       struct err *err);
/* Accepts nothing more, closes what is idle, ends streams, and lets what is under way end in good
 * order until the deadline; what is left then is cut off. */
void http_server_stop(struct http_server *s, rt_time deadline);
/* Stopped, or at once. NULL is accepted. */
void http_server_free(struct http_server *s);
struct http_server_stats http_server_stats(const struct http_server *s);

/* ---- one request and its answer; valid while `serve` runs ---- */

const struct http1_head *exchange_head(const struct http_exchange *x);
/* The target's two parts, as they were sent: path begins with '/', or is "*". */
struct slice exchange_path(const struct http_exchange *x);
struct slice exchange_query(const struct http_exchange *x);
/* Who is at the other end, by the kernel's word: as rt_sock_peer_cred. */
int exchange_peer(const struct http_exchange *x, struct rt_cred *ret_cred);

/* Bytes of the body (1 … size), 0 at its end. -EMSGSIZE beyond body_bytes_max, -EBADMSG broken
 * chunks, -EPIPE cut off, -ETIMEDOUT too slow, each with *err. */
ssize_t exchange_read(struct http_exchange *x, void *buf, size_t size, struct err *err);
/* Appends all of it; -EMSGSIZE also beyond the buffer's bound. */
int exchange_read_all(struct http_exchange *x, struct buf *out, struct err *err);

/* Before the answer: a field beside those that the server sets by itself (Date, Connection,
 * Content-Type, Content-Length, Transfer-Encoding). */
void exchange_field(struct http_exchange *x, const char *name, struct slice value);
/* The whole answer at once. Returns 0, or why it could not be sent; nobody need look. */
int exchange_answer(struct http_exchange *x, uint16_t status, const char *type, struct slice body);
/* A problem: `reason` is one word for programs; `field` may be NULL. */
int exchange_problem(struct http_exchange *x, uint16_t status, const char *reason,
                     const char *field, const char *detail);
/* The problem for what exchange_read returned. */
int exchange_refuse(struct http_exchange *x, int code, const struct err *err);

/* An answer in parts. begin, then send as often as wanted; it ends when `serve` returns. */
int exchange_begin(struct http_exchange *x, uint16_t status, const char *type);
/* Waits for a slow peer as said above. Returns 0, or why the peer is lost: then stop. */
int exchange_send(struct http_exchange *x, struct slice data);
/* The answer is not complete: the connection ends without its last chunk. */
void exchange_abort(struct http_exchange *x);

RT_CHAN(http_gone_chan, char);
/* For an endless answer, behind exchange_begin: closed once the peer has gone, has closed its half
 * (nothing else could end such an answer), or the server stops. Receive from it beside whatever is
 * waited for. */
struct http_gone_chan *exchange_gone(struct http_exchange *x);

#endif
