#include <errno.h>
#include <math.h>

#include "tests/wire/toml_suite.h"

static struct buf out = {.sub = MEM_TEST};

/* The tree of a text of JSON, which is short to write here. */
static struct value *tree(const char *json)
{
    struct value *v = NULL;
    CHECK_INT(json_value_read(begin_source(slice_from(json)), NULL, &arena_, &faults_, &v), 0);
    return v;
}

static const char *written(const struct value *v)
{
    struct err err = {0};
    buf_clear(&out);
    if (toml_write(&out, v, &err) < 0)
        return arena_printf(&arena_, "(%s)", err.text);
    return out.data ? out.data : "";
}

static void tables_come_behind_what_is_none(void)
{
    CHECK_STR(written(tree("{\"t\":{\"b\":1},\"a\":2,\"u\":{\"v\":{\"w\":3},\"x\":{}}}")),
              "a = 2\n\n[t]\nb = 1\n\n[u.v]\nw = 3\n\n[u.x]\n");
    CHECK_STR(written(tree("{}")), "");
}

static void lists_of_tables_have_headers(void)
{
    CHECK_STR(written(tree("{\"c\":[{\"n\":\"x\",\"tcp\":{\"t\":1}},{\"n\":\"y\",\"l\":[{}]}]}")),
              "[[c]]\nn = \"x\"\n\n[c.tcp]\nt = 1\n\n[[c]]\nn = \"y\"\n\n[[c.l]]\n");
}

static void what_has_no_header_is_inline(void)
{
    CHECK_STR(written(tree("{\"a\":[1,[],{\"b\":{\"c\":[true]}},{}]}")),
              "a = [1, [], { b = { c = [true] } }, {}]\n");
}

static void a_long_array_goes_on_in_the_next_line(void)
{
    struct buf json = BUF(MEM_TEST, 0);
    buf_append_cstr(&json, "{\"a\":[1000");
    for (int i = 0; i < 20; i++)
        buf_append_cstr(&json, ",1000");
    buf_append_cstr(&json, "]}");
    CHECK_STR(written(tree(json.data)),
              "a = [1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, "
              "1000, 1000,\n  1000, 1000, 1000, 1000, 1000, 1000]\n");
    buf_done(&json);
}

static void keys_have_quotes_where_they_must(void)
{
    CHECK_STR(written(tree("{\"a-b_1\":1,\"a.b\":2,\"\":3,\"\\u00e9\\n\":4}")),
              "a-b_1 = 1\n\"a.b\" = 2\n\"\" = 3\n\"\xc3\xa9\\n\" = 4\n");
}

static void strings(void)
{
    CHECK_STR(written(tree("{\"a\":\"x\\ty\\\"\\\\\\u0001\\u007f\",\"b\":\"C:\\\\n\"}")),
              "a = \"x\\ty\\\"\\\\\\u0001\\u007F\"\nb = \"C:\\\\n\"\n");
    CHECK_STR(written(tree("{\"a\":\"one\\n\\\"two\\\"\\tx\\r\\n\"}")),
              "a = \"\"\"\none\n\"two\"\tx\\r\n\"\"\"\n");
    CHECK_STR(written(tree("{\"a\":\"\\n\\\"\\\"\\\"x\\\"\"}")),
              "a = \"\"\"\n\n\\\"\\\"\\\"x\\\"\"\"\"\n");
    CHECK_STR(written(tree("{\"a\":[\"x\\ny\"]}")), "a = [\"x\\ny\"]\n");
}

static void numbers_times_and_durations(void)
{
    struct value *v = tree("{\"a\":1e21,\"b\":2.0,\"c\":0,\"d\":\"07:32:00\",\"e\":0}");
    struct value *c = value_get(v, SLICE("c")), *d = value_get(v, SLICE("d"));
    c->type = VALUE_FLOAT;
    c->number = -(double)INFINITY;
    d->type = VALUE_TIME;
    d->time = VALUE_CLOCK_LOCAL;
    v->last->type = VALUE_DURATION;
    v->last->integer = 1500000000;
    CHECK_STR(written(v), "a = 1e+21\nb = 2.0\nc = -inf\nd = 07:32:00\ne = \"1.5s\"\n");
}

static void what_toml_cannot_say_is_refused_by_its_path(void)
{
    CHECK_STR(written(tree("{\"a\":{\"b\":[1,null]}}")), "(a.b[1]: TOML has no null)");
    CHECK_STR(written(tree("{\"a\":[{\"b\":99999999999999999999}]}")),
              "(a[0].b: a number beyond 64 bits has no place in TOML)");
    CHECK_STR(written(tree("[1]")), "(a text of TOML is a map, and this is none)");
    CHECK_INT(out.size, 0);
}

/* ---- the public suite: what it reads is written, for 1.0, and reads back the same ---- */

enum { VALID_1_1 = 220 };

static bool suite_again(const char *name, const char *path)
{
    static const struct toml_options old = {.version = TOML_1_0};
    struct value *v = NULL, *back = NULL;
    struct err err = {0};
    const struct source *s;
    if (strncmp(name, "valid/", 6) != 0)
        return false;
    struct slice text = read_file(path);
    CHECK_INT(toml_read(begin_source(text), NULL, &arena_, &faults_, &v), 0);
    buf_clear(&out);
    CHECK_INT(toml_write(&out, v, &err), 0);
    CHECK_INT(source_add(&sources_, SOURCE_FILE, "again", buf_slice(&out), &s), 0);
    int told = toml_read(s, &old, &arena_, &faults_, &back);
    if (told || !value_equal(v, back)) {
        printf("# %s: %d faults in\n%s\n", name, told, out.data);
        print_faults();
        CHECK(false);
    }
    return true;
}

static void the_public_suite_reads_back(void)
{
    int run = suite_each("1.1.0", suite_again);
    if (run < 0) {
        TAP_SKIP("there is no " SUITE);
        return;
    }
    printf("CASES name=toml-written run=%d of=%d\n", run, VALID_1_1);
    CHECK_INT(run, VALID_1_1);
}

int main(void)
{
    TAP_RUN(tables_come_behind_what_is_none);
    TAP_RUN(lists_of_tables_have_headers);
    TAP_RUN(what_has_no_header_is_inline);
    TAP_RUN(a_long_array_goes_on_in_the_next_line);
    TAP_RUN(keys_have_quotes_where_they_must);
    TAP_RUN(strings);
    TAP_RUN(numbers_times_and_durations);
    TAP_RUN(what_toml_cannot_say_is_refused_by_its_path);
    TAP_RUN(the_public_suite_reads_back);
    buf_done(&out);
    value_tests_done();
    return tap_done();
}
