#include "net/http_conn.h"

#include <errno.h>
#include <string.h>

#include "net/dial.h"

/* ---- the pool ---- */

void http_pool_init(struct http_pool *p, rt_time rest_max)
{
    p->rest_max = rest_max;
    list_init(&p->idle);
    p->count = 0;
    p->spare = BUF(MEM_NET, 0);
}

static struct http_conn *conn_of(struct list *it)
{
    return list_entry(it, struct http_conn, link);
}

static void forget(struct http_pool *p, struct http_conn *c)
{
    list_remove(&c->link);
    p->count--;
}

static void evict(struct http_pool *p, struct http_conn *c)
{
    forget(p, c);
    http_conn_close(c);
}

void http_pool_done(struct http_pool *p)
{
    while (!list_empty(&p->idle))
        evict(p, conn_of(p->idle.next));
    buf_done(&p->spare);
}

static struct slice put_part(char **at, struct slice s)
{
    struct slice copy = {*at, s.size};
    if (s.size)
        memcpy(*at, s.data, s.size);
    *at += s.size;
    return copy;
}

/* With its own copy of what makes two connections exchangeable. */
static struct http_conn *conn_new(const struct http_origin *o)
{
    struct http_conn *c = mem_alloc(MEM_NET, sizeof(*c) + o->host.size + o->server_name.size +
                                                 o->unix_path.size);
    char *at = c->origin_text;
    c->in.sub = MEM_NET;
    c->origin = (struct http_origin){
        .host = put_part(&at, o->host),
        .port = o->port,
        .tls = o->tls,
        .server_name = put_part(&at, o->server_name),
        .unix_path = put_part(&at, o->unix_path),
    };
    return c;
}

/* Host names have no case. */
static bool leads_to(const struct http_conn *c, const struct http_origin *o)
{
    const struct http_origin *have = &c->origin;
    return have->port == o->port && have->tls == o->tls &&
           slice_eq_nocase(have->host, o->host) && slice_eq(have->server_name, o->server_name) &&
           slice_eq(have->unix_path, o->unix_path);
}

static void evict_rested(struct http_pool *p)
{
    while (!list_empty(&p->idle)) {
        struct http_conn *c = conn_of(p->idle.prev);
        if (rt_now() - c->idle_since < p->rest_max)
            return;
        evict(p, c);
    }
}

static struct http_conn *find(struct http_pool *p, const struct http_origin *to)
{
    list_each(it, &p->idle)
        if (leads_to(conn_of(it), to))
            return conn_of(it);
    return NULL;
}

struct http_conn *http_pool_take(struct http_pool *p, const struct http_origin *to,
                                 bool repeatable)
{
    struct http_conn *c;
    evict_rested(p);
    while ((c = find(p, to))) {
        forget(p, c); /* before the look, which lets other tasks run */
        if ((repeatable && stream_was_quiet(&c->stream)) || !stream_is_readable(&c->stream))
            break;
        http_conn_close(c);
    }
    if (c)
        c->reused = true;
    return c;
}

void http_pool_lend(struct http_pool *p, struct http_conn *c)
{
    if (c->in.data)
        return;
    c->in = p->spare;
    p->spare = BUF(MEM_NET, 0);
}

/* Not kept where misuse of freed memory is looked for. */
void http_pool_take_back(struct http_pool *p, struct http_conn *c)
{
#ifndef FIREBREAK_ARENA_DEBUG
    enum { SPARE_BYTES_MAX = 16 * 1024 };
    if (c->in.data && c->in.cap <= SPARE_BYTES_MAX) {
        buf_done(&p->spare);
        p->spare = c->in;
        buf_clear(&p->spare);
        c->in = BUF(MEM_NET, 0);
    }
#endif
    buf_done(&c->in);
    (void)p;
}

void http_pool_put(struct http_pool *p, struct http_conn *c)
{
    uint32_t same = 0;
    struct http_conn *oldest = NULL;
    evict_rested(p);
    list_each(it, &p->idle)
        if (leads_to(conn_of(it), &c->origin)) {
            same++;
            oldest = conn_of(it);
        }
    if (same >= HTTP_IDLE_PER_ORIGIN_MAX)
        evict(p, oldest);
    else if (p->count >= HTTP_IDLE_MAX)
        evict(p, conn_of(p->idle.prev));
    http_pool_take_back(p, c);
    c->idle_since = rt_now();
    list_push_front(&p->idle, &c->link);
    p->count++;
}

/* ---- making one ---- */

