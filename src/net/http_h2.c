#include "net/http_h2.h"

#include <assert.h>
#include <errno.h>

#include "base/fault.h"
#include "base/utf8.h"
#include "net/h2.h"
#include "net/http_conn.h"

struct http_h2 {
    struct stream *stream;
    nghttp2_session *session;
    int32_t id;
    struct slice body; /* of the request, what is still to be sent */
    struct buf out;
    char *in;
    bool said;           /* nghttp2 has given out all of the request… */
    rt_time sent;        /* … and it has left */
    int64_t first_byte_ns;
    struct http1_limits limits;
    struct http1_head *head;
    struct arena fields;   /* of the answer */
    uint32_t head_bytes;   /* of all heads and trailers so far */
    uint32_t interim;      /* 1xx answers */
    struct buf answer;     /* of the body: heard, and not yet read */
    size_t answer_at;
    bool settled;          /* the server's SETTINGS came: it does speak HTTP/2 */
    bool has_head, ended;
    bool torn;    /* a write was cut short */
    bool strange; /* what came first is no HTTP/2 */
    struct err failed; /* what a callback has found */
};

/* The first failure is the one that is told; the others follow from it. */
#define fail(x, number, ...) \
    ((void)((x)->failed.code ? 0 : err_set(&(x)->failed, (number), __VA_ARGS__)))

/* ---- what comes ---- */

static bool is_ours(const struct http_h2 *x, int32_t id)
{
    return id == x->id;
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct http_h2 *x = user;
    (void)session;
    if (!is_ours(x, frame->hd.stream_id) || x->has_head)
        return 0;
    if (x->first_byte_ns < 0)
        x->first_byte_ns = x->sent ? rt_now_exact() - x->sent : 0;
    x->head->field_count = 0;
    x->head->status = 0;
    arena_reset(&x->fields);
    return 0;
}

static void keep_field(struct http_h2 *x, struct slice name, struct slice value)
{
    struct http1_head *h = x->head;
    uint64_t status;
    if (slice_eq_cstr(name, ":status")) {
        if (slice_to_u64(value, 999, &status) == 0)
            h->status = (uint16_t)status;
        return;
    }
    if (h->field_count == x->limits.field_count_max) {
        fail(x, -EMSGSIZE, "the answer's head has more than %u fields", x->limits.field_count_max);
        return;
    }
    h->fields[h->field_count++] = (struct http1_field){
        {arena_strdup(&x->fields, name), name.size}, {arena_strdup(&x->fields, value), value.size}};
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_size, const uint8_t *value, size_t value_size, uint8_t flags,
                     void *user)
{
    enum { FIELD_BYTES = 32 }; /* as HTTP/2 counts a field, beside its text */
    struct http_h2 *x = user;
    (void)session;
    (void)flags;
    if (!is_ours(x, frame->hd.stream_id))
        return 0;
    x->head_bytes += (uint32_t)(name_size + value_size) + FIELD_BYTES;
    if (x->head_bytes > x->limits.head_bytes_max && !fault_mutant("h2_head_unbounded"))
        fail(x, -EMSGSIZE, "the answer's head is larger than %u bytes", x->limits.head_bytes_max);
    if (!x->failed.code && !x->has_head) /* what comes behind the body is let pass */
        keep_field(x, (struct slice){(const char *)name, name_size},
                   (struct slice){(const char *)value, value_size});
    return x->failed.code ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t size, void *user)
{
    struct http_h2 *x = user;
    (void)session;
    (void)flags;
    if (is_ours(x, id))
        (void)buf_append(&x->answer, data, size);
    return 0;
}

static void on_head_end(struct http_h2 *x)
{
    struct http1_head *h = x->head;
    if (x->has_head)
        return;
    if (h->status >= 200)
        x->has_head = true;
    else if (++x->interim > HTTP_INTERIM_MAX)
        fail(x, -EBADMSG, "more than %d interim answers", HTTP_INTERIM_MAX);
}

static int code_of_goaway(uint32_t code)
{
    switch (code) {
    case NGHTTP2_HTTP_1_1_REQUIRED:
        return -EPROTONOSUPPORT;
    case NGHTTP2_PROTOCOL_ERROR: /* these say that we break the rules */
    case NGHTTP2_FLOW_CONTROL_ERROR:
    case NGHTTP2_FRAME_SIZE_ERROR:
    case NGHTTP2_COMPRESSION_ERROR:
    case NGHTTP2_SETTINGS_TIMEOUT:
        return -EBADMSG;
    default:
        return -EPIPE;
    }
}

