#include "net/grpc_conn.h"

#include <assert.h>
#include <errno.h>

#include "base/fault.h"
#include "net/dial.h"

void grpc_conn_kick(struct grpc_conn *c)
{
    rt_event_set(&c->kick);
}

void grpc_conn_die(struct grpc_conn *c, int code, const char *why)
{
    if (c->dead)
        return;
    c->dead = true;
    if (code == -EPIPE || code == -EBADMSG)
        err_set(&c->why, code, "%s", why);
    else
        err_sys(&c->why, code, "%s", why);
    list_each (it, &c->streams)
        grpc_stream_wake(list_entry(it, struct grpc_stream, link));
    rt_event_set(&c->ready);
    rt_group_cancel(&c->group); /* of the three tasks; whoever runs this ends by itself */
}

void grpc_break(struct grpc_conn *c, const char *why)
{
    grpc_conn_die(c, -ECONNABORTED, why);
}

bool grpc_usable(const struct grpc_conn *c)
{
    return !c->dead && !c->going;
}

rt_time grpc_heard(const struct grpc_conn *c)
{
    return c->heard;
}

/* ---- its three tasks ---- */

static void reader(void *arg)
{
    struct grpc_conn *c = arg;
    for (;;) {
        ssize_t n = stream_read(&c->stream, c->in, GRPC_IN_BYTES, RT_NEVER);
        if (n <= 0) {
            grpc_conn_die(c, n ? (int)n : -EPIPE,
                          n ? "gRPC connection" : "the server closed the connection");
            return;
        }
        c->heard = rt_now();
        n = nghttp2_session_mem_recv(c->session, (const uint8_t *)c->in, (size_t)n);
        if (n < 0) {
            grpc_conn_die(c, -EBADMSG, nghttp2_strerror((int)n));
            return;
        }
        grpc_conn_kick(c);
        if (!nghttp2_session_want_read(c->session) && !nghttp2_session_want_write(c->session)) {
            grpc_conn_die(c, -EPIPE, "the server ended the connection");
            return;
        }
    }
}

static void writer(void *arg)
{
    struct grpc_conn *c = arg;
    while (rt_event_wait(&c->kick, RT_NEVER) == 0) {
        rt_event_clear(&c->kick);
        for (;;) {
            int r = grpc_session_drain(c, &c->out);
            if (r == 0 && c->out.size == 0)
                break;
            if (r == 0)
                r = stream_write(&c->stream, c->out.data, c->out.size, RT_NEVER);
            buf_clear(&c->out);
            if (r < 0) {
                c->torn = true;
                grpc_conn_die(c, r, "gRPC connection");
                return;
            }
        }
    }
}

/* Sleeps until nothing was heard for ping_every. */
static int silence(const struct grpc_conn *c)
{
    int r = 0;
    while (r == 0 && rt_now() - c->heard < c->ping_every)
        r = rt_sleep(c->heard + c->ping_every);
    return r;
}

static void pinger(void *arg)
{
    struct grpc_conn *c = arg;
    while (silence(c) == 0) {
        rt_time sent = rt_now();
        if (c->live > 0 && !fault_mutant("grpc_ping_missing")) {
            nghttp2_submit_ping(c->session, NGHTTP2_FLAG_NONE, NULL);
            grpc_conn_kick(c);
        }
        rt_time until = sent + (c->live > 0 ? c->ping_wait : c->ping_every);
        bool waited_for = c->live > 0 && !fault_mutant("grpc_ping_missing");
        if (rt_sleep(until) < 0)
            return;
        if (waited_for && c->heard < sent) {
            grpc_conn_die(c, -ETIMEDOUT, "no answer to a PING");
            return;
        }
    }
}

/* ---- making one ---- */

static int find_addresses(const struct grpc_options *o, struct dns_addresses *ret,
                          struct grpc_trace *trace, struct err *err, rt_time deadline)
{
    if (rt_addr_parse_ip(o->host, o->port, &ret->addr[0]) == 0) {
        ret->count = 1;
        return 0;
    }
    if (!o->dns)
        return err_set(err, -EINVAL, "%.*s is no address, and there is no resolver",
                       SLICE_ARG(o->host));
    rt_time began = rt_now_exact();
    int r = dns_lookup(o->dns, o->host, o->port, ret, err, deadline);
    trace->dns_ns = rt_now_exact() - began;
    return r;
}

