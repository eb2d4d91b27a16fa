/* grpc_conn.h - the connection and the streams of a gRPC client. Inside of grpc. */
#ifndef FIREBREAK_NET_GRPC_CONN_H
#define FIREBREAK_NET_GRPC_CONN_H

#include <nghttp2/nghttp2.h>

#include "net/grpc.h"
#include "net/stream.h"
#include "rt/event.h"

struct grpc_conn {
    struct stream stream;
    nghttp2_session *session;
    struct rt_group group; /* reader, writer, pinger */
    struct rt_event kick;  /* there may be something to write */
    struct rt_event ready; /* the server's SETTINGS came, or it is dead */
    struct list streams;
    uint32_t live;
    uint32_t message_bytes_max;
    rt_time ping_every, ping_wait, heard;
    bool settled; /* the server's SETTINGS came */
    bool going; /* GOAWAY came, or our numbers are used up: no new calls */
    bool dead;  /* nothing more will come or go; `why` says since what */
    bool torn;  /* a write was cut short */
    struct err why;
    struct buf authority;
    struct buf out; /* the writer's */
    char *in;       /* the reader's */
};

struct grpc_stream {
    struct grpc_conn *conn;
    struct list link;
    int32_t id;
    rt_time deadline;
    struct rt_event readable, writable;

    struct buf in;      /* messages, framed, from in_at on */
    size_t in_at, held; /* held: received, and not yet given back to the peer's window */
    struct buf out;
    size_t out_at;
    bool out_end, deferred;

    bool sent;   /* its head has left: from now on it may have happened */
    bool ended;  /* the peer's end was seen: its status is there */
    bool closed; /* nghttp2 has forgotten it */
    bool in_trailers, has_status, is_grpc;
    uint32_t http_status, reset_code, metadata_bytes, fields_cap;
    int error; /* negative: it failed here, in the words of `err` */
    char why[96];
    struct grpc_answer *answer, own; /* own: where the caller wants none */
};

enum { GRPC_IN_BYTES = 64 * 1024 };

/* grpc_session.c: nghttp2 and its callbacks. */
int grpc_session_new(struct grpc_conn *c, struct err *err);
int grpc_session_submit(struct grpc_stream *s, bool tls, const struct grpc_request *request,
                        struct err *err);
/* Gives what the reader of the stream has taken back to the peer's window. */
void grpc_session_consume(struct grpc_stream *s);
/* Appends everything that nghttp2 wants to send now, up to about GRPC_IN_BYTES. */
int grpc_session_drain(struct grpc_conn *c, struct buf *out);

/* grpc_conn.c */
void grpc_conn_kick(struct grpc_conn *c);
void grpc_conn_die(struct grpc_conn *c, int code, const char *why);

/* grpc.c: the stream has failed by itself. */
void grpc_stream_fail(struct grpc_stream *s, int code, const char *why);
void grpc_stream_wake(struct grpc_stream *s);

#endif
