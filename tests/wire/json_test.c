#include "wire/json.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>

#include "tests/tap.h"

static struct arena arena = {.sub = MEM_TEST};
static struct json_error fault;

/* The parsed text, or NULL with *fault. The tree lives until the next call. */
static const struct json_value *parse(const char *text)
{
    struct json_value *v = NULL;
    arena_reset(&arena);
    fault = (struct json_error){0};
    return json_parse(slice_from(text), &arena, 0, &v, &fault) == 0 ? v : NULL;
}

static int result_of(struct slice text, uint32_t depth_max)
{
    struct json_value *v = NULL;
    arena_reset(&arena);
    int r = json_parse(text, &arena, depth_max, &v, &fault);
    CHECK((r == 0) == (v != NULL));
    return r;
}

static bool is_text(struct slice s, const char *want, size_t size)
{
    return s.size == size && memcmp(s.data, want, size) == 0;
}
/* A literal, which may hold zeroes. */
#define CHECK_TEXT(got, want) CHECK(is_text(got, want, sizeof(want) - 1))

static void each_type_is_known(void)
{
    CHECK(parse("null")->type == JSON_NULL);
    CHECK(parse("false")->type == JSON_FALSE);
    CHECK(parse(" true\n")->type == JSON_TRUE);
    CHECK(parse("-1.5e+3")->type == JSON_NUMBER);
    CHECK(parse("\"\"")->type == JSON_STRING);
    CHECK(parse("[]")->type == JSON_ARRAY);
    CHECK(parse("{}")->type == JSON_OBJECT);
}

static void numbers_keep_their_text(void)
{
    CHECK_TEXT(parse("123456789012345678901234567890")->text, "123456789012345678901234567890");
    CHECK_TEXT(parse("[1.50]")->first->text, "1.50");
}

static void a_whole_number_fits_or_is_refused(void)
{
    int64_t n = 77;
    CHECK_INT(json_to_i64(parse("9223372036854775807"), &n), 0);
    CHECK_INT(n, INT64_MAX);
    CHECK_INT(json_to_i64(parse("-9223372036854775808"), &n), 0);
    CHECK(n == INT64_MIN);
    CHECK_INT(json_to_i64(parse("-0"), &n), 0);
    CHECK_INT(n, 0);
    n = 77;
    CHECK_INT(json_to_i64(parse("9223372036854775808"), &n), -ERANGE);
    CHECK_INT(json_to_i64(parse("1.5"), &n), -ERANGE);
    CHECK_INT(json_to_i64(parse("1e3"), &n), -ERANGE);
    CHECK_INT(json_to_i64(parse("\"1\""), &n), -EINVAL);
    CHECK_INT(json_to_i64(NULL, &n), -EINVAL);
    CHECK_INT(n, 77);
}

static void a_number_with_a_fraction_is_the_nearest_double(void)
{
    double d = 0;
    CHECK_INT(json_to_f64(parse("0.1"), &d), 0);
    CHECK(d == 0.1);
    CHECK_INT(json_to_f64(parse("1.7976931348623157e308"), &d), 0);
    CHECK(isfinite(d));
    CHECK_INT(json_to_f64(parse("1e400"), &d), -ERANGE);
    CHECK_INT(json_to_f64(parse("true"), &d), -EINVAL);
}