/* With the server's own words, where it has any. */
static void on_goaway(struct http_h2 *x, const nghttp2_goaway *g)
{
    enum { WORDS_BYTES_MAX = 80 };
    bool looked_at = g->last_stream_id >= x->id;
    if (x->ended || (looked_at && g->error_code == NGHTTP2_NO_ERROR))
        return; /* it goes after this answer */
    struct buf words = BUF(MEM_NET, 0);
    utf8_append_shown(&words, slice_sub((struct slice){(const char *)g->opaque_data,
                                                       g->opaque_data_len}, 0, WORDS_BYTES_MAX));
    fail(x, code_of_goaway(g->error_code), "the server ends the connection: GOAWAY %s%s%s",
         nghttp2_http2_strerror(g->error_code), words.size ? ", " : "",
         words.size ? words.data : "");
    buf_done(&words);
}

static void on_reset(struct http_h2 *x, uint32_t code)
{
    if (x->ended || (x->has_head && code == NGHTTP2_NO_ERROR))
        return;
    fail(x, code == NGHTTP2_HTTP_1_1_REQUIRED ? -EPROTONOSUPPORT : -ECONNRESET,
         "the server reset the stream: %s", nghttp2_http2_strerror(code));
}

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct http_h2 *x = user;
    bool ours = is_ours(x, frame->hd.stream_id);
    (void)session;
    if (frame->hd.type == NGHTTP2_SETTINGS && !(frame->hd.flags & NGHTTP2_FLAG_ACK))
        x->settled = true;
    else if (frame->hd.type == NGHTTP2_GOAWAY)
        on_goaway(x, &frame->goaway);
    else if (frame->hd.type == NGHTTP2_RST_STREAM && ours)
        on_reset(x, frame->rst_stream.error_code);
    else if (frame->hd.type == NGHTTP2_HEADERS && ours)
        on_head_end(x);
    bool has_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (ours && has_end && frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
        x->ended = true;
    return 0;
}

/* Where no RST_STREAM came, it is nghttp2 that found the answer wrong; on_error has said why. */
static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
    struct http_h2 *x = user;
    (void)session;
    if (!is_ours(x, id))
        return 0;
    if (code != NGHTTP2_NO_ERROR)
        fail(x, -EBADMSG, "the answer breaks the rules of HTTP/2: %s",
             nghttp2_http2_strerror(code));
    return 0;
}

static int on_error(nghttp2_session *session, int code, const char *text, size_t size, void *user)
{
    struct http_h2 *x = user;
    (void)session;
    (void)code;
    if (!x->settled)
        x->strange = true; /* what came is told as it came */
    else
        fail(x, -EBADMSG, "the answer breaks the rules of HTTP/2: %.*s", (int)size, text);
    return 0;
}

/* ---- what goes ---- */

static ssize_t on_want_body(nghttp2_session *session, int32_t id, uint8_t *to, size_t room,
                            uint32_t *flags, nghttp2_data_source *source, void *user)
{
    struct http_h2 *x = user;
    (void)session;
    (void)id;
    (void)source;
    size_t size = x->body.size < room ? x->body.size : room;
    if (size)
        memcpy(to, x->body.data, size);
    x->body = slice_sub(x->body, size, x->body.size);
    if (x->body.size == 0)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)size;
}

