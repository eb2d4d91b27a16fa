/* dialog.h - a conversation with a target over one connection, for kinds that speak a protocol of
 * their own. Inside of observe.
 *
 *     struct dialog d;
 *     if (dialog_open(&d, o, t, r, deadline) == 0)
 *         talk(&d);
 *     dialog_close(&d);
 *
 * Each step returns 0 (or a size), or -1 with the reason set in the result, so that a kind is a
 * straight line which leaves where a step has failed. */
#ifndef FIREBREAK_OBSERVE_DIALOG_H
#define FIREBREAK_OBSERVE_DIALOG_H

#include "net/stream.h"
#include "observe/kind.h"

enum {
    DIALOG_BYTES_MAX = 2 * 1024 * 1024
}; /* heard and not yet taken; codecs have tighter limits */

struct dialog {
    struct observer *o;
    const struct probe_target *t;
    struct probe_result *r;
    rt_time deadline;
    struct stream stream;
    struct buf in;    /* heard, and not yet taken */
    const char *peer; /* what the other side should be, for words: "redis" */
    rt_time began;    /* when the connection was there */
    rt_time said;     /* when we last asked; 0: not yet */
};

/* Looks up, connects, and with t->tls shakes hands. `peer` is a literal. */
int dialog_open(struct dialog *d, struct observer *o, const struct probe_target *t,
                struct probe_result *r, const char *peer, rt_time deadline);
/* As dialog_open, without TLS whatever the target says. */
int dialog_open_plain(struct dialog *d, struct observer *o, const struct probe_target *t,
                      struct probe_result *r, const char *peer, rt_time deadline);
/* TLS from here on. `unverified`: whatever the certificate, as where the caller may as well go on
 * without TLS. What was heard before and not taken is a fault. */
int dialog_tls(struct dialog *d, const char *alpn, bool unverified);
void dialog_close(struct dialog *d);

int dialog_say(struct dialog *d, struct slice text);
/* A line with its CR LF, which may be told. */
int dialog_say_line(struct dialog *d, const char *line);
/* Tells the peer's words to who listens (story.h). */
void dialog_tell(struct dialog *d, struct slice words);
/* Says what was put together, and ends the buffer. */
int dialog_say_buf(struct dialog *d, struct buf *text);
/* Waits for more bytes, which are appended to `in`. */
int dialog_hear(struct dialog *d);
/* As dialog_hear: 1 where the peer ended the conversation instead. */
int dialog_hear_or_end(struct dialog *d);
/* Drops what a codec has looked at. */
void dialog_taken(struct dialog *d, ptrdiff_t size);

/* Asks a codec of wire/ again and again until it has a whole message; its texts lie in `in` until
 * dialog_taken. Returns the message's size, or -1. */
#define dialog_next(d, parse, ret)                                                         \
    (__extension__({                                                                       \
        struct err dialog_err_ = {0};                                                      \
        ptrdiff_t dialog_size_;                                                            \
        while ((dialog_size_ = parse(buf_slice(&(d)->in), (ret), &dialog_err_)) == 0)      \
            if (dialog_hear(d) < 0)                                                        \
                break;                                                                     \
        dialog_size_ > 0 ? dialog_size_ : dialog_strange((d), dialog_size_, &dialog_err_); \
    }))
/* The reason for what a codec has said, with the peer's first bytes where it is no `peer` at all.
 * Keeps a reason that is there. Returns -1. */
int dialog_strange(struct dialog *d, ptrdiff_t code, const struct err *err);
/* "WHAT: the peer's own words", made safe to show. Returns -1. */
int dialog_fail(struct dialog *d, enum probe_reason reason, const char *what, struct slice words);

#endif
