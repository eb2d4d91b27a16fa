/* http_exchange.h - the inside of http_server.h, shared by its files: connections, exchanges. */
#ifndef FIREBREAK_NET_HTTP_EXCHANGE_H
#define FIREBREAK_NET_HTTP_EXCHANGE_H

#include "net/http_server.h"

enum { HTTP_READ_BYTES = 4096 };

struct http_server {
    struct http_server_options options; /* without zeroes */
    struct rt_sock *listeners[HTTP_SERVER_LISTENERS_MAX];
    uint32_t listener_count;
    struct rt_group accepting, serving;
    struct list idle;    /* http_conn: between two requests; first: the longest */
    struct list streams; /* http_exchange: with an endless answer */
    bool stopping;
    struct http_server_stats stats;
};

struct http_conn {
    struct http_server *server;
    struct rt_sock *sock; /* NULL: closed under us, while idle */
    struct buf in;        /* read and not yet used */
    bool keep;            /* another request may follow */
    struct list link;     /* of server->idle */
};

/* How long a peer lets us wait, beside what it moves: fair to small and large bodies alike. */
struct http_patience {
    rt_time waited;
    uint64_t bytes;
};

enum http_answered { HTTP_UNANSWERED, HTTP_STREAMING, HTTP_ANSWERED };

struct http_exchange {
    struct http_conn *conn;
    struct http1_head head;
    struct buf bytes; /* that the head points into */
    struct slice path, query;
    struct http1_body body;
    bool body_over, body_broken;
    bool continue_due; /* the peer waits for "100 Continue" */
    uint64_t body_bytes;
    struct http_patience reading, writing;
    enum http_answered answered;
    uint16_t status;
    bool head_only, chunked, failed;
    struct buf fields; /* of the answer */
    rt_time began;
    struct rt_group helpers; /* looks for the peer's end */
    struct http_gone_chan gone;
    bool looks_for_end;
    struct list link; /* of server->streams */
};

/* Reads some more bytes into c->in, whose size_max bounds it. As rt_read, or -EMSGSIZE. */
ssize_t http_conn_read(struct http_conn *c, rt_time deadline);

void http_exchange_init(struct http_exchange *x, struct http_conn *c);
/* The head was read: bytes [0, size) of c->in, which pass to *x. Returns 0, or -EBADMSG. */
int http_exchange_begin(struct http_exchange *x, size_t size, struct err *err);
/* Sends what is missing of the answer, and makes the connection ready for the next request, or
 * marks it as one that ends. */
void http_exchange_end(struct http_exchange *x);
void http_exchange_done(struct http_exchange *x);

#endif
