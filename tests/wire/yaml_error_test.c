#include "tests/wire/yaml_tests.h"

static void each_has_words_that_say_what_to_do(void)
{
    static const struct {
        const char *text, *fault;
    } cases[] = {
        {"a: 'x\nb: 1\n", "1:4: syntax: this string has no closing quote"},
        {"a: \"\\q\"\n", "1:5: syntax: this escape is not one of YAML's"},
        {"a: \"\\u12\"\n", "1:7: syntax: this escape needs hexadecimal digits"},
        {"a: 1\n  b: 2\n",
         "2:4: syntax: a ':' with a space cannot stand here: quote the string, or "
         "begin the map on its own line"},
        {"a:\n  b: 1\n c: 2\n",
         "3:2: syntax: expected a key of the map that began at line 1, indented as that is"},
        {"- a\nb: 1\n",
         "2:1: syntax: expected '- ' for an element of the list that began at line 1, "
         "indented as that is"},
        {"a: {b: 1\nc: 2\n", "2:2: syntax: expected ',' or '}' in the map that began at line 1"},
        {"a: [1\nb: 2\n", "2:2: syntax: expected ',' or ']' in the list that began at line 1"},
        {"a: 1\nb\nc: 2\n", "2:1: syntax: expected ': ' behind this key"},
        {"a: @b\n", "1:4: syntax: '@' cannot begin a plain string: quote it"},
        {"a: `b\n", "1:4: syntax: '`' cannot begin a plain string: quote it"},
        {"a:\n\t- b\n", "2:1: syntax: a tab cannot indent: use spaces"},
        {"a: - b\n", "1:4: syntax: a list cannot begin here: put its '- ' on a line of its own"},
        {"a: |0\n", "1:5: syntax: an indentation is a digit from 1 to 9"},
        {"a: | b\n",
         "1:6: syntax: nothing but a comment may stand behind the sign of a block of text"},
        {"a: & b\n", "1:5: syntax: expected a name of letters and digits"},
        {"a: !x!y b\n", "1:4: syntax: no %TAG defines this tag's handle"},
        {"a: [1, 2]]\n",
         "1:10: syntax: expected a key of the map that began at line 1, indented as "
         "that is"},
        {"a: \x01\n", "1:4: syntax: a control character must be escaped in a quoted string"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        CHECK_STR(yaml_fault(cases[i].text), cases[i].fault);
}

int main(void)
{
    TAP_RUN(each_has_words_that_say_what_to_do);
    value_tests_done();
    return tap_done();
}
