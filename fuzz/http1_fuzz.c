/* First byte: what is read, and how; the rest: what came. However it is cut, the answer is the
 * same; and what was accepted reads back the same when it is written again. */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "wire/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct http1_head head, again;

static const struct http1_limits limits[] = {
    {0},
    {.head_bytes_max = 200, .line_bytes_max = 40, .field_count_max = 3, .trailer_bytes_max = 9}};

static void begin(struct http1_parser *p, unsigned mode)
{
    static const char *const methods[] = {"GET", "HEAD", "CONNECT"};
    if (mode & 1)
        http1_parser_request(p, &limits[mode >> 1 & 1]);
    else
        http1_parser_response(p, slice_from(methods[(mode >> 2) % 3]), &limits[mode >> 1 & 1]);
}

static void check_same_head(void)
{
    assert(head.framing == again.framing && head.keep_alive == again.keep_alive);
    assert(head.status == again.status && head.content_length == again.content_length);
    assert(head.field_count == again.field_count && head.expect_continue == again.expect_continue);
    assert(slice_eq(head.method, again.method));
    assert(slice_eq(head.target, again.target));
    for (uint32_t i = 0; i < head.field_count; i++) {
        assert(slice_eq(head.fields[i].name, again.fields[i].name));
        assert(slice_eq(head.fields[i].value, again.fields[i].value));
    }
}

/* A byte at a time, each time in memory of exactly that size. */
static void check_cut(unsigned mode, struct slice in, ptrdiff_t wanted,
                      const struct err *wanted_err)
{
    struct http1_parser p;
    struct err err = {0};
    ptrdiff_t r = 0;
    begin(&p, mode);
    for (size_t n = 0; r == 0 && n <= in.size; n++) {
        char *copy = malloc(n ? n : 1);
        memcpy(copy, in.data, n);
        r = http1_parse(&p, (struct slice){copy, n}, &again, &err);
        assert(r <= 0 || (size_t)r == n);
        if (r > 0)
            check_same_head();
        free(copy);
    }
    assert(r == wanted);
    assert(slice_eq_cstr(slice_from(err.text), wanted_err->text));
}

static void check_written(unsigned mode)
{
    struct buf out = BUF(MEM_TEST, 0);
    struct http1_parser p;
    struct err err = {0};
    int r = head.is_request ? http1_put_request(&out, head.method, head.target, &err)
                            : http1_put_status(&out, head.status, head.reason, &err);
    assert(r == 0);
    for (uint32_t i = 0; i < head.field_count; i++)
        assert(http1_put_field(&out, head.fields[i].name, head.fields[i].value, &err) == 0);
    assert(http1_put_end(&out) == 0);
    begin(&p, mode & ~2u);
    ptrdiff_t n = http1_parse(&p, buf_slice(&out), &again, &err);
    if (head.version_minor > 0) { /* it is written as HTTP/1.1 */
        assert(n == (ptrdiff_t)out.size);
        check_same_head();
    }
    buf_done(&out);
}

/* Decodes in pieces of `step`; returns how it ended. */
static int decode(unsigned mode, struct slice in, size_t step, struct buf *body,
                  struct buf *trailers, struct err *err)
{
    struct http1_body b;
    int r = HTTP1_MORE;
    http1_body_init(&b, &head, &limits[mode >> 1 & 1], trailers);
    for (size_t at = 0; at <= in.size && r == HTTP1_MORE; at += step) {
        struct slice part = slice_sub(in, at, at + step), data;
        while ((r = http1_body_next(&b, &part, &data, err)) == HTTP1_DATA)
            buf_append_slice(body, data);
        assert(r != HTTP1_MORE || part.size == 0);
    }
    struct err cut = {0};
    if (r >= 0 && http1_body_eof(&b, &cut) < 0)
        assert(r == HTTP1_MORE && cut.text[0]);
    return r;
}

static void check_body(unsigned mode, struct slice in)
{
    struct buf body[2] = {BUF(MEM_TEST, 0), BUF(MEM_TEST, 0)};
    struct buf trailers[2] = {BUF(MEM_TEST, 0), BUF(MEM_TEST, 0)};
    struct err err[2] = {{0}, {0}};
    int r = decode(mode, in, in.size + 1, &body[0], &trailers[0], &err[0]);
    assert(r == decode(mode, in, 1, &body[1], &trailers[1], &err[1]));
    assert(slice_eq(buf_slice(&body[0]), buf_slice(&body[1])));
    assert(slice_eq(buf_slice(&trailers[0]), buf_slice(&trailers[1])));
    assert(r >= 0 ? !err[0].text[0] : err[0].text[0] != 0);
    assert(slice_eq_cstr(slice_from(err[0].text), err[1].text));
    assert(head.framing != HTTP1_LENGTH || body[0].size <= head.content_length);
    for (int i = 0; i < 2; i++) {
        buf_done(&body[i]);
        buf_done(&trailers[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { INPUT_BYTES_MAX = 4096 }; /* each byte costs a copy of those before it */
    if (size == 0 || size > INPUT_BYTES_MAX)
        return 0;
    unsigned mode = data[0];
    struct slice in = {(const char *)data + 1, size - 1};
    struct http1_parser p;
    struct err err = {0};
    begin(&p, mode);
    ptrdiff_t r = http1_parse(&p, in, &head, &err);
    assert(r >= 0 ? !err.text[0] : err.text[0] != 0);
    check_cut(mode, in, r, &err);
    if (r > 0) {
        check_written(mode);
        check_body(mode, slice_sub(in, (size_t)r, in.size));
    }
    return 0;
}
