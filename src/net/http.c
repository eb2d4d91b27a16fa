#include "net/http.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "net/http_conn.h"
#include "net/http_h2.h"
#include "net/http_request.h"
#include "wire/url.h"

enum {
    READ_BYTES = 4096,       /* a head is read in pieces of this size */
    SMALL_BODY_BYTES = 4096, /* goes out in one write with its head */
    REQUEST_HEAD_BYTES = 320, /* of most, so that they are put together in one piece of memory */
    REQUEST_HEAD_BYTES_MAX = 64 * 1024,
    DRAIN_MS = 1000,
    SPARE_BYTES_MAX = 16 * 1024, /* of a text that is kept for the next request */
};

struct http_client {
    struct http_client_options options;
    struct http_pool pool;
    uint32_t open; /* responses */
    struct http_response *spare; /* the last one's memory, for the next */
};

struct http_response {
    struct http_client *client;
    struct http_conn *conn; /* NULL: given back already */
    struct http_h2 *h2;     /* NULL: HTTP/1, with what follows */
    struct http1_body body;
    struct slice rest; /* read with the head, not yet handed out; lies in conn->in */
    bool done;         /* the body's end was seen */
    bool keep;
    struct buf url;
    struct buf first; /* a hop's request: what goes out first */
    struct http_trace trace; /* where the caller wants none */
    struct http1_head head;
};

static void response_destroy(struct http_response *r)
{
    if (!r)
        return;
    buf_done(&r->url);
    buf_done(&r->first);
    mem_free(MEM_NET, r);
}

int http_client_open(const struct http_client_options *options, struct http_client **ret_client)
{
    struct http_client *c = mem_alloc(MEM_NET, sizeof(*c));
    c->options = *options;
    http_pool_init(&c->pool, (options->idle_ms ? options->idle_ms : HTTP_IDLE_MS) * RT_MS);
    *ret_client = c;
    return 0;
}

void http_client_close(struct http_client *c)
{
    if (!c)
        return;
    assert(c->open == 0);
    http_pool_done(&c->pool);
    response_destroy(c->spare);
    mem_free(MEM_NET, c);
}

uint32_t http_client_idle(const struct http_client *c)
{
    return c->pool.count;
}

/* ---- one request on its way ---- */

struct exchange {
    struct http_client *client;
    const struct http_request *request;
    struct http_response *resp; /* takes the answer */
    struct http_trace *trace;
    struct url url; /* of this hop: slices of resp->url */
    struct slice method;
    bool has_body, is_foreign, keep;
    struct url proxy; /* of this hop */
    bool proxied;
    bool http1_only; /* the server wants it so */
    struct err *err;
    rt_time deadline;
};

static bool is_tls(const struct exchange *x)
{
    return slice_eq_nocase(x->url.scheme, SLICE("https"));
}

static enum http_version version_of(const struct exchange *x)
{
    enum http_version v = x->request->version;
    if (x->http1_only)
        return HTTP_VERSION_1;
    return v == HTTP_VERSION_2 && x->is_foreign ? HTTP_VERSION_ANY : v;
}

/* A proxy is asked in the origin's place; else it is but a way there. */
static bool asks_proxy(const struct exchange *x)
{
    return x->proxied && !is_tls(x) && version_of(x) != HTTP_VERSION_2;
}

static struct http_origin origin_of(const struct exchange *x)
{
    struct http_origin o = {
        .host = x->url.host,
        .port = x->url.port,
        .tls = is_tls(x),
        .version = version_of(x),
    };
    if (!x->is_foreign) {
        o.server_name = slice_from(x->request->server_name);
        o.unix_path = x->request->unix_path;
    }
    if (x->proxied)
        o.proxy = &x->proxy;
    return o;
}

/* What goes out first: the head, and a small body with it. */
static int put_together(struct exchange *x, struct buf *out)
{
    struct slice body = x->has_body ? x->request->body : (struct slice){0};
    struct http_hop hop = {
        .request = x->request,
        .method = x->method,
        .url = &x->url,
        .has_body = x->has_body,
        .is_foreign = x->is_foreign,
        .proxy = asks_proxy(x) ? &x->proxy : NULL,
        .close = !x->keep,
    };
    buf_reserve(out, REQUEST_HEAD_BYTES + (body.size <= SMALL_BODY_BYTES ? body.size : 0), NULL);
    out->size_max = REQUEST_HEAD_BYTES_MAX;
    int r = http_request_put(&hop, out, x->err);
    out->size_max = 0;
    if (r == 0 && body.size <= SMALL_BODY_BYTES)
        buf_append_slice(out, body);
    return r;
}

