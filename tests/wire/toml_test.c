#include "wire/toml.h"

#include <errno.h>

#include "tests/wire/toml_suite.h"

/* The tree of a text without a fault; with one, what the faults are is printed. */
static struct value *toml(const char *text)
{
    struct value *v = NULL;
    int told = toml_read(begin_source(slice_from(text)), NULL, &arena_, &faults_, &v);
    CHECK_INT(told, 0);
    if (told)
        print_faults();
    return v;
}

/* The first fault of a text that has some. */
static const char *fault_of(const char *text)
{
    struct value *v = NULL;
    int told = toml_read(begin_source(slice_from(text)), NULL, &arena_, &faults_, &v);
    CHECK_INT(told, faults_.count);
    CHECK(told > 0 && v);
    return fault_at(0);
}

static void headers_and_dotted_keys_make_tables(void)
{
    CHECK_JSON(toml("a = 1\nb.c = 2\n[d]\ne = 3\n[d.f.g]\nh = 4\n"),
               "{\"a\":1,\"b\":{\"c\":2},\"d\":{\"e\":3,\"f\":{\"g\":{\"h\":4}}}}");
    CHECK_JSON(toml("\"a b\".'c.d' . e = 1"), "{\"a b\":{\"c.d\":{\"e\":1}}}");
    CHECK_JSON(toml(""), "{}");
}

static void a_header_may_come_before_the_one_above_it(void)
{
    CHECK_JSON(toml("[a.b]\nx = 1\n[a]\ny = 2\n"), "{\"a\":{\"b\":{\"x\":1},\"y\":2}}");
}

static void double_brackets_make_lists_of_tables(void)
{
    CHECK_JSON(toml("[[a]]\nx = 1\n[a.b]\ny = 2\n[[a]]\n[[a.c]]\nz = 3\n"),
               "{\"a\":[{\"x\":1,\"b\":{\"y\":2}},{\"c\":[{\"z\":3}]}]}");
}

static void what_stands_twice_is_told_with_the_first_line(void)
{
    CHECK_STR(fault_of("a = 1\n\na = 2\n"),
              "3:1: duplicate_name: 'a' stands here twice: first at line 1");
    CHECK_STR(fault_of("[t]\n[t]\n"),
              "2:2: duplicate_name: 't' stands here twice: first at line 1");
    CHECK_STR(fault_of("a.b = 1\n[a]\n"),
              "2:2: duplicate_name: 'a' stands here twice: first at line 1");
    CHECK_STR(fault_of("[[a]]\n[a]\n"),
              "2:2: duplicate_name: 'a' is a list of tables since line 1: [[a]] adds one to it");
}

static void what_is_complete_stays_as_it_is(void)
{
    CHECK_STR(fault_of("a = {x = 1}\na.y = 2\n"),
              "2:1: duplicate_name: 'a' is complete since line 1: nothing can be added to it");
    CHECK_STR(fault_of("a = [1]\n[[a]]\n"),
              "2:3: duplicate_name: 'a' stands here since line 1, but not as a list of tables");
    CHECK_STR(fault_of("[a.b]\n[a]\nb.x = 1\n"),
              "3:1: duplicate_name: dotted keys cannot add to 'b', which line 1 defines");
    CHECK_STR(fault_of("a = 1\na.b = 2\n"),
              "2:1: type_mismatch: 'a' is a whole number since line 1, not a table");
}

static void every_value_and_key_knows_its_place(void)
{
    const struct value *v = toml("a = 1\n[b.c]\n  d = [ true,\n 'x' ]\n");
    const struct value *c = value_get(value_get(v, SLICE("b")), SLICE("c"));
    const struct value *d = value_get(c, SLICE("d"));
    CHECK_STR(place_of(v->at), "1:1");
    CHECK_STR(place_of(v->first->key_at), "1:1");
    CHECK_STR(place_of(v->first->at), "1:5");
    CHECK_STR(place_of(c->key_at), "2:4");
    CHECK_STR(place_of(d->key_at), "3:3");
    CHECK_STR(place_of(d->at), "3:7");
    CHECK_STR(place_of(d->first->at), "3:9");
    CHECK_STR(place_of(d->last->at), "4:2");
}

