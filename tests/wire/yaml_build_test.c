#include "tests/wire/yaml_tests.h"

static void aliases_are_copies(void)
{
    const struct value *v = yaml("a: &x {b: [1]}\nc: *x\n&k d: *k\n");
    CHECK_JSON(v, "{\"a\":{\"b\":[1]},\"c\":{\"b\":[1]},\"d\":\"d\"}");
    const struct value *a = value_get(v, SLICE("a")), *c = value_get(v, SLICE("c"));
    CHECK(a->first != c->first);
    CHECK_STR(place_of(c->at), "2:4");
    CHECK_STR(place_of(c->first->at), "1:11"); /* where it is written */
}

static void an_alias_may_be_a_key(void)
{
    CHECK_JSON(yaml("- &a 0x10\n- *a : b\n"), "[16,{\"0x10\":\"b\"}]");
    CHECK_STR(yaml_fault("- &a [1]\n- {*a : b}\n"),
              "2:4: type_mismatch: a key is a single word or string, not a list");
}

static void a_name_may_be_given_again(void)
{
    CHECK_JSON(yaml("[&a 1, *a, &a 2, *a]"), "[1,1,2,2]");
}

static void an_alias_without_an_anchor(void)
{
    CHECK_STR(yaml_fault("a: *b\n"),
              "1:4: unresolved_reference: no anchor &b stands before this alias");
    CHECK_STR(yaml_fault("[*b, &b 1]"),
              "1:2: unresolved_reference: no anchor &b stands before this alias");
    yaml_fault("- &web 1\n- *wep\n");
    CHECK_STR(faults_.items[0].suggestion, "web");
}

static void an_alias_inside_of_what_it_names(void)
{
    CHECK_STR(yaml_fault("&a [1, *a]"),
              "1:8: reference_cycle: the alias *a stands inside of what it names");
    CHECK_STR(yaml_fault("&a {b: {c: *a}}"),
              "1:12: reference_cycle: the alias *a stands inside of what it names");
}

static void merge_keys_add_what_is_not_there(void)
{
    CHECK_JSON(yaml("- &a {x: 1, y: 2}\n- <<: *a\n  x: 9\n"),
               "[{\"x\":1,\"y\":2},{\"x\":9,\"y\":2}]");
    CHECK_JSON(yaml("- &a {x: 1}\n- &b {x: 2, y: 3}\n- {<<: [*a, *b], z: 4}\n"),
               "[{\"x\":1},{\"x\":2,\"y\":3},{\"z\":4,\"x\":1,\"y\":3}]");
    CHECK_JSON(yaml("- &a {x: 1}\n- &b {<<: *a, y: 2}\n- {<<: *b}\n"),
               "[{\"x\":1},{\"y\":2,\"x\":1},{\"y\":2,\"x\":1}]");
    CHECK_JSON(yaml("{<<: {x: 1}}"), "{\"x\":1}");
    CHECK_JSON(yaml("{'<<': 1}"), "{\"\\u003c\\u003c\":1}");
}

static void a_merge_key_takes_maps_only(void)
{
    CHECK_STR(yaml_fault("<<: 1\n"),
              "1:5: type_mismatch: '<<' takes a map or a list of maps, not a whole number");
    CHECK_STR(yaml_fault("{<<: [{a: 1}, b]}"),
              "1:15: type_mismatch: '<<' takes a map or a list of maps, not a string");
    CHECK_STR(yaml_fault("<<: {a: 1}\n<<: {b: 1}\n"),
              "2:1: duplicate_name: '<<' stands here twice: one with a list merges several maps");
}

static void a_key_stands_once(void)
{
    CHECK_STR(yaml_fault("a: 1\nb: 2\na: 3\n"),
              "3:1: duplicate_name: 'a' stands here twice: first at line 1");
    const struct value *v = read_yaml(SLICE("{a: 1, 'a': {b: 2}, c: 3}"), NULL);
    CHECK_INT(faults_.count, 1);
    CHECK_JSON(v, "{\"a\":1,\"c\":3}");
}

static void a_key_is_a_scalar_taken_as_its_text(void)
{
    CHECK_JSON(yaml("1: a\nnull: b\n0x10: c\n? true\n: d\n"),
               "{\"1\":\"a\",\"null\":\"b\",\"0x10\":\"c\",\"true\":\"d\"}");
    CHECK_STR(yaml_fault("? [a, b]\n: c\n"),
              "1:3: type_mismatch: a key is a single word or string, not a list");
    const struct value *v = read_yaml(SLICE("? {a: 1}\n: {b: 2}\nc: 3\n"), NULL);
    CHECK_INT(faults_.count, 1);
    CHECK_JSON(v, "{\"c\":3}");
}

static void tags_of_the_core_schema_are_obeyed(void)
{
    CHECK_JSON(yaml("[!!str 1, !!int '7', !!float 2, !!bool 'true', !!null '', !!str ]"),
               "[\"1\",7,2,true,null,\"\"]");
    CHECK_INT(yaml("!!float 2")->type, VALUE_FLOAT);
    CHECK_JSON(yaml("- !!seq [a]\n- !!map {b: c}\n"), "[[\"a\"],{\"b\":\"c\"}]");
    CHECK_JSON(yaml("!<tag:yaml.org,2002:int> '5'"), "5");
}

static void a_value_that_is_not_what_its_tag_says(void)
{
    CHECK_STR(yaml_fault("!!int x"), "1:1: type_mismatch: 'x' is not what its tag !!int says");
    CHECK_STR(yaml_fault("!!bool yes"),
              "1:1: type_mismatch: 'yes' is not what its tag !!bool says");
    CHECK_STR(yaml_fault("!!seq x"), "1:1: type_mismatch: 'x' is not what its tag !!seq says");
    CHECK_STR(yaml_fault("!!map [x]"),
              "1:1: type_mismatch: this is a list, not what its tag !!map says");
}

static void other_tags_are_passed_over(void)
{
    CHECK_JSON(yaml("[! 1, !mine 2, !!binary aGk=, !<x:y> {a: 1}]"),
               "[\"1\",\"2\",\"aGk=\",{\"a\":1}]");
}

static void quotes_make_strings(void)
{
    CHECK_JSON(yaml("['1', \"true\", '~', \"\", 'it''s', \"\\x41\\u00e9\\n\\/\"]"),
               "[\"1\",\"true\",\"~\",\"\",\"it's\",\"A\xc3\xa9\\n/\"]");
}

static void text_without_changes_is_the_sources_own(void)
{
    const struct value *v = yaml("[plain, 'quoted']");
    CHECK(v->first->text.data == source_->text.data + 1);
    CHECK(v->last->text.data == source_->text.data + 9);
}

int main(void)
{
    TAP_RUN(aliases_are_copies);
    TAP_RUN(an_alias_may_be_a_key);
    TAP_RUN(a_name_may_be_given_again);
    TAP_RUN(an_alias_without_an_anchor);
    TAP_RUN(an_alias_inside_of_what_it_names);
    TAP_RUN(merge_keys_add_what_is_not_there);
    TAP_RUN(a_merge_key_takes_maps_only);
    TAP_RUN(a_key_stands_once);
    TAP_RUN(a_key_is_a_scalar_taken_as_its_text);
    TAP_RUN(tags_of_the_core_schema_are_obeyed);
    TAP_RUN(a_value_that_is_not_what_its_tag_says);
    TAP_RUN(other_tags_are_passed_over);
    TAP_RUN(quotes_make_strings);
    TAP_RUN(text_without_changes_is_the_sources_own);
    value_tests_done();
    return tap_done();
}
