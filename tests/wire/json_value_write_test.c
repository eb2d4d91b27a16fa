#include <errno.h>
#include <math.h>

#include "tests/wire/value_tests.h"

static struct value *leaf(enum value_type type)
{
    return value_new(&arena_, type, 0);
}

static struct value *text(const char *s)
{
    struct value *v = leaf(VALUE_STRING);
    v->text = slice_from(s);
    return v;
}

static struct value *member(struct value *map, const char *key, struct value *v)
{
    value_set_key(v, slice_from(key));
    value_append(map, v);
    return map;
}

static struct value *integer(int64_t n)
{
    struct value *v = leaf(VALUE_INT);
    v->integer = n;
    return v;
}

static void each_type_has_its_text(void)
{
    struct value *v = leaf(VALUE_BOOL), *d = leaf(VALUE_DURATION), *f = leaf(VALUE_FLOAT);
    v->boolean = true;
    d->integer = INT64_C(90) * 1000000000;
    f->number = 2;
    CHECK_JSON(leaf(VALUE_NULL), "null");
    CHECK_JSON(v, "true");
    CHECK_JSON(d, "\"1m30s\"");
    CHECK_JSON(f, "2");
    CHECK_JSON(integer(INT64_MIN), "-9223372036854775808");
    CHECK_JSON(leaf(VALUE_LIST), "[]");
    CHECK_JSON(leaf(VALUE_MAP), "{}");
    v = leaf(VALUE_NUMBER);
    v->text = SLICE("123456789012345678901234567890");
    CHECK_JSON(v, "123456789012345678901234567890");
}

/* As Go's json.Marshal, byte for byte. */
static void strings_are_escaped_as_go_escapes_them(void)
{
    CHECK_JSON(text("a<b>&c"), "\"a\\u003cb\\u003e\\u0026c\"");
    CHECK_JSON(text("\"\\/\b\f\n\r\t\x01\x7f"), "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\x7f\"");
    CHECK_JSON(text("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa"), "\"\\u2028\\u2029\xe2\x80\xaa\"");
    CHECK_JSON(text("caf\xc3\xa9 \xff\xe2\x80"), "\"caf\xc3\xa9 \\ufffd\\ufffd\\ufffd\"");
}

static void indented_as_go_indents(void)
{
    struct err err = {0};
    struct value *list = leaf(VALUE_LIST), *map = leaf(VALUE_MAP);
    value_append(list, integer(1));
    value_append(list, leaf(VALUE_MAP));
    member(member(map, "a", list), "b", leaf(VALUE_LIST));
    buf_clear(&text_);
    CHECK_INT(json_value_write(&text_, map, 2, &err), 0);
    CHECK_STR(text_.data, "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}");
    CHECK_JSON(map, "{\"a\":[1,{}],\"b\":[]}");
}

static void what_json_cannot_say_is_refused_by_its_path(void)
{
    struct value *map = leaf(VALUE_MAP), *f = leaf(VALUE_FLOAT), *list = leaf(VALUE_LIST);
    f->number = NAN;
    value_append(list, integer(1));
    value_append(list, f);
    member(map, "a", list);
    CHECK_JSON(map, "(a[1]: JSON has no word for inf and nan)");
    f->type = VALUE_BAD;
    CHECK_JSON(map, "(a[1]: a faulty value cannot be written)");
}

static void a_failed_write_leaves_the_buffer_as_it_was(void)
{
    struct buf small = BUF(MEM_TEST, 8);
    struct err err = {0};
    buf_append_cstr(&small, "ab");
    CHECK_INT(json_value_write(&small, text("long text"), 0, &err), -EMSGSIZE);
    CHECK_STR(small.data, "ab");
    CHECK_STR(err.text, "the text would have more than 8 bytes");
    buf_done(&small);
}

static void depth_has_a_limit(void)
{
    struct err err = {0};
    struct value *v = leaf(VALUE_LIST);
    for (int i = 0; i < VALUE_WRITE_DEPTH_MAX + 1; i++) {
        struct value *up = leaf(VALUE_LIST);
        value_append(up, v);
        v = up;
    }
    buf_clear(&text_);
    CHECK_INT(json_value_write(&text_, v, 0, &err), -ELOOP);
    CHECK_INT(text_.size, 0);
    CHECK_INT(json_value_write(&text_, v->first, 0, &err), 0);
}

int main(void)
{
    arena_.sub = MEM_TEST;
    TAP_RUN(each_type_has_its_text);
    TAP_RUN(strings_are_escaped_as_go_escapes_them);
    TAP_RUN(indented_as_go_indents);
    TAP_RUN(what_json_cannot_say_is_refused_by_its_path);
    TAP_RUN(a_failed_write_leaves_the_buffer_as_it_was);
    TAP_RUN(depth_has_a_limit);
    value_tests_done();
    return tap_done();
}
