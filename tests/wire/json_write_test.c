#include "wire/json.h"

#include <errno.h>
#include <math.h>

#include "tests/tap.h"

static struct buf out = {.sub = MEM_TEST};
static struct json_writer w;

static void start(uint32_t indent)
{
    out.size = 0;
    json_begin(&w, &out, indent);
}

#define CHECK_OUT(want)                         \
    do {                                        \
        CHECK_INT(json_end(&w), 0);             \
        CHECK_INT(buf_append_byte(&out, 0), 0); \
        CHECK_STR(out.data, want);              \
    } while (0)

static void commas_place_themselves(void)
{
    start(0);
    json_object_open(&w);
    json_key(&w, "a");
    json_array_open(&w);
    json_i64(&w, 1);
    json_array_open(&w);
    json_array_close(&w);
    json_object_open(&w);
    json_object_close(&w);
    json_null(&w);
    json_array_close(&w);
    json_key(&w, "b");
    json_bool(&w, true);
    json_object_close(&w);
    CHECK_OUT("{\"a\":[1,[],{},null],\"b\":true}");
}

static void indented_output_has_a_line_a_value(void)
{
    start(2);
    json_object_open(&w);
    json_key(&w, "a");
    json_array_open(&w);
    json_i64(&w, 1);
    json_i64(&w, 2);
    json_array_close(&w);
    json_key(&w, "empty");
    json_object_open(&w);
    json_object_close(&w);
    json_object_close(&w);
    CHECK_OUT("{\n  \"a\": [\n    1,\n    2\n  ],\n  \"empty\": {}\n}");
}

static void whole_numbers_to_their_ends(void)
{
    start(0);
    json_array_open(&w);
    json_i64(&w, INT64_MIN);
    json_i64(&w, INT64_MAX);
    json_u64(&w, UINT64_MAX);
    json_i64(&w, 0);
    json_array_close(&w);
    CHECK_OUT("[-9223372036854775808,9223372036854775807,18446744073709551615,0]");
}

static void a_double_is_as_short_as_reads_back_the_same(void)
{
    static const double values[] = {
        0.1, 1.0 / 3, 1e300, -2.5, 5e-324, 1.7976931348623157e308, 123456789.123456789};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        start(0);
        json_f64(&w, values[i]);
        CHECK_INT(json_end(&w), 0);
        CHECK_INT(buf_append_byte(&out, 0), 0);
        CHECK(strtod(out.data, NULL) == values[i]);
    }
    start(0);
    json_f64(&w, 0.1);
    CHECK_OUT("0.1");
}

