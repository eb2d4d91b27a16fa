/* http_conn.h - connections of an HTTP client: made, kept, taken again. Inside of http. */
#ifndef FIREBREAK_NET_HTTP_CONN_H
#define FIREBREAK_NET_HTTP_CONN_H

#include "base/list.h"
#include "net/http.h"

/* Where a connection leads. Two of the same text may share one. */
struct http_origin {
    struct slice host; /* without brackets */
    uint16_t port;
    bool tls;
    struct slice server_name; /* empty: the host */
    struct slice unix_path;   /* empty: the host and port */
    const struct url *proxy;  /* the way there, the same for all requests; NULL: straight */
    enum http_version version;
};

struct http_conn {
    struct stream stream;
    struct list link; /* of the pool */
    rt_time idle_since;
    bool reused;
    bool http2; /* agreed on, or known before */
    struct rt_addr address;
    struct buf in; /* read and not yet consumed */
    struct http_origin origin; /* its own copy, without the proxy … */
    char origin_text[];        /* … whose texts lie here */
};

/* Idle connections, the one rested longest last. */
struct http_pool {
    struct list idle;
    uint32_t count;
    rt_time rest_max;
    struct buf spare; /* the last one's `in`, for the next that has something to read */
};

void http_pool_init(struct http_pool *p, rt_time rest_max);
void http_pool_done(struct http_pool *p);
/* A live idle connection to the origin, or NULL. Connections found dead or rested too long are
 * closed on the way. `repeatable`: whoever finds it dead after all may send its request again, so
 * what the loop has heard of it is enough; else the kernel is asked. */
struct http_conn *http_pool_take(struct http_pool *p, const struct http_origin *to,
                                 bool repeatable);
/* Memory to read an answer into, where the connection has none yet; and back, where it is of no use
 * any more. A connection that waits, or rests, holds none. */
void http_pool_lend(struct http_pool *p, struct http_conn *c);
void http_pool_take_back(struct http_pool *p, struct http_conn *c);
/* Keeps it, and closes the oldest where a limit would be passed. */
void http_pool_put(struct http_pool *p, struct http_conn *c);

/* Looks up, connects (address after address), shakes hands; notes each step in *trace. */
int http_conn_open(const struct http_client_options *options, const struct http_origin *to,
                   struct http_conn **ret_conn, struct http_trace *trace, struct err *err,
                   rt_time deadline);
void http_conn_close(struct http_conn *c); /* NULL is accepted */
/* What came instead of HTTP, cut short and made visible, for a message. */
void http_show_bytes(struct slice got, struct buf *out);

#endif
