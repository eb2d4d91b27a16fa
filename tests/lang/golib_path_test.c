#include "tests/lang/lang_check.h"

static void cleaning(void)
{
    static const char *const cases[][2] = {{"", "."},         {"a//b/./c/..", "a/b"},
                                           {"/../a", "/a"},   {"../../a", "../../a"},
                                           {"a/..", "."},     {"/", "/"},
                                           {"./", "."},       {"a/../../b", "../b"},
                                           {"/a/../..", "/"}, {"...", "..."}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        CHECK_SLICE(text_of("path.Clean", cases[i][0], "", ""), cases[i][1]);
}

static void joining(void)
{
    const struct slice items[] = {SLICE(""), SLICE("a"), SLICE("../b"), SLICE("")};
    union golib_value arg = {.strings = {.items = items, .count = 4}}, ret;
    CHECK_INT(call("path.Join", &arg, &ret), 0);
    CHECK_SLICE(ret.text, "b");
    arg.strings.count = 1;
    CHECK_INT(call("path.Join", &arg, &ret), 0);
    CHECK_INT(ret.text.size, 0);
}

static void taking_apart(void)
{
    CHECK_SLICE(text_of("path.Base", "/a/b.c//", "", ""), "b.c");
    CHECK_SLICE(text_of("path.Base", "", "", ""), ".");
    CHECK_SLICE(text_of("path.Base", "//", "", ""), "/");
    CHECK_SLICE(text_of("path.Dir", "/a/b/", "", ""), "/a/b");
    CHECK_SLICE(text_of("path.Dir", "a", "", ""), ".");
    CHECK_SLICE(text_of("path.Ext", "/a.d/x.tar.gz", "", ""), ".gz");
    CHECK_SLICE(text_of("path.Ext", "/a.d/x", "", ""), "");
}

static bool matches(const char *pattern, const char *s, bool *ret_bad)
{
    union golib_value args[] = {{.text = slice_from(pattern)}, {.text = slice_from(s)}}, ret[2];
    CHECK_INT(call("path.Match", args, ret), 0);
    *ret_bad = ret[1].error != NULL;
    return ret[0].boolean;
}

static void patterns(void)
{
    static const struct {
        const char *pattern, *s;
        bool hit, bad;
    } cases[] = {
        {"a*c", "abbc", true, false},  {"a*c", "ab/c", false, false},
        {"*", "", true, false},        {"?", "é", true, false},
        {"[a-c]", "b", true, false},   {"[^a-c]", "b", false, false},
        {"\\*", "*", true, false},     {"[", "a", false, true},
        {"[]a]", "]", false, true},    {"a[", "b", false, true},
        {"a\\", "a", false, true},     {"[x-]", "x", false, true},
        {"*.go", "a.go", true, false}, {"a*b*c", "axbyc", true, false},
        {"", "a", false, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        bool bad;
        CHECK_INT(matches(cases[i].pattern, cases[i].s, &bad), cases[i].hit);
        CHECK_INT(bad, cases[i].bad);
    }
}

int main(void)
{
    TAP_RUN(cleaning);
    TAP_RUN(joining);
    TAP_RUN(taking_apart);
    TAP_RUN(patterns);
    return LANG_DONE();
}
