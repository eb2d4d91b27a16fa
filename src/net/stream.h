/* stream.h - a connection, plain or TLS: the same three calls for both.
 *
 * Owns its socket and its TLS state. Belongs to the loop it was opened on. A plain stream may be
 * used by one reading and one writing task at a time; a TLS stream, too, where it was made `duplex`
 * (tls.h), else by one task at a time (-EBUSY).
 * All zeroes is a valid closed stream. */
#ifndef FIREBREAK_NET_STREAM_H
#define FIREBREAK_NET_STREAM_H

#include "base/err.h"
#include "rt/sock.h"

struct tls_conn;

struct stream {
    struct rt_sock *sock;
    struct tls_conn *tls; /* NULL: plain */
};

/* Returns the bytes read (1 … size), 0 at the end, negative errno. A TLS stream that ends
 * without its close_notify was cut off: -EPIPE. */
ssize_t stream_read(struct stream *s, void *buf, size_t size, rt_time deadline);
/* Waits until there may be something to read, where that is known without memory to read into: a
 * TLS stream does not wait here, but in stream_read. Returns 0 or negative errno. */
int stream_wait(struct stream *s, rt_time deadline);
/* Writes all of it. Returns 0, or negative errno (then an unknown part was sent). */
int stream_write(struct stream *s, const void *data, size_t size, rt_time deadline);
/* Sets *err for what one of the two has returned: "what: the system's words", or TLS's own. */
int stream_explain(const struct stream *s, int code, const char *what, struct err *err);
/* Whether there is something to read now, an end included: on an idle connection that means that
 * it is of no more use. Gives other tasks a turn at most. */
bool stream_is_readable(const struct stream *s);
/* Whether an idle connection looks unused to the loop, which has not asked the kernel for it: rt's
 * rt_was_quiet. */
bool stream_was_quiet(const struct stream *s);
/* Says close_notify where that needs no waiting. Idempotent; does not wait. */
void stream_close(struct stream *s);

#endif
