#include "wire/url.h"

#include <errno.h>

#include "tests/tap.h"

static struct url u;
static struct err why;

static int parse(const char *text)
{
    why = (struct err){0};
    return url_parse(slice_from(text), &u, &why);
}

#define CHECK_PART(part, want) CHECK(slice_eq(part, slice_from(want)))

static void a_url_is_taken_apart(void)
{
    CHECK_INT(parse("http://user:pw@example.test:8080/a/b?x=1&y#part"), 0);
    CHECK_PART(u.scheme, "http");
    CHECK_PART(u.userinfo, "user:pw");
    CHECK_PART(u.host, "example.test");
    CHECK_INT(u.port, 8080);
    CHECK(u.has_port && !u.host_is_ipv6);
    CHECK_PART(u.path, "/a/b");
    CHECK_PART(u.query, "x=1&y");
    CHECK_PART(u.fragment, "part");
    CHECK_PART(u.target, "/a/b?x=1&y");
}

static void the_scheme_gives_the_port(void)
{
    CHECK_INT(parse("http://a"), 0);
    CHECK_INT(u.port, 80);
    CHECK(!u.has_port);
    CHECK_INT(parse("HTTPS://a"), 0);
    CHECK_INT(u.port, 443);
    CHECK_INT(parse("tcp://a"), 0);
    CHECK_INT(u.port, 0);
    CHECK_INT(parse("http://a:/x"), 0);
    CHECK_INT(u.port, 80);
    CHECK(!u.has_port);
}

static void an_ipv6_host_loses_its_brackets(void)
{
    CHECK_INT(parse("http://[fe80::1]:81/"), 0);
    CHECK_PART(u.host, "fe80::1");
    CHECK(u.host_is_ipv6);
    CHECK_INT(u.port, 81);
    CHECK_INT(parse("http://[::1]"), 0);
    CHECK_INT(u.port, 80);
    CHECK_PART(u.path, "");
}

static void path_and_query_may_be_missing(void)
{
    CHECK_INT(parse("http://a?x"), 0);
    CHECK_PART(u.path, "");
    CHECK_PART(u.query, "x");
    CHECK_PART(u.target, "?x");
    CHECK_INT(parse("http://a#f"), 0);
    CHECK_PART(u.target, "");
    CHECK_PART(u.fragment, "f");
}

static void the_last_at_sign_ends_the_user(void)
{
    CHECK_INT(parse("http://a@b@c/"), 0);
    CHECK_PART(u.userinfo, "a@b");
    CHECK_PART(u.host, "c");
}

static void what_is_wrong_is_said_and_the_result_untouched(void)
{
    static const struct {
        const char *text, *says;
    } wrong[] = {
        {"", "no SCHEME://HOST"},
        {"example.test/", "no SCHEME://HOST"},
        {"mailto:a@b", "no SCHEME://HOST"},
        {"1http://a", "no SCHEME://HOST"},
        {"http:///path", "host is missing"},
        {"http://:80/", "host is missing"},
        {"http://a:65536/", "'65536' is no port"},
        {"http://a:0/", "'0' is no port"},
        {"http://a:8x/", "'8x' is no port"},
        {"http://[::1/", "']'"},
        {"http://[::1]x/", "behind ']'"},
        {"http://a/b c", "byte 11 (0x20)"},
        {"http://a/\x7f", "byte 10 (0x7f)"},
        {"http://caf\xc3\xa9/", "byte 11 (0xc3)"},
        {"http://a/\n", "byte 10 (0x0a)"},
    };
    u = (struct url){.port = 7};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        CHECK_INT(parse(wrong[i].text), -EINVAL);
        CHECK(strstr(why.text, wrong[i].says));
        CHECK_INT(u.port, 7);
    }
    CHECK_INT(url_parse(SLICE("nothing"), &u, NULL), -EINVAL);
}

static void length_has_a_limit(void)
{
    static char text[URL_BYTES_MAX + 2] = "http://a/";
    memset(text + 9, 'x', sizeof(text) - 9);
    CHECK_INT(url_parse((struct slice){text, URL_BYTES_MAX}, &u, NULL), 0);
    CHECK_INT(url_parse((struct slice){text, URL_BYTES_MAX + 1}, &u, &why), -EINVAL);
    CHECK(strstr(why.text, "8192"));
}

