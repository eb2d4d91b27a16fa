#include "net/http_server.h"

#include <errno.h>

#include "base/fault.h"
#include "net/http_exchange.h"

enum { BACKLOG = 511, ACCEPT_PAUSE_MS = 100 };

/* ---- one connection ---- */

/* Waits until a request begins. Returns whether one does. */
static bool wait_for_request(struct http_conn *c)
{
    struct http_server *s = c->server;
    if (c->in.size)
        return true; /* it was sent ahead */
    if (s->stopping)
        return false;
    buf_done(&c->in); /* an idle connection holds no memory that it does not need */
    list_push_back(&s->idle, &c->link);
    s->stats.idle++;
    ssize_t n = http_conn_read(c, rt_now() + s->options.idle_ms * RT_MS);
    list_remove(&c->link);
    s->stats.idle--;
    return n > 0;
}

static ptrdiff_t head_failed(struct http_conn *c, ssize_t n, struct err *err)
{
    if (n == -ETIMEDOUT)
        return err_set(err, -ETIMEDOUT, "the head did not come within %u ms",
                       c->server->options.head_ms);
    if (n == 0)
        return err_set(err, -EPIPE, "the head is cut off behind %zu bytes", c->in.size);
    return n;
}

/* Returns the head's size, or what is wrong with it. */
static ptrdiff_t read_head(struct http_conn *c, struct http1_parser *p, struct http1_head *head,
                           struct err *err)
{
    rt_time deadline = rt_now() + c->server->options.head_ms * RT_MS;
    http1_parser_request(p, &c->server->options.limits);
    for (;;) {
        ptrdiff_t size = http1_parse(p, buf_slice(&c->in), head, err);
        if (size != 0)
            return size;
        ssize_t n = http_conn_read(c, deadline);
        if (n <= 0)
            return head_failed(c, n, err);
    }
}

static void refuse_head(struct http_exchange *x, const struct http1_parser *p, ptrdiff_t r,
                        const struct err *err)
{
    /* A line that was refused is counted, one that is too long is not. */
    bool first_line = p->line <= 1 + p->empty_lines;
    bool version = p->line == 2 + p->empty_lines;
    x->conn->keep = false;
    if (r == -ETIMEDOUT)
        exchange_problem(x, 408, "timeout", NULL, err->text);
    else if (r == -EMSGSIZE && first_line)
        exchange_problem(x, 414, "too_large", NULL, err->text);
    else if (r == -EMSGSIZE)
        exchange_problem(x, 431, "too_large", NULL, err->text);
    else if (r == -EPROTONOSUPPORT)
        exchange_problem(x, version ? 505 : 501, "protocol", NULL, err->text);
    else if (r == -EBADMSG || r == -EPIPE)
        exchange_problem(x, 400, "protocol", NULL, err->text);
    else
        x->answered = HTTP_ANSWERED; /* the connection is lost: there is nobody to answer */
}

static void exchange_run(struct http_exchange *x)
{
    struct http_conn *c = x->conn;
    struct http1_parser p;
    struct err err = {0};
    ptrdiff_t size = read_head(c, &p, &x->head, &err);
    if (size < 0) {
        x->head = (struct http1_head){0};
        refuse_head(x, &p, size, &err);
    } else if (http_exchange_begin(x, (size_t)size, &err) < 0) {
        c->keep = false;
        exchange_problem(x, 400, "protocol", NULL, err.text);
    } else {
        c->server->options.serve(c->server->options.ctx, x);
    }
    http_exchange_end(x);
}

static void conn_main(void *arg)
{
    struct http_conn *c = arg;
    bool spoke = false;
    c->keep = true;
    while (c->keep && wait_for_request(c)) {
        struct http_exchange *x = mem_alloc(MEM_NET, sizeof(*x));
        http_exchange_init(x, c);
        exchange_run(x);
        spoke = x->status != 0 && !x->failed;
        http_exchange_done(x);
        mem_free(MEM_NET, x);
    }
    if (spoke && c->sock)
        rt_close_gently(c->sock, rt_now() + HTTP_SERVER_LINGER_MS * RT_MS);
    else
        rt_close(c->sock);
    buf_done(&c->in);
    c->server->stats.connections--;
    mem_free(MEM_NET, c);
}

/* ---- accepting ---- */

/* Closed under its task, which waits for a request and then sees that none comes. */
static void close_idle(struct http_conn *c)
{
    list_remove(&c->link);
    struct rt_sock *sock = c->sock;
    c->sock = NULL;
    rt_close(sock);
}

/* Gives up the connection that is idle longest. Returns whether there was one. */
static bool reclaim(struct http_server *s)
{
    if (list_empty(&s->idle))
        return false;
    close_idle(list_entry(s->idle.next, struct http_conn, link));
    s->stats.reclaimed_total++;
    return true;
}

/* As well as it can be said without waiting. */
static void refuse(struct http_server *s, struct rt_sock *sock)
{
    static const char full[] =
        "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\n"
        "Content-Type: application/problem+json\r\nContent-Length: 144\r\n\r\n"
        "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,"
        "\"detail\":\"too many connections\",\"reason\":\"limit\",\"field\":null,"
        "\"trace_id\":null}\n";
    s->stats.refused_total++;
    (void)rt_write(sock, full, sizeof(full) - 1, rt_now());
    rt_shutdown_write(sock);
    rt_close(sock);
}

