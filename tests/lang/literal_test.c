#include "lang/literal.h"

#include <errno.h>

#include "tests/lang/lang_check.h"

static struct literal l;

static int scan(const char *text)
{
    struct slice s = slice_from(text);
    l.fault[0] = 'x';
    if (text[0] == '\'')
        return literal_scan_rune(s, &l);
    if (text[0] == '"' || text[0] == '`')
        return literal_scan_string(s, &l);
    return literal_scan_number(s, &l);
}

static void a_literal_ends_where_no_more_can_belong_to_it(void)
{
    static const struct {
        const char *text;
        size_t size;
        enum literal_kind kind;
    } cases[] = {
        {"12+3", 2, LITERAL_INT},           {"0x1fg", 4, LITERAL_INT},
        {"1.5.2", 3, LITERAL_FLOAT},        {".5x", 2, LITERAL_FLOAT},
        {"1e+5e", 4, LITERAL_FLOAT},        {"089.5 ", 5, LITERAL_FLOAT},
        {"0x1.8p-2)", 8, LITERAL_FLOAT},    {"08i", 3, LITERAL_IMAGINARY},
        {"'a'b", 3, LITERAL_RUNE},          {"'\\''", 4, LITERAL_RUNE},
        {"\"a\\\"b\"c", 6, LITERAL_STRING}, {"`a\\`b", 4, LITERAL_STRING},
        {"`a\nb`", 5, LITERAL_STRING},      {"1_000_", 6, LITERAL_INT},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        scan(cases[i].text);
        CHECK_INT(l.size, cases[i].size);
        CHECK_INT(l.kind, cases[i].kind);
    }
}

static void what_is_wrong_is_said_in_the_compilers_words(void)
{
    static const struct {
        const char *text, *fault;
        size_t at, size;
    } cases[] = {
        {"089", "invalid digit '8' in octal literal", 1, 3},
        {"0b12", "invalid digit '2' in binary literal", 3, 4},
        {"0x", "hexadecimal literal has no digits", 2, 2},
        {"1__0", "'_' must separate successive digits", 2, 4},
        {"1_", "'_' must separate successive digits", 1, 2},
        {"1_.5", "'_' must separate successive digits", 1, 4},
        {"1e", "exponent has no digits", 2, 2},
        {"0x1.8", "hexadecimal mantissa requires a 'p' exponent", 0, 5},
        {"0b1e1", "'e' exponent requires decimal mantissa", 3, 5},
        {"1p1", "'p' exponent requires hexadecimal mantissa", 1, 3},
        {"0o1.5", "invalid radix point in octal literal", 3, 5},
        {"''", "empty rune literal or unescaped '", 0, 2},
        {"'ab'", "more than one character in rune literal", 0, 4},
        {"'\xe1\x89'", "more than one character in rune literal", 0, 4},
        {"'a\n'", "newline in rune literal", 2, 2},
        {"'a", "rune literal not terminated", 0, 2},
        {"'\\q'", "unknown escape", 1, 4},
        {"'\\\"'", "unknown escape", 1, 4},
        {"'\\400'", "octal escape value 256 > 255", 1, 6},
        {"'\\ud800'", "escape is invalid Unicode code point U+D800", 1, 8},
        {"'\\xg1'", "invalid character 'g' in hexadecimal escape", 3, 6},
        {"\"a\nb\"", "newline in string", 2, 2},
        {"\"a", "string not terminated", 0, 2},
        {"`a", "string not terminated", 0, 2},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CHECK_INT(scan(cases[i].text), -EINVAL);
        CHECK_STR(l.fault, cases[i].fault);
        CHECK_INT(l.fault_at, cases[i].at);
        CHECK_INT(l.size, cases[i].size);
    }
}

static void an_endless_number_is_refused(void)
{
    char *digits = arena_alloc(&test_arena, LITERAL_NUMBER_BYTES_MAX + 2);
    memset(digits, '1', LITERAL_NUMBER_BYTES_MAX + 1);
    CHECK_INT(scan(digits), -EINVAL);
    CHECK(strstr(l.fault, "excessively long constant") != NULL);
    digits[LITERAL_NUMBER_BYTES_MAX] = 0;
    CHECK_INT(scan(digits), 0);
    CHECK_STR(l.fault, "");
}

static void runes_are_numbers(void)
{
    int32_t r = -1;
    CHECK(literal_rune(SLICE("'a'"), &r) == 0 && r == 'a');
    CHECK(literal_rune(SLICE("'\\x41'"), &r) == 0 && r == 'A');
    CHECK(literal_rune(SLICE("'\\377'"), &r) == 0 && r == 255);
    CHECK(literal_rune(SLICE("'\\U0001F600'"), &r) == 0 && r == 0x1f600);
    CHECK_INT(literal_rune(SLICE("'ab'"), &r), -EINVAL);
    CHECK_INT(r, 0x1f600);
}

static void strings_spell_bytes(void)
{
    struct slice s;
    CHECK_INT(literal_string(SLICE("\"\\xff\\u00e9\\n\\\"\""), &test_arena, &s), 0);
    CHECK_SLICE(s, "\xff\xc3\xa9\n\"");
    CHECK_INT(literal_string(SLICE("`a\\n\r\nb`"), &test_arena, &s), 0);
    CHECK_SLICE(s, "a\\n\nb");
    CHECK_INT(literal_string(SLICE("`a"), &test_arena, &s), -EINVAL);
    CHECK_INT(literal_string(SLICE("'a'"), &test_arena, &s), -EINVAL);
}

int main(void)
{
    TAP_RUN(a_literal_ends_where_no_more_can_belong_to_it);
    TAP_RUN(what_is_wrong_is_said_in_the_compilers_words);
    TAP_RUN(an_endless_number_is_refused);
    TAP_RUN(runes_are_numbers);
    TAP_RUN(strings_spell_bytes);
    return LANG_DONE();
}
