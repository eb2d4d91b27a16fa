#include "net/http_exchange.h"

#include <errno.h>
#include <stdio.h>

#include "base/fault.h"
#include "base/log.h"
#include "wire/problem.h"
#include "wire/url.h"

/* ---- patience ---- */

static rt_time patient_until(const struct http_server *s, const struct http_patience *p)
{
    const struct http_server_options *o = &s->options;
    rt_time earned = (rt_time)(p->bytes / o->rate_min) * RT_SEC;
    return rt_now() + o->stall_ms * RT_MS + earned - p->waited;
}

ssize_t http_conn_read(struct http_conn *c, rt_time deadline)
{
    char *room;
    if (buf_reserve(&c->in, HTTP_READ_BYTES, &room) < 0)
        return -EMSGSIZE;
    ssize_t n = rt_read(c->sock, room, HTTP_READ_BYTES, deadline);
    if (n > 0)
        buf_commit(&c->in, (size_t)n);
    return n;
}

static int write_all(struct http_exchange *x, struct slice data)
{
    struct http_conn *c = x->conn;
    while (data.size && !x->failed) {
        rt_time before = rt_now();
        ssize_t n =
            rt_write_some(c->sock, data.data, data.size, patient_until(c->server, &x->writing));
        x->writing.waited += rt_now() - before;
        if (n < 0) {
            x->failed = true;
            c->keep = false;
            return (int)n;
        }
        x->writing.bytes += (size_t)n;
        data = slice_sub(data, (size_t)n, data.size);
    }
    return x->failed ? -EPIPE : 0;
}

/* ---- the request ---- */

void http_exchange_init(struct http_exchange *x, struct http_conn *c)
{
    x->conn = c;
    x->bytes = BUF(MEM_NET, 0);
    x->fields = BUF(MEM_NET, 0);
    x->began = rt_now_exact();
    x->body_over = true;
    rt_group_init(&x->helpers, "http_server");
    rt_chan_init(&x->gone, 0, "http_gone");
    list_init(&x->link);
}

/* A proxy's form of a target, "http://host/path", means its path. */
static int split_target(struct http_exchange *x, struct err *err)
{
    struct slice target = x->head.target;
    if (target.data[0] != '/' && !slice_eq(target, SLICE("*"))) {
        struct url url;
        if (slice_eq(x->head.method, SLICE("CONNECT")))
            return err_set(err, -EBADMSG, "this is no proxy");
        int r = url_parse(target, &url, err);
        if (r < 0)
            return err_wrap(err, "the request's target");
        target = url.target.size ? url.target : SLICE("/");
    }
    x->query = target;
    x->path = slice_cut(&x->query, '?');
    return 0;
}

int http_exchange_begin(struct http_exchange *x, size_t size, struct err *err)
{
    struct http_conn *c = x->conn;
    x->bytes = c->in;
    c->in = BUF(MEM_NET, x->bytes.size_max);
    if (!fault_mutant("http_sent_ahead_lost"))
        buf_append(&c->in, x->bytes.data + size, x->bytes.size - size);
    x->began = rt_now_exact();
    x->head_only = slice_eq(x->head.method, SLICE("HEAD"));
    x->continue_due = x->head.expect_continue && x->head.framing != HTTP1_NO_BODY;
    x->body_over = x->head.framing == HTTP1_NO_BODY;
    http1_body_init(&x->body, &x->head, &c->server->options.limits, NULL);
    c->keep = x->head.keep_alive;
    return split_target(x, err);
}

const struct http1_head *exchange_head(const struct http_exchange *x)
{
    return &x->head;
}

struct slice exchange_path(const struct http_exchange *x)
{
    return x->path;
}

struct slice exchange_query(const struct http_exchange *x)
{
    return x->query;
}

int exchange_peer(const struct http_exchange *x, struct rt_cred *ret_cred)
{
    return rt_sock_peer_cred(x->conn->sock, ret_cred);
}

/* ---- the body ---- */

