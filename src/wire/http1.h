/* http1.h - HTTP/1.1 messages (RFC 9112): heads, body framing and chunks, read and written.
 *
 * One codec for client, server and proxy. It is strict, because where two parsers read one
 * message differently, a request can be smuggled past the first: line ends are CR LF and nothing
 * else, fields are not folded, a length is said in one way. What is refused gets a message
 * that names the line.
 *
 * Reading is incremental: the caller collects bytes and asks again; the same bytes give the same
 * answer, however they were cut. Every slice points into the caller's bytes. Limits have names
 * and are counted before anything is believed. Pure; any thread. */
#ifndef FIREBREAK_WIRE_HTTP1_H
#define FIREBREAK_WIRE_HTTP1_H

#include "base/buf.h"
#include "base/err.h"

enum {
    HTTP1_HEAD_BYTES_MAX = 64 * 1024, /* defaults of struct http1_limits */
    HTTP1_LINE_BYTES_MAX = 16 * 1024,
    HTTP1_FIELDS_MAX = 128,
    HTTP1_TRAILER_BYTES_MAX = 8 * 1024,
    HTTP1_CHUNK_LINE_BYTES_MAX = 1024, /* a chunk's size and extensions */
    HTTP1_EMPTY_LINES_MAX = 2,         /* before a request line: old clients send one */
};

/* A zero stands for the default above. field_count_max is at most HTTP1_FIELDS_MAX. */
struct http1_limits {
    uint32_t head_bytes_max, line_bytes_max, field_count_max, trailer_bytes_max;
};

struct http1_field {
    struct slice name, value; /* the value without the white space around it */
};

/* How the body is delimited (RFC 9112, 6.3). */
enum http1_framing {
    HTTP1_NO_BODY,
    HTTP1_LENGTH, /* content_length bytes */
    HTTP1_CHUNKED,
    HTTP1_UNTIL_CLOSE, /* responses only */
    HTTP1_TUNNEL,      /* what follows is no HTTP any more: 101, or 2xx to a CONNECT */
};

struct http1_head {
    bool is_request;
    struct slice method, target; /* of a request */
    uint16_t status;             /* of a response: 100 … 999 */
    struct slice reason;         /* may be empty */
    uint8_t version_minor;       /* of HTTP/1.x */
    enum http1_framing framing;
    uint64_t content_length; /* HTTP1_LENGTH; with HTTP1_NO_BODY: what a HEAD's answer claims */
    bool has_content_length;
    bool keep_alive;      /* the connection may carry another message behind this one */
    bool expect_continue; /* a request that waits for "100 Continue" */
    uint32_t field_count;
    struct http1_field fields[HTTP1_FIELDS_MAX];
};

/* ---- reading a head ---- */

/* One head under way. Give it the bytes from the head's first on, again and again, as they
 * become more; they may move between calls. */
struct http1_parser {
    struct http1_limits limits;
    bool is_request;
    bool to_head, to_connect; /* a response: to a HEAD, to a CONNECT */
    uint32_t scanned;         /* bytes that need no second look for a line's end */
    uint32_t line_at;         /* where the unfinished line begins */
    uint32_t line;            /* its number, from 1 */
    uint32_t empty_lines;     /* before the first that says something */
    uint32_t field_count;
};

/* limits NULL: the defaults. */
void http1_parser_request(struct http1_parser *p, const struct http1_limits *limits);
/* `method` is the one of the request that is answered: it decides whether a body follows. */
void http1_parser_response(struct http1_parser *p, struct slice method,
                           const struct http1_limits *limits);
/* Returns the head's size in bytes (> 0; what is behind them is body), or 0: more bytes needed.
 * -EBADMSG no (acceptable) HTTP, -EPROTONOSUPPORT another major version or transfer coding,
 * -EMSGSIZE a limit, each with *err. *ret_head, whose slices point into `bytes`, means something
 * only on > 0: it is too large for a second one to be kept (rule zero). */
ptrdiff_t http1_parse(struct http1_parser *p, struct slice bytes, struct http1_head *ret_head,
                      struct err *err);

/* The n-th field (from 0) of that name in any case, or NULL. */
const struct http1_field *http1_field_find(const struct http1_head *h, const char *name,
                                           uint32_t n);
/* Whether a comma-separated list field (all of its lines) has this token, in any case. */
bool http1_field_has_token(const struct http1_head *h, const char *name, const char *token);

/* ---- reading a body ---- */

enum http1_progress {
    HTTP1_MORE, /* all of the input is used up */
    HTTP1_DATA, /* *ret_data holds some of the body: a part of the input */
    HTTP1_END,  /* the body is over; what is left of the input is the next message */
};

struct http1_body {
    enum http1_framing framing;
    uint64_t left; /* bytes of the body or of the chunk */
    uint8_t state;
    uint32_t line_bytes; /* of the chunk's or trailer's line under way */
    uint32_t trailer_bytes, trailer_bytes_max;
    struct buf *trailers;
};

/* For the head's own framing. `trailers`, which may be NULL, gets the trailer lines as they came,
 * each with its CR LF; they are checked in any case. */
void http1_body_init(struct http1_body *b, const struct http1_head *h,
                     const struct http1_limits *limits, struct buf *trailers);
/* Takes what it can off *in. Returns an http1_progress; -EBADMSG broken chunks, -EMSGSIZE a
 * limit, with *err. A tunnel's bytes are data for ever. */
int http1_body_next(struct http1_body *b, struct slice *in, struct slice *ret_data,
                    struct err *err);
/* The stream ended here. Returns 0 where that completes the body, -EPIPE with *err (how much is
 * missing) where it cuts it off. */
int http1_body_eof(const struct http1_body *b, struct err *err);

/* ---- writing ----
 *
 * Each returns 0, -EMSGSIZE (the buffer's bound), or -EINVAL with *err where the text could be
 * read as something else (a line break in a value, a space in a target): then nothing was
 * appended. The caller sees to Host and to a framing that fits its body. */

int http1_put_request(struct buf *out, struct slice method, struct slice target, struct err *err);
/* An empty reason: the usual words. */
int http1_put_status(struct buf *out, uint16_t status, struct slice reason, struct err *err);
int http1_put_field(struct buf *out, struct slice name, struct slice value, struct err *err);
int http1_put_end(struct buf *out); /* the empty line behind the fields */

/* Before and behind each chunk's bytes; size > 0. */
int http1_put_chunk_begin(struct buf *out, uint64_t size);
int http1_put_chunk_end(struct buf *out);
/* The last chunk and the empty line behind it. */
int http1_put_last_chunk(struct buf *out);

/* "Not Found"; "" for an unknown number. */
const char *http1_status_words(uint16_t status);
/* RFC 9110, 5.6.2: what a method and a field's name are made of. */
bool http1_is_token(struct slice s);
/* What a value may hold: no control byte but the tab, so nothing that could end its line. */
bool http1_is_text(struct slice s);
/* Whether a request may be repeated when nobody knows if it arrived (RFC 9110, 9.2.2). */
bool http1_is_idempotent(struct slice method);

#endif
