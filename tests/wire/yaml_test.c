#include "wire/yaml.h"

#include <errno.h>

#include "tests/wire/yaml_tests.h"

/* All documents, as a list. */
static struct value *stream(const char *text)
{
    struct value *v = NULL;
    yaml_read_all(begin_source(slice_from(text)), NULL, &arena_, &faults_, &v);
    print_faults();
    CHECK_INT(faults_.count, 0);
    return v;
}

static void maps_lists_and_scalars(void)
{
    CHECK_JSON(yaml("a: 1\nb:\n  - x\n  - {c: true}\n"), "{\"a\":1,\"b\":[\"x\",{\"c\":true}]}");
    CHECK_JSON(yaml("- [1, 2.5]\n- |\n  text\n  more\n- >-\n  one\n  two\n"),
               "[[1,2.5],\"text\\nmore\\n\",\"one two\"]");
    CHECK_JSON(yaml(""), "null");
    CHECK_JSON(yaml("# nothing\n"), "null");
    CHECK_JSON(yaml("\xef\xbb\xbf"
                    "a: 1"),
               "{\"a\":1}");
}

static void every_value_and_key_knows_its_place(void)
{
    const struct value *v =
        yaml("# caf\xc3\xa9\n\"\xc3\xa9\": 1\nb:\n  - \xe2\x82\xac\n  - c: 'x'\n");
    const struct value *b = value_get(v, SLICE("b"));
    CHECK_STR(place_of(v->at), "2:1");
    CHECK_STR(place_of(v->first->key_at), "2:1");
    CHECK_STR(place_of(v->first->at), "2:7");
    CHECK_STR(place_of(b->key_at), "3:1");
    CHECK_STR(place_of(b->first->at), "4:5");
    CHECK_STR(place_of(b->last->first->key_at), "5:5");
    CHECK_STR(place_of(b->last->first->at), "5:8");
}

static void a_stream_has_documents(void)
{
    CHECK_JSON(stream("a: 1\n---\nb\n...\n# between\n--- [c]\n---\n"),
               "[{\"a\":1},\"b\",[\"c\"],null]");
    CHECK_JSON(stream(""), "[]");
    CHECK_JSON(stream("...\n...\n"), "[]");
    CHECK_JSON(stream("x\n...\ny\n"), "[\"x\",\"y\"]");
    CHECK_JSON(stream("--- 'a\n\n  b'\n"), "[\"a\\nb\"]");
}

static void a_configuration_is_one_document(void)
{
    CHECK_STR(yaml_fault("a: 1\n---\nb: 2\n"),
              "3:1: syntax: a configuration is one document: this begins a second one");
}

static void anchors_end_with_their_document(void)
{
    struct value *v = NULL;
    yaml_read_all(begin_source(SLICE("- &a 1\n---\n- *a\n")), NULL, &arena_, &faults_, &v);
    CHECK_STR(fault_at(0), "3:3: unresolved_reference: no anchor &a stands before this alias");
}

static void directives_are_judged_or_passed_over(void)
{
    CHECK_JSON(yaml("%YAML 1.2\n%FUTURE x y\n---\na\n"), "\"a\"");
    CHECK_JSON(yaml("%YAML 1.3 # later\n--- a\n"), "\"a\"");
    CHECK_JSON(yaml("%FUTURE\n%TAG !s! tag:yaml.org,2002:\n%YAML 1.2\n---\n- !s!str 1\n"),
               "[\"1\"]");
    CHECK_STR(yaml_fault("%YAML 2.0\n--- a\n"),
              "1:7: syntax: '2.0' is no version of YAML that is read here: 1.2");
    CHECK_STR(yaml_fault("%YAML 1.2\n%YAML 1.2\n--- a\n"),
              "2:1: syntax: %YAML stands here twice for one document");
    CHECK_STR(yaml_fault("%YAML 1.2\na: 1\n"), "1:1: syntax: expected '---' behind a directive");
    CHECK_STR(yaml_fault("a: 1\n... b\n"),
              "2:4: syntax: nothing but a comment may stand behind '...'");
}

static void faults_of_syntax_are_told_for_each_section(void)
{
    struct value *v = read_yaml(SLICE("assets:\n"
                                      "  - name: [a\n"
                                      "checks:\n"
                                      "  - name: 'b\n"
                                      "log:\n"
                                      "  level: a: b\n"
                                      "store: {x: 1, x: 2}\n"),
                                NULL);
    CHECK_INT(v->type, VALUE_BAD);
    CHECK_INT(faults_.count, 4);
    CHECK_STR(fault_at(0), "3:7: syntax: expected ',' or ']' in the list that began at line 2");
    CHECK_STR(fault_at(1), "4:11: syntax: this string has no closing quote");
    CHECK_STR(fault_at(2), "6:11: syntax: a ':' with a space cannot stand here: quote the string, "
                           "or begin the map on its own line");
    CHECK_STR(fault_at(3), "7:15: duplicate_name: 'x' stands here twice: first at line 7");
}

static void comments_need_a_space(void)
{
    CHECK_STR(yaml_fault("a: 'b'#c\n"), "1:7: syntax: a comment needs a space before its '#'");
    CHECK_STR(yaml_fault("[a,#b\n c]\n"), "1:4: syntax: a comment needs a space before its '#'");
    CHECK_STR(yaml_fault("a: |#b\n  c\n"), "1:5: syntax: a comment needs a space before its '#'");
    CHECK_JSON(yaml("a: b#c # d#e\n"), "{\"a\":\"b#c\"}");
    CHECK_STR(yaml_fault("[-]"), "1:2: syntax: a string of one '-' needs quotes");
}

