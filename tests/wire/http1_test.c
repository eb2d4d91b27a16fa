#include "tests/tap.h"

#include "wire/http1.h"

#include <errno.h>

static struct http1_head head, again;
static struct err err;

static ptrdiff_t parse_at_once(bool request, const char *method, const struct http1_limits *l,
                               struct slice bytes, struct http1_head *h, struct err *e)
{
    struct http1_parser p;
    if (request)
        http1_parser_request(&p, l);
    else
        http1_parser_response(&p, slice_from(method), l);
    return http1_parse(&p, bytes, h, e);
}

static bool is_same_field(const struct http1_field *a, const struct http1_field *b)
{
    return slice_eq(a->name, b->name) && slice_eq(a->value, b->value);
}

static void check_same_head(const struct http1_head *a, const struct http1_head *b)
{
    CHECK(slice_eq(a->method, b->method) && slice_eq(a->target, b->target));
    CHECK(a->status == b->status && slice_eq(a->reason, b->reason));
    CHECK(a->version_minor == b->version_minor && a->keep_alive == b->keep_alive);
    CHECK(a->framing == b->framing && a->content_length == b->content_length);
    CHECK_INT(a->field_count, b->field_count);
    for (uint32_t i = 0; i < a->field_count && i < b->field_count; i++)
        CHECK(is_same_field(&a->fields[i], &b->fields[i]));
}

/* Cut in two at every place, and a byte at a time: the answer is the same, and never "more" where
 * all at once it was a failure, nor a head before the last byte came. The bytes move each time. */
static void check_cut_everywhere(bool request, const char *method, const struct http1_limits *l,
                                 struct slice bytes, ptrdiff_t wanted, const struct err *e)
{
    for (size_t cut = 0; cut <= bytes.size; cut++) {
        struct http1_parser p;
        struct err got_err = {0};
        ptrdiff_t got = 0;
        size_t step = cut ? bytes.size - cut : 1;
        if (request)
            http1_parser_request(&p, l);
        else
            http1_parser_response(&p, slice_from(method), l);
        for (size_t n = cut; got == 0; n = n + step < bytes.size ? n + step : bytes.size) {
            char *copy = malloc(n + 1);
            memcpy(copy, bytes.data, n);
            got = http1_parse(&p, (struct slice){copy, n}, &again, &got_err);
            if (got > 0) {
                CHECK(n >= (size_t)got);
                check_same_head(&again, &head);
            }
            free(copy);
            if (n == bytes.size)
                break;
        }
        CHECK_INT(got, wanted);
        if (wanted < 0)
            CHECK_STR(got_err.text, e->text);
    }
}

static ptrdiff_t parse_with(bool request, const char *method, const struct http1_limits *l,
                            const char *text)
{
    struct slice bytes = slice_from(text);
    err_clear(&err);
    ptrdiff_t r = parse_at_once(request, method, l, bytes, &head, &err);
    check_cut_everywhere(request, method, l, bytes, r, &err);
    return r;
}

static ptrdiff_t request(const char *text)
{
    return parse_with(true, NULL, NULL, text);
}

static ptrdiff_t response(const char *text)
{
    return parse_with(false, "GET", NULL, text);
}

/* ---- heads ---- */

static void a_request_is_taken_apart(void)
{
    static const char text[] = "POST /a?b=c HTTP/1.1\r\nHost: x.test:80\r\nX-Y:  a b \t\r\n"
                               "Empty:\r\nContent-Length: 3\r\n\r\nabc";
    CHECK_INT(request(text), sizeof(text) - 4);
    CHECK(head.is_request);
    CHECK(slice_eq_cstr(head.method, "POST"));
    CHECK(slice_eq_cstr(head.target, "/a?b=c"));
    CHECK_INT(head.version_minor, 1);
    CHECK_INT(head.field_count, 4);
    CHECK(slice_eq_cstr(http1_field_find(&head, "x-y", 0)->value, "a b"));
    CHECK_INT(http1_field_find(&head, "EMPTY", 0)->value.size, 0);
    CHECK(http1_field_find(&head, "X", 0) == NULL);
    CHECK_INT(head.framing, HTTP1_LENGTH);
    CHECK_INT(head.content_length, 3);
    CHECK(head.keep_alive);
}