static int send_request(struct exchange *x, struct http_conn *c, struct slice first)
{
    struct slice body = x->has_body ? x->request->body : (struct slice){0};
    int r = stream_write(&c->stream, first.data, first.size, x->deadline);
    if (r == 0 && body.size > SMALL_BODY_BYTES)
        r = stream_write(&c->stream, body.data, body.size, x->deadline);
    return r < 0 ? stream_explain(&c->stream, r, "sending the request", x->err) : 0;
}

static int not_http(int code, struct slice got, struct err *err)
{
    static const struct slice type_settings = {"\4", 1}, no_stream = {"\0\0\0\0", 4};
    if (slice_eq(slice_sub(got, 3, 4), type_settings) && slice_eq(slice_sub(got, 5, 9), no_stream))
        return err_set(err, code, "the server speaks HTTP/2 without TLS, and nothing else");
    struct buf shown = BUF(MEM_NET, 0);
    http_show_bytes(got, &shown);
    int r = err_set(err, code, "no HTTP came back, but '%s'", shown.data);
    buf_done(&shown);
    return r;
}

static int no_more_head(const struct http_conn *c, ssize_t n, struct err *err)
{
    if (n == 0)
        n = -EPIPE;
    if (n == -EPIPE)
        return err_set(err, -EPIPE, "the peer closed the connection %s",
                       c->in.size ? "inside the answer's head" : "without an answer");
    if (n == -ETIMEDOUT)
        return err_set(err, -ETIMEDOUT, "no %s in time",
                       c->in.size ? "end of the answer's head" : "answer");
    return stream_explain(&c->stream, (int)n, "reading the answer", err);
}

static int read_more(struct exchange *x, struct http_conn *c, rt_time sent)
{
    char *room;
    ssize_t n = c->in.size ? 0 : stream_wait(&c->stream, x->deadline);
    if (n < 0)
        return no_more_head(c, n, x->err);
    http_pool_lend(&x->client->pool, c);
    buf_reserve(&c->in, READ_BYTES, &room);
    n = stream_read(&c->stream, room, READ_BYTES, x->deadline);
    if (n <= 0)
        return no_more_head(c, n, x->err);
    if (x->trace->first_byte_ns < 0)
        x->trace->first_byte_ns = rt_now_exact() - sent;
    buf_commit(&c->in, (size_t)n);
    return 0;
}

/* One head, whichever it is. Returns its size. */
static ptrdiff_t read_one_head(struct exchange *x, struct http_conn *c, rt_time sent)
{
    struct http1_parser p;
    http1_parser_response(&p, x->method, &x->client->options.limits);
    for (;;) {
        ptrdiff_t n = c->in.size ? http1_parse(&p, buf_slice(&c->in), &x->resp->head, x->err) : 0;
        if (n == -EBADMSG && !slice_starts_with(buf_slice(&c->in), SLICE("HTTP/")))
            return not_http((int)n, buf_slice(&c->in), x->err);
        if (n < 0)
            return err_wrap(x->err, "the answer's head");
        if (n > 0)
            return n;
        int r = read_more(x, c, sent);
        if (r < 0)
            return r;
    }
}

static int read_head(struct exchange *x, struct http_conn *c, rt_time sent)
{
    struct http_response *resp = x->resp;
    for (int interim = 0; interim <= HTTP_INTERIM_MAX; interim++) {
        ptrdiff_t n = read_one_head(x, c, sent);
        if (n < 0)
            return (int)n;
        if (resp->head.status >= 200 || resp->head.status == 101) {
            resp->rest = slice_sub(buf_slice(&c->in), (size_t)n, c->in.size);
            return 0;
        }
        buf_consume(&c->in, (size_t)n);
    }
    return err_set(x->err, -EBADMSG, "more than %d interim answers", HTTP_INTERIM_MAX);
}

