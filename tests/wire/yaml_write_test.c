#include <errno.h>
#include <math.h>

#include "tests/wire/yaml_tests.h"

static struct buf out = {.sub = MEM_TEST};

static const char *written(const struct value *v)
{
    struct err err = {0};
    buf_clear(&out);
    if (yaml_write(&out, v, &err) < 0)
        return arena_printf(&arena_, "(%s)", err.text);
    return out.data;
}

static void maps_and_lists_are_blocks(void)
{
    CHECK_STR(written(yaml("{a: 1, b: {c: [x, z], d: {}}, e: []}")),
              "a: 1\nb:\n  c:\n    - x\n    - z\n  d: {}\ne: []\n");
    CHECK_STR(written(yaml("[{a: 1, b: [2]}, [3, [4]], []]")),
              "- a: 1\n  b:\n    - 2\n- - 3\n  - - 4\n- []\n");
    CHECK_STR(written(yaml("{}")), "{}\n");
    CHECK_STR(written(yaml("x")), "x\n");
}

static void scalars(void)
{
    CHECK_STR(
        written(yaml("[null, true, -1, 1.5, 1e21, 2.0, .inf, -.inf, .nan, 99999999999999999999]")),
        "- null\n- true\n- -1\n- 1.5\n- 1.0e+21\n- 2.0\n- .inf\n- -.inf\n- .nan\n"
        "- 99999999999999999999\n");
    struct value *v = yaml("[1, x, x]");
    v->first->type = VALUE_DURATION;
    v->first->integer = INT64_C(90000000000);
    v->last->type = v->first->next->type = VALUE_TIME;
    v->last->time = VALUE_CLOCK_LOCAL;
    v->last->text = SLICE("07:32:00");
    v->first->next->text = SLICE("1979-05-27T07:32:00Z");
    CHECK_STR(written(v), "- 1m30s\n- 1979-05-27T07:32:00Z\n- \"07:32:00\"\n");
}

static void strings_that_others_would_misread_have_quotes(void)
{
    CHECK_STR(written(yaml("['no', '1', '1e3', '', '- x', 'a: b', 'x #y', '07:30', '~']")),
              "- \"no\"\n- \"1\"\n- \"1e3\"\n- \"\"\n- \"- x\"\n- \"a: b\"\n- \"x #y\"\n- "
              "\"07:30\"\n- \"~\"\n");
    CHECK_STR(written(yaml("{'<<': 1, 'yes': 2, '3': 4}")), "\"<<\": 1\n\"yes\": 2\n\"3\": 4\n");
}

static void escapes(void)
{
    CHECK_STR(written(yaml("\"\\t\\x01\\u2028\\x7f\\\"\\\\ \\u00e9\\U0001F600\"")),
              "\"\\t\\x01\\u2028\\x7F\\\"\\\\ \xc3\xa9\xf0\x9f\x98\x80\"\n");
}

static void text_of_lines_is_a_block(void)
{
    CHECK_STR(written(yaml("{a: \"one\\n two\\n\", b: [\"x\\n\\ny\"], c: \"z\\n\\n\"}")),
              "a: |\n  one\n   two\nb:\n  - |-\n    x\n\n    y\nc: |+\n  z\n\n");
    CHECK_STR(written(yaml("\"a\\nb\\n\"")), "|\n  a\n  b\n");
    CHECK_STR(written(yaml("[\"\\na\", \" a\\n\", \"a\\n\\tb\", \"a\\r\\nb\"]")),
              "- \"\\na\"\n- \" a\\n\"\n- \"a\\n\\tb\"\n- \"a\\r\\nb\"\n");
}

static void a_long_key_is_marked(void)
{
    char text[400];
    memset(text, 'k', 300);
    snprintf(text + 300, 100, ": {a: 1}\n");
    const char *got = written(yaml(text));
    CHECK(strncmp(got, "? \"kkk", 6) == 0);
    CHECK(strstr(got, "k\"\n:\n  a: 1\n"));
}

static void a_faulty_value_is_refused_by_its_path(void)
{
    struct value *v = yaml("{a: [1]}");
    v->first->first->type = VALUE_BAD;
    CHECK_STR(written(v), "(a[0]: a faulty value cannot be written)");
    CHECK_INT(out.size, 0);
}

int main(void)
{
    TAP_RUN(maps_and_lists_are_blocks);
    TAP_RUN(scalars);
    TAP_RUN(strings_that_others_would_misread_have_quotes);
    TAP_RUN(escapes);
    TAP_RUN(text_of_lines_is_a_block);
    TAP_RUN(a_long_key_is_marked);
    TAP_RUN(a_faulty_value_is_refused_by_its_path);
    buf_done(&out);
    value_tests_done();
    return tap_done();
}
