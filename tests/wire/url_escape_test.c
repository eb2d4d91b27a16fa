#include "wire/url_escape.h"

#include "tests/tap.h"

#include <errno.h>

static struct arena a = {.sub = MEM_TEST};
static struct err err;
static struct slice got;

static void every_byte_comes_back(void)
{
    char all[256];
    struct buf out = BUF(MEM_TEST, 0);
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    CHECK_INT(url_escape((struct slice){all, sizeof(all)}, &out), 0);
    for (size_t i = 0; i < out.size; i++)
        CHECK(out.data[i] > ' ' && out.data[i] < 0x7f && !strchr("/?&=+#", out.data[i]));
    CHECK_INT(url_unescape(buf_slice(&out), true, &a, &got, &err), 0);
    CHECK(slice_eq(got, ((struct slice){all, sizeof(all)})));
    buf_done(&out);
    out.size_max = 5;
    CHECK_INT(url_escape(SLICE("ab/de"), &out), -EMSGSIZE);
    CHECK_INT(out.size, 0);
    buf_done(&out);
}

static void a_broken_escape_is_named(void)
{
    static const char *const texts[] = {"%", "a%", "a%2", "%zz", "%2x", "ab%%20"};
    got = SLICE("kept");
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        CHECK_INT(url_unescape(slice_from(texts[i]), false, &a, &got, &err), -EINVAL);
        CHECK(strstr(err.text, texts[i]));
    }
    CHECK(slice_eq_cstr(got, "kept"));
    CHECK_INT(url_unescape(SLICE("a%2fb+c"), false, &a, &got, &err), 0);
    CHECK(slice_eq_cstr(got, "a/b+c"));
}

static void parameters_are_found_by_name(void)
{
    struct slice q = SLICE("a=1&b=x%20y+z&empty=&flag&a=2&k%65y=v=w");
    CHECK_INT(url_query_get(q, "a", &a, &got, &err), 1);
    CHECK(slice_eq_cstr(got, "1"));
    CHECK_INT(url_query_get(q, "b", &a, &got, &err), 1);
    CHECK(slice_eq_cstr(got, "x y z"));
    CHECK_INT(url_query_get(q, "empty", &a, &got, &err), 1);
    CHECK_INT(got.size, 0);
    CHECK_INT(url_query_get(q, "flag", &a, &got, &err), 1);
    CHECK_INT(got.size, 0);
    CHECK_INT(url_query_get(q, "key", &a, &got, &err), 1);
    CHECK(slice_eq_cstr(got, "v=w"));
    CHECK_INT(url_query_get(q, "c", &a, &got, &err), 0);
    CHECK_INT(got.size, 0);
    CHECK_INT(url_query_get((struct slice){0}, "c", &a, &got, &err), 0);
    CHECK_INT(url_query_get(SLICE("x=%4"), "x", &a, &got, &err), -EINVAL);
}

int main(void)
{
    TAP_RUN(every_byte_comes_back);
    TAP_RUN(a_broken_escape_is_named);
    TAP_RUN(parameters_are_found_by_name);
    arena_done(&a);
    return tap_done();
}