/* Whether the body ends in what was read already; never waits. */
static void look_for_end(struct http_response *resp)
{
    struct slice in = resp->rest, data;
    struct http1_body b = resp->body;
    int r;
    while ((r = http1_body_next(&b, &in, &data, NULL)) == HTTP1_DATA)
        ;
    resp->done = r == HTTP1_END;
    resp->keep = resp->keep && in.size == 0; /* bytes that nobody asked for: out of step */
}

/* The head that was put together for HTTP/1.1 is read back, and said in the other form. */
static int talk_h2(struct exchange *x, struct http_conn *c, struct slice first)
{
    struct http_response *resp = x->resp;
    static const struct http1_limits limits = {.line_bytes_max = REQUEST_HEAD_BYTES_MAX};
    struct http1_parser p;
    struct http_h2_request q = {
        .head = &resp->head,
        .tls = is_tls(x),
        .body = x->has_body ? x->request->body : (struct slice){0},
        .limits = &x->client->options.limits,
    };
    http1_parser_request(&p, &limits);
    if (http1_parse(&p, first, &resp->head, x->err) <= 0)
        return err_set(x->err, -EINVAL, "the request cannot be said in HTTP/2");
    x->trace->http2 = true;
    x->trace->phase = HTTP_PHASE_HEAD;
    int r = http_h2_open(&c->stream, &q, &resp->head, &x->trace->first_byte_ns, &resp->h2, x->err,
                         x->deadline);
    if (r < 0)
        return r;
    x->trace->status = resp->head.status;
    resp->conn = c;
    resp->done = resp->keep = false;
    return 0;
}

static int talk(struct exchange *x, struct http_conn *c, struct slice first)
{
    struct http_response *resp = x->resp;
    x->trace->phase = HTTP_PHASE_SEND;
    int sent = send_request(x, c, first);
    /* Who refuses a large body answers and closes before having read it all. */
    if (sent < 0 && sent != -EPIPE && sent != -ECONNRESET)
        return sent;
    if (sent == 0)
        x->trace->phase = HTTP_PHASE_HEAD;
    int r = read_head(x, c, rt_now_exact());
    if (r < 0 && sent < 0)
        return stream_explain(&c->stream, sent, "sending the request", x->err);
    if (r < 0)
        return r;
    x->trace->status = resp->head.status;
    http1_body_init(&resp->body, &resp->head, &x->client->options.limits, NULL);
    resp->conn = c;
    resp->done = false;
    resp->keep = x->keep && sent == 0 && resp->head.keep_alive;
    return 0;
}

/* A kept connection was closed by the peer just as we took it up. */
static bool died_unseen(const struct exchange *x, const struct http_conn *c, int code)
{
    return c->reused && c->in.size == 0 && http1_is_idempotent(x->method) &&
           (code == -EPIPE || code == -ECONNRESET);
}

static void trace_hop(struct http_trace *t)
{
    bool shook_hands = t->tls_ns >= 0;
    t->phase = HTTP_PHASE_START;
    t->address = (struct rt_addr){0};
    t->dns_ns = t->connect_ns = t->tls_ns = t->first_byte_ns = -1;
    t->status = 0;
    t->reused = t->proxied = t->http2 = false;
    if (shook_hands)
        t->tls = (struct tls_report){0};
}

static int exchange_over(struct exchange *x, bool fresh, struct slice first)
{
    struct http_origin to = origin_of(x);
    bool repeatable = http1_is_idempotent(x->method);
    struct http_conn *c = fresh ? NULL : http_pool_take(&x->client->pool, &to, repeatable);
    if (c) {
        x->trace->address = c->address;
        x->trace->reused = true;
        x->trace->attempts++;
    } else {
        int r = http_conn_open(&x->client->options, &to, &c, x->trace, x->err, x->deadline);
        if (r < 0)
            return r;
    }
    int r = c->http2 ? talk_h2(x, c, first) : talk(x, c, first);
    if (r == 0)
        return 0;
    bool again = died_unseen(x, c, r);
    if (r == -EPROTONOSUPPORT && c->http2 && version_of(x) == HTTP_VERSION_ANY)
        again = x->http1_only = true;
    http_conn_close(c);
    if (!again)
        return r;
    bool proxied = x->trace->proxied;
    trace_hop(x->trace);
    x->trace->proxied = proxied;
    return exchange_over(x, true, first);
}