static void a_whole_double_is_written_as_its_digits(void)
{
    static const struct {
        double v;
        const char *text;
    } cases[] = {{0, "0"},     {-0.0, "-0"},    {3, "3"}, {999999999999999, "999999999999999"},
                 {-12, "-12"}, {1e15, "1e+15"}, {-1e300, "-1e+300"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        start(0);
        json_f64(&w, cases[i].v);
        CHECK_OUT(cases[i].text);
    }
}

static void what_json_cannot_say_is_null(void)
{
    start(0);
    json_array_open(&w);
    json_f64(&w, NAN);
    json_f64(&w, -INFINITY);
    json_cstr(&w, NULL);
    json_array_close(&w);
    CHECK_OUT("[null,null,null]");
}

static void milliseconds_have_three_decimals_at_most(void)
{
    start(0);
    json_array_open(&w);
    json_ms(&w, 1250000);
    json_ms(&w, 1001000);
    json_ms(&w, 7000000);
    json_ms(&w, 499);
    json_ms(&w, 500);
    json_ms(&w, -1250000);
    json_ms(&w, 999999500);
    json_array_close(&w);
    CHECK_OUT("[1.25,1.001,7,0,0.001,-1.25,1000]");
}

static void strings_are_escaped(void)
{
    start(0);
    json_string(&w, (struct slice){"a\"b\\c\n\r\t\b\f\x01\x7f\0z", 14});
    CHECK_OUT("\"a\\\"b\\\\c\\n\\r\\t\\b\\f\\u0001\\u007f\\u0000z\"");
    start(0);
    json_cstr(&w, "caf\xc3\xa9 \xf0\x9f\x98\x80");
    CHECK_OUT("\"caf\xc3\xa9 \xf0\x9f\x98\x80\"");
}

static void a_quote_is_found_at_every_place_of_a_long_text(void)
{
    for (size_t size = 1; size < 40; size++)
        for (size_t at = 0; at < size; at++) {
            char text[40];
            memset(text, 'x', sizeof(text));
            text[at] = '"';
            start(0);
            json_string(&w, (struct slice){text, size});
            CHECK_INT(json_end(&w), 0);
            CHECK_INT(out.size, size + 3);
            CHECK(memcmp(out.data + 1 + at, "\\\"", 2) == 0);
        }
}

static void bytes_that_are_not_utf8_become_u_fffd(void)
{
    start(0);
    json_string(&w, SLICE("a\xff"
                          "b\xe2\x82"));
    CHECK_INT(json_end(&w), 0);
    CHECK_INT(buf_append_byte(&out, 0), 0);
    CHECK(strstr(out.data, "a\xef\xbf\xbd"
                           "b\xef\xbf\xbd"));
    CHECK(!strchr(out.data, '\xff'));
}

static void a_sequence_is_measured_or_refused(void)
{
    CHECK_INT(json_utf8_sequence(SLICE("a")), 1);
    CHECK_INT(json_utf8_sequence(SLICE("\xc3\xa9")), 2);
    CHECK_INT(json_utf8_sequence(SLICE("\xe2\x82\xac")), 3);
    CHECK_INT(json_utf8_sequence(SLICE("\xf0\x9f\x98\x80")), 4);
    CHECK_INT(json_utf8_sequence(SLICE("\xc0\xaf")), 0);
    CHECK_INT(json_utf8_sequence(SLICE("\xed\xa0\x80")), 0);
    CHECK_INT(json_utf8_sequence(SLICE("\xe2\x82")), 0);
    CHECK_INT(json_utf8_sequence(SLICE("\x80")), 0);
}

static void a_full_buffer_is_told_at_the_end(void)
{
    struct buf small = BUF(MEM_TEST, 10);
    json_begin(&w, &small, 0);
    json_array_open(&w);
    json_cstr(&w, "twelve bytes");
    json_array_close(&w);
    CHECK_INT(json_end(&w), -EMSGSIZE);
    buf_done(&small);
}

static void a_tree_is_written_as_it_was_read(void)
{
    static const char text[] =
        "{\"a\":[1,2.50,-3e+7,\"x\\n\"],\"b\":{\"c\":null,\"d\":[true,false]}}";
    struct arena a = ARENA(MEM_TEST, 0);
    struct json_value *v;
    CHECK_INT(json_parse(slice_from(text), &a, 0, &v, NULL), 0);
    start(0);
    json_tree(&w, v);
    CHECK_OUT(text);
    arena_done(&a);
}

static void raw_json_takes_its_place_among_values(void)
{
    start(0);
    json_array_open(&w);
    json_raw(&w, SLICE("{\"x\":1}"));
    json_raw(&w, SLICE("2"));
    json_array_close(&w);
    CHECK_OUT("[{\"x\":1},2]");
}

static void members_that_are_json_take_their_place_among_others(void)
{
    start(0);
    json_object_open(&w);
    json_members(&w, SLICE("\"a\":null,\"b\":1"));
    json_key(&w, "c");
    json_u64(&w, 2);
    json_members(&w, SLICE("\"d\":3"));
    json_object_close(&w);
    CHECK_OUT("{\"a\":null,\"b\":1,\"c\":2,\"d\":3}");
}

static void a_key_of_any_size_and_bytes_is_escaped_in_a_buffer_of_any_room(void)
{
    static const char *const keys[] = {"", "k", "seven_b", "eight_by", "a_key_of_23_bytes_in_all",
                                       "quote\"inside", "tab\there", "\xc3\xa9"};
    static const char *const texts[] = {"", "k", "seven_b", "eight_by", "a_key_of_23_bytes_in_all",
                                        "quote\\\"inside", "tab\\there", "\xc3\xa9"};
    char want[128];
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        for (size_t before = 0; before < 40; before++) {
            struct buf b = {.sub = MEM_TEST};
            int n = snprintf(want, sizeof(want), "%*s{\"%s\":0,\"%s\":0}", (int)before, "",
                             texts[i], texts[i]);
            buf_printf(&b, "%*s", (int)before, "");
            json_begin(&w, &b, 0);
            json_object_open(&w);
            json_key_slice(&w, slice_from(keys[i]));
            json_u64(&w, 0);
            json_key_slice(&w, slice_from(keys[i]));
            json_u64(&w, 0);
            json_object_close(&w);
            CHECK_INT(json_end(&w), 0);
            CHECK(slice_eq(buf_slice(&b), (struct slice){want, (size_t)n}));
            buf_done(&b);
        }
}

static void a_literal_key_is_written_the_same_in_a_buffer_of_any_room(void)
{
    static const char *const want[] = {
        "{\"a_key_of_23_bytes_in_all\":0,\"k\":{\"\":1}}",
        "{\n  \"a_key_of_23_bytes_in_all\": 0,\n  \"k\": {\n    \"\": 1\n  }\n}",
    };
    for (uint32_t indent = 0; indent <= 2; indent += 2)
        for (size_t before = 0; before < 80; before++) {
            struct buf b = {.sub = MEM_TEST};
            buf_printf(&b, "%*s", (int)before, "");
            json_begin(&w, &b, indent);
            json_object_open(&w);
            json_key(&w, "a_key_of_23_bytes_in_all");
            json_u64(&w, 0);
            json_key(&w, "k");
            json_object_open(&w);
            json_key(&w, "");
            json_u64(&w, 1);
            json_object_close(&w);
            json_object_close(&w);
            CHECK_INT(json_end(&w), 0);
            CHECK_STR(b.data + before, want[indent / 2]);
            CHECK_INT((int)strlen(b.data), (int)b.size);
            buf_done(&b);
        }
}

static void a_literal_key_that_passes_the_bound_is_told_of(void)
{
    struct buf b = BUF(MEM_TEST, 20);
    json_begin(&w, &b, 0);
    json_object_open(&w);
    json_key(&w, "a_key_of_23_bytes_in_all");
    json_u64(&w, 0);
    json_object_close(&w);
    CHECK_INT(json_end(&w), -EMSGSIZE);
    CHECK(b.size <= 20);
    buf_done(&b);
}

int main(void)
{
    TAP_RUN(a_whole_double_is_written_as_its_digits);
    TAP_RUN(commas_place_themselves);
    TAP_RUN(a_literal_key_is_written_the_same_in_a_buffer_of_any_room);
    TAP_RUN(a_literal_key_that_passes_the_bound_is_told_of);
    TAP_RUN(indented_output_has_a_line_a_value);
    TAP_RUN(whole_numbers_to_their_ends);
    TAP_RUN(a_double_is_as_short_as_reads_back_the_same);
    TAP_RUN(what_json_cannot_say_is_null);
    TAP_RUN(milliseconds_have_three_decimals_at_most);
    TAP_RUN(strings_are_escaped);
    TAP_RUN(a_quote_is_found_at_every_place_of_a_long_text);
    TAP_RUN(bytes_that_are_not_utf8_become_u_fffd);
    TAP_RUN(a_sequence_is_measured_or_refused);
    TAP_RUN(a_full_buffer_is_told_at_the_end);
    TAP_RUN(a_tree_is_written_as_it_was_read);
    TAP_RUN(raw_json_takes_its_place_among_values);
    TAP_RUN(members_that_are_json_take_their_place_among_others);
    TAP_RUN(a_key_of_any_size_and_bytes_is_escaped_in_a_buffer_of_any_room);
    buf_done(&out);
    return tap_done();
}