static const char *resolved(const char *base, const char *reference)
{
    static char text[256];
    struct buf b = BUF(MEM_TEST, sizeof(text) - 1);
    CHECK_INT(parse(base), 0);
    text[0] = 0;
    CHECK_INT(url_resolve(&u, slice_from(reference), &b), 0);
    if (b.size)
        memcpy(text, b.data, b.size);
    text[b.size] = 0;
    buf_done(&b);
    return text;
}

/* The examples of RFC 3986, 5.4, for the base that is named there. */
static void references_resolve_as_in_the_rfc(void)
{
    static const char *const examples[][2] = {
        {"g:h", "g:h"},
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q#s"},
        {"g#s", "http://a/b/c/g#s"},
        {"g?y#s", "http://a/b/c/g?y#s"},
        {";x", "http://a/b/c/;x"},
        {"g;x?y#s", "http://a/b/c/g;x?y#s"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g/./h", "http://a/b/c/g/h"},
        {"g/../h", "http://a/b/c/h"},
        {"g;x=1/../y", "http://a/b/c/y"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
        {"g#s/../x", "http://a/b/c/g#s/../x"},
    };
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
        CHECK_STR(resolved("http://a/b/c/d;p?q", examples[i][0]), examples[i][1]);
}

static void a_reference_keeps_port_and_brackets_but_not_the_user(void)
{
    CHECK_STR(resolved("http://me:secret@a:81/x", "/y"), "http://a:81/y");
    CHECK_STR(resolved("https://[::1]:444/x", "y"), "https://[::1]:444/y");
    CHECK_STR(resolved("http://a", "y"), "http://a/y");
}

static void a_bad_reference_or_a_full_buffer_is_told(void)
{
    struct buf b = BUF(MEM_TEST, 12);
    CHECK_INT(parse("http://a/"), 0);
    CHECK_INT(url_resolve(&u, SLICE("b c"), &b), -EINVAL);
    CHECK_INT(url_resolve(&u, SLICE("/longer/than/twelve"), &b), -EMSGSIZE);
    buf_done(&b);
}

static void percent_signs_stand_for_bytes(void)
{
    struct buf b = BUF(MEM_TEST, 8);
    CHECK_INT(url_decode(SLICE("a%20%2f+"), &b), 0);
    CHECK(slice_eq_cstr(buf_slice(&b), "a /+"));
    static const char *const wrong[] = {"%", "%1", "x%zz", "%00", "%g1", "%1g"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        CHECK_INT(url_decode(slice_from(wrong[i]), &b), -EINVAL);
    CHECK_INT(url_decode(SLICE("12345"), &b), -EMSGSIZE);
    CHECK(slice_eq_cstr(buf_slice(&b), "a /+")); /* all or nothing */
    buf_done(&b);
}

static void a_query_is_taken_item_by_item(void)
{
    struct slice query = SLICE("&a=1&&b&c=x=y"), name, value;
    CHECK(url_next_param(&query, &name, &value));
    CHECK(slice_eq_cstr(name, "a") && slice_eq_cstr(value, "1"));
    CHECK(url_next_param(&query, &name, &value));
    CHECK(slice_eq_cstr(name, "b") && !value.data);
    CHECK(url_next_param(&query, &name, &value));
    CHECK(slice_eq_cstr(name, "c") && slice_eq_cstr(value, "x=y"));
    CHECK(!url_next_param(&query, &name, &value));
    query = (struct slice){0};
    CHECK(!url_next_param(&query, &name, &value));
}

int main(void)
{
    TAP_RUN(percent_signs_stand_for_bytes);
    TAP_RUN(a_query_is_taken_item_by_item);
    TAP_RUN(a_url_is_taken_apart);
    TAP_RUN(the_scheme_gives_the_port);
    TAP_RUN(an_ipv6_host_loses_its_brackets);
    TAP_RUN(path_and_query_may_be_missing);
    TAP_RUN(the_last_at_sign_ends_the_user);
    TAP_RUN(what_is_wrong_is_said_and_the_result_untouched);
    TAP_RUN(length_has_a_limit);
    TAP_RUN(references_resolve_as_in_the_rfc);
    TAP_RUN(a_reference_keeps_port_and_brackets_but_not_the_user);
    TAP_RUN(a_bad_reference_or_a_full_buffer_is_told);
    return tap_done();
}