static int find_proxy(struct exchange *x)
{
    bool tls = is_tls(x);
    bool direct = x->request->unix_path.size && !x->is_foreign;
    int r = direct ? 0
                   : proxy_choose(&x->client->options.proxies, tls, x->url.host, x->url.port,
                                  &x->proxy, x->err);
    if (r < 0)
        x->trace->phase = HTTP_PHASE_PROXY;
    x->trace->proxied = x->proxied = r == 1;
    return r < 0 ? r : 0;
}

/* Sends this hop's request and reads the answer's head. What cannot be said is found out before
 * anybody is called. */
static int exchange_once(struct exchange *x)
{
    struct buf *first = &x->resp->first;
    buf_clear(first);
    int r = find_proxy(x);
    if (r == 0)
        r = put_together(x, first);
    if (r == 0)
        r = exchange_over(x, !x->keep, buf_slice(first));
    return r;
}

/* ---- redirects ---- */

static bool is_redirect(const struct http1_head *h)
{
    bool moved = (h->status >= 301 && h->status <= 303) || h->status == 307 || h->status == 308;
    return moved && http1_field_find(h, "Location", 0);
}

/* RFC 9110, 15.4: who was told to look elsewhere looks with GET; POST becomes GET as ever. */
static void change_method(struct exchange *x, uint16_t status)
{
    bool is_post = slice_eq(x->method, SLICE("POST"));
    bool is_head = slice_eq(x->method, SLICE("HEAD"));
    bool to_get = (status == 303 && !is_head) || ((status == 301 || status == 302) && is_post);
    if (!to_get)
        return;
    x->method = SLICE("GET");
    x->has_body = false;
}

static int check_url(const struct url *u, struct err *err)
{
    bool known =
        slice_eq_nocase(u->scheme, SLICE("http")) || slice_eq_nocase(u->scheme, SLICE("https"));
    return known ? 0 : err_set(err, -EINVAL, "'%.*s' is not http or https", SLICE_ARG(u->scheme));
}

static bool is_same_origin(const struct url *a, const struct url *b)
{
    return slice_eq_nocase(a->scheme, b->scheme) && slice_eq_nocase(a->host, b->host) &&
           a->port == b->port;
}

/* Servers write spaces and UTF-8 into a Location, and browsers encode them. */
static void put_encoded(struct slice s, struct buf *out)
{
    for (size_t i = 0; i < s.size; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if (c <= 0x20 || c >= 0x7F)
            buf_printf(out, "%%%02X", c);
        else
            buf_append_byte(out, (char)c);
    }
}

static int find_next(struct exchange *x, struct buf *ret_text, struct url *ret_url)
{
    struct slice location = http1_field_find(&x->resp->head, "Location", 0)->value;
    struct buf encoded = BUF(MEM_NET, 0); /* bounded by the head's line, times three */
    put_encoded(location, &encoded);
    int r = url_resolve(&x->url, buf_slice(&encoded), ret_text);
    buf_done(&encoded);
    if (r == 0)
        r = url_parse(buf_slice(ret_text), ret_url, x->err);
    else
        err_set(x->err, r, "it is no URL");
    if (r == 0)
        r = check_url(ret_url, x->err);
    if (r == 0)
        return 0;
    err_wrap(x->err, "Location '%.*s'", (int)(location.size > 200 ? 200 : location.size),
             location.data);
    return err_wrap(x->err, "status %u", x->resp->head.status);
}

/* Reads a short body to its end, so that the connection can be kept. */
static void drain(struct http_response *resp, rt_time deadline)
{
    char *scrap = mem_alloc(MEM_NET, READ_BYTES);
    rt_time patience = rt_now() + DRAIN_MS * RT_MS;
    size_t total = 0;
    while (resp->keep && !resp->done && total < HTTP_DRAIN_BYTES_MAX) {
        ssize_t n =
            http_read(resp, scrap, READ_BYTES, NULL, deadline < patience ? deadline : patience);
        if (n <= 0)
            break;
        total += (size_t)n;
    }
    mem_free(MEM_NET, scrap);
}