static void limits_are_faults_with_their_name(void)
{
    static const struct value_limits small = {.text_bytes_max = 40,
                                              .line_bytes_max = 20,
                                              .depth_max = 3,
                                              .count_max = 10,
                                              .expansion_max = 3};
    static const struct {
        const char *text, *fault;
    } cases[] = {
        {"a: 1\nb: 2\nc: 3\nd: 4\ne: 5\nf: 6\ng: 7\nh: 8\ni: 9\n",
         "1:1: limit: the text has 45 bytes, more than 40 (text_bytes_max)"},
        {"a: 1234567890123456789012345\n",
         "1:1: limit: this line is longer than 20 bytes (line_bytes_max)"},
        {"- - - - a\n", "1:7: limit: lists and maps are nested deeper than 3 (depth_max)"},
        {"[1,2,3,4,5,6,7,8,9]\n", "1:18: limit: there are more than 10 values (count_max)"},
        {"- &a [b]\n- *a\n- *a\n", "3:3: limit: aliases make more than 3 values (expansion_max)"},
        {"- &a [[b]]\n- [*a]\n",
         "1:7: limit: lists and maps are nested deeper than 3 by an alias (depth_max)"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        read_yaml(slice_from(cases[i].text), &small);
        CHECK_INT(faults_.count, 1);
        CHECK_STR(fault_at(0), cases[i].fault);
    }
}

/* Ten lists of ten of the one before: ten thousand million values, were they made. */
static void a_billion_laughs_are_a_limit(void)
{
    struct buf text = BUF(MEM_TEST, 0);
    buf_append_cstr(&text, "a0: &a0 lol\n");
    for (int i = 1; i < 10; i++) {
        buf_printf(&text, "a%d: &a%d [", i, i);
        for (int j = 0; j < 10; j++)
            buf_printf(&text, "*a%d,", i - 1);
        buf_append_cstr(&text, "]\n");
    }
    read_yaml(buf_slice(&text), NULL);
    CHECK_STR(fault_at(0), "6:38: limit: aliases make more than 100000 values (expansion_max)");
    buf_done(&text);
}

static void documents_have_a_limit(void)
{
    struct buf text = BUF(MEM_TEST, 0);
    struct value *v = NULL;
    for (int i = 0; i < YAML_DOCUMENTS_MAX + 1; i++)
        buf_append_cstr(&text, "---\n");
    yaml_read_all(begin_source(buf_slice(&text)), NULL, &arena_, &faults_, &v);
    CHECK_INT(v->count, YAML_DOCUMENTS_MAX);
    CHECK_STR(fault_at(0), "10001:1: limit: there are more than 10000 documents (documents_max)");
    buf_done(&text);
}

static void edits_have_a_limit(void)
{
    struct buf text = BUF(MEM_TEST, 0);
    for (int i = 0; i < YAML_EDITS_MAX + 1; i++)
        buf_append_cstr(&text, "-\tx\n");
    read_yaml(buf_slice(&text), NULL);
    CHECK_STR(fault_at(0), "100000:2: limit: more than 100000 places here are not as libyaml wants "
                           "them (edits_max)");
    buf_done(&text);
}

static void many_keys_take_no_quadratic_time(void)
{
    enum { KEYS = 100000 };
    struct buf text = BUF(MEM_TEST, 0);
    for (int i = 0; i < KEYS; i++)
        buf_printf(&text, "k%d: 1\n", i);
    CHECK_INT(read_yaml(buf_slice(&text), NULL)->count, KEYS);
    CHECK_INT(faults_.count, 0);
    buf_done(&text);
}

static void an_arena_that_is_full_is_no_fault_of_the_text(void)
{
    for (size_t bytes = 500; bytes < 30000; bytes += 1000) {
        struct arena small = ARENA(MEM_TEST, bytes);
        struct value *v = NULL;
        const struct source *s = begin_source(SLICE("a: &b [1, x]\nc: {\"d\"\n: *b}\n"));
        int r = yaml_read(s, NULL, &small, &faults_, &v);
        CHECK(r == 0 || r == -ENOSPC);
        CHECK((r == 0) == (v != NULL));
        CHECK_INT(faults_.count, 0);
        arena_done(&small);
    }
}

int main(void)
{
    TAP_RUN(maps_lists_and_scalars);
    TAP_RUN(every_value_and_key_knows_its_place);
    TAP_RUN(a_stream_has_documents);
    TAP_RUN(a_configuration_is_one_document);
    TAP_RUN(anchors_end_with_their_document);
    TAP_RUN(directives_are_judged_or_passed_over);
    TAP_RUN(faults_of_syntax_are_told_for_each_section);
    TAP_RUN(comments_need_a_space);
    TAP_RUN(limits_are_faults_with_their_name);
    TAP_RUN(a_billion_laughs_are_a_limit);
    TAP_RUN(documents_have_a_limit);
    TAP_RUN(edits_have_a_limit);
    TAP_RUN(many_keys_take_no_quadratic_time);
    TAP_RUN(an_arena_that_is_full_is_no_fault_of_the_text);
    value_tests_done();
    return tap_done();
}