static ssize_t body_broken(struct http_exchange *x, int r)
{
    x->body_broken = true;
    x->conn->keep = false;
    return r;
}

/* Takes up to `size` bytes of the body off what has been read. 0: more must be read first. */
static ssize_t take_body(struct http_exchange *x, char *buf, size_t size, struct err *err)
{
    struct http_conn *c = x->conn;
    struct slice in = slice_sub(buf_slice(&c->in), 0, size), data;
    size_t given = in.size;
    int r = http1_body_next(&x->body, &in, &data, err);
    if (r < 0)
        return body_broken(x, r);
    if (r == HTTP1_DATA)
        memcpy(buf, data.data, data.size);
    buf_consume(&c->in, given - in.size);
    x->body_over = r == HTTP1_END;
    return r == HTTP1_DATA ? (ssize_t)data.size : 0;
}

static int more_of_body(struct http_exchange *x, struct err *err)
{
    struct http_conn *c = x->conn;
    if (x->continue_due && write_all(x, SLICE("HTTP/1.1 100 Continue\r\n\r\n")) < 0)
        return (int)body_broken(x, err_set(err, -EPIPE, "the client has gone"));
    x->continue_due = false;
    rt_time before = rt_now();
    ssize_t n = http_conn_read(c, patient_until(c->server, &x->reading));
    x->reading.waited += rt_now() - before;
    if (n > 0) {
        x->reading.bytes += (size_t)n;
        return 0;
    }
    if (n == 0 && http1_body_eof(&x->body, err) == 0)
        err_set(err, -EPIPE, "the body is cut off");
    else if (n == -ETIMEDOUT)
        err_set(err, -ETIMEDOUT, "the body comes too slowly: %llu bytes were read",
                (unsigned long long)x->body_bytes);
    else if (n < 0)
        err_sys(err, (int)n, "read the body");
    return (int)body_broken(x, n == 0 ? -EPIPE : (int)n);
}

static int check_length(struct http_exchange *x, uint64_t bytes, uint64_t bytes_max,
                        struct err *err)
{
    if (bytes <= bytes_max)
        return 0;
    return (int)body_broken(x, err_set(err, -EMSGSIZE, "the body is longer than %llu bytes",
                                       (unsigned long long)bytes_max));
}

static ssize_t read_bounded(struct http_exchange *x, void *buf, size_t size, uint64_t bytes_max,
                            struct err *err)
{
    if (x->body_broken)
        return err_set(err, -EPIPE, "the body is broken");
    int r = x->body.framing == HTTP1_LENGTH
                ? check_length(x, x->head.content_length, bytes_max, err)
                : 0;
    while (r == 0 && !x->body_over) {
        /* An empty input is offered, too: a body of no bytes ends without any. */
        ssize_t n = take_body(x, buf, size, err);
        if (n < 0)
            return n;
        x->body_bytes += (uint64_t)n;
        r = check_length(x, x->body_bytes, bytes_max, err);
        if (n > 0)
            return r < 0 ? r : n;
        if (r == 0 && !x->body_over && x->conn->in.size == 0)
            r = more_of_body(x, err);
    }
    return r;
}

ssize_t exchange_read(struct http_exchange *x, void *buf, size_t size, struct err *err)
{
    return read_bounded(x, buf, size, x->conn->server->options.body_bytes_max, err);
}

int exchange_read_all(struct http_exchange *x, struct buf *out, struct err *err)
{
    for (;;) {
        char *room;
        if (buf_reserve(out, HTTP_READ_BYTES, &room) < 0)
            return (int)body_broken(
                x, err_set(err, -EMSGSIZE, "the body is longer than %zu bytes", out->size_max));
        ssize_t n = exchange_read(x, room, HTTP_READ_BYTES, err);
        if (n <= 0)
            return (int)n;
        buf_commit(out, (size_t)n);
    }
}

/* ---- the answer ---- */

void exchange_field(struct http_exchange *x, const char *name, struct slice value)
{
    http1_put_field(&x->fields, slice_from(name), value, NULL);
}