/* Gives the connection back, or closes it. */
static void release(struct http_response *resp)
{
    struct http_conn *c = resp->conn;
    bool http2 = resp->h2;
    resp->conn = NULL;
    if (!c)
        return;
    http_h2_close(resp->h2);
    resp->h2 = NULL;
    if (!resp->done && !http2)
        look_for_end(resp);
    if (resp->done && resp->keep) {
        http_pool_put(&resp->client->pool, c);
    } else {
        http_pool_take_back(&resp->client->pool, c);
        http_conn_close(c);
    }
    resp->rest = (struct slice){0};
}

static int follow(struct exchange *x)
{
    struct buf text = BUF(MEM_NET, URL_BYTES_MAX * 2);
    struct url next;
    x->trace->phase = HTTP_PHASE_REDIRECT;
    int r = x->trace->redirects < x->request->redirects_max
                ? find_next(x, &text, &next)
                : err_set(x->err, -ELOOP, "more than %u redirects", x->request->redirects_max);
    if (r < 0) {
        buf_done(&text);
        return r == -EINVAL || r == -EMSGSIZE ? -EBADMSG : r;
    }
    x->is_foreign = x->is_foreign || !is_same_origin(&x->url, &next);
    change_method(x, x->resp->head.status);
    drain(x->resp, x->deadline);
    release(x->resp);
    buf_done(&x->resp->url);
    x->resp->url = text;
    x->url = next;
    x->trace->redirects++;
    return 0;
}

static int run(struct exchange *x)
{
    int r = exchange_once(x);
    while (r == 0 && x->request->redirects_max > 0 && is_redirect(&x->resp->head)) {
        r = follow(x);
        if (r == 0)
            trace_hop(x->trace);
        if (r == 0)
            r = exchange_once(x);
    }
    return r;
}

/* A response has room for as many fields as may come: some KB, which are only written once they do.
 * So are the texts of a request. Not kept where misuse of freed memory is looked for. */
static struct http_response *response_new(struct http_client *c)
{
    struct http_response *r = c->spare;
    struct buf url = BUF(MEM_NET, 0), first = BUF(MEM_NET, 0);
    c->spare = NULL;
    if (r) {
        url = r->url;
        first = r->first;
        memset(r, 0, offsetof(struct http_response, trace));
        memset(&r->head, 0, offsetof(struct http1_head, fields));
    } else {
        r = mem_alloc(MEM_NET, sizeof(*r));
    }
    r->client = c;
    r->url = url;
    r->first = first;
    return r;
}

static void response_free(struct http_response *r)
{
    struct http_client *c = r->client;
    c->open--;
#ifndef FIREBREAK_ARENA_DEBUG
    if (r->url.cap <= SPARE_BYTES_MAX && r->first.cap <= SPARE_BYTES_MAX) {
        struct http_response *before = c->spare;
        buf_clear(&r->url);
        c->spare = r;
        r = before;
    }
#endif
    response_destroy(r);
}

int http_open(struct http_client *c, const struct http_request *request,
              struct http_response **ret_response, struct http_trace *trace, struct err *err,
              rt_time deadline)
{
    struct err own_err = {0};
    struct http_response *resp = response_new(c);
    struct exchange x = {
        .client = c,
        .request = request,
        .resp = resp,
        .trace = trace ? trace : &resp->trace,
        .method = request->method.size ? request->method : SLICE("GET"),
        .has_body = true,
        .keep =
            !request->no_keep && !c->options.no_keep && !http_request_field(request, "Connection"),
        .err = err ? err : &own_err,
        .deadline = deadline,
    };
    *x.trace = (struct http_trace){.arena = trace ? trace->arena : NULL, .tls_ns = -1};
    trace_hop(x.trace);
    buf_append_slice(&resp->url, request->url);
    c->open++;
    int r = url_parse(buf_slice(&resp->url), &x.url, x.err);
    if (r == 0)
        r = check_url(&x.url, x.err);
    if (r == 0 && slice_eq(x.method, SLICE("CONNECT")))
        r = err_set(x.err, -EINVAL, "CONNECT is for tunnels, which are made where a proxy is set");
    if (r == 0)
        r = run(&x);
    if (r == 0) {
        x.trace->phase = HTTP_PHASE_BODY;
        *ret_response = resp;
        err_clear(err); /* of a try that was made good */
    } else {
        http_close(resp);
    }
    return r;
}