static int on_frame_send(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct http_h2 *x = user;
    (void)session;
    if (is_ours(x, frame->hd.stream_id) && frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
        x->said = true;
    return 0;
}

/* Writes what there is to say. A server that refuses a large body may close before having read it
 * all: then what it has said is still to be read. */
static int say(struct http_h2 *x, rt_time deadline)
{
    for (;;) {
        int r = h2_drain(x->session, &x->out, HTTP_H2_READ_BYTES);
        if (r < 0 || x->out.size == 0)
            return r;
        if (!x->torn)
            r = stream_write(x->stream, x->out.data, x->out.size, deadline);
        buf_clear(&x->out);
        if (x->said && !x->sent)
            x->sent = rt_now_exact();
        if (r == -EPIPE || r == -ECONNRESET)
            x->torn = true;
        else if (r < 0)
            return r;
    }
}

/* ---- one turn ---- */

static int no_more(struct http_h2 *x, ssize_t n, struct err *err)
{
    if (n == 0 || n == -EPIPE)
        return err_set(err, -EPIPE, "the peer closed the connection %s",
                       x->has_head ? "inside the body" : "without an answer");
    if (n == -ETIMEDOUT && !x->settled)
        return err_set(err, -ETIMEDOUT, "no HTTP/2 SETTINGS in time");
    if (n == -ETIMEDOUT)
        return err_set(err, -ETIMEDOUT, x->has_head ? "no end of the body in time"
                                                    : "no answer in time");
    const char *what = x->has_head ? "reading the body" : "reading the answer";
    return stream_explain(x->stream, (int)n, what, err);
}

static int take_in(struct http_h2 *x, size_t size, struct err *err)
{
    ssize_t n = nghttp2_session_mem_recv(x->session, (const uint8_t *)x->in, size);
    if (x->ended) /* what is wrong behind it is of no concern */
        return 0;
    if (x->failed.code)
        return err_set(err, x->failed.code, "%s", x->failed.text);
    if (x->strange || (!x->settled && n < 0)) {
        struct buf shown = BUF(MEM_NET, 0);
        http_show_bytes((struct slice){x->in, size}, &shown);
        int r = err_set(err, -EBADMSG, "no HTTP/2 came back, but '%s'", shown.data);
        buf_done(&shown);
        return r;
    }
    if (n < 0)
        return err_set(err, -EBADMSG, "HTTP/2: %s", nghttp2_strerror((int)n));
    return 0;
}

/* Speaks and hears once. Returns 0, or why nothing more will come. */
static int turn(struct http_h2 *x, struct err *err, rt_time deadline)
{
    int r = say(x, deadline);
    if (r == -ETIMEDOUT)
        return no_more(x, r, err);
    if (r < 0)
        return stream_explain(x->stream, r, "sending the request", err);
    if (x->failed.code) /* found wrong before, and said to the server just now */
        return err_set(err, x->failed.code, "%s", x->failed.text);
    if (!nghttp2_session_want_read(x->session))
        return err_set(err, -EBADMSG, "the answer breaks the rules of HTTP/2");
    ssize_t n = stream_read(x->stream, x->in, HTTP_H2_READ_BYTES, deadline);
    return n <= 0 ? no_more(x, n, err) : take_in(x, (size_t)n, err);
}

/* ---- the request ---- */

/* What belongs to a connection of HTTP/1 has no place here (RFC 9113, 8.2.2). */
static bool is_of_connection(struct slice name)
{
    static const char *const words[] = {"Host", "Connection", "Keep-Alive", "Proxy-Connection",
                                        "Transfer-Encoding", "Upgrade", "TE"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (slice_eq_nocase(name, slice_from(words[i])))
            return true;
    return false;
}

static struct slice lower(struct arena *a, struct slice name)
{
    char *text = arena_strdup(a, name);
    for (size_t i = 0; i < name.size; i++)
        if (text[i] >= 'A' && text[i] <= 'Z')
            text[i] = (char)(text[i] + ('a' - 'A'));
    return (struct slice){text, name.size};
}

/* nghttp2 copies all of it. */
static int submit(struct http_h2 *x, const struct http_h2_request *q, struct err *err)
{
    enum { OWN_FIELDS = 4 };
    const struct http1_head *h = q->head;
    const struct http1_field *host = http1_field_find(h, "Host", 0);
    struct arena a = ARENA(MEM_NET, 0);
    nghttp2_nv *nv = arena_alloc_array(&a, OWN_FIELDS + h->field_count, sizeof(*nv));
    size_t n = 0;
    nv[n++] = h2_field(SLICE(":method"), h->method, 0);
    nv[n++] = h2_field(SLICE(":scheme"), q->tls ? SLICE("https") : SLICE("http"), 0);
    nv[n++] = h2_field(SLICE(":path"), h->target, 0);
    if (host)
        nv[n++] = h2_field(SLICE(":authority"), host->value, 0);
    for (uint32_t i = 0; i < h->field_count; i++)
        if (!is_of_connection(h->fields[i].name))
            nv[n++] = h2_field(lower(&a, h->fields[i].name), h->fields[i].value, 0);
    nghttp2_data_provider provider = {.read_callback = on_want_body};
    x->body = q->body;
    x->id = nghttp2_submit_request(x->session, NULL, nv, n, q->body.size ? &provider : NULL, NULL);
    arena_done(&a);
    return x->id < 0 ? err_set(err, -EINVAL, "HTTP/2 request: %s", nghttp2_strerror(x->id)) : 0;
}

static int session_new(struct http_h2 *x, struct err *err)
{
    static const struct h2_callbacks callbacks = {
        .on_begin_headers = on_begin_headers,
        .on_header = on_header,
        .on_data = on_data,
        .on_frame_recv = on_frame_recv,
        .on_frame_send = on_frame_send,
        .on_stream_close = on_stream_close,
        .on_error = on_error,
    };
    struct h2_settings settings = {
        .stream_window_bytes = HTTP_H2_WINDOW_BYTES,
        .conn_window_bytes = HTTP_H2_WINDOW_BYTES,
        .header_list_bytes_max = x->limits.head_bytes_max,
    };
    return h2_session_new(&callbacks, &settings, x, &x->session, err);
}

static struct http1_limits limits_of(const struct http1_limits *l)
{
    struct http1_limits limits = l ? *l : (struct http1_limits){0};
    if (!limits.head_bytes_max)
        limits.head_bytes_max = HTTP1_HEAD_BYTES_MAX;
    if (!limits.field_count_max)
        limits.field_count_max = HTTP1_FIELDS_MAX;
    return limits;
}

/* The answer in the form that HTTP/1 would have given it. */
static void describe(const struct http_h2 *x, struct http1_head *h)
{
    const struct http1_field *length = http1_field_find(h, "Content-Length", 0);
    h->is_request = false;
    h->framing = x->ended && x->answer.size == 0 ? HTTP1_NO_BODY : HTTP1_UNTIL_CLOSE;
    h->has_content_length = length && slice_to_u64(length->value, UINT64_MAX,
                                                   &h->content_length) == 0;
}

int http_h2_open(struct stream *stream, const struct http_h2_request *request,
                 struct http1_head *ret_head, int64_t *ret_first_byte_ns,
                 struct http_h2 **ret_exchange, struct err *err, rt_time deadline)
{
    struct http_h2 *x = mem_alloc(MEM_NET, sizeof(*x));
    struct err own = {0};
    err = err ? err : &own;
    x->stream = stream;
    x->limits = limits_of(request->limits);
    x->first_byte_ns = -1;
    x->fields = ARENA(MEM_NET, 0);
    x->out = x->answer = BUF(MEM_NET, 0);
    x->in = mem_alloc(MEM_NET, HTTP_H2_READ_BYTES);
    int r = session_new(x, err);
    if (r == 0)
        r = submit(x, request, err);
    x->head = ret_head; /* it may be the request's, which has been copied */
    *ret_head = (struct http1_head){0};
    while (r == 0 && !x->has_head)
        r = turn(x, err, deadline);
    if (r < 0 && x->has_head) { /* what broke is the body: its reader is told */
        fail(x, r, "%s", err->text);
        r = 0;
    }
    if (x->first_byte_ns >= 0)
        *ret_first_byte_ns = x->first_byte_ns;
    if (r < 0) {
        http_h2_close(x);
        return r;
    }
    describe(x, ret_head);
    *ret_exchange = x;
    return 0;
}

ssize_t http_h2_read(struct http_h2 *x, void *buf, size_t size, struct err *err, rt_time deadline)
{
    assert(size > 0);
    while (x->answer_at == x->answer.size) {
        buf_clear(&x->answer);
        x->answer_at = 0;
        if (x->ended)
            return 0;
        if (x->failed.code)
            return err_set(err, x->failed.code, "%s", x->failed.text);
        int r = turn(x, err, deadline);
        if (r < 0)
            return r;
    }
    size_t left = x->answer.size - x->answer_at, n = left < size ? left : size;
    memcpy(buf, x->answer.data + x->answer_at, n);
    x->answer_at += n;
    return (ssize_t)n;
}

static void say_goodbye(struct http_h2 *x)
{
    if (x->torn || x->out.size || nghttp2_session_terminate_session(x->session, 0) != 0)
        return;
    if (h2_drain(x->session, &x->out, HTTP_H2_READ_BYTES) == 0 && x->out.size)
        (void)stream_write(x->stream, x->out.data, x->out.size, 0);
}

void http_h2_close(struct http_h2 *x)
{
    if (!x)
        return;
    if (x->session)
        say_goodbye(x);
    nghttp2_session_del(x->session);
    arena_done(&x->fields);
    buf_done(&x->out);
    buf_done(&x->answer);
    mem_free(MEM_NET, x->in);
    mem_free(MEM_NET, x);
}
