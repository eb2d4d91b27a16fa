/* http_h2.h - one request over a connection that speaks HTTP/2. Inside of http.
 *
 * A connection carries one request and is then closed, so nothing runs beside the caller's task: it
 * writes what nghttp2 wants written, reads, and looks whether what it waits for is there. Bytes are
 * read only while somebody waits for them, which is all the flow control that is needed.
 *
 * Errors, beside those of the stream: -EBADMSG no HTTP/2, or one that breaks its rules (also
 * where a GOAWAY accuses us of it); -ECONNRESET the server reset the stream; -EPIPE it said GOAWAY,
 * or closed, before the answer was complete; -EMSGSIZE a limit of the head;
 * -EPROTONOSUPPORT it wants HTTP/1.1 for this request. */
#ifndef FIREBREAK_NET_HTTP_H2_H
#define FIREBREAK_NET_HTTP_H2_H

#include "net/http.h"
#include "net/stream.h"

enum {
    HTTP_H2_WINDOW_BYTES = 256 * 1024,
    HTTP_H2_READ_BYTES = 16 * 1024,
};

struct http_h2;

struct http_h2_request {
    const struct http1_head *head; /* as HTTP/1.1 would say it; Host is its :authority */
    bool tls;
    struct slice body; /* the caller's until the answer's end */
    const struct http1_limits *limits;
};

/* Sends the request (as far as the server lets us), and reads the answer's head into *ret_head,
 * whose texts live until http_h2_close; `head` may be the same. *ret_first_byte_ns: from the
 * request's last byte to the answer's first, untouched where none came. The stream stays the
 * caller's. Returns 0 and *ret_exchange, or a negative errno with *err. */
int http_h2_open(struct stream *stream, const struct http_h2_request *request,
                 struct http1_head *ret_head, int64_t *ret_first_byte_ns,
                 struct http_h2 **ret_exchange, struct err *err, rt_time deadline);
/* As http_read. */
ssize_t http_h2_read(struct http_h2 *x, void *buf, size_t size, struct err *err, rt_time deadline);
/* Says goodbye where that needs no waiting. NULL is accepted. */
void http_h2_close(struct http_h2 *x);

#endif
