/* h2.h - the session of an HTTP/2 client: nghttp2 over our memory. Inside of grpc and http.
 *
 * nghttp2 knows frames, header compression and flow control, and does no I/O: bytes that were read
 * are given to nghttp2_session_mem_recv, bytes to be written are taken by h2_drain. What it finds
 * out comes by the callbacks. */
#ifndef FIREBREAK_NET_H2_H
#define FIREBREAK_NET_H2_H

#include <nghttp2/nghttp2.h>

#include "base/buf.h"
#include "base/err.h"

struct h2_settings {
    uint32_t stream_window_bytes, conn_window_bytes; /* what the peer may send unasked */
    uint32_t header_list_bytes_max;                  /* what we say that we take; advice only */
    bool window_by_hand; /* the caller gives the windows back (nghttp2_session_consume…) */
};

/* The callbacks that a client may want; NULL: it does not. */
struct h2_callbacks {
    nghttp2_on_begin_headers_callback on_begin_headers;
    nghttp2_on_header_callback on_header;
    nghttp2_on_data_chunk_recv_callback on_data;
    nghttp2_on_frame_recv_callback on_frame_recv;
    nghttp2_on_frame_send_callback on_frame_send;
    nghttp2_on_stream_close_callback on_stream_close;
    nghttp2_error_callback2 on_error; /* a sentence about what the peer did wrong */
};

/* The preface and our SETTINGS wait to be drained. Returns 0 or -ENOMEM with *err. */
int h2_session_new(const struct h2_callbacks *callbacks, const struct h2_settings *settings,
                   void *user, nghttp2_session **ret_session, struct err *err);
/* Appends what nghttp2 wants to send now, until *out holds about `bytes`. Returns 0 or -EIO. */
int h2_drain(nghttp2_session *session, struct buf *out, size_t bytes);
/* A header field over the caller's bytes; flags as NGHTTP2_NV_FLAG_… */
nghttp2_nv h2_field(struct slice name, struct slice value, uint8_t flags);

#endif