static int find_addresses(const struct http_client_options *options, const struct http_origin *to,
                          struct dns_addresses *ret, struct http_trace *trace, struct err *err,
                          rt_time deadline)
{
    if (to->unix_path.size) {
        ret->count = 1;
        int r = rt_addr_unix(to->unix_path, &ret->addr[0]);
        return r < 0 ? err_sys(err, r, "%.*s", SLICE_ARG(to->unix_path)) : 0;
    }
    struct slice host = to->proxy ? to->proxy->host : to->host;
    uint16_t port = to->proxy ? to->proxy->port : to->port;
    trace->phase = to->proxy ? HTTP_PHASE_PROXY : HTTP_PHASE_DNS;
    if (rt_addr_parse_ip(host, port, &ret->addr[0]) == 0) {
        ret->count = 1;
        return 0;
    }
    rt_time began = rt_now_exact();
    int r = dns_lookup(options->dns, host, port, ret, err, deadline);
    trace->dns_ns = rt_now_exact() - began;
    return r;
}

static int connect_any(const struct http_client_options *options, const struct dns_addresses *to,
                       struct http_conn *c, struct http_trace *trace, struct err *err,
                       rt_time deadline)
{
    char text[RT_ADDR_TEXT_MAX];
    struct dial_trace dialed;
    struct dial_way way = {options->connect, options->connect_ctx};
    rt_time began = rt_now_exact();
    if (trace->phase != HTTP_PHASE_PROXY)
        trace->phase = HTTP_PHASE_CONNECT;
    int r = dial(&way, to, &c->stream.sock, &dialed, deadline);
    trace->attempts += dialed.attempts;
    trace->address = c->address = dialed.address;
    trace->connect_ns = rt_now_exact() - began;
    return r < 0 ? err_sys(err, r, "connect %s", rt_addr_format(&c->address, true, text)) : 0;
}

static int shake_hands(const struct http_client_options *options, const struct http_origin *to,
                       struct http_conn *c, struct http_trace *trace, struct err *err,
                       rt_time deadline)
{
    static const char *const offered[] = {
        [HTTP_VERSION_1] = "http/1.1",
        [HTTP_VERSION_ANY] = "h2,http/1.1",
        [HTTP_VERSION_2] = "h2",
    };
    struct tls_request q = {
        .name = to->server_name.size ? to->server_name : to->host,
        .alpn = offered[to->version],
        .arena = trace->arena,
    };
    trace->phase = HTTP_PHASE_TLS;
    int r = tls_context_ready(options->tls, err, deadline);
    if (r < 0)
        return r;
    rt_time began = rt_now_exact();
    r = tls_connect(options->tls, c->stream.sock, &q, &c->stream.tls, &trace->tls, err, deadline);
    trace->tls_ns = rt_now_exact() - began;
    c->http2 = r == 0 && strcmp(trace->tls.alpn, "h2") == 0;
    if (r == 0 && to->version == HTTP_VERSION_2 && !c->http2)
        r = err_set(err, -EPROTO, "the server does not agree on HTTP/2");
    return r;
}

int http_conn_open(const struct http_client_options *options, const struct http_origin *to,
                   struct http_conn **ret_conn, struct http_trace *trace, struct err *err,
                   rt_time deadline)
{
    if (to->tls && !options->tls)
        return err_set(err, -EINVAL, "https needs a TLS context, and this client has none");
    struct dns_addresses addresses;
    int r = find_addresses(options, to, &addresses, trace, err, deadline);
    if (r < 0)
        return r;
    struct http_conn *c = conn_new(to);
    c->http2 = !to->tls && to->version == HTTP_VERSION_2;
    r = connect_any(options, &addresses, c, trace, err, deadline);
    /* To a proxy itself, HTTP/2 without TLS would mean the proxy's own. */
    if (r == 0 && to->proxy && (to->tls || to->version == HTTP_VERSION_2))
        r = proxy_tunnel(&c->stream, to->proxy, to->host, to->port, err, deadline);
    if (r == 0 && to->tls)
        r = shake_hands(options, to, c, trace, err, deadline);
    if (r < 0) {
        http_conn_close(c);
        return r;
    }
    *ret_conn = c;
    return 0;
}

void http_conn_close(struct http_conn *c)
{
    if (!c)
        return;
    stream_close(&c->stream);
    buf_done(&c->in);
    mem_free(MEM_NET, c);
}

void http_show_bytes(struct slice got, struct buf *out)
{
    enum { SHOWN_BYTES = 24 };
    for (size_t i = 0; i < got.size && i < SHOWN_BYTES; i++) {
        unsigned char c = (unsigned char)got.data[i];
        buf_printf(out, c >= 0x20 && c < 0x7F ? "%c" : "\\x%02x", c);
    }
}
