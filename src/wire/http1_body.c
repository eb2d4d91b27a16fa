#include "wire/http1.h"

#include <errno.h>
#include <string.h>

/* Where a chunked body (RFC 9112, 7.1) stands. */
enum state {
    SIZE_FIRST, /* at least one digit */
    SIZE,
    BLANKS, /* behind the size, before the ';' of an extension */
    EXTENSION,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    LINE_START, /* of a trailer, or the last empty line */
    LINE_NAME,
    LINE_VALUE,
    LINE_LF,
    LAST_LF,
    DONE,
};

void http1_body_init(struct http1_body *b, const struct http1_head *h,
                     const struct http1_limits *limits, struct buf *trailers)
{
    *b = (struct http1_body){
        .framing = h->framing,
        .left = h->framing == HTTP1_LENGTH ? h->content_length : 0,
        .state = SIZE_FIRST,
        .trailer_bytes_max = limits && limits->trailer_bytes_max ? limits->trailer_bytes_max
                                                                 : HTTP1_TRAILER_BYTES_MAX,
        .trailers = trailers,
    };
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int broken(struct err *err, const char *what)
{
    return err_set(err, -EBADMSG, "broken chunks: %s", what);
}

static int on_size(struct http1_body *b, char c, struct err *err)
{
    int digit = hex_digit(c);
    if (digit >= 0 && b->left > UINT64_MAX >> 5)
        return err_set(err, -EMSGSIZE, "a chunk is larger than any body can be");
    if (digit >= 0) {
        b->left = b->left << 4 | (uint64_t)digit;
        b->state = SIZE;
        return 0;
    }
    if (b->state == SIZE_FIRST)
        return broken(err, "a chunk's size is missing");
    if (c == '\r')
        b->state = SIZE_LF;
    else if (c == ';')
        b->state = EXTENSION;
    else if (c == ' ' || c == '\t')
        b->state = BLANKS;
    else
        return broken(err, "a chunk's size is no hexadecimal number");
    return 0;
}

static int on_blank(struct http1_body *b, char c, struct err *err)
{
    if (c == ';')
        b->state = EXTENSION;
    else if (c != ' ' && c != '\t')
        return broken(err, "white space behind a chunk's size");
    return 0;
}

static int on_extension(struct http1_body *b, char c, struct err *err)
{
    if (c == '\r')
        b->state = SIZE_LF;
    else if (((unsigned char)c < 0x20 && c != '\t') || c == 0x7F)
        return broken(err, "a control byte in a chunk's extension");
    return 0;
}

static int on_line_start(struct http1_body *b, char c, struct err *err)
{
    if (c == '\r') {
        b->state = LAST_LF;
        return 0;
    }
    if (!http1_is_token((struct slice){&c, 1}))
        return broken(err, "a trailer begins with no name of a field");
    b->state = LINE_NAME;
    return 0;
}

static int on_line_name(struct http1_body *b, char c, struct err *err)
{
    if (c == ':')
        b->state = LINE_VALUE;
    else if (!http1_is_token((struct slice){&c, 1}))
        return broken(err, "a trailer's name is none");
    return 0;
}

static int on_line_value(struct http1_body *b, char c, struct err *err)
{
    if (c == '\r')
        b->state = LINE_LF;
    else if (((unsigned char)c < 0x20 && c != '\t') || c == 0x7F)
        return broken(err, "a control byte in a trailer");
    return 0;
}

static int expect(struct http1_body *b, char c, char wanted, enum state next, struct err *err)
{
    if (c != wanted)
        return broken(err, "CR LF is missing");
    b->state = (uint8_t)next;
    return 0;
}

static int on_byte(struct http1_body *b, char c, struct err *err)
{
    switch ((enum state)b->state) {
    case SIZE_FIRST:
    case SIZE:
        return on_size(b, c, err);
    case BLANKS:
        return on_blank(b, c, err);
    case EXTENSION:
        return on_extension(b, c, err);
    case SIZE_LF:
        b->line_bytes = 0;
        return expect(b, c, '\n', b->left ? DATA : LINE_START, err);
    case DATA_CR:
        return expect(b, c, '\r', DATA_LF, err);
    case DATA_LF:
        return expect(b, c, '\n', SIZE_FIRST, err);
    case LINE_START:
        return on_line_start(b, c, err);
    case LINE_NAME:
        return on_line_name(b, c, err);
    case LINE_VALUE:
        return on_line_value(b, c, err);
    case LINE_LF:
        return expect(b, c, '\n', LINE_START, err);
    case LAST_LF:
        return expect(b, c, '\n', DONE, err);
    case DATA:
    case DONE:
        break;
    }
    return 0;
}

/* The byte's place decides which bound it counts against. */
static int count_byte(struct http1_body *b, struct err *err)
{
    if (b->state < DATA && ++b->line_bytes > HTTP1_CHUNK_LINE_BYTES_MAX)
        return err_set(err, -EMSGSIZE, "a chunk's first line is longer than %d bytes",
                       HTTP1_CHUNK_LINE_BYTES_MAX);
    if (b->state >= LINE_START && ++b->trailer_bytes > b->trailer_bytes_max)
        return err_set(err, -EMSGSIZE, "the trailers are longer than %u bytes",
                       b->trailer_bytes_max);
    return 0;
}

static int take_byte(struct http1_body *b, char c, struct err *err)
{
    int r = count_byte(b, err);
    if (r == 0)
        r = on_byte(b, c, err);
    bool in_trailer = b->state >= LINE_NAME && b->state <= LINE_LF;
    bool ends_trailer = b->state == LINE_START && b->trailer_bytes > 0;
    if (r == 0 && b->trailers && (in_trailer || ends_trailer) &&
        buf_append_byte(b->trailers, c) < 0)
        r = err_set(err, -EMSGSIZE, "the trailers are longer than their buffer");
    return r;
}

static int take_data(struct slice *in, uint64_t most, struct slice *ret_data)
{
    size_t n = in->size < most ? in->size : (size_t)most;
    *ret_data = slice_sub(*in, 0, n);
    *in = slice_sub(*in, n, in->size);
    return HTTP1_DATA;
}

static int next_chunked(struct http1_body *b, struct slice *in, struct slice *ret_data,
                        struct err *err)
{
    while (b->state != DONE) {
        if (in->size == 0)
            return HTTP1_MORE;
        if (b->state == DATA) {
            take_data(in, b->left, ret_data);
            b->left -= ret_data->size;
            if (b->left == 0)
                b->state = DATA_CR;
            return HTTP1_DATA;
        }
        int r = take_byte(b, in->data[0], err);
        if (r < 0)
            return r;
        *in = slice_sub(*in, 1, in->size);
    }
    return HTTP1_END;
}

int http1_body_next(struct http1_body *b, struct slice *in, struct slice *ret_data, struct err *err)
{
    switch (b->framing) {
    case HTTP1_NO_BODY:
        return HTTP1_END;
    case HTTP1_CHUNKED:
        return next_chunked(b, in, ret_data, err);
    case HTTP1_LENGTH:
        if (b->left == 0)
            return HTTP1_END;
        if (in->size == 0)
            return HTTP1_MORE;
        take_data(in, b->left, ret_data);
        b->left -= ret_data->size;
        return HTTP1_DATA;
    case HTTP1_UNTIL_CLOSE:
    case HTTP1_TUNNEL:
        break;
    }
    return in->size ? take_data(in, UINT64_MAX, ret_data) : HTTP1_MORE;
}

int http1_body_eof(const struct http1_body *b, struct err *err)
{
    if (b->framing == HTTP1_LENGTH && b->left > 0)
        return err_set(err, -EPIPE, "the peer closed %llu bytes before the body's end",
                       (unsigned long long)b->left);
    if (b->framing == HTTP1_CHUNKED && b->state != DONE)
        return err_set(err, -EPIPE, "the peer closed before the last chunk's end");
    return 0;
}