static void take(struct http_server *s, struct rt_sock *sock)
{
    s->stats.accepted_total++;
    if (s->stats.connections >= s->options.connections_max && !reclaim(s)) {
        refuse(s, sock);
        return;
    }
    (void)rt_sock_no_delay(sock); /* a unix socket has no such thing */
    struct http_conn *c = mem_alloc(MEM_NET, sizeof(*c));
    uint32_t head_bytes_max = s->options.limits.head_bytes_max;
    *c = (struct http_conn){.server = s, .sock = sock};
    c->in = BUF(MEM_NET, (size_t)(head_bytes_max ? head_bytes_max : HTTP1_HEAD_BYTES_MAX) +
                             HTTP_SERVER_AHEAD_BYTES_MAX + HTTP_READ_BYTES);
    s->stats.connections++;
    if (rt_go(&s->serving, conn_main, c) < 0) {
        s->stats.connections--;
        s->stats.accept_failed_total++;
        rt_close(sock);
        mem_free(MEM_NET, c);
    }
}

struct listener {
    struct http_server *server;
    struct rt_sock *sock;
};

static void accept_main(void *arg)
{
    struct listener l = *(struct listener *)arg;
    mem_free(MEM_NET, arg);
    for (;;) {
        struct rt_sock *sock;
        int r = rt_accept(l.sock, &sock, NULL, RT_NEVER);
        if (r == 0) {
            take(l.server, sock);
            continue;
        }
        if (r == -ECANCELED || r == -EBADF)
            return;
        /* We lack something: an idle connection may have it. */
        l.server->stats.accept_failed_total++;
        reclaim(l.server);
        if (rt_sleep(rt_now() + ACCEPT_PAUSE_MS * RT_MS) < 0)
            return;
    }
}

/* ---- the server ---- */

static void fill_in(uint32_t *value, uint32_t dflt)
{
    *value = *value ? *value : dflt;
}

int http_server_new(const struct http_server_options *options, struct http_server **ret_server)
{
    struct http_server *s = mem_alloc(MEM_NET, sizeof(*s));
    s->options = *options;
    fill_in(&s->options.connections_max, HTTP_SERVER_CONNECTIONS_MAX);
    fill_in(&s->options.body_bytes_max, HTTP_SERVER_BODY_BYTES_MAX);
    fill_in(&s->options.idle_ms, HTTP_SERVER_IDLE_MS);
    fill_in(&s->options.head_ms, HTTP_SERVER_HEAD_MS);
    fill_in(&s->options.stall_ms, HTTP_SERVER_STALL_MS);
    fill_in(&s->options.rate_min, HTTP_SERVER_RATE_MIN);
    list_init(&s->idle);
    list_init(&s->streams);
    rt_group_init(&s->accepting, "http_server");
    rt_group_init(&s->serving, "http_server");
    *ret_server = s;
    return 0;
}

int http_server_listen(struct http_server *s, const struct rt_addr *at, struct rt_addr *ret_at,
                       struct err *err)
{
    char text[RT_ADDR_TEXT_MAX];
    struct rt_sock *sock;
    if (s->listener_count == HTTP_SERVER_LISTENERS_MAX)
        return err_set(err, -ENOSPC, "a server listens on at most %d addresses",
                       HTTP_SERVER_LISTENERS_MAX);
    int r = rt_listen(at, BACKLOG, false, &sock);
    if (r < 0)
        return err_sys(err, r, "listen on %s", rt_addr_format(at, true, text));
    struct listener *l = mem_alloc(MEM_NET, sizeof(*l));
    *l = (struct listener){s, sock};
    r = rt_go(&s->accepting, accept_main, l);
    if (r < 0) {
        mem_free(MEM_NET, l);
        rt_close(sock);
        return err_sys(err, r, "listen on %s", rt_addr_format(at, true, text));
    }
    s->listeners[s->listener_count++] = sock;
    if (ret_at)
        rt_sock_local(sock, ret_at);
    return 0;
}

void http_server_stop(struct http_server *s, rt_time deadline)
{
    s->stopping = true;
    rt_group_cancel(&s->accepting);
    rt_group_done(&s->accepting);
    rt_group_init(&s->accepting, "http_server");
    while (s->listener_count)
        rt_close(s->listeners[--s->listener_count]);
    while (!list_empty(&s->idle))
        close_idle(list_entry(s->idle.next, struct http_conn, link));
    list_each (it, &s->streams)
        rt_chan_close(&list_entry(it, struct http_exchange, link)->gone);
    rt_shield_begin();
    if (!fault_mutant("http_stop_cuts_off"))
        rt_group_wait(&s->serving, deadline);
    rt_shield_end();
    rt_group_done(&s->serving);
    rt_group_init(&s->serving, "http_server");
}

void http_server_free(struct http_server *s)
{
    if (!s)
        return;
    http_server_stop(s, 0);
    rt_group_done(&s->accepting);
    rt_group_done(&s->serving);
    mem_free(MEM_NET, s);
}

struct http_server_stats http_server_stats(const struct http_server *s)
{
    return s->stats;
}
