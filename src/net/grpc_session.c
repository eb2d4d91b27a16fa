#include "net/grpc_conn.h"

#include <errno.h>
#include <stdio.h>

#include "net/h2.h"
#include "wire/base64.h"

/* ---- what comes ---- */

static struct grpc_stream *stream_of(nghttp2_session *session, int32_t id)
{
    return nghttp2_session_get_stream_user_data(session, id);
}

static void keep_field(struct grpc_stream *s, struct slice name, struct slice value)
{
    enum { FIELDS_FIRST = 8 };
    struct arena *a = s->answer->arena;
    struct grpc_fields *f = s->in_trailers ? &s->answer->trailers : &s->answer->headers;
    if (f->count == 0 || f->count == s->fields_cap) {
        uint32_t cap = f->count ? f->count * 2 : FIELDS_FIRST;
        struct grpc_field *items = arena_alloc_array(a, cap, sizeof(*items));
        if (!items)
            return;
        if (f->count)
            memcpy(items, f->items, f->count * sizeof(*items));
        f->items = items;
        s->fields_cap = cap;
    }
    char *kept_name = arena_strdup(a, name), *kept = arena_strdup(a, value);
    if (kept_name && kept)
        f->items[f->count++] = (struct grpc_field){{kept_name, name.size}, {kept, value.size}};
}

static void keep_metadata(struct grpc_stream *s, struct slice name, struct slice value)
{
    if (!s->answer->arena)
        return;
    if (!slice_ends_with(name, SLICE("-bin"))) {
        keep_field(s, name, value);
        return;
    }
    struct buf bytes = BUF(MEM_NET, 0);
    if (base64_decode(value, BASE64_STD, BASE64_EITHER, &bytes, NULL) == 0)
        keep_field(s, name, buf_slice(&bytes));
    buf_done(&bytes);
}

static void take_message(struct grpc_stream *s, struct slice value)
{
    struct buf text = BUF(MEM_NET, 0);
    (void)grpc_message_decode(value, &text);
    snprintf(s->answer->status.message, sizeof(s->answer->status.message), "%.*s",
             SLICE_ARG(buf_slice(&text)));
    buf_done(&text);
}

static void take_details(struct grpc_stream *s, struct slice value)
{
    struct buf bytes = BUF(MEM_NET, 0);
    struct arena *a = s->answer->arena;
    if (a && base64_decode(value, BASE64_STD, BASE64_EITHER, &bytes, NULL) == 0) {
        char *kept = arena_strdup(a, buf_slice(&bytes));
        if (kept)
            s->answer->details = (struct slice){kept, bytes.size};
    }
    buf_done(&bytes);
}

static void take_field(struct grpc_stream *s, struct slice name, struct slice value)
{
    uint64_t number;
    if (slice_eq_cstr(name, ":status")) {
        if (slice_to_u64(value, 999, &number) == 0)
            s->http_status = (uint32_t)number;
    } else if (slice_eq_cstr(name, "content-type")) {
        s->is_grpc = slice_starts_with(value, SLICE("application/grpc"));
    } else if (slice_eq_cstr(name, "grpc-status")) {
        s->has_status = true;
        s->answer->status.code = grpc_code_parse(value);
    } else if (slice_eq_cstr(name, "grpc-message")) {
        take_message(s, value);
    } else if (slice_eq_cstr(name, "grpc-status-details-bin")) {
        take_details(s, value);
    } else {
        keep_metadata(s, name, value);
    }
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_size, const uint8_t *value, size_t value_size, uint8_t flags,
                     void *conn)
{
    enum { FIELD_BYTES = 32 }; /* as HTTP/2 counts a field, beside its text */
    (void)flags;
    (void)conn;
    struct grpc_stream *s = stream_of(session, frame->hd.stream_id);
    if (!s)
        return 0;
    s->metadata_bytes += (uint32_t)(name_size + value_size) + FIELD_BYTES;
    if (s->metadata_bytes > GRPC_METADATA_BYTES_MAX) {
        grpc_stream_fail(s, -EMSGSIZE, "more metadata than 16 KB");
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    take_field(s, (struct slice){(const char *)name, name_size},
               (struct slice){(const char *)value, value_size});
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t size, void *conn)
{
    (void)flags;
    (void)conn;
    struct grpc_stream *s = stream_of(session, id);
    nghttp2_session_consume_connection(session, size);
    if (!s) {
        nghttp2_session_consume_stream(session, id, size);
        return 0;
    }
    (void)buf_append(&s->in, data, size);
    s->held += size;
    grpc_session_consume(s);
    rt_event_set(&s->readable);
    return 0;
}

/* What comes behind the first head that is not an interim one (1xx) are trailers. */
static void on_headers_end(struct grpc_stream *s)
{
    if (s->in_trailers || s->http_status / 100 == 1)
        return;
    s->in_trailers = true;
    if (s->http_status == 200 && s->is_grpc)
        return;
    char why[sizeof(s->why)];
    snprintf(why, sizeof(why), "the answer is no gRPC: HTTP status %u", s->http_status);
    if (!s->has_status)
        s->answer->status.code = grpc_code_from_http(s->http_status);
    grpc_stream_fail(s, -EBADMSG, why);
}

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *conn)
{
    struct grpc_conn *c = conn;
    struct grpc_stream *s = stream_of(session, frame->hd.stream_id);
    switch (frame->hd.type) {
    case NGHTTP2_SETTINGS:
        c->settled = true;
        rt_event_set(&c->ready);
        break;
    case NGHTTP2_GOAWAY:
        c->going = true;
        break;
    case NGHTTP2_HEADERS:
        if (s)
            on_headers_end(s);
        break;
    default:
        break;
    }
    bool has_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (s && has_end && frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
        s->ended = true;
        grpc_stream_wake(s);
    }
    return 0;
}