static int connect_any(const struct dns_addresses *to, struct rt_sock **ret_sock,
                       struct grpc_trace *trace, struct err *err, rt_time deadline)
{
    char text[RT_ADDR_TEXT_MAX];
    struct dial_trace dialed;
    rt_time began = rt_now_exact();
    trace->phase = GRPC_PHASE_CONNECT;
    int r = dial(NULL, to, ret_sock, &dialed, deadline);
    trace->connect_ns = rt_now_exact() - began;
    trace->address = dialed.address;
    if (r == 0)
        return rt_sock_no_delay(*ret_sock);
    return err_sys(err, r, "connect %s", rt_addr_format(&dialed.address, true, text));
}

static int shake_hands(struct grpc_conn *c, const struct grpc_options *o,
                       struct grpc_trace *trace, struct err *err, rt_time deadline)
{
    struct tls_request q = {
        .name = o->server_name.size ? o->server_name : o->host,
        .alpn = "h2",
        .duplex = true,
        .arena = o->arena,
    };
    rt_time began = rt_now_exact();
    trace->phase = GRPC_PHASE_TLS;
    int r = tls_connect(o->tls, c->stream.sock, &q, &c->stream.tls, &trace->tls, err, deadline);
    trace->tls_ns = rt_now_exact() - began;
    if (r == 0 && strcmp(trace->tls.alpn, "h2") != 0)
        r = err_set(err, -EPROTO, "the server does not speak HTTP/2 over TLS");
    return r;
}

static void set_options(struct grpc_conn *c, const struct grpc_options *o)
{
    bool ipv6 = slice_find_byte(o->host, ':') >= 0;
    c->message_bytes_max = o->message_bytes_max ? o->message_bytes_max : GRPC_MESSAGE_BYTES_MAX;
    c->ping_every = o->ping_every ? o->ping_every : GRPC_PING_EVERY_MS * RT_MS;
    c->ping_wait = o->ping_wait ? o->ping_wait : GRPC_PING_WAIT_MS * RT_MS;
    buf_printf(&c->authority, ipv6 ? "[%.*s]:%u" : "%.*s:%u", SLICE_ARG(o->host), o->port);
}

static int start(struct grpc_conn *c, struct err *err, rt_time deadline)
{
    int r = grpc_session_new(c, err);
    if (r < 0)
        return r;
    c->heard = rt_now();
    grpc_conn_kick(c);
    r = rt_go(&c->group, reader, c);
    if (r == 0)
        r = rt_go(&c->group, writer, c);
    if (r == 0)
        r = rt_go(&c->group, pinger, c);
    if (r < 0)
        return err_sys(err, r, "gRPC connection");
    r = rt_event_wait(&c->ready, deadline);
    if (r < 0)
        return err_sys(err, r, "no HTTP/2 from %.*s", SLICE_ARG(buf_slice(&c->authority)));
    return c->dead ? err_set(err, c->why.code, "%s", c->why.text) : 0;
}

int grpc_connect(const struct grpc_options *options, struct grpc_conn **ret_conn, struct err *err,
                 rt_time deadline)
{
    struct dns_addresses addresses;
    struct grpc_trace own, *trace = options->trace ? options->trace : &own;
    *trace = (struct grpc_trace){.dns_ns = -1, .connect_ns = -1, .tls_ns = -1};
    int r = find_addresses(options, &addresses, trace, err, deadline);
    if (r < 0)
        return r;
    struct grpc_conn *c = mem_alloc(MEM_NET, sizeof(*c));
    c->authority = c->out = BUF(MEM_NET, 0);
    c->in = mem_alloc(MEM_NET, GRPC_IN_BYTES);
    list_init(&c->streams);
    rt_group_init(&c->group, "grpc");
    set_options(c, options);
    r = connect_any(&addresses, &c->stream.sock, trace, err, deadline);
    if (r == 0 && options->tls)
        r = shake_hands(c, options, trace, err, deadline);
    if (r == 0)
        trace->phase = GRPC_PHASE_HTTP2;
    if (r == 0)
        r = start(c, err, deadline);
    if (r < 0) {
        grpc_close(c);
        return r;
    }
    *ret_conn = c;
    return 0;
}

/* GOAWAY, where that needs no waiting. */
static void say_goodbye(struct grpc_conn *c)
{
    if (!c->session || c->dead || c->torn || c->out.size)
        return;
    nghttp2_session_terminate_session(c->session, NGHTTP2_NO_ERROR);
    if (grpc_session_drain(c, &c->out) == 0 && c->out.size)
        (void)stream_write(&c->stream, c->out.data, c->out.size, 0);
}

void grpc_close(struct grpc_conn *c)
{
    if (!c)
        return;
    assert(list_empty(&c->streams));
    rt_group_done(&c->group);
    say_goodbye(c);
    stream_close(&c->stream);
    nghttp2_session_del(c->session);
    buf_done(&c->authority);
    buf_done(&c->out);
    mem_free(MEM_NET, c->in);
    mem_free(MEM_NET, c);
}
