#include "wire/yaml_plain.h"

#include "tests/wire/yaml_tests.h"

static void names_addresses_and_flags_need_no_quotes(void)
{
    static const char *const plain[] = {"a",
                                        "db-port",
                                        "127.0.0.1:5432",
                                        "http://x/y?z#w",
                                        "30s",
                                        "--flag",
                                        "-x",
                                        "1.2.3",
                                        "~/x",
                                        "a, b [c]",
                                        "cpu > 0.9",
                                        "caf\xc3\xa9",
                                        "\xf0\x9f\x98\x80",
                                        "nope",
                                        "10m",
                                        "it's",
                                        "..a",
                                        "e3",
                                        "v1",
                                        "0x",
                                        "12h30m"};
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        const struct value *v = yaml(plain[i]);
        CHECK(yaml_is_plain(slice_from(plain[i])));
        CHECK(v->type == VALUE_STRING && slice_eq_cstr(v->text, plain[i]));
    }
}

static void words_and_numbers_of_any_reader_need_them(void)
{
    static const char *const others[] = {"",
                                         "~",
                                         "null",
                                         "Null",
                                         "TRUE",
                                         "no",
                                         "Yes",
                                         "on",
                                         "OFF",
                                         "y",
                                         "N",
                                         "=",
                                         "<<",
                                         "1",
                                         "-1",
                                         "+1.5",
                                         "1_000",
                                         "0x1f",
                                         "0b1",
                                         "0o7",
                                         ".5",
                                         "1.",
                                         "1e3",
                                         "1E-3",
                                         "12:30:45",
                                         "1:30.5",
                                         ".inf",
                                         ".NaN",
                                         "007",
                                         "2001-12-14",
                                         "2001-1-1T0:0:0"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        CHECK(!yaml_is_plain(slice_from(others[i])));
}

static void signs_of_yaml_need_them(void)
{
    static const char *const signs[] = {
        "- a",  "-",    "--",   "---",  "--- a",        "...",         "? a", ":a", "a:",
        "a: b", "a #b", "#a",   "&a",   "*a",           "!a",          "|",   ">",  "'a",
        "\"a",  "%a",   "@a",   "`a",   "[a]",          "{a}",         ",a",  " a", "a ",
        "a\tb", "a\nb", "\x7f", "\xff", "\xe2\x80\xa8", "\xef\xbb\xbf"};
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
        CHECK(!yaml_is_plain(slice_from(signs[i])));
    CHECK(!yaml_is_plain((struct slice){"a\0b", 3}));
}

int main(void)
{
    TAP_RUN(names_addresses_and_flags_need_no_quotes);
    TAP_RUN(words_and_numbers_of_any_reader_need_them);
    TAP_RUN(signs_of_yaml_need_them);
    value_tests_done();
    return tap_done();
}
