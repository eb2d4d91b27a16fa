#include "tests/tap.h"

#include "wire/http1.h"

#include <errno.h>

static struct err err;

/* Decodes `text`, given in pieces of `step` bytes, into *out. Returns the last answer: progress,
 * or a failure. *ret_left: how much of the text was not taken. */
static int decode(enum http1_framing framing, uint64_t length, const char *text, size_t step,
                  struct buf *out, struct buf *trailers, size_t *ret_left)
{
    struct http1_body b;
    static struct http1_head h;
    struct http1_limits limits = {.trailer_bytes_max = 40};
    h.framing = framing;
    h.content_length = length;
    http1_body_init(&b, &h, &limits, trailers);
    size_t size = strlen(text);
    int r = HTTP1_MORE;
    *ret_left = size;
    for (size_t at = 0; r == HTTP1_MORE; at += step) {
        struct slice in = slice_sub((struct slice){text, size}, at, at + step), data;
        while ((r = http1_body_next(&b, &in, &data, &err)) == HTTP1_DATA) {
            CHECK(data.size > 0);
            buf_append_slice(out, data);
        }
        *ret_left = at < size ? size - at - (at + step < size ? step : size - at) + in.size : 0;
        if (at >= size)
            break;
    }
    return r;
}

/* In pieces of every size: the same body, the same trailers, the same rest. */
static void check_body(enum http1_framing framing, uint64_t length, const char *text,
                       const char *wanted, const char *wanted_trailers, int result, size_t left)
{
    for (size_t step = 1; step <= strlen(text) + 1; step++) {
        struct buf out = BUF(MEM_TEST, 0), trailers = BUF(MEM_TEST, 0);
        size_t got_left;
        buf_append_cstr(&out, "");
        err_clear(&err);
        CHECK_INT(decode(framing, length, text, step, &out, &trailers, &got_left), result);
        CHECK_STR(out.data ? out.data : "", wanted);
        CHECK_STR(trailers.data ? trailers.data : "", wanted_trailers);
        if (result >= 0)
            CHECK_INT(got_left, left);
        buf_done(&out);
        buf_done(&trailers);
    }
}

static void a_length_is_counted(void)
{
    check_body(HTTP1_LENGTH, 5, "hello", "hello", "", HTTP1_END, 0);
    check_body(HTTP1_LENGTH, 5, "hello next", "hello", "", HTTP1_END, 5);
    check_body(HTTP1_LENGTH, 5, "hel", "hel", "", HTTP1_MORE, 0);
    check_body(HTTP1_LENGTH, 0, "next", "", "", HTTP1_END, 4);
    check_body(HTTP1_NO_BODY, 7, "next", "", "", HTTP1_END, 4);
}

static void until_the_close_all_is_body(void)
{
    check_body(HTTP1_UNTIL_CLOSE, 0, "hello", "hello", "", HTTP1_MORE, 0);
    check_body(HTTP1_TUNNEL, 0, "hello", "hello", "", HTTP1_MORE, 0);
}

static void chunks_are_put_together(void)
{
    check_body(HTTP1_CHUNKED, 0, "5\r\nhello\r\n006\r\n world\r\n0\r\n\r\nnext", "hello world", "",
               HTTP1_END, 4);
    check_body(HTTP1_CHUNKED, 0, "A\r\n0123456789\r\nb\r\n01234567890\r\n0\r\n\r\n",
               "012345678901234567890", "", HTTP1_END, 0);
    check_body(HTTP1_CHUNKED, 0, "0\r\n\r\n", "", "", HTTP1_END, 0);
    check_body(HTTP1_CHUNKED, 0, "5\r\nhel", "hel", "", HTTP1_MORE, 0);
    check_body(HTTP1_CHUNKED, 0, "2\r\n\r\n\r\n0\r\n\r\n", "\r\n", "", HTTP1_END, 0);
}

static void extensions_are_passed_over(void)
{
    check_body(HTTP1_CHUNKED, 0, "1;a\r\nx\r\n1 ; b=c\r\ny\r\n1\t;d=\"e;f\"\r\nz\r\n0;g\r\n\r\n",
               "xyz", "", HTTP1_END, 0);
}

static void trailers_are_kept_as_they_came(void)
{
    check_body(HTTP1_CHUNKED, 0, "1\r\nx\r\n0\r\nA: b\r\nCd:\r\n\r\nnext", "x", "A: b\r\nCd:\r\n",
               HTTP1_END, 4);
}

struct refusal {
    const char *text, *body, *why;
    int code;
};

