#include "lang/go_quote.h"

#include <errno.h>

#include "tests/lang/lang_check.h"

static const char *quoted(struct slice s, enum go_quote_kind kind)
{
    buf_clear(&test_text);
    return go_quote_append(&test_text, s, '"', kind) < 0 ? "(failed)" : test_text.data;
}

static const char *quoted_rune(int32_t r, enum go_quote_kind kind)
{
    buf_clear(&test_text);
    return go_quote_rune_append(&test_text, r, kind) < 0 ? "(failed)" : test_text.data;
}

static void what_cannot_be_shown_is_escaped(void)
{
    CHECK_STR(quoted(SLICE("a\"\\\n\x01\x7f"), GO_QUOTE_PRINTABLE), "\"a\\\"\\\\\\n\\x01\\x7f\"");
    CHECK_STR(quoted(SLICE("é\xff\xc2\xa0'"), GO_QUOTE_PRINTABLE), "\"é\\xff\\u00a0'\"");
    CHECK_STR(quoted(SLICE("é😀"), GO_QUOTE_ASCII), "\"\\u00e9\\U0001f600\"");
    CHECK_STR(quoted(SLICE("\xc2\xa0"), GO_QUOTE_GRAPHIC), "\"\xc2\xa0\"");
}

static void runes_stand_in_single_quotes(void)
{
    CHECK_STR(quoted_rune('\'', GO_QUOTE_PRINTABLE), "'\\''");
    CHECK_STR(quoted_rune('"', GO_QUOTE_PRINTABLE), "'\"'");
    CHECK_STR(quoted_rune(0x263a, GO_QUOTE_ASCII), "'\\u263a'");
    CHECK_STR(quoted_rune(-1, GO_QUOTE_PRINTABLE), "'\xEF\xBF\xBD'");
    CHECK_STR(quoted_rune(0xd800, GO_QUOTE_ASCII), "'\\ufffd'");
}

static void a_full_buffer_keeps_what_it_had(void)
{
    struct buf small = BUF(MEM_TEST, 6);
    CHECK_INT(buf_append_cstr(&small, "ab"), 0);
    CHECK_INT(go_quote_append(&small, SLICE("cdefg"), '"', GO_QUOTE_ASCII), -EMSGSIZE);
    CHECK_SLICE(buf_slice(&small), "ab");
    buf_done(&small);
}

static void some_strings_can_stand_in_back_quotes(void)
{
    CHECK(go_can_backquote(SLICE("a\tb\\n")));
    CHECK(!go_can_backquote(SLICE("a`b")) && !go_can_backquote(SLICE("a\nb")));
    CHECK(!go_can_backquote(SLICE("\xff")) && !go_can_backquote(SLICE("\x7f")));
}

static void quotes_are_taken_off(void)
{
    static const char *const right[][2] = {{"\"a\\tb\"", "a\tb"},
                                           {"`a\\t\r`", "a\\t"},
                                           {"'\\x41'", "A"},
                                           {"\"\\377\"", "\xff"},
                                           {"\"\xff\\n\"", "\xEF\xBF\xBD\n"}};
    static const char *const wrong[] = {"",          "\"",      "'ab'",    "\"a",
                                        "\"a\"b\"",  "\"\\q\"", "`a`b`",   "'\\''x",
                                        "\"\\400\"", "\"\n\"",  "\"\\'\"", "abc"};
    struct slice s;
    for (size_t i = 0; i < ARRAY_LEN(right); i++) {
        CHECK_INT(go_unquote(slice_from(right[i][0]), &test_arena, &s), 0);
        CHECK_SLICE(s, right[i][1]);
    }
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        CHECK_INT(go_unquote(slice_from(wrong[i]), &test_arena, &s), -EINVAL);
}

int main(void)
{
    TAP_RUN(what_cannot_be_shown_is_escaped);
    TAP_RUN(runes_stand_in_single_quotes);
    TAP_RUN(a_full_buffer_keeps_what_it_had);
    TAP_RUN(some_strings_can_stand_in_back_quotes);
    TAP_RUN(quotes_are_taken_off);
    return LANG_DONE();
}