/* "Date: Tue, 24 Nov 2026 10:15:30 GMT", out of "2026-11-24T10:15:30.123Z". */
static void put_date(struct buf *out)
{
    static const char days[] = "ThuFriSatSunMonTueWed", /* the first day of 1970 was a Thursday */
        months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    enum { DAY_S = 24 * 3600, MONTH_AT = 5, DAY_AT = 8, TIME_AT = 11, TIME_SIZE = 8 };
    char t[LOG_TIME_BYTES];
    rt_wall now = rt_wall_now();
    log_format_time(now, t);
    int day = (int)(now / RT_SEC / DAY_S % 7);
    int month = (t[MONTH_AT] - '0') * 10 + t[MONTH_AT + 1] - '0' - 1;
    buf_printf(out, "Date: %.3s, %.2s %.3s %.4s %.*s GMT\r\n", days + 3 * day, t + DAY_AT,
               months + 3 * month, t, TIME_SIZE, t + TIME_AT);
}

/* A request whose rest may be long, or may never come, is not waited for: its connection ends with
 * the answer, and says so. */
static void decide_keep(struct http_exchange *x)
{
    struct http_conn *c = x->conn;
    bool long_rest =
        x->body.framing == HTTP1_LENGTH && x->body.left > HTTP_SERVER_DRAIN_BYTES_MAX + c->in.size;
    if (c->server->stopping || (!x->body_over && (x->continue_due || long_rest)))
        c->keep = false;
}

static void put_head(struct http_exchange *x, const char *type, struct buf *out)
{
    struct http_conn *c = x->conn;
    http1_put_status(out, x->status, (struct slice){0}, NULL);
    put_date(out);
    if (type)
        http1_put_field(out, SLICE("Content-Type"), slice_from(type), NULL);
    buf_append_slice(out, buf_slice(&x->fields));
    if (!c->keep)
        buf_append_cstr(out, "Connection: close\r\n");
    else if (x->head.version_minor == 0)
        buf_append_cstr(out, "Connection: keep-alive\r\n");
}

int exchange_answer(struct http_exchange *x, uint16_t status, const char *type, struct slice body)
{
    struct buf out = BUF(MEM_NET, 0);
    bool has_body = status != 204 && status != 304;
    if (x->answered != HTTP_UNANSWERED)
        return -EALREADY;
    x->answered = HTTP_ANSWERED;
    x->status = status;
    decide_keep(x);
    put_head(x, has_body ? type : NULL, &out);
    if (has_body)
        buf_printf(&out, "Content-Length: %zu\r\n", body.size);
    http1_put_end(&out);
    /* Small ones leave in one piece. */
    bool together = has_body && !x->head_only && body.size <= HTTP_READ_BYTES;
    if (together)
        buf_append_slice(&out, body);
    int r = write_all(x, buf_slice(&out));
    if (r == 0 && has_body && !x->head_only && !together)
        r = write_all(x, body);
    buf_done(&out);
    return r;
}

int exchange_problem(struct http_exchange *x, uint16_t status, const char *reason,
                     const char *field, const char *detail)
{
    struct buf json = BUF(MEM_NET, 0);
    problem_write(
        &(struct problem){
            .status = status,
            .title = slice_from(http1_status_words(status)),
            .detail = slice_from(detail),
            .reason = slice_from(reason),
            .field = slice_from(field),
        },
        &json);
    buf_append_byte(&json, '\n');
    int r = exchange_answer(x, status, PROBLEM_MEDIA_TYPE, buf_slice(&json));
    buf_done(&json);
    return r;
}

int exchange_refuse(struct http_exchange *x, int code, const struct err *err)
{
    if (code == -EMSGSIZE)
        return exchange_problem(x, 413, "too_large", NULL, err->text);
    if (code == -ETIMEDOUT)
        return exchange_problem(x, 408, "timeout", NULL, err->text);
    return exchange_problem(x, 400, "protocol", NULL, err->text);
}

