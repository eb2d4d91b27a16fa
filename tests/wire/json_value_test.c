#include "wire/json_value.h"

#include <dirent.h>
#include <errno.h>

#include "tests/wire/value_tests.h"

static struct value *read_json(struct slice text, const struct value_limits *limits)
{
    struct value *v = NULL;
    int told = json_value_read(begin_source(text), limits, &arena_, &faults_, &v);
    CHECK_INT(told, faults_.count);
    CHECK(v != NULL);
    return v;
}

static struct value *json(const char *text)
{
    struct value *v = read_json(slice_from(text), NULL);
    print_faults();
    CHECK_INT(faults_.count, 0);
    return v;
}

static const char *fault_of(const char *text)
{
    read_json(slice_from(text), NULL);
    return fault_at(0);
}

static void each_type_is_known(void)
{
    CHECK_JSON(json(" {\"a\": [null, true, false, 1, -2.5, \"x\\n\"], \"b\": {}, \"c\": []} "),
               "{\"a\":[null,true,false,1,-2.5,\"x\\n\"],\"b\":{},\"c\":[]}");
    CHECK_JSON(json("7"), "7");
    CHECK_JSON(json("\xef\xbb\xbf[]"), "[]");
}

static void numbers_are_whole_large_or_have_a_fraction(void)
{
    CHECK_INT(json("9223372036854775807")->type, VALUE_INT);
    CHECK_INT(json("-9223372036854775808")->integer, INT64_MIN);
    CHECK_INT(json("9223372036854775808")->type, VALUE_NUMBER);
    CHECK_JSON(json("12345678901234567890123"), "12345678901234567890123");
    CHECK_INT(json("1e3")->type, VALUE_FLOAT);
    CHECK_INT(json("1e400")->type, VALUE_NUMBER);
    CHECK_JSON(json("1e400"), "1e400");
}

static void every_value_and_key_knows_its_place(void)
{
    const struct value *v = json("{\n  \"a\": [1,\n    2]}");
    CHECK_STR(place_of(v->at), "1:1");
    CHECK_STR(place_of(v->first->key_at), "2:3");
    CHECK_STR(place_of(v->first->at), "2:8");
    CHECK_STR(place_of(v->first->last->at), "3:5");
}

static void a_member_stands_once(void)
{
    CHECK_STR(fault_of("{\"a\": 1,\n \"a\": 2}"),
              "2:2: duplicate_name: 'a' stands here twice: first at line 1");
}