static void a_response_is_taken_apart(void)
{
    CHECK_INT(response("HTTP/1.1 404 Not Found\r\nA: 1\r\na: 2\r\n\r\n"), 38);
    CHECK(!head.is_request);
    CHECK_INT(head.status, 404);
    CHECK(slice_eq_cstr(head.reason, "Not Found"));
    CHECK(slice_eq_cstr(http1_field_find(&head, "A", 1)->value, "2"));
    CHECK_INT(head.framing, HTTP1_UNTIL_CLOSE);
    CHECK(!head.keep_alive);
    CHECK_INT(response("HTTP/1.0 200\r\n\r\n"), 16);
    CHECK_INT(head.version_minor, 0);
    CHECK_INT(head.reason.size, 0);
    CHECK_INT(response("HTTP/1.1 200 \r\n\r\n"), 17);
    CHECK_INT(response("HTTP/1.1 200 caf\303\251\r\n\r\n"), 22);
}

static void an_unfinished_head_wants_more(void)
{
    CHECK_INT(request(""), 0);
    CHECK_INT(request("GET / HTTP/1.1\r\nHost: x\r\n"), 0);
    CHECK_INT(request("GET / HTTP/1.1\r\nHost: x\r\n\r"), 0);
    CHECK_INT(response("HTTP/1."), 0);
}

static void empty_lines_before_a_request_are_passed_over(void)
{
    CHECK_INT(request("\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"), 31);
    CHECK(slice_eq_cstr(head.target, "/"));
    CHECK_INT(request("\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"), -EBADMSG);
    CHECK_INT(response("\r\nHTTP/1.1 200 OK\r\n\r\n"), -EBADMSG);
}

static void a_target_has_the_form_that_its_method_wants(void)
{
    CHECK(request("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n") > 0);
    CHECK(request("CONNECT x.test:443 HTTP/1.1\r\nHost: x\r\n\r\n") > 0);
    CHECK(request("GET http://x.test/ HTTP/1.1\r\nHost: x\r\n\r\n") > 0);
    CHECK_INT(request("GET * HTTP/1.1\r\nHost: x\r\n\r\n"), -EBADMSG);
    CHECK_INT(request("GET x.test:443 HTTP/1.1\r\nHost: x\r\n\r\n"), -EBADMSG);
    CHECK_INT(request("CONNECT /x HTTP/1.1\r\nHost: x\r\n\r\n"), -EBADMSG);
    CHECK_INT(request("GET /\303\251 HTTP/1.1\r\nHost: x\r\n\r\n"), -EBADMSG);
}

/* ---- what is refused ---- */

struct refusal {
    const char *text, *why;
};