static void all_faults_are_told_and_what_is_good_is_read(void)
{
    struct value *v = NULL;
    const char *text = "a = \n"
                       "b = 1\n"
                       "c : 2\n"
                       "d = [1,\n  2\n  3]\n"
                       "[e\n"
                       "f = 1\n"
                       "[g]\n"
                       "h = yes\n"
                       "i = \"x\n"
                       "j = 2 3\n"
                       "k = 4\n";
    CHECK_INT(toml_read(begin_source(slice_from(text)), NULL, &arena_, &faults_, &v), 7);
    CHECK_STR(fault_at(0), "1:5: syntax: expected a value, found the end of the line");
    CHECK_STR(fault_at(1), "3:3: syntax: expected '=' behind the key 'c'");
    CHECK_STR(faults_.items[1].suggestion, "=");
    CHECK_STR(fault_at(2), "6:3: syntax: expected ',' or ']' in the array that began at line 4");
    CHECK_STR(fault_at(3),
              "7:3: syntax: expected ']' at the end of the header that begins with '[e'");
    CHECK_STR(fault_at(4), "10:5: syntax: 'yes' is no value: a string needs quotes");
    CHECK_STR(fault_at(5), "11:5: syntax: this string has no closing quote");
    CHECK_STR(fault_at(6),
              "12:7: syntax: expected the end of the line behind the value, found '3'");
    CHECK_INT(value_get(v, SLICE("b"))->integer, 1);
    CHECK_INT(value_get(value_get(v, SLICE("g")), SLICE("k"))->integer, 4);
    CHECK_INT(value_get(v, SLICE("a"))->type, VALUE_BAD);
    CHECK(!value_get(v, SLICE("f")));
}

static void a_key_needs_quotes_for_strange_characters(void)
{
    CHECK_STR(fault_of("gr\xc3\xbc\xc3\x9f = 1"), "1:3: syntax: expected '=' behind the key 'gr'");
    CHECK_STR(fault_of("\xc3\xbc = 1"), "1:1: syntax: expected a key, found '\xc3\xbc': a key with "
                                        "such characters needs quotes");
    CHECK_STR(fault_of("[a.]"), "1:4: syntax: expected a key, found ']'");
}

static void bytes_that_are_not_utf8_end_it(void)
{
    CHECK_STR(fault_of("a = 1\nb = '\xff'\n"), "2:6: syntax: byte 0xff is not UTF-8");
}