static void escapes_are_resolved(void)
{
    CHECK_TEXT(parse("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"")->text, "\"\\/\b\f\n\r\t");
    CHECK_TEXT(parse("\"\\u0041\\u00e9\\u20AC\"")->text, "A\xc3\xa9\xe2\x82\xac");
    CHECK_TEXT(parse("\"\\ud83d\\ude00\"")->text, "\xf0\x9f\x98\x80");
    CHECK_TEXT(parse("\"\\u0000x\"")->text, "\0x");
}

static void half_a_surrogate_pair_is_no_character(void)
{
    CHECK_TEXT(parse("\"\\ud83d\"")->text, "\xef\xbf\xbd");
    CHECK_TEXT(parse("\"\\ud83dx\"")->text, "\xef\xbf\xbdx");
    CHECK_TEXT(parse("\"\\ud83d\\n\"")->text, "\xef\xbf\xbd\n");
    CHECK_TEXT(parse("\"\\ud83d\\u0041\"")->text, "\xef\xbf\xbd"
                                                  "A");
    CHECK_TEXT(parse("\"\\ude00\"")->text, "\xef\xbf\xbd");
    CHECK_TEXT(parse("\"\\ud83d\\ud83d\\ude00\"")->text, "\xef\xbf\xbd\xf0\x9f\x98\x80");
}

static void text_without_escapes_is_the_inputs_own(void)
{
    const char *text = "[\"plain\",\"caf\xc3\xa9\"]";
    const struct json_value *v = parse(text);
    CHECK(v->first->text.data == text + 2);
    CHECK_TEXT(json_at(v, 1)->text, "caf\xc3\xa9");
}

static void bytes_that_are_not_utf8_are_refused(void)
{
    CHECK(!parse("\"\xff\""));
    CHECK(!parse("\"\xc0\xaf\""));
    CHECK(!parse("\"\xed\xa0\x80\""));
    CHECK(!parse("\"\xf4\x90\x80\x80\""));
    CHECK(!parse("\"\xe2\x82\""));
    CHECK(!parse("\xef\xbb\xbf{}"));
}

static void control_characters_are_refused_in_strings(void)
{
    for (char c = 1; c < ' '; c++) {
        char text[] = {'"', c, '"', 0};
        CHECK(!parse(text));
    }
    CHECK_INT(result_of((struct slice){"\"\0\"", 3}, 0), -EBADMSG);
    CHECK(parse("\"\x7f\""));
}

static void a_fault_has_its_place_and_what_was_expected(void)
{
    CHECK(!parse("{\"a\": 1,\n \"b\" 2}"));
    CHECK_INT(fault.line, 2);
    CHECK_INT(fault.column, 6);
    CHECK(fault.expected && strstr(fault.expected, ":"));
    CHECK(!parse(""));
    CHECK_INT(fault.line, 1);
    CHECK_INT(fault.column, 1);
    CHECK(!parse("[1 2]"));
    CHECK_INT(fault.column, 4);
    CHECK(fault.expected && strstr(fault.expected, "]"));
    CHECK(!parse("1 2"));
    CHECK_INT(fault.column, 3);
}

static void values_know_where_they_stood(void)
{
    const struct json_value *v = parse("{\n  \"a\": [1,\n    2]}");
    const struct json_value *two = json_at(json_get(v, "a"), 1);
    CHECK_INT(two->line, 3);
    CHECK_INT(two->column, 5);
}

static void members_are_found_by_name_and_the_last_of_equals_counts(void)
{
    const struct json_value *v = parse("{\"a\":1,\"b\":2,\"a\":3,\"\":4}");
    CHECK_INT(v->count, 4);
    CHECK_TEXT(json_get(v, "a")->text, "3");
    CHECK_TEXT(json_get(v, "")->text, "4");
    CHECK(!json_get(v, "c"));
    CHECK(!json_get(NULL, "a"));
    CHECK(!json_get(v->first, "a"));
    CHECK(!json_at(v, 0));
}

static void the_text_of_what_is_no_string_is_empty(void)
{
    const struct json_value *v = parse("{\"a\":\"x\",\"b\":7,\"c\":[\"y\"],\"d\":\"\"}");
    CHECK_TEXT(json_text(v, "a"), "x");
    CHECK(!json_text(v, "b").data && !json_text(v, "b").size);
    CHECK(!json_text(v, "c").data);
    CHECK_INT(json_text(v, "d").size, 0);
    CHECK(!json_text(v, "e").data);
    CHECK(!json_text(NULL, "a").data);
}

static void elements_are_found_by_index(void)
{
    const struct json_value *v = parse("[10,20,30]");
    CHECK_INT(v->count, 3);
    CHECK_TEXT(json_at(v, 2)->text, "30");
    CHECK(!json_at(v, 3));
    CHECK(!json_at(NULL, 0));
}

static void nesting_has_a_limit(void)
{
    char deep[2 * JSON_DEPTH_MAX + 2];
    memset(deep, '[', JSON_DEPTH_MAX);
    memset(deep + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    CHECK_INT(result_of((struct slice){deep, 2 * JSON_DEPTH_MAX}, 0), 0);
    memset(deep, '[', JSON_DEPTH_MAX + 1);
    memset(deep + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
    CHECK_INT(result_of((struct slice){deep, sizeof(deep)}, 0), -ELOOP);
    CHECK_INT(result_of(SLICE("[{\"a\":1}]"), 2), 0);
    CHECK_INT(result_of(SLICE("[{\"a\":[]}]"), 2), -ELOOP);
}

/* [0, [0, … ], 1]: what stands behind a container is its parent's, however deep that was. */
static void what_follows_is_found_at_any_depth(void)
{
    for (uint32_t depth = 1; depth <= 40; depth++) {
        struct buf text = BUF(MEM_TEST, 0);
        for (uint32_t i = 0; i < depth; i++)
            buf_append_cstr(&text, i ? ",[0" : "[0");
        for (uint32_t i = 0; i < depth; i++)
            buf_append_cstr(&text, i ? ",1]" : "]");
        CHECK_INT(result_of(buf_slice(&text), depth - 1 ? depth - 1 : 1), depth == 1 ? 0 : -ELOOP);
        CHECK_INT(result_of(buf_slice(&text), depth), 0);
        const struct json_value *v = parse(text.data);
        for (uint32_t i = 1; i < depth && v; v = v->first->next, i++)
            CHECK(v->count == 3 && json_at(v, 2)->type == JSON_NUMBER);
        CHECK(v && v->count == 1);
        buf_done(&text);
    }
}

static void an_arena_that_is_full_is_no_fault_of_the_text(void)
{
    struct arena small = ARENA(MEM_TEST, 4096);
    struct json_value *v = NULL;
    char text[1501];
    text[0] = '[';
    for (size_t i = 1; i < sizeof(text) - 1; i += 2)
        memcpy(text + i, "1,", 2);
    text[sizeof(text) - 2] = ']';
    CHECK_INT(json_parse((struct slice){text, sizeof(text) - 1}, &small, 0, &v, NULL), -ENOSPC);
    CHECK(v == NULL);
    arena_done(&small);
}

/* json_equal of two texts; each tree has its own arena. */
static bool equal(const char *one, const char *two)
{
    struct arena a = ARENA(MEM_TEST, 0), b = ARENA(MEM_TEST, 0);
    struct json_value *x, *y;
    CHECK_INT(json_parse(slice_from(one), &a, 0, &x, NULL), 0);
    CHECK_INT(json_parse(slice_from(two), &b, 0, &y, NULL), 0);
    bool same = json_equal(x, y);
    CHECK(same == json_equal(y, x));
    arena_done(&a);
    arena_done(&b);
    return same;
}

static void equality_is_by_value(void)
{
    CHECK(equal("{\"a\":1,\"b\":[true,null]}", " { \"b\" : [ true , null ] , \"a\" : 1.0 }"));
    CHECK(equal("\"\\u0041\"", "\"A\""));
    CHECK(equal("1e2", "100"));
    CHECK(equal("12345678901234567890123", "12345678901234567890123"));
    CHECK(!equal("[1,2]", "[2,1]"));
    CHECK(!equal("[1]", "[1,2]"));
    CHECK(!equal("{\"a\":1}", "{\"b\":1}"));
    CHECK(!equal("{\"a\":1}", "{\"a\":1,\"b\":1}"));
    CHECK(!equal("true", "false"));
    CHECK(!equal("\"1\"", "1"));
}

static void of_equal_names_the_last_counts_in_equality_too(void)
{
    CHECK(equal("{\"a\":1,\"a\":2}", "{\"a\":1,\"a\":2}"));
    CHECK(equal("{\"a\":1,\"a\":2}", "{\"a\":2}"));
    CHECK(!equal("{\"a\":1,\"a\":2}", "{\"a\":1}"));
    CHECK(!equal("{\"a\":1,\"a\":2}", "{\"a\":2,\"b\":2}"));
}

/* The public JSON suite: y_ must be read, n_ refused, i_ may be either. */
enum { SUITE_FILES = 318 };
#define SUITE "../shared/conformance/json"

static int suite_file(const char *name)
{
    static char text[1 << 20];
    char path[512];
    snprintf(path, sizeof(path), SUITE "/%s", name);
    FILE *f = fopen(path, "re");
    if (!f)
        return -errno;
    size_t size = fread(text, 1, sizeof(text), f);
    fclose(f);
    int r = result_of((struct slice){text, size}, 0);
    bool wanted = name[0] == 'y';
    if (name[0] != 'i' && wanted != (r == 0)) {
        printf("# %s: result %d\n", name, r);
        CHECK(false);
    }
    return 0;
}

static void the_public_suite_agrees(void)
{
    DIR *d = opendir(SUITE);
    if (!d) {
        TAP_SKIP("there is no " SUITE);
        return;
    }
    int count = 0;
    const struct dirent *e;
    while ((e = readdir(d))) {
        const char *dot = strrchr(e->d_name, '.');
        if (dot && strcmp(dot, ".json") == 0 && suite_file(e->d_name) == 0)
            count++;
    }
    closedir(d);
    printf("CASES name=json-rfc8259 run=%d of=%d\n", count, SUITE_FILES);
    CHECK_INT(count, SUITE_FILES);
}

int main(void)
{
    TAP_RUN(each_type_is_known);
    TAP_RUN(numbers_keep_their_text);
    TAP_RUN(a_whole_number_fits_or_is_refused);
    TAP_RUN(a_number_with_a_fraction_is_the_nearest_double);
    TAP_RUN(escapes_are_resolved);
    TAP_RUN(half_a_surrogate_pair_is_no_character);
    TAP_RUN(text_without_escapes_is_the_inputs_own);
    TAP_RUN(bytes_that_are_not_utf8_are_refused);
    TAP_RUN(control_characters_are_refused_in_strings);
    TAP_RUN(a_fault_has_its_place_and_what_was_expected);
    TAP_RUN(values_know_where_they_stood);
    TAP_RUN(members_are_found_by_name_and_the_last_of_equals_counts);
    TAP_RUN(the_text_of_what_is_no_string_is_empty);
    TAP_RUN(elements_are_found_by_index);
    TAP_RUN(nesting_has_a_limit);
    TAP_RUN(what_follows_is_found_at_any_depth);
    TAP_RUN(an_arena_that_is_full_is_no_fault_of_the_text);
    TAP_RUN(equality_is_by_value);
    TAP_RUN(of_equal_names_the_last_counts_in_equality_too);
    TAP_RUN(the_public_suite_agrees);
    arena_done(&arena);
    return tap_done();
}
