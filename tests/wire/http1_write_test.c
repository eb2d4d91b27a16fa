#include "tests/tap.h"

#include "wire/http1.h"

#include <errno.h>

static struct err err;

static void what_is_written_reads_back(void)
{
    static struct http1_head h;
    struct http1_parser p;
    struct buf b = BUF(MEM_TEST, 0);
    CHECK_INT(http1_put_request(&b, SLICE("PUT"), SLICE("/a?b"), &err), 0);
    CHECK_INT(http1_put_field(&b, SLICE("Host"), SLICE("x"), &err), 0);
    CHECK_INT(http1_put_field(&b, SLICE("Empty"), SLICE(""), &err), 0);
    CHECK_INT(http1_put_field(&b, SLICE("Transfer-Encoding"), SLICE("chunked"), &err), 0);
    CHECK_INT(http1_put_end(&b), 0);
    http1_parser_request(&p, NULL);
    CHECK_INT(http1_parse(&p, buf_slice(&b), &h, &err), b.size);
    CHECK(slice_eq_cstr(h.target, "/a?b"));
    CHECK_INT(h.field_count, 3);
    struct http1_body body;
    http1_body_init(&body, &h, NULL, NULL);
    buf_clear(&b);
    CHECK_INT(http1_put_chunk_begin(&b, 26), 0);
    CHECK_INT(buf_append_cstr(&b, "abcdefghijklmnopqrstuvwxyz"), 0);
    CHECK_INT(http1_put_chunk_end(&b), 0);
    CHECK_INT(http1_put_last_chunk(&b), 0);
    struct slice in = buf_slice(&b), data;
    CHECK_INT(http1_body_next(&body, &in, &data, &err), HTTP1_DATA);
    CHECK(slice_eq_cstr(data, "abcdefghijklmnopqrstuvwxyz"));
    CHECK_INT(http1_body_next(&body, &in, &data, &err), HTTP1_END);
    CHECK_INT(in.size, 0);
    buf_done(&b);
}

static void a_status_has_its_usual_words_unless_others_are_given(void)
{
    struct buf b = BUF(MEM_TEST, 0);
    CHECK_INT(http1_put_status(&b, 404, SLICE(""), &err), 0);
    CHECK_INT(http1_put_status(&b, 299, SLICE(""), &err), 0);
    CHECK_INT(http1_put_status(&b, 200, SLICE("Fine"), &err), 0);
    CHECK_STR(b.data, "HTTP/1.1 404 Not Found\r\nHTTP/1.1 299 \r\nHTTP/1.1 200 Fine\r\n");
    CHECK_INT(http1_put_status(&b, 99, SLICE(""), &err), -EINVAL);
    CHECK_INT(http1_put_status(&b, 1000, SLICE(""), &err), -EINVAL);
    CHECK_INT(http1_put_status(&b, 200, SLICE("O\nK"), &err), -EINVAL);
    buf_done(&b);
}

static void nothing_that_could_be_read_as_more_is_written(void)
{
    struct buf b = BUF(MEM_TEST, 0);
    CHECK_INT(http1_put_request(&b, SLICE("GET /"), SLICE("/"), &err), -EINVAL);
    CHECK_INT(http1_put_request(&b, SLICE(""), SLICE("/"), &err), -EINVAL);
    CHECK_INT(http1_put_request(&b, SLICE("GET"), SLICE(""), &err), -EINVAL);
    CHECK_INT(http1_put_request(&b, SLICE("GET"), SLICE("/a b"), &err), -EINVAL);
    CHECK_STR(err.text, "byte 3 of the target must be percent-encoded");
    CHECK_INT(http1_put_request(&b, SLICE("GET"), SLICE("/\303\251"), &err), -EINVAL);
    CHECK_INT(http1_put_request(&b, SLICE("GET"), SLICE("/\r\nX: y"), &err), -EINVAL);
    CHECK_INT(http1_put_field(&b, SLICE("X:"), SLICE("y"), &err), -EINVAL);
    CHECK_INT(http1_put_field(&b, SLICE(""), SLICE("y"), &err), -EINVAL);
    CHECK_INT(http1_put_field(&b, SLICE("X"), SLICE("y\r\nZ: a"), &err), -EINVAL);
    CHECK_STR(err.text, "the value of 'X' holds a control byte");
    CHECK_INT(http1_put_field(&b, SLICE("X"), SLICE("y\0"), &err), -EINVAL);
    CHECK_INT(http1_put_field(&b, SLICE("X"), SLICE(" y"), &err), -EINVAL);
    CHECK_INT(http1_put_field(&b, SLICE("X"), SLICE("y\t"), &err), -EINVAL);
    CHECK_INT(b.size, 0);
    buf_done(&b);
}

static void a_full_buffer_is_told_and_left_as_it_was(void)
{
    struct buf b = BUF(MEM_TEST, 20);
    CHECK_INT(http1_put_field(&b, SLICE("A"), SLICE("b"), &err), 0);
    CHECK_INT(http1_put_field(&b, SLICE("Long"), SLICE("0123456789"), &err), -EMSGSIZE);
    CHECK_STR(b.data, "A: b\r\n");
    buf_done(&b);
}

static void tokens_and_idempotent_methods_are_those_of_the_rfc(void)
{
    CHECK(http1_is_token(SLICE("a!#$%&'*+-.^_`|~Z9")));
    CHECK(!http1_is_token(SLICE("")));
    static const char others[] = "\"(),/:;<=>?@[\\]{} \t\177\200";
    for (size_t i = 0; i < sizeof(others); i++) /* the NUL, too */
        CHECK(!http1_is_token((struct slice){others + i, 1}));
    CHECK(http1_is_idempotent(SLICE("GET")));
    CHECK(http1_is_idempotent(SLICE("DELETE")));
    CHECK(!http1_is_idempotent(SLICE("POST")));
    CHECK(!http1_is_idempotent(SLICE("get")));
    CHECK_STR(http1_status_words(503), "Service Unavailable");
    CHECK_STR(http1_status_words(599), "");
}

int main(void)
{
    TAP_RUN(what_is_written_reads_back);
    TAP_RUN(a_status_has_its_usual_words_unless_others_are_given);
    TAP_RUN(nothing_that_could_be_read_as_more_is_written);
    TAP_RUN(a_full_buffer_is_told_and_left_as_it_was);
    TAP_RUN(tokens_and_idempotent_methods_are_those_of_the_rfc);
    return tap_done();
}
