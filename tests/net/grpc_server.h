/* grpc_server.h - a server that misbehaves as it is told: nghttp2 on a task of the test's loop.
 *
 * What it does with a call is the last word of its path: "/t/echo", "/t/reset" … */
#ifndef FIREBREAK_TESTS_NET_GRPC_SERVER_H
#define FIREBREAK_TESTS_NET_GRPC_SERVER_H

#include <nghttp2/nghttp2.h>

#include "rt/sock.h"
#include "tests/tap.h"
#include "wire/grpc_frame.h"

enum { GRPC_SERVER_CALLS_MAX = 4096 };

struct grpc_server_call {
    int32_t id;
    char what[32];
    struct buf body; /* of the request, then of the answer */
    size_t at;
    bool has_timeout;
};

struct grpc_server {
    struct rt_group group;
    struct rt_sock *listener, *conn;
    struct rt_addr addr;
    nghttp2_session *session;
    struct grpc_server_call calls[GRPC_SERVER_CALLS_MAX];
    uint32_t call_count, resets, connections;
    bool silent;          /* reads no more, but stays */
    bool mute;            /* says nothing, from the first byte on */
    uint32_t streams_max; /* of SETTINGS; 0: not said */
};

static inline struct grpc_server_call *server_call(struct grpc_server *sv, int32_t id)
{
    for (uint32_t i = 0; i < sv->call_count; i++)
        if (sv->calls[i].id == id)
            return &sv->calls[i];
    return NULL;
}

static inline int server_on_begin(nghttp2_session *session, const nghttp2_frame *f, void *arg)
{
    struct grpc_server *sv = arg;
    (void)session;
    if (f->hd.type != NGHTTP2_HEADERS || sv->call_count == GRPC_SERVER_CALLS_MAX)
        return 0;
    sv->calls[sv->call_count++] =
        (struct grpc_server_call){.id = f->hd.stream_id, .body = BUF(MEM_TEST, 0)};
    return 0;
}

static inline int server_on_header(nghttp2_session *session, const nghttp2_frame *f,
                                   const uint8_t *name, size_t name_size, const uint8_t *value,
                                   size_t value_size, uint8_t flags, void *arg)
{
    struct grpc_server_call *c = server_call(arg, f->hd.stream_id);
    struct slice n = {(const char *)name, name_size}, v = {(const char *)value, value_size};
    (void)session;
    (void)flags;
    if (c && slice_eq_cstr(n, ":path") && slice_starts_with(v, SLICE("/t/")))
        snprintf(c->what, sizeof(c->what), "%.*s", SLICE_ARG(slice_sub(v, 3, v.size)));
    if (c && slice_eq_cstr(n, "grpc-timeout"))
        c->has_timeout = true;
    return 0;
}

static inline int server_on_data(nghttp2_session *session, uint8_t flags, int32_t id,
                                 const uint8_t *data, size_t size, void *arg)
{
    struct grpc_server_call *c = server_call(arg, id);
    (void)session;
    (void)flags;
    if (c)
        (void)buf_append(&c->body, data, size);
    return 0;
}

#define SERVER_FIELD(n, v)                                                             \
    {                                                                                  \
        (uint8_t *)(n), (uint8_t *)(v), sizeof(n) - 1, strlen(v), NGHTTP2_NV_FLAG_NONE \
    }

static inline ssize_t server_want_data(nghttp2_session *session, int32_t id, uint8_t *to,
                                       size_t room, uint32_t *flags, nghttp2_data_source *source,
                                       void *arg)
{
    struct grpc_server_call *c = server_call(arg, id);
    (void)source;
    size_t size = c->body.size - c->at;
    size = size < room ? size : room;
    if (size)
        memcpy(to, c->body.data + c->at, size);
    c->at += size;
    if (c->at == c->body.size) {
        const bool fails = strcmp(c->what, "late_status") == 0;
        nghttp2_nv trailers[] = {SERVER_FIELD("grpc-status", fails ? "5" : "0"),
                                 SERVER_FIELD("grpc-message", fails ? "no such thing" : "")};
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (strcmp(c->what, "no_status") != 0) {
            *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
            nghttp2_submit_trailer(session, id, trailers, fails ? 2 : 1);
        }
    }
    return (ssize_t)size;
}

static inline void server_say_status(struct grpc_server *sv, int32_t id, const char *http,
                                     const char *type, const char *status, const char *message)
{
    nghttp2_nv fields[] = {SERVER_FIELD(":status", http), SERVER_FIELD("content-type", type),
                           SERVER_FIELD("grpc-status", status),
                           SERVER_FIELD("grpc-message", message)};
    nghttp2_submit_headers(sv->session, NGHTTP2_FLAG_END_STREAM, id, NULL, fields,
                           status[0] ? 4 : 2, NULL);
}

static inline void server_frame(struct grpc_server_call *c, char flag, uint32_t size)
{
    buf_clear(&c->body);
    char head[GRPC_HEAD_BYTES];
    grpc_frame_head(size, head);
    head[0] = flag;
    (void)buf_append(&c->body, head, sizeof(head));
}

