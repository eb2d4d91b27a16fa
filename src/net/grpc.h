/* grpc.h - a gRPC client: many calls at a time over one HTTP/2 connection (nghttp2).
 *
 * A connection belongs to one loop and serves all its tasks. Two tasks of its own read and write
 * for all calls, so what many callers send in one round of the loop leaves in one write. A call
 * waits for nothing but its own answer: a stream whose messages nobody takes is slowed down by its
 * own window, and holds up no other.
 *
 *     r = grpc_call(conn, &request, message, &reply, &answer, &err, deadline);          unary
 *
 *     r = grpc_stream_open(conn, &request, &answer, &stream, &err, deadline);           streaming
 *     r = grpc_stream_send(stream, message, &err, deadline);
 *     while ((r = grpc_stream_recv(stream, &message, &err, deadline)) > 0)
 *         use(message);
 *     grpc_stream_close(stream);
 *
 * What failed, and whether the call may have happened:
 *  -EREMOTEIO     the server answered with a status that is not OK: answer.status. *err has both
 *                 its name and its message.
 *  -ENETDOWN      it did not happen: the connection had ended before the call was sent, or the
 *                 server said that it did not look at it (GOAWAY, REFUSED_STREAM).
 *  -ECONNRESET    in doubt: the connection or the stream broke after the call was sent.
 *  -ETIMEDOUT, -ECANCELED  in doubt, once sent; the server is told to stop.
 *  -EMSGSIZE      a message or the metadata is larger than a limit. -ENOBUFS: GRPC_STREAMS_MAX.
 *  -EBADMSG, -EPROTONOSUPPORT  the answer is broken, or compressed.
 *
 * A connection that went half-open (its peer lost power, a firewall forgot it) looks idle. So while
 * a call waits and nothing was heard for `ping_every`, a PING is sent, and the connection ends when
 * nothing is heard for `ping_wait` after it. Servers refuse clients that ping too often: Go's, as
 * etcd sets it, more often than every 5 s. */
#ifndef FIREBREAK_NET_GRPC_H
#define FIREBREAK_NET_GRPC_H

#include "base/arena.h"
#include "net/dns.h"
#include "net/tls.h"
#include "wire/grpc_frame.h"

enum {
    GRPC_STREAMS_MAX = 16 * 1024,              /* calls under way on one connection */
    GRPC_MESSAGE_BYTES_MAX = 4 * 1024 * 1024,  /* received, by default */
    GRPC_METADATA_BYTES_MAX = 16 * 1024,       /* of an answer: names, values, 32 for each */
    GRPC_METADATA_COUNT_MAX = 16,              /* of a request */
    GRPC_SEND_BYTES_MAX = 64 * 1024,           /* a stream's messages that wait to be sent */
    GRPC_STREAM_WINDOW_BYTES = 1024 * 1024,    /* received and not yet taken; then it is slowed */
    GRPC_CONN_WINDOW_BYTES = 16 * 1024 * 1024, /* of all streams together */
    GRPC_STATUS_TEXT_MAX = 300,
    GRPC_PING_EVERY_MS = 10 * 1000,
    GRPC_PING_WAIT_MS = 3 * 1000,
};

struct grpc_conn;
struct grpc_stream;

/* How a connection was made, as far as it came. Times: -1 where the phase did not happen. */
struct grpc_trace {
    enum grpc_phase {
        GRPC_PHASE_DNS,
        GRPC_PHASE_CONNECT,
        GRPC_PHASE_TLS,
        GRPC_PHASE_HTTP2, /* until the server speaks it */
    } phase;
    struct rt_addr address;
    int64_t dns_ns, connect_ns, tls_ns;
    struct tls_report tls;
};

struct grpc_options {
    struct dns_resolver *dns; /* the caller's; NULL: the host is an address */
    struct tls_context *tls;  /* the caller's; NULL: plain */
    struct slice host;
    uint16_t port;
    struct slice server_name;      /* checked instead of the host; empty: the host */
    uint32_t message_bytes_max;    /* received; 0: GRPC_MESSAGE_BYTES_MAX */
    rt_time ping_every, ping_wait; /* 0: the defaults above */
    struct grpc_trace *trace;      /* filled while connecting; NULL: nobody wants to know */
    struct arena *arena;           /* for the chain in the trace's report; NULL: none is wanted */
};

/* Looks the name up, connects (address after address), shakes hands, and waits until the server
 * speaks HTTP/2: what is returned was alive a moment ago. */
int grpc_connect(const struct grpc_options *options, struct grpc_conn **ret_conn, struct err *err,
                 rt_time deadline);
/* Whether a new call may be made on it: it has neither ended nor said GOAWAY. */
bool grpc_usable(const struct grpc_conn *c);
/* When something was last heard of the peer. */
rt_time grpc_heard(const struct grpc_conn *c);
/* Ends it for all its calls, which get -ECONNRESET (or -ENETDOWN) with `why`. Does not wait. */
void grpc_break(struct grpc_conn *c, const char *why);
/* Every stream must be closed and every call over. NULL is accepted. */
void grpc_close(struct grpc_conn *c);

/* Metadata. Names are in lower case; where one ends in "-bin", the value is any bytes (on the wire
 * it is base64), else printable ASCII. */
struct grpc_field {
    struct slice name, value;
};
struct grpc_fields {
    struct grpc_field *items;
    uint32_t count;
};

struct grpc_request {
    struct slice path; /* "/package.Service/Method" */
    const struct grpc_field *metadata;
    uint32_t metadata_count;
    bool no_timeout; /* the server is not told of the deadline (a timer of its own for each call has
                      * its price), but still to stop once that has passed */
};

struct grpc_status {
    enum grpc_code code;
    char message[GRPC_STATUS_TEXT_MAX]; /* cut to that */
};

/* What came beside the messages. Filled until the stream is closed or the call is over. */
struct grpc_answer {
    struct grpc_status status;
    struct arena *arena; /* the caller's, set before: where the rest lies. NULL: it is dropped */
    struct grpc_fields headers, trailers;
    struct slice details; /* grpc-status-details-bin: a google.rpc.Status */
};

/* One message there, one back, appended to *reply. `answer` may be NULL. */
int grpc_call(struct grpc_conn *c, const struct grpc_request *request, struct slice message,
              struct buf *reply, struct grpc_answer *answer, struct err *err, rt_time deadline);

/* Sends the head of the call. `answer` is the caller's until the stream is closed, and may be
 * NULL. The server is told of the deadline, which is that of the whole stream. */
int grpc_stream_open(struct grpc_conn *c, const struct grpc_request *request,
                     struct grpc_answer *answer, struct grpc_stream **ret_stream, struct err *err,
                     rt_time deadline);
/* Copies the message; waits while GRPC_SEND_BYTES_MAX wait already. One task at a time. Returns 0,
 * -EPIPE (the server has ended the call: receive why), or as above. */
int grpc_stream_send(struct grpc_stream *s, struct slice message, struct err *err,
                     rt_time deadline);
/* No more messages from us. */
void grpc_stream_end(struct grpc_stream *s);
/* Returns 1 and a message, valid until the next call here; 0: the end, with status OK; or why not.
 * One task at a time. -ETIMEDOUT and -ECANCELED leave the stream as it is. */
int grpc_stream_recv(struct grpc_stream *s, struct slice *ret_message, struct err *err,
                     rt_time deadline);
/* Where it is not at its end, the server is told to stop. NULL is accepted. Does not wait. */
void grpc_stream_close(struct grpc_stream *s);

#endif