static void requests_that_could_be_read_in_two_ways_are_refused(void)
{
#define LINE "POST / HTTP/1.1\r\nHost: x\r\n"
    static const struct refusal cases[] = {
        {"GET / HTTP/1.1\nHost: x\r\n\r\n", "line 1 ends in LF without CR"},
        {"GET / HTTP/1.1\r\nHost: x\n\r\n\r\n", "line 2 ends in LF without CR"},
        {LINE "\n", "line 3 ends in LF without CR"},
        {"GET / HTTP/1.1\r\nHost: x\rY: z\r\n\r\n", "line 2 holds a CR that ends no line"},
        {"GET / HTTP/1.1\r\nHost: x\r\r\n\r\n", "line 2 holds a CR that ends no line"},
        {LINE " folded: y\r\n\r\n", "line 3 is folded, which is obsolete and refused"},
        {LINE "\tfolded\r\n\r\n", "line 3 is folded, which is obsolete and refused"},
        {LINE "Content-Length : 3\r\n\r\n", "line 3 has white space before its ':'"},
        {LINE "Content Length: 3\r\n\r\n", "line 3 begins with no name of a field"},
        {LINE ": 3\r\n\r\n", "line 3 begins with no name of a field"},
        {LINE "no colon\r\n\r\n", "line 3 is no field: it has no ':'"},
        {LINE "X: a\001b\r\n\r\n", "line 3 holds a control byte"},
        {LINE "Content-Length: 3\r\nContent-Length: 3\r\n\r\n",
         "Content-Length is given more than once"},
        {LINE "Content-Length: 3, 3\r\n\r\n", "Content-Length is no length"},
        {LINE "Content-Length: +3\r\n\r\n", "Content-Length is no length"},
        {LINE "Content-Length: 0x3\r\n\r\n", "Content-Length is no length"},
        {LINE "Content-Length: -1\r\n\r\n", "Content-Length is no length"},
        {LINE "Content-Length:\r\n\r\n", "Content-Length is no length"},
        {LINE "Content-Length: 9223372036854775808\r\n\r\n", "Content-Length is no length"},
        {LINE "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
         "Transfer-Encoding and Content-Length contradict each other"},
        {LINE "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
         "Transfer-Encoding is given more than once"},
        {LINE "Transfer-Encoding: chunked, chunked\r\n\r\n",
         "of transfer codings only 'chunked' is understood"},
        {LINE "Transfer-Encoding: gzip, chunked\r\n\r\n",
         "of transfer codings only 'chunked' is understood"},
        {LINE "Transfer-Encoding: \013chunked\r\n\r\n", "line 3 holds a control byte"},
        {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
         "Transfer-Encoding does not exist in HTTP/1.0"},
        {"GET / HTTP/1.1\r\n\r\n", "the field Host is missing"},
        {LINE "host: y\r\n\r\n", "Host is given more than once"},
        {"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", "Host is no host"},
        {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "Host is no host"},
        {"GET  / HTTP/1.1\r\n\r\n", "the first line is not 'METHOD TARGET VERSION'"},
        {"GET / HTTP/1.1 \r\n\r\n", "the first line is not 'METHOD TARGET VERSION'"},
        {"GET /\r\n\r\n", "the first line is not 'METHOD TARGET VERSION'"},
        {"G(T / HTTP/1.1\r\n\r\n", "the method is no token"},
        {"GET / http/1.1\r\n\r\n", "the first line names no HTTP version"},
        {"GET / HTTP/1.10\r\n\r\n", "the first line names no HTTP version"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ptrdiff_t r = request(cases[i].text);
        CHECK(r == -EBADMSG || r == -EPROTONOSUPPORT);
        CHECK_STR(err.text, cases[i].why);
    }
}

static void responses_that_are_none_are_refused_at_their_first_foreign_byte(void)
{
    CHECK_INT(response("S"), -EBADMSG);
    CHECK_INT(response("HTTQ"), -EBADMSG);
    CHECK_STR(err.text, "the answer does not begin with 'HTTP/'");
    CHECK_INT(response("HTTP/2.0 200 OK\r\n\r\n"), -EPROTONOSUPPORT);
    CHECK_INT(response("HTTP/1.1 20 OK\r\n\r\n"), -EBADMSG);
    CHECK_INT(response("HTTP/1.1 099 OK\r\n\r\n"), -EBADMSG);
    CHECK_INT(response("HTTP/1.1 2000 OK\r\n\r\n"), -EBADMSG);
    CHECK_INT(response("HTTP/1.1  200 OK\r\n\r\n"), -EBADMSG);
    CHECK_STR(err.text, "the status is no number from 100 to 999");
    CHECK_INT(response("HTTP/1.1 200 O\001K\r\n\r\n"), -EBADMSG);
    CHECK_INT(response("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n"),
              -EBADMSG);
    CHECK(response("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n") > 0);
    CHECK_INT(head.content_length, 3);
}

static void a_nul_byte_is_refused(void)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n";
    struct slice bytes = {text, sizeof(text) - 1};
    CHECK_INT(parse_at_once(false, "GET", NULL, bytes, &head, &err), -EBADMSG);
    check_cut_everywhere(false, "GET", NULL, bytes, -EBADMSG, &err);
}