static inline void server_answer(struct grpc_server *sv, struct grpc_server_call *c)
{
    nghttp2_nv ok[] = {SERVER_FIELD(":status", "200"),
                       SERVER_FIELD("content-type", "application/grpc+proto")};
    nghttp2_data_provider p = {.read_callback = server_want_data};
    static char padding[70000];
    if (strcmp(c->what, "silent") == 0)
        return;
    if (strcmp(c->what, "refuse") == 0)
        nghttp2_submit_rst_stream(sv->session, 0, c->id, NGHTTP2_REFUSED_STREAM);
    else if (strcmp(c->what, "reset") == 0)
        nghttp2_submit_rst_stream(sv->session, 0, c->id, NGHTTP2_CANCEL);
    else if (strcmp(c->what, "goaway") == 0)
        nghttp2_submit_goaway(sv->session, 0, c->id - 2, NGHTTP2_NO_ERROR, NULL, 0);
    else if (strcmp(c->what, "trailers_only") == 0)
        server_say_status(sv, c->id, "200", "application/grpc", "9", "not%20now%");
    else if (strcmp(c->what, "html") == 0)
        server_say_status(sv, c->id, "503", "text/html", "", "");
    else if (strcmp(c->what, "no_grpc") == 0)
        server_say_status(sv, c->id, "200", "text/plain", "", "");
    else if (strcmp(c->what, "hangup") == 0)
        sv->silent = true;
    else {
        if (strcmp(c->what, "compressed") == 0)
            server_frame(c, 1, 0);
        else if (strcmp(c->what, "huge") == 0)
            server_frame(c, 0, 100 * 1000 * 1000);
        else if (strcmp(c->what, "cut") == 0)
            server_frame(c, 0, 3);
        else if (strcmp(c->what, "twice") == 0)
            (void)buf_append(&c->body, "\0\0\0\0\1x", 6);
        else if (strcmp(c->what, "empty") == 0)
            buf_clear(&c->body);
        else if (strcmp(c->what, "flood") == 0) {
            server_frame(c, 0, sizeof(padding));
            (void)buf_append(&c->body, padding, sizeof(padding));
            for (int i = 0; i < 6; i++) {
                struct buf again = BUF(MEM_TEST, 0);
                (void)buf_append_slice(&again, buf_slice(&c->body));
                (void)buf_append_slice(&c->body, buf_slice(&again));
                buf_done(&again);
            }
        }
        nghttp2_submit_response(sv->session, c->id, ok, 2, &p);
    }
}

static inline int server_on_frame(nghttp2_session *session, const nghttp2_frame *f, void *arg)
{
    struct grpc_server *sv = arg;
    struct grpc_server_call *c = server_call(sv, f->hd.stream_id);
    (void)session;
    if (f->hd.type == NGHTTP2_RST_STREAM)
        sv->resets++;
    if (c && (f->hd.type == NGHTTP2_DATA || f->hd.type == NGHTTP2_HEADERS) &&
        f->hd.flags & NGHTTP2_FLAG_END_STREAM)
        server_answer(sv, c);
    return 0;
}

static inline void server_session(struct grpc_server *sv)
{
    nghttp2_session_callbacks *cb;
    nghttp2_settings_entry e = {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, sv->streams_max};
    nghttp2_session_callbacks_new(&cb);
    nghttp2_session_callbacks_set_on_begin_headers_callback(cb, server_on_begin);
    nghttp2_session_callbacks_set_on_header_callback(cb, server_on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, server_on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, server_on_frame);
    nghttp2_session_server_new(&sv->session, cb, sv);
    nghttp2_session_callbacks_del(cb);
    nghttp2_submit_settings(sv->session, 0, &e, sv->streams_max ? 1 : 0);
}

static inline bool server_flush(struct grpc_server *sv)
{
    const uint8_t *data;
    ssize_t n;
    while (!sv->mute && (n = nghttp2_session_mem_send(sv->session, &data)) > 0)
        if (rt_write(sv->conn, data, (size_t)n, RT_NEVER) < 0)
            return false;
    return true;
}

static inline void server_main(void *arg)
{
    struct grpc_server *sv = arg;
    static char in[64 * 1024];
    ssize_t n;
    while (rt_accept(sv->listener, &sv->conn, NULL, RT_NEVER) == 0) {
        sv->connections++;
        (void)rt_sock_no_delay(sv->conn);
        server_session(sv);
        bool goes_on = server_flush(sv);
        while (goes_on && (n = rt_read(sv->conn, in, sizeof(in), RT_NEVER)) > 0 &&
               nghttp2_session_mem_recv(sv->session, (uint8_t *)in, (size_t)n) >= 0) {
            if (sv->silent && rt_sleep(RT_NEVER) < 0)
                break;
            goes_on = server_flush(sv);
        }
        nghttp2_session_del(sv->session);
        rt_close(sv->conn);
        for (uint32_t i = 0; i < sv->call_count; i++)
            buf_done(&sv->calls[i].body);
        sv->call_count = 0;
    }
}

static inline void grpc_server_start(struct grpc_server *sv)
{
    struct rt_addr any;
    rt_addr_ipv4(0x7f000001, 0, &any);
    rt_group_init(&sv->group, "grpc_server");
    CHECK_INT(rt_listen(&any, 16, false, &sv->listener), 0);
    CHECK_INT(rt_sock_local(sv->listener, &sv->addr), 0);
    CHECK_INT(rt_go(&sv->group, server_main, sv), 0);
}

static inline void grpc_server_stop(struct grpc_server *sv)
{
    rt_group_done(&sv->group);
    rt_close(sv->listener);
}

#endif
