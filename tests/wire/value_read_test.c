#include "wire/value_read.h"

#include <errno.h>

#include "tests/wire/value_tests.h"

static struct value_reader reader;

static void begin(const char *text, unsigned checks)
{
    value_reader_init(&reader, begin_source(slice_from(text)), NULL, &arena_, &faults_, checks);
}

static void zeroes_mean_the_limits_with_names(void)
{
    begin("", 0);
    CHECK_INT(reader.limits.depth_max, VALUE_DEPTH_MAX);
    CHECK_INT(reader.limits.count_max, VALUE_COUNT_MAX);
    CHECK_INT(reader.limits.text_bytes_max, VALUE_TEXT_BYTES_MAX);
    CHECK(!reader.stopped);
}

static void a_fault_is_cut_to_its_line(void)
{
    begin("ab\ncd\n", 0);
    value_fault(&reader, CONFIG_FAULT_SYNTAX, 1, 5, "word %d", 1);
    CHECK_INT(faults_.items[0].at, reader.source->first + 1);
    CHECK_INT(faults_.items[0].end, reader.source->first + 2);
    value_fault(&reader, CONFIG_FAULT_SYNTAX, 99, 99, "behind the end");
    CHECK_STR(fault_at(1), "3:1: syntax: behind the end");
}

static void text_from_outside_is_shown_in_a_safe_form(void)
{
    begin("", 0);
    CHECK_STR(value_shown(&reader, SLICE("a\x1b[31mb")), "a\xEF\xBF\xBD[31mb");
    char text[100];
    memset(text, 'x', sizeof(text));
    CHECK_INT(strlen(value_shown(&reader, (struct slice){text, sizeof(text)})),
              VALUE_SHOWN_BYTES_MAX + 3);
    memcpy(text + VALUE_SHOWN_BYTES_MAX - 1, "\xc3\xa9", 2);
    CHECK_INT(strlen(value_shown(&reader, (struct slice){text, sizeof(text)})),
              VALUE_SHOWN_BYTES_MAX - 1 + 3);
}

static void utf8_is_checked_where_it_is_wanted(void)
{
    begin("123456789\xc3\xa9\xe2\x82x", VALUE_CHECK_UTF8);
    CHECK(reader.stopped);
    CHECK_STR(fault_at(0), "1:12: syntax: byte 0xe2 is not UTF-8");
    begin("\xff", 0);
    CHECK(!reader.stopped);
}

static void a_tree_that_was_never_begun_is_a_faulty_value(void)
{
    struct value *v = NULL;
    begin("", 0);
    CHECK_INT(value_reader_end(&reader, NULL, &v), 0);
    CHECK_INT(v->type, VALUE_BAD);
    CHECK_STR(place_of(v->at), "1:1");
    reader.full = true;
    v = NULL;
    CHECK_INT(value_reader_end(&reader, NULL, &v), -ENOSPC);
    CHECK(!v);
}

static void an_index_finds_what_a_walk_finds(void)
{
    enum { KEYS = 100 };
    struct value_index x = {0};
    begin("", 0);
    struct value *map = value_make(&reader, VALUE_MAP, 0);
    for (int i = 0; i < KEYS; i++) {
        const char *key = arena_printf(&arena_, "key%d", i);
        CHECK(!value_index_find(&x, &reader, map, slice_from(key)));
        struct value *v = value_make(&reader, VALUE_INT, 0);
        v->integer = i;
        value_set_key(v, slice_from(key));
        value_append(map, v);
        CHECK(value_index_find(&x, &reader, map, slice_from(key)) == v);
    }
    CHECK_INT(value_index_find(&x, &reader, map, SLICE("key3"))->integer, 3);
    value_index_done(&x);
}

int main(void)
{
    TAP_RUN(zeroes_mean_the_limits_with_names);
    TAP_RUN(a_fault_is_cut_to_its_line);
    TAP_RUN(text_from_outside_is_shown_in_a_safe_form);
    TAP_RUN(utf8_is_checked_where_it_is_wanted);
    TAP_RUN(a_tree_that_was_never_begun_is_a_faulty_value);
    TAP_RUN(an_index_finds_what_a_walk_finds);
    value_tests_done();
    return tap_done();
}