static void each_limit_has_its_own_words(void)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nA: 1\r\nBcdef: 2345678901234567890\r\n\r\n";
    struct http1_limits l = {.line_bytes_max = 20};
    CHECK_INT(parse_with(false, "GET", &l, text), -EMSGSIZE);
    CHECK_STR(err.text, "line 3 is longer than 20 bytes");
    l = (struct http1_limits){.head_bytes_max = 30};
    CHECK_INT(parse_with(false, "GET", &l, text), -EMSGSIZE);
    CHECK_STR(err.text, "the head is longer than 30 bytes");
    l = (struct http1_limits){.field_count_max = 1};
    CHECK_INT(parse_with(false, "GET", &l, text), -EMSGSIZE);
    CHECK_STR(err.text, "more than 1 fields");
    l = (struct http1_limits){
        .head_bytes_max = sizeof(text) - 1, .line_bytes_max = 28, .field_count_max = 2};
    CHECK_INT(parse_with(false, "GET", &l, text), sizeof(text) - 1);
    l.head_bytes_max--;
    CHECK_INT(parse_with(false, "GET", &l, text), -EMSGSIZE);
    l = (struct http1_limits){.line_bytes_max = 27};
    CHECK_INT(parse_with(false, "GET", &l, text), -EMSGSIZE);
}

/* ---- framing and persistence ---- */

struct framing_case {
    const char *method, *text;
    enum http1_framing framing;
    bool keep_alive;
};

static void the_framing_follows_from_status_method_and_fields(void)
{
    static const struct framing_case cases[] = {
        {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", HTTP1_LENGTH, true},
        {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", HTTP1_CHUNKED, true},
        {"GET", "HTTP/1.1 200 OK\r\n\r\n", HTTP1_UNTIL_CLOSE, false},
        {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", HTTP1_NO_BODY, true},
        {"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP1_NO_BODY, true},
        {"GET", "HTTP/1.1 204 No Content\r\n\r\n", HTTP1_NO_BODY, true},
        {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", HTTP1_NO_BODY, true},
        {"GET", "HTTP/1.1 100 Continue\r\n\r\n", HTTP1_NO_BODY, true},
        {"GET", "HTTP/1.1 101 Switching Protocols\r\n\r\n", HTTP1_TUNNEL, false},
        {"CONNECT", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", HTTP1_TUNNEL, false},
        {"CONNECT", "HTTP/1.1 502 No\r\nContent-Length: 5\r\n\r\n", HTTP1_LENGTH, true},
        {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: x, CLOSE\r\n\r\n",
         HTTP1_LENGTH, false},
        {"GET", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", HTTP1_LENGTH, false},
        {"GET", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n",
         HTTP1_LENGTH, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CHECK(parse_with(false, cases[i].method, NULL, cases[i].text) > 0);
        CHECK_INT(head.framing, cases[i].framing);
        CHECK_INT(head.keep_alive, cases[i].keep_alive);
    }
    CHECK(request("GET / HTTP/1.0\r\n\r\n") > 0);
    CHECK_INT(head.framing, HTTP1_NO_BODY);
    CHECK(request("PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                  "Expect: 100-Continue\r\n\r\n") > 0);
    CHECK_INT(head.framing, HTTP1_CHUNKED);
    CHECK(head.expect_continue);
}

static void list_fields_are_searched_token_by_token(void)
{
    CHECK(response("HTTP/1.1 200 OK\r\nVary: a ,b\r\nvary:\t Cd\r\n\r\n") > 0);
    CHECK(http1_field_has_token(&head, "Vary", "A"));
    CHECK(http1_field_has_token(&head, "Vary", "b"));
    CHECK(http1_field_has_token(&head, "Vary", "cd"));
    CHECK(!http1_field_has_token(&head, "Vary", "c"));
    CHECK(!http1_field_has_token(&head, "Via", "c"));
}

int main(void)
{
    TAP_RUN(a_request_is_taken_apart);
    TAP_RUN(a_response_is_taken_apart);
    TAP_RUN(an_unfinished_head_wants_more);
    TAP_RUN(empty_lines_before_a_request_are_passed_over);
    TAP_RUN(a_target_has_the_form_that_its_method_wants);
    TAP_RUN(requests_that_could_be_read_in_two_ways_are_refused);
    TAP_RUN(responses_that_are_none_are_refused_at_their_first_foreign_byte);
    TAP_RUN(a_nul_byte_is_refused);
    TAP_RUN(each_limit_has_its_own_words);
    TAP_RUN(the_framing_follows_from_status_method_and_fields);
    TAP_RUN(list_fields_are_searched_token_by_token);
    return tap_done();
}