int exchange_begin(struct http_exchange *x, uint16_t status, const char *type)
{
    struct buf out = BUF(MEM_NET, 0);
    if (x->answered != HTTP_UNANSWERED)
        return -EALREADY;
    x->answered = HTTP_STREAMING;
    x->status = status;
    decide_keep(x);
    x->chunked = x->head.version_minor > 0;
    if (!x->chunked)
        x->conn->keep = false; /* HTTP/1.0: the end of the connection is that of the body */
    put_head(x, type, &out);
    if (x->chunked)
        buf_append_cstr(&out, "Transfer-Encoding: chunked\r\n");
    http1_put_end(&out);
    int r = write_all(x, buf_slice(&out));
    buf_done(&out);
    return r;
}

int exchange_send(struct http_exchange *x, struct slice data)
{
    if (data.size == 0 || x->head_only)
        return x->failed ? -EPIPE : 0;
    if (!x->chunked)
        return write_all(x, data);
    struct buf out = BUF(MEM_NET, 0);
    http1_put_chunk_begin(&out, data.size);
    buf_append_slice(&out, data);
    http1_put_chunk_end(&out);
    int r = write_all(x, buf_slice(&out));
    buf_done(&out);
    return r;
}

void exchange_abort(struct http_exchange *x)
{
    x->failed = true;
    x->conn->keep = false;
}

/* ---- the peer's end, while we answer without one ---- */

static void look_for_end(void *arg)
{
    struct http_exchange *x = arg;
    struct http_conn *c = x->conn;
    ssize_t n = 1;
    while (n > 0 && c->in.size < HTTP_SERVER_AHEAD_BYTES_MAX)
        n = http_conn_read(c, RT_NEVER);
    if (n == 0 || (n < 0 && n != -ECANCELED && n != -EMSGSIZE)) {
        c->keep = false;
        rt_chan_close(&x->gone);
    }
}

struct http_gone_chan *exchange_gone(struct http_exchange *x)
{
    if (x->looks_for_end)
        return &x->gone;
    x->looks_for_end = true;
    list_push_back(&x->conn->server->streams, &x->link);
    if (x->conn->server->stopping || rt_go(&x->helpers, look_for_end, x) < 0)
        rt_chan_close(&x->gone);
    return &x->gone;
}

/* ---- the end ---- */

/* The rest of a short body is read and dropped, so that the connection can go on. */
static void drain_body(struct http_exchange *x)
{
    enum { DROP_BYTES = 1024 };
    char dropped[DROP_BYTES];
    uint64_t bytes_max = x->body_bytes + HTTP_SERVER_DRAIN_BYTES_MAX;
    ssize_t n = 1;
    if (x->body.framing == HTTP1_LENGTH)
        bytes_max += x->body_bytes + x->body.left; /* that it is short was looked at before */
    while (x->conn->keep && n > 0)
        n = fault_mutant("http_unread_body_left")
                ? 0
                : read_bounded(x, dropped, sizeof(dropped), bytes_max, NULL);
    if (n < 0)
        x->conn->keep = false;
}

void http_exchange_end(struct http_exchange *x)
{
    struct http_server *s = x->conn->server;
    rt_group_done(&x->helpers);
    list_remove(&x->link);
    if (x->answered == HTTP_UNANSWERED)
        exchange_problem(x, 500, "internal", NULL, "the request was not answered");
    if (x->answered == HTTP_STREAMING && x->chunked && !x->failed && !x->head_only)
        write_all(x, SLICE("0\r\n\r\n"));
    if (s->options.done)
        s->options.done(s->options.ctx, &(struct http_done){
                                            .method = x->head.method,
                                            .status = x->status,
                                            .took_ns = rt_now_exact() - x->began,
                                        });
    drain_body(x);
}

void http_exchange_done(struct http_exchange *x)
{
    rt_group_done(&x->helpers);
    rt_chan_done(&x->gone);
    buf_done(&x->bytes);
    buf_done(&x->fields);
}