const struct http1_head *http_head(const struct http_response *r)
{
    return &r->head;
}

struct slice http_url(const struct http_response *r)
{
    return buf_slice(&r->url);
}

/* ---- the body ---- */

/* From what came with the head. Returns as http_read, or -EAGAIN: the socket is next. */
static ssize_t read_rest(struct http_response *r, char *to, size_t size, struct err *err)
{
    struct slice part = slice_sub(r->rest, 0, size), data;
    size_t offered = part.size;
    int p = http1_body_next(&r->body, &part, &data, err);
    r->rest = slice_sub(r->rest, offered - part.size, r->rest.size);
    if (p < 0)
        return p;
    if (p == HTTP1_DATA) {
        memcpy(to, data.data, data.size);
        return (ssize_t)data.size;
    }
    if (p == HTTP1_MORE)
        return r->rest.size ? 0 : -EAGAIN;
    r->done = true;
    r->keep = r->keep && r->rest.size == 0;
    return 0;
}

/* Decodes `got` bytes in place: the body's bytes move to the front. Returns how many. */
static ssize_t decode(struct http_response *r, char *buf, size_t got, struct err *err)
{
    struct slice in = {buf, got}, data;
    size_t used = 0;
    int p;
    while ((p = http1_body_next(&r->body, &in, &data, err)) == HTTP1_DATA) {
        memmove(buf + used, data.data, data.size);
        used += data.size;
    }
    if (p == HTTP1_END) {
        r->done = true;
        r->keep = r->keep && in.size == 0;
    }
    return p < 0 ? p : (ssize_t)used;
}

static ssize_t at_the_end(struct http_response *r, ssize_t n, struct err *err)
{
    r->keep = false;
    if (n == -ETIMEDOUT)
        return err_set(err, -ETIMEDOUT, "no end of the body in time");
    if (n == -EPIPE)
        return err_set(err, -EPIPE, "the peer closed the connection inside the body");
    if (n < 0)
        return stream_explain(&r->conn->stream, (int)n, "reading the body", err);
    int e = http1_body_eof(&r->body, err);
    r->done = e == 0;
    return e;
}

ssize_t http_read(struct http_response *r, void *buf, size_t size, struct err *err,
                  rt_time deadline)
{
    ssize_t n = -EAGAIN;
    assert(size > 0);
    if (r->h2)
        return http_h2_read(r->h2, buf, size, err, deadline);
    while (!r->done && r->rest.size && (n = read_rest(r, buf, size, err)) == 0)
        ;
    if (r->done)
        return 0;
    if (n != -EAGAIN)
        return n;
    for (;;) {
        struct slice none = {0}, data;
        if (http1_body_next(&r->body, &none, &data, err) == HTTP1_END) {
            r->done = true;
            return 0;
        }
        n = stream_read(&r->conn->stream, buf, size, deadline);
        if (n <= 0)
            return at_the_end(r, n, err);
        n = decode(r, buf, (size_t)n, err);
        if (n != 0 || r->done)
            return n;
    }
}

int http_read_all(struct http_response *r, struct buf *out, struct err *err, rt_time deadline)
{
    for (;;) {
        size_t left = out->size_max ? out->size_max - out->size : READ_BYTES;
        char *room, scrap[1];
        if (left == 0) {
            ssize_t n = http_read(r, scrap, sizeof(scrap), err, deadline);
            return n > 0
                       ? err_set(err, -EMSGSIZE, "the body is larger than %zu bytes", out->size_max)
                       : (int)n;
        }
        size_t size = left < READ_BYTES ? left : READ_BYTES;
        buf_reserve(out, size, &room);
        ssize_t n = http_read(r, room, size, err, deadline);
        buf_commit(out, n > 0 ? (size_t)n : 0);
        if (n <= 0)
            return (int)n;
    }
}

void http_close(struct http_response *r)
{
    if (!r)
        return;
    release(r);
    response_free(r);
}
