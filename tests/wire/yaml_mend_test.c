#include "wire/yaml_mend.h"

#include "tests/wire/yaml_tests.h"

/* What libyaml gets for a document. */
static const char *mended(const char *text)
{
    struct yaml_text t;
    struct slice source = slice_from(text);
    arena_reset(&arena_);
    yaml_text_init(&t, source, 0, source.size, 1000, &arena_);
    CHECK(yaml_mend(&t, source, 0, source.size));
    CHECK(yaml_text_apply(&t, source, source.size));
    return arena_strdup(&arena_, t.text);
}

static void tabs_that_separate_become_spaces(void)
{
    CHECK_STR(mended("-\tx\n"), "- x\n");
    CHECK_STR(mended("a:\n \tb\n"), "a:\n  b\n");
    CHECK_STR(mended("\t{a: 1}"), " {a: 1}");
    CHECK_STR(mended("a: 1\n\t\nb: 2\n \t# c\n"), "a: 1\n \nb: 2\n  # c\n");
    CHECK_STR(mended("a: b\n\t\n  c\n"), "a: b\n \n  c\n");
}

static void tabs_that_indent_stay(void)
{
    CHECK_STR(mended("a:\n\tb: 1\n"), "a:\n\tb: 1\n");
    CHECK_STR(mended("-\t- x\n"), "-\t- x\n");
    CHECK_STR(yaml_fault("a:\n\tb: 1\n"), "2:1: syntax: a tab cannot indent: use spaces");
}

static void tabs_in_texts_are_not_touched(void)
{
    static const char *const texts[] = {"a: b\tc\n", "a: 'b\n  \tc'\n", "a: |\n  b\tc\n", "# \tx\n",
                                        "[a\t,\tb]"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        CHECK_STR(mended(texts[i]), texts[i]);
}

static void text_that_begins_with_a_tab_gets_its_indentation(void)
{
    CHECK_STR(mended("a: |\n  \tb\n"), "a: |2\n  \tb\n");
    CHECK_STR(mended("- - >-\n   \tb\n"), "- - >1-\n   \tb\n");
    CHECK_JSON(yaml("a: |\n \tb\n"), "{\"a\":\"\\tb\\n\"}");
}

static void text_at_the_margin_is_moved_in(void)
{
    CHECK_STR(mended("--- |\n%a\n\nb\n"), "--- |\n %a\n\n b\n");
    CHECK_JSON(yaml("--- >\none\n# two\n"), "\"one # two\\n\"");
}

static void names_get_plain_letters(void)
{
    CHECK_STR(mended("- &a:b c\n- *a:b\n"), "- &x c\n- *x\n");
    CHECK_JSON(yaml("- &a:b c\n- &\xc3\xa9 d\n- [*a:b, *\xc3\xa9]\n"),
               "[\"c\",\"d\",[\"c\",\"d\"]]");
    CHECK_STR(mended("a & b * c: '&d:e'\n"), "a & b * c: '&d:e'\n");
}

static void keys_over_several_lines_are_marked(void)
{
    CHECK_STR(mended("{\"a\"\n:b}"), "{? \"a\"\n:b}");
    CHECK_STR(mended("{x: 1, a\n b: c}"), "{x: 1, ? a\n b: c}");
    CHECK_STR(mended("{? a\n: b}"), "{? a\n: b}");
    CHECK_JSON(yaml("{\"a\" # why\n  :b, c\n  d : 2}"), "{\"a\":\"b\",\"c d\":2}");
}

static void words_that_begin_with_a_sign_are_quoted(void)
{
    CHECK_STR(mended("[:a, ?b's]"), "[':a', '?b''s']");
    CHECK_JSON(yaml("{a: :x, ?y: z, \"b\":c}"), "{\"a\":\":x\",\"?y\":\"z\",\"b\":\"c\"}");
    CHECK_STR(mended("{a:, b: 1}"), "{a: , b: 1}");
    CHECK_STR(mended("- :a\n- ?b\n"), "- :a\n- ?b\n");
}

static void a_last_line_of_spaces_has_an_end(void)
{
    CHECK_JSON(yaml("- |+\n  a\n   "), "[\"a\\n \\n\"]");
}

static void most_documents_need_nothing(void)
{
    static const char plain[] = "a: &b [1, *b]\nc: what? & *\n? d\n: e\n";
    CHECK(!yaml_mend_is_due(slice_from(plain), 0, strlen(plain)));
    CHECK(yaml_mend_is_due(SLICE("a: &b:c d\n"), 0, 10));
    CHECK(yaml_mend_is_due(SLICE("[?a]"), 0, 4));
    CHECK_STR(mended(plain), plain);
}

int main(void)
{
    TAP_RUN(tabs_that_separate_become_spaces);
    TAP_RUN(tabs_that_indent_stay);
    TAP_RUN(tabs_in_texts_are_not_touched);
    TAP_RUN(text_that_begins_with_a_tab_gets_its_indentation);
    TAP_RUN(text_at_the_margin_is_moved_in);
    TAP_RUN(names_get_plain_letters);
    TAP_RUN(keys_over_several_lines_are_marked);
    TAP_RUN(words_that_begin_with_a_sign_are_quoted);
    TAP_RUN(a_last_line_of_spaces_has_an_end);
    TAP_RUN(most_documents_need_nothing);
    value_tests_done();
    return tap_done();
}
