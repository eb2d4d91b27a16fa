#include "tests/wire/value_tests.h"
#include "wire/toml.h"

static struct value *read_as(enum toml_version version, const char *text)
{
    struct value *v = NULL;
    const struct toml_options o = {.version = version};
    toml_read(begin_source(slice_from(text)), &o, &arena_, &faults_, &v);
    return v;
}

static struct value *toml(const char *text)
{
    struct value *v = read_as(TOML_1_1, text);
    CHECK_INT(faults_.count, 0);
    return v;
}

static const char *fault_of(const char *text)
{
    read_as(TOML_1_1, text);
    return fault_at(0);
}

static void arrays_hold_anything_over_many_lines(void)
{
    CHECK_JSON(toml("a = []"), "{\"a\":[]}");
    CHECK_JSON(toml("a = [1, 'x', [true], {b = 2}]"), "{\"a\":[1,\"x\",[true],{\"b\":2}]}");
    CHECK_JSON(toml("a = [ # one\n\n 1 # two\n , 2,\n\t# three\n]\nb = 3"),
               "{\"a\":[1,2],\"b\":3}");
}

static void a_list_that_has_no_end_names_where_it_began(void)
{
    CHECK_STR(fault_of("x = 1\na = [1,\n 2\nb = 3\n"),
              "4:1: syntax: expected ',' or ']' in the array that began at line 2");
    CHECK_STR(fault_of("a = [1,"), "1:8: syntax: expected a value, found the end of the line");
    CHECK_STR(fault_of("a = [,]"), "1:6: syntax: expected a value");
}

static void reading_goes_on_behind_a_list_without_end(void)
{
    const struct value *v = read_as(TOML_1_1, "a = [1,\n 2\nb = 3\n[c]\nd = 4\n");
    CHECK_INT(faults_.count, 1);
    CHECK_JSON(value_get(v, SLICE("c")), "{\"d\":4}");
}

static void a_bad_element_leaves_its_neighbours(void)
{
    const struct value *v = read_as(TOML_1_1, "a = [1, yes, 3]\n");
    CHECK_INT(faults_.count, 1);
    CHECK_INT(v->first->count, 3);
    CHECK_INT(v->first->first->next->type, VALUE_BAD);
    CHECK_INT(v->first->last->integer, 3);
}

static void inline_tables_have_dotted_keys(void)
{
    CHECK_JSON(toml("a = {}"), "{\"a\":{}}");
    CHECK_JSON(toml("a = {b.c = 1, b.d = 2}"), "{\"a\":{\"b\":{\"c\":1,\"d\":2}}}");
    CHECK_STR(fault_of("a = {b = 1, b = 2}"),
              "1:13: duplicate_name: 'b' stands here twice: first at line 1");
    CHECK_STR(fault_of("a = {b = {}, b.c = 1}"),
              "1:14: duplicate_name: 'b' is complete since line 1: nothing can be added to it");
}

static void inline_tables_of_1_1_have_lines_and_a_last_comma(void)
{
    static const char text[] = "a = { # one\n  b = 1, # two\n  c = 2,\n}\n";
    CHECK_JSON(toml(text), "{\"a\":{\"b\":1,\"c\":2}}");
    read_as(TOML_1_0, text);
    CHECK_STR(fault_at(0), "1:7: syntax: expected '}' on the same line (TOML 1.0) in the inline "
                           "table that began at line 1");
    read_as(TOML_1_0, "a = {b = 1,}");
    CHECK_STR(fault_at(0), "1:12: syntax: TOML 1.0 has no comma before a '}'");
    CHECK_STR(fault_of("a = {b = 1 c = 2}"),
              "1:12: syntax: expected ',' or '}' in the inline table that began at line 1");
    CHECK_STR(fault_of("a = {,}"), "1:6: syntax: expected a key, found ','");
}

int main(void)
{
    TAP_RUN(arrays_hold_anything_over_many_lines);
    TAP_RUN(a_list_that_has_no_end_names_where_it_began);
    TAP_RUN(reading_goes_on_behind_a_list_without_end);
    TAP_RUN(a_bad_element_leaves_its_neighbours);
    TAP_RUN(inline_tables_have_dotted_keys);
    TAP_RUN(inline_tables_of_1_1_have_lines_and_a_last_comma);
    value_tests_done();
    return tap_done();
}