static void limits_are_faults_with_their_name(void)
{
    const struct toml_options small = {
        .limits = {.text_bytes_max = 30, .line_bytes_max = 10, .depth_max = 3, .count_max = 4}};
    static const struct {
        const char *text, *fault;
    } cases[] = {
        {"a = 1\nb = 2\nc = 3\nd = 4\ne = 5\nf = 6\n",
         "1:1: limit: the text has 36 bytes, more than 30 (text_bytes_max)"},
        {"a = 1\nb = 1000000\n", "2:1: limit: this line is longer than 10 bytes (line_bytes_max)"},
        {"a=[[[]]]\n", "1:5: limit: tables and arrays are nested deeper than 3 (depth_max)"},
        {"[a.b]\n[a.c]\n", NULL},
        {"[a.b]\nd=[]\n", "2:3: limit: tables and arrays are nested deeper than 3 (depth_max)"},
        {"a.b.c.d=1\n", "1:7: limit: a key has more than 3 parts (depth_max)"},
        {"a=[1,2,3]\n", "1:8: limit: there are more than 4 values (count_max)"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct value *v = NULL;
        int told =
            toml_read(begin_source(slice_from(cases[i].text)), &small, &arena_, &faults_, &v);
        CHECK(v != NULL);
        CHECK_INT(told, cases[i].fault != NULL);
        if (cases[i].fault)
            CHECK_STR(fault_at(0), cases[i].fault);
        else
            print_faults();
    }
}

static void a_hundred_faults_are_enough(void)
{
    static char text[VALUE_FAULTS_MAX * 2 * 2];
    struct value *v = NULL;
    memset(text, '=', sizeof(text));
    for (size_t i = 1; i < sizeof(text); i += 2)
        text[i] = '\n';
    CHECK_INT(
        toml_read(begin_source((struct slice){text, sizeof(text)}), NULL, &arena_, &faults_, &v),
        VALUE_FAULTS_MAX + 1);
    CHECK_STR(fault_at(VALUE_FAULTS_MAX),
              "101:1: limit: there are more than 100 faults: the rest is not read");
}

static void an_arena_that_is_full_is_no_fault_of_the_text(void)
{
    struct arena small = ARENA(MEM_TEST, 1000);
    struct value *v = NULL;
    const struct source *s = begin_source(SLICE("a = 1"));
    CHECK_INT(toml_read(s, NULL, &small, &faults_, &v), -ENOSPC);
    CHECK(v == NULL);
    arena_done(&small);
}

/* Keys and headers without end: what a table of members is for. */
static void many_keys_take_no_quadratic_time(void)
{
    enum { KEYS = 100000 };
    struct buf text = BUF(MEM_TEST, 0);
    struct value *v = NULL;
    for (int i = 0; i < KEYS; i++)
        buf_printf(&text, i % 2 ? "[t%d]\n" : "k%d.x = 1\n", i);
    CHECK_INT(toml_read(begin_source(buf_slice(&text)), NULL, &arena_, &faults_, &v), 0);
    CHECK_INT(v->count, KEYS / 2 + 1);
    buf_done(&text);
}

/* ---- the public suite ---- */

enum { CASES_1_0 = 709, CASES_1_1 = 712 };
static enum toml_version suite_version;

static bool suite_case(const char *name, const char *path)
{
    bool valid = strncmp(name, "valid/", 6) == 0, good;
    struct value *v = NULL;
    struct slice text = read_file(path);
    const struct toml_options o = {.version = suite_version};
    if (!text.data)
        return false;
    char *copy = mem_strdup(MEM_TEST, text);
    int told = toml_read(begin_source((struct slice){copy, text.size}), &o, &arena_, &faults_, &v);
    good = valid ? told == 0 : told > 0;
    if (valid && good) {
        char json_path[512];
        struct json_value *want = NULL;
        snprintf(json_path, sizeof(json_path), "%.*s.json", (int)strlen(path) - 5, path);
        good =
            json_parse(read_file(json_path), &arena_, 0, &want, NULL) == 0 && same_tagged(v, want);
    }
    if (!good) {
        printf("# %s: %d faults\n", name, told);
        print_faults();
        CHECK(false);
    }
    mem_free(MEM_TEST, copy);
    return true;
}

static void suite(const char *list, const char *name, enum toml_version version, int of)
{
    suite_version = version;
    int run = suite_each(list, suite_case);
    if (run < 0) {
        TAP_SKIP("there is no " SUITE);
        return;
    }
    printf("CASES name=%s run=%d of=%d\n", name, run, of);
    CHECK_INT(run, of);
}

static void the_public_suite_of_1_0_agrees(void)
{
    suite("1.0.0", "toml-1.0", TOML_1_0, CASES_1_0);
}

static void the_public_suite_of_1_1_agrees(void)
{
    suite("1.1.0", "toml-1.1", TOML_1_1, CASES_1_1);
}

int main(void)
{
    TAP_RUN(headers_and_dotted_keys_make_tables);
    TAP_RUN(a_header_may_come_before_the_one_above_it);
    TAP_RUN(double_brackets_make_lists_of_tables);
    TAP_RUN(what_stands_twice_is_told_with_the_first_line);
    TAP_RUN(what_is_complete_stays_as_it_is);
    TAP_RUN(every_value_and_key_knows_its_place);
    TAP_RUN(all_faults_are_told_and_what_is_good_is_read);
    TAP_RUN(a_key_needs_quotes_for_strange_characters);
    TAP_RUN(bytes_that_are_not_utf8_end_it);
    TAP_RUN(limits_are_faults_with_their_name);
    TAP_RUN(a_hundred_faults_are_enough);
    TAP_RUN(an_arena_that_is_full_is_no_fault_of_the_text);
    TAP_RUN(many_keys_take_no_quadratic_time);
    TAP_RUN(the_public_suite_of_1_0_agrees);
    TAP_RUN(the_public_suite_of_1_1_agrees);
    value_tests_done();
    return tap_done();
}
