#include "net/h2.h"

#include <errno.h>

/* ---- memory ---- */

static void *hook_alloc(size_t size, void *user)
{
    (void)user;
    return mem_try_alloc(MEM_NET, size);
}

static void *hook_calloc(size_t count, size_t size, void *user)
{
    size_t bytes;
    (void)user;
    return __builtin_mul_overflow(count, size, &bytes) ? NULL : mem_try_alloc(MEM_NET, bytes);
}

static void *hook_resize(void *ptr, size_t size, void *user)
{
    (void)user;
    return mem_resize(MEM_NET, ptr, size);
}

static void hook_free(void *ptr, void *user)
{
    (void)user;
    mem_free(MEM_NET, ptr);
}

/* ---- the session ---- */

static int settle(nghttp2_session *session, const struct h2_settings *s)
{
    const nghttp2_settings_entry ours[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, s->stream_window_bytes},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, s->header_list_bytes_max},
    };
    int r = nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, ours, ARRAY_LEN(ours));
    if (r == 0)
        r = nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0,
                                                  (int32_t)s->conn_window_bytes);
    return r;
}

static void set_callbacks(nghttp2_session_callbacks *to, const struct h2_callbacks *from)
{
    nghttp2_session_callbacks_set_on_begin_headers_callback(to, from->on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(to, from->on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(to, from->on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(to, from->on_frame_recv);
    nghttp2_session_callbacks_set_on_frame_send_callback(to, from->on_frame_send);
    nghttp2_session_callbacks_set_on_stream_close_callback(to, from->on_stream_close);
    nghttp2_session_callbacks_set_error_callback2(to, from->on_error);
}

int h2_session_new(const struct h2_callbacks *callbacks, const struct h2_settings *settings,
                   void *user, nghttp2_session **ret_session, struct err *err)
{
    nghttp2_mem mem = {NULL, hook_alloc, hook_free, hook_calloc, hook_resize};
    nghttp2_session_callbacks *cb = NULL;
    nghttp2_option *option = NULL;
    nghttp2_session *session = NULL;
    int r = nghttp2_session_callbacks_new(&cb);
    if (r == 0)
        r = nghttp2_option_new(&option);
    if (r == 0) {
        set_callbacks(cb, callbacks);
        nghttp2_option_set_no_auto_window_update(option, settings->window_by_hand);
        r = nghttp2_session_client_new3(&session, cb, user, option, &mem);
    }
    nghttp2_session_callbacks_del(cb);
    nghttp2_option_del(option);
    if (r == 0)
        r = settle(session, settings);
    if (r < 0) {
        nghttp2_session_del(session);
        return err_set(err, -ENOMEM, "HTTP/2: %s", nghttp2_strerror(r));
    }
    *ret_session = session;
    return 0;
}

int h2_drain(nghttp2_session *session, struct buf *out, size_t bytes)
{
    const uint8_t *data;
    while (out->size < bytes) {
        ssize_t n = nghttp2_session_mem_send(session, &data);
        if (n <= 0)
            return n < 0 ? -EIO : 0;
        (void)buf_append(out, data, (size_t)n);
    }
    return 0;
}

nghttp2_nv h2_field(struct slice name, struct slice value, uint8_t flags)
{
    return (nghttp2_nv){
        .name = (uint8_t *)(uintptr_t)name.data,
        .namelen = name.size,
        .value = (uint8_t *)(uintptr_t)value.data,
        .valuelen = value.size,
        .flags = flags,
    };
}