/* Before the server's SETTINGS: what answers there is something else. */
static int on_error(nghttp2_session *session, int code, const char *text, size_t size, void *conn)
{
    struct grpc_conn *c = conn;
    (void)session;
    (void)code;
    (void)text;
    (void)size;
    if (!c->settled)
        grpc_conn_die(c, -EBADMSG, "no HTTP/2 came back");
    return 0;
}

static int on_frame_send(nghttp2_session *session, const nghttp2_frame *frame, void *conn)
{
    (void)conn;
    struct grpc_stream *s =
        frame->hd.type == NGHTTP2_HEADERS ? stream_of(session, frame->hd.stream_id) : NULL;
    if (s)
        s->sent = true;
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t code, void *conn)
{
    (void)conn;
    struct grpc_stream *s = stream_of(session, id);
    if (!s)
        return 0;
    s->closed = true;
    s->reset_code = code;
    grpc_stream_wake(s);
    return 0;
}

/* ---- what goes ---- */

static ssize_t on_want_data(nghttp2_session *session, int32_t id, uint8_t *to, size_t room,
                            uint32_t *flags, nghttp2_data_source *source, void *conn)
{
    (void)source;
    (void)conn;
    struct grpc_stream *s = stream_of(session, id);
    if (!s)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    size_t size = s->out.size - s->out_at;
    if (size == 0 && !s->out_end) {
        s->deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    if (size > room)
        size = room;
    if (size)
        memcpy(to, s->out.data + s->out_at, size);
    s->out_at += size;
    if (s->out_at == s->out.size) {
        buf_clear(&s->out);
        s->out_at = 0;
        if (s->out_end)
            *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    rt_event_set(&s->writable);
    return (ssize_t)size;
}

int grpc_session_drain(struct grpc_conn *c, struct buf *out)
{
    return h2_drain(c->session, out, GRPC_IN_BYTES);
}

void grpc_session_consume(struct grpc_stream *s)
{
    struct slice waiting = {s->in.data + s->in_at, s->in.size - s->in_at}, message;
    if (s->held == 0 || s->closed || s->conn->dead)
        return;
    /* What is there suffices its reader for now; unless it is but a part of one message. */
    if (waiting.size > GRPC_STREAM_WINDOW_BYTES / 2 &&
        grpc_frame_next(waiting, s->conn->message_bytes_max, &message, NULL) != 0)
        return;
    nghttp2_session_consume_stream(s->conn->session, s->id, s->held);
    s->held = 0;
    grpc_conn_kick(s->conn);
}

/* ---- a request ---- */

enum { OWN_FIELDS = 8, FIELDS_MAX = OWN_FIELDS + GRPC_METADATA_COUNT_MAX };

struct head {
    nghttp2_nv nv[FIELDS_MAX];
    size_t count;
    struct buf bytes; /* of values that had to be encoded */
};

static void put(struct head *h, struct slice name, struct slice value, uint8_t flags)
{
    h->nv[h->count++] = h2_field(name, value, flags);
}

/* Encoded values move while the buffer grows: until all are there, only their places are known. */
static int put_metadata(struct head *h, const struct grpc_request *q, struct err *err)
{
    size_t begins[GRPC_METADATA_COUNT_MAX];
    if (q->metadata_count > GRPC_METADATA_COUNT_MAX)
        return err_set(err, -EMSGSIZE, "%u fields of metadata: at most %d", q->metadata_count,
                       GRPC_METADATA_COUNT_MAX);
    for (uint32_t i = 0; i < q->metadata_count; i++) {
        begins[i] = h->bytes.size;
        if (slice_ends_with(q->metadata[i].name, SLICE("-bin")))
            (void)base64_encode(q->metadata[i].value, BASE64_STD, BASE64_UNPADDED, &h->bytes);
    }
    for (uint32_t i = 0; i < q->metadata_count; i++) {
        struct slice value = q->metadata[i].value;
        if (slice_ends_with(q->metadata[i].name, SLICE("-bin"))) {
            size_t end = i + 1 < q->metadata_count ? begins[i + 1] : h->bytes.size;
            value = slice_sub(buf_slice(&h->bytes), begins[i], end);
        }
        put(h, q->metadata[i].name, value, NGHTTP2_NV_FLAG_NONE);
    }
    return 0;
}

static int submit(struct grpc_stream *s, const struct head *h, struct err *err)
{
    nghttp2_data_provider provider = {.read_callback = on_want_data};
    int32_t id = nghttp2_submit_request(s->conn->session, NULL, h->nv, h->count, &provider, s);
    if (id == NGHTTP2_ERR_STREAM_ID_NOT_AVAILABLE) {
        s->conn->going = true; /* two thousand million calls: another connection begins anew */
        return err_set(err, -ENETDOWN, "the connection has no stream left");
    }
    if (id < 0)
        return err_set(err, id == NGHTTP2_ERR_NOMEM ? -ENOMEM : -EINVAL, "gRPC request: %s",
                       nghttp2_strerror(id));
    s->id = id;
    return 0;
}

int grpc_session_submit(struct grpc_stream *s, bool tls, const struct grpc_request *request,
                        struct err *err)
{
    enum { LITERAL = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE };
    struct head h = {.bytes = BUF(MEM_NET, 0)};
    char timeout[GRPC_TIMEOUT_BYTES];
    put(&h, SLICE(":method"), SLICE("POST"), LITERAL);
    put(&h, SLICE(":scheme"), tls ? SLICE("https") : SLICE("http"), LITERAL);
    put(&h, SLICE(":path"), request->path, NGHTTP2_NV_FLAG_NO_COPY_NAME);
    put(&h, SLICE(":authority"), buf_slice(&s->conn->authority), NGHTTP2_NV_FLAG_NO_COPY_NAME);
    put(&h, SLICE("te"), SLICE("trailers"), LITERAL);
    put(&h, SLICE("content-type"), SLICE("application/grpc"), LITERAL);
    put(&h, SLICE("user-agent"), SLICE("firebreak"), LITERAL);
    if (s->deadline != RT_NEVER && !request->no_timeout) {
        grpc_timeout_format(s->deadline - rt_now(), timeout);
        /* It is another one each time: no place for it among what the peer is to remember. */
        put(&h, SLICE("grpc-timeout"), slice_from(timeout),
            NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_INDEX);
    }
    int r = put_metadata(&h, request, err);
    if (r == 0)
        r = submit(s, &h, err);
    buf_done(&h.bytes);
    return r;
}

/* ---- the session ---- */

int grpc_session_new(struct grpc_conn *c, struct err *err)
{
    static const struct h2_callbacks callbacks = {
        .on_header = on_header,
        .on_data = on_data,
        .on_frame_recv = on_frame_recv,
        .on_frame_send = on_frame_send,
        .on_stream_close = on_stream_close,
        .on_error = on_error,
    };
    static const struct h2_settings settings = {
        .stream_window_bytes = GRPC_STREAM_WINDOW_BYTES,
        .conn_window_bytes = GRPC_CONN_WINDOW_BYTES,
        .header_list_bytes_max = GRPC_METADATA_BYTES_MAX,
        .window_by_hand = true,
    };
    return h2_session_new(&callbacks, &settings, c, &c->session, err);
}