static void all_faults_are_told_and_what_is_good_is_read(void)
{
    const char *text = "{\n"
                       "  \"a\": 1\n"
                       "  \"b\": True,\n"
                       "  c: 'x',\n"
                       "  \"d\" 2, // why\n"
                       "  \"e\": [1, 2, ],\n"
                       "  \"f\": 012,\n"
                       "  \"g\": \"\\q\",\n"
                       "  \"h\": ,\n"
                       "  \"i\": \"open,\n"
                       "  \"j\": [1 2],\n"
                       "  \"k\": 3\n"
                       "}\n";
    const struct value *v = read_json(slice_from(text), NULL);
    static const char *const want[] = {
        "3:3: syntax: expected ',' or '}' in the map that began at line 1",
        "3:8: syntax: 'True' is no value: a string needs double quotes",
        "4:3: syntax: a member's name needs double quotes: \"c\"",
        "4:6: syntax: a string needs double quotes in JSON",
        "5:7: syntax: expected ':' behind a member's name",
        "5:10: syntax: JSON has no comments",
        "6:13: syntax: JSON has no comma before a ']'",
        "7:8: syntax: '012' is no number of JSON",
        "8:10: syntax: expected one of \" \\ / b f n r t u behind a backslash",
        "9:8: syntax: expected a value",
        "10:8: syntax: this string has no closing quote",
        "11:3: syntax: expected ',' or '}' in the map that began at line 1",
        "11:11: syntax: expected ',' or ']' in the list that began at line 11",
    };
    CHECK_INT(faults_.count, sizeof(want) / sizeof(want[0]));
    for (uint32_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
        CHECK_STR(fault_at(i), want[i]);
    CHECK_STR(faults_.items[1].suggestion, "true");
    CHECK_INT(value_get(v, SLICE("a"))->integer, 1);
    CHECK_INT(value_get(v, SLICE("d"))->integer, 2);
    CHECK_INT(value_get(v, SLICE("e"))->count, 2);
    CHECK_INT(value_get(v, SLICE("h"))->type, VALUE_BAD);
    CHECK_INT(value_get(v, SLICE("k"))->integer, 3);
}

static void what_has_no_end_is_told_once(void)
{
    CHECK_STR(fault_of("{\"a\":\n[1, {\"b\": 2"),
              "2:12: syntax: expected '}': the map that began at line 2 has no end");
    CHECK_INT(faults_.count, 1);
    CHECK_STR(fault_of("[\"a"), "1:2: syntax: this string has no closing quote");
    CHECK_STR(fault_of(""), "1:1: syntax: expected a value, found the end of the text");
    CHECK_INT(faults_.count, 1);
}

static void brackets_that_do_not_fit(void)
{
    CHECK_STR(fault_of("{\"a\": [1}"),
              "1:9: syntax: expected ',' or ']' in the list that began at line 1");
    CHECK_INT(faults_.count, 1);
    CHECK_STR(fault_of("[1]]"), "1:4: syntax: expected the end of the text");
    CHECK_STR(fault_of("[1}"), "1:3: syntax: expected ',' or ']' in the list that began at line 1");
}

static void limits_are_faults_with_their_name(void)
{
    static const struct value_limits small = {
        .text_bytes_max = 40, .line_bytes_max = 10, .depth_max = 3, .count_max = 5};
    static const struct {
        const char *text, *fault;
    } cases[] = {
        {"[1, 2, 3, 4,                              5]",
         "1:1: limit: the text has 44 bytes, more than 40 (text_bytes_max)"},
        {"[\"1234567890\"]", "1:2: limit: this string is longer than 10 bytes (line_bytes_max)"},
        {"[[[[]]]]", "1:4: limit: lists and maps are nested deeper than 3 (depth_max)"},
        {"[1,2,3,4,5]", "1:10: limit: there are more than 5 values (count_max)"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        read_json(slice_from(cases[i].text), &small);
        CHECK_INT(faults_.count, 1);
        CHECK_STR(fault_at(0), cases[i].fault);
    }
}

static void nonsense_of_any_kind_ends(void)
{
    static char text[20000];
    static const char signs[] = "[]{},:\"'a1 \n#/*-\\\x80";
    unsigned seed = 1;
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < sizeof(text); i++) {
            seed = seed * 1103515245 + 12345;
            text[i] = signs[(seed >> 16) % (sizeof(signs) - 1)];
        }
        read_json((struct slice){text, sizeof(text)}, NULL);
        CHECK(faults_.count > 0 && faults_.count <= VALUE_FAULTS_MAX + 1);
    }
}

static void an_arena_that_is_full_is_no_fault_of_the_text(void)
{
    struct arena small = ARENA(MEM_TEST, 500);
    struct value *v = NULL;
    CHECK_INT(json_value_read(begin_source(SLICE("[1]")), NULL, &small, &faults_, &v), -ENOSPC);
    CHECK(!v);
    arena_done(&small);
}

/* The public JSON suite: y_ must be read, n_ refused, i_ may be either. */
enum { SUITE_FILES = 318 };
#define SUITE "../shared/conformance/json"

static int suite_case(const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), SUITE "/%s", name);
    struct slice text = read_file(path);
    if (!text.data)
        return 0;
    read_json(text, NULL);
    /* Members that stand twice are JSON, but no configuration. */
    bool twice = faults_.count == 1 && faults_.items[0].code == CONFIG_FAULT_DUPLICATE_NAME;
    if (name[0] != 'i' && (name[0] == 'y') != (faults_.count == 0 || twice)) {
        printf("# %s: %u faults\n", name, faults_.count);
        print_faults();
        CHECK(false);
    }
    return 1;
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
        if (dot && strcmp(dot, ".json") == 0)
            count += suite_case(e->d_name);
    }
    closedir(d);
    printf("CASES name=json-value run=%d of=%d\n", count, SUITE_FILES);
    CHECK_INT(count, SUITE_FILES);
}

int main(void)
{
    TAP_RUN(each_type_is_known);
    TAP_RUN(numbers_are_whole_large_or_have_a_fraction);
    TAP_RUN(every_value_and_key_knows_its_place);
    TAP_RUN(a_member_stands_once);
    TAP_RUN(all_faults_are_told_and_what_is_good_is_read);
    TAP_RUN(what_has_no_end_is_told_once);
    TAP_RUN(brackets_that_do_not_fit);
    TAP_RUN(limits_are_faults_with_their_name);
    TAP_RUN(nonsense_of_any_kind_ends);
    TAP_RUN(an_arena_that_is_full_is_no_fault_of_the_text);
    TAP_RUN(the_public_suite_agrees);
    value_tests_done();
    return tap_done();
}