static void broken_chunks_are_refused(void)
{
    static const struct refusal cases[] = {
        {"x", "", "broken chunks: a chunk's size is missing", -EBADMSG},
        {"\r\n", "", "broken chunks: a chunk's size is missing", -EBADMSG},
        {" 5\r\n", "", "broken chunks: a chunk's size is missing", -EBADMSG},
        {"-5\r\n", "", "broken chunks: a chunk's size is missing", -EBADMSG},
        {"0x5\r\n", "", "broken chunks: a chunk's size is no hexadecimal number", -EBADMSG},
        {"5\nhello", "", "broken chunks: a chunk's size is no hexadecimal number", -EBADMSG},
        {"5 \r\nhello", "", "broken chunks: white space behind a chunk's size", -EBADMSG},
        {"5 5\r\nhello", "", "broken chunks: white space behind a chunk's size", -EBADMSG},
        {"5;a\nhello", "", "broken chunks: a control byte in a chunk's extension", -EBADMSG},
        {"5\r5", "", "broken chunks: CR LF is missing", -EBADMSG},
        {"1\r\nxy\r\n", "x", "broken chunks: CR LF is missing", -EBADMSG},
        {"1\r\nx\n0\r\n\r\n", "x", "broken chunks: CR LF is missing", -EBADMSG},
        {"0\r\n: x\r\n", "", "broken chunks: a trailer begins with no name of a field", -EBADMSG},
        {"0\r\n x: y\r\n", "", "broken chunks: a trailer begins with no name of a field", -EBADMSG},
        {"0\r\n\n", "", "broken chunks: a trailer begins with no name of a field", -EBADMSG},
        {"0\r\nx y: z\r\n", "", "broken chunks: a trailer's name is none", -EBADMSG},
        {"0\r\nx\r\n", "", "broken chunks: a trailer's name is none", -EBADMSG},
        {"0\r\nx: y\nz: a\r\n", "", "broken chunks: a control byte in a trailer", -EBADMSG},
        {"0\r\nx: y\rz", "", "broken chunks: CR LF is missing", -EBADMSG},
        {"0\r\n\rx", "", "broken chunks: CR LF is missing", -EBADMSG},
        {"10000000000000000\r\n", "", "a chunk is larger than any body can be", -EMSGSIZE},
        {"ffffffffffffffff\r\n", "", "a chunk is larger than any body can be", -EMSGSIZE},
        {"0\r\nname: 345678901234567890123456789012345678901234567890\r\n", "",
         "the trailers are longer than 40 bytes", -EMSGSIZE},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        for (size_t step = 1; step <= strlen(cases[i].text); step++) {
            struct buf out = BUF(MEM_TEST, 0);
            size_t left;
            err_clear(&err);
            int r = decode(HTTP1_CHUNKED, 0, cases[i].text, step, &out, NULL, &left);
            CHECK_INT(r, cases[i].code);
            CHECK_STR(err.text, cases[i].why);
            CHECK_STR(out.data ? out.data : "", cases[i].body);
            buf_done(&out);
        }
}

static void an_endless_extension_ends(void)
{
    static char text[HTTP1_CHUNK_LINE_BYTES_MAX + 10];
    struct buf out = BUF(MEM_TEST, 0);
    size_t left;
    memset(text, 'a', sizeof(text) - 1);
    memcpy(text, "5;", 2);
    CHECK_INT(decode(HTTP1_CHUNKED, 0, text, 7, &out, NULL, &left), -EMSGSIZE);
    CHECK_STR(err.text, "a chunk's first line is longer than 1024 bytes");
    buf_done(&out);
}

static void the_end_of_the_stream_completes_or_cuts(void)
{
    static struct http1_head h;
    struct http1_body b;
    struct slice in = SLICE("2\r\nab"), data;
    h = (struct http1_head){.framing = HTTP1_LENGTH, .content_length = 3};
    http1_body_init(&b, &h, NULL, NULL);
    CHECK_INT(http1_body_eof(&b, &err), -EPIPE);
    CHECK_STR(err.text, "the peer closed 3 bytes before the body's end");
    CHECK_INT(http1_body_next(&b, &(struct slice){"abc", 3}, &data, NULL), HTTP1_DATA);
    CHECK_INT(http1_body_eof(&b, NULL), 0);
    h.framing = HTTP1_CHUNKED;
    http1_body_init(&b, &h, NULL, NULL);
    CHECK_INT(http1_body_next(&b, &in, &data, NULL), HTTP1_DATA);
    CHECK_INT(http1_body_eof(&b, &err), -EPIPE);
    in = SLICE("\r\n0\r\n\r\n");
    CHECK_INT(http1_body_next(&b, &in, &data, NULL), HTTP1_END);
    CHECK_INT(http1_body_eof(&b, NULL), 0);
    h.framing = HTTP1_UNTIL_CLOSE;
    http1_body_init(&b, &h, NULL, NULL);
    CHECK_INT(http1_body_eof(&b, NULL), 0);
}

static void nothing_is_left_allocated(void)
{
    CHECK_INT(mem_usage_of(MEM_TEST).live, 0);
}

int main(void)
{
    TAP_RUN(a_length_is_counted);
    TAP_RUN(until_the_close_all_is_body);
    TAP_RUN(chunks_are_put_together);
    TAP_RUN(extensions_are_passed_over);
    TAP_RUN(trailers_are_kept_as_they_came);
    TAP_RUN(broken_chunks_are_refused);
    TAP_RUN(an_endless_extension_ends);
    TAP_RUN(the_end_of_the_stream_completes_or_cuts);
    TAP_RUN(nothing_is_left_allocated);
    return tap_done();
}
