#include "lang/golib_strings.h"

#include <errno.h>

#include "tests/lang/lang_check.h"

static int64_t found(const char *full, const char *s, const char *what)
{
    union golib_value args[] = {{.text = slice_from(s)}, {.text = slice_from(what)}};
    union golib_value ret = {0};
    CHECK_INT(call(full, args, &ret), 0);
    return ret.integer;
}

static bool holds(const char *full, const char *s, const char *what)
{
    union golib_value args[] = {{.text = slice_from(s)}, {.text = slice_from(what)}};
    union golib_value ret[GOLIB_RESULTS_MAX] = {0};
    CHECK_INT(call(full, args, ret), 0);
    return ret[0].boolean;
}

static void searching(void)
{
    CHECK_INT(found("strings.Index", "chicken", "ken"), 4);
    CHECK_INT(found("strings.Index", "chicken", ""), 0);
    CHECK_INT(found("strings.LastIndex", "go gopher", "go"), 3);
    CHECK_INT(found("strings.LastIndex", "abc", ""), 3);
    CHECK_INT(found("strings.LastIndex", "a", "abc"), -1);
    CHECK_INT(found("strings.IndexAny", "golang", "gy"), 0);
    CHECK_INT(found("strings.LastIndexAny", "golang", "go"), 5);
    CHECK_INT(found("strings.Count", "cheese", "e"), 3);
    CHECK_INT(found("strings.Count", "é1", ""), 3);
    CHECK_INT(found("strings.Compare", "a", "b"), -1);
    CHECK_INT(golib_index_rune(SLICE("a\xff"), 0xfffd), 1);
    CHECK_INT(golib_index_rune(SLICE("a"), 0xd800), -1);
}

static void asking(void)
{
    CHECK(holds("strings.Contains", "seafood", "foo") && holds("strings.Contains", "", ""));
    CHECK(holds("strings.ContainsAny", "failure", "ui") && !holds("strings.ContainsAny", "a", ""));
    CHECK(holds("strings.HasPrefix", "Gopher", "Go") && holds("strings.HasSuffix", "Amigo", "go"));
    CHECK(holds("strings.EqualFold", "Straße", "sTRAßE") && !holds("strings.EqualFold", "ß", "ss"));
    CHECK(holds("strings.EqualFold", "K", "\xe2\x84\xaa"));
}

static void trimming(void)
{
    CHECK_SLICE(text_of("strings.TrimSpace", " \t a b \xe3\x80\x80\n", "", ""), "a b");
    CHECK_SLICE(text_of("strings.Trim", "xxhixx", "x", ""), "hi");
    CHECK_SLICE(text_of("strings.TrimLeft", "xxhixx", "x", ""), "hixx");
    CHECK_SLICE(text_of("strings.TrimRight", "éhié", "é", ""), "éhi");
    CHECK_SLICE(text_of("strings.TrimPrefix", "prefix-a", "prefix-", ""), "a");
    CHECK_SLICE(text_of("strings.TrimSuffix", "a.go", ".go", ""), "a");
}

static void cutting(void)
{
    union golib_value args[] = {{.text = SLICE("key=a=b")}, {.text = SLICE("=")}}, ret[3];
    CHECK_INT(call("strings.Cut", args, ret), 0);
    CHECK_SLICE(ret[0].text, "key");
    CHECK_SLICE(ret[1].text, "a=b");
    CHECK(ret[2].boolean);
    args[1].text = SLICE("?");
    CHECK_INT(call("strings.Cut", args, ret), 0);
    CHECK_SLICE(ret[0].text, "key=a=b");
    CHECK(ret[1].text.size == 0 && !ret[2].boolean);
}

static void replacing(void)
{
    CHECK_SLICE(text_of("strings.ReplaceAll", "oink oink", "k", "ky"), "oinky oinky");
    CHECK_SLICE(text_of("strings.ReplaceAll", "ab", "", "-"), "-a-b-");
    CHECK_SLICE(text_of("strings.ReplaceAll", "aaa", "aa", ""), "a");
    union golib_value args[] = {
        {.text = SLICE("aaa")}, {.text = SLICE("a")}, {.text = SLICE("b")}, {.integer = 2}};
    union golib_value ret;
    CHECK_INT(call("strings.Replace", args, &ret), 0);
    CHECK_SLICE(ret.text, "bba");
}

static void cases(void)
{
    CHECK_SLICE(text_of("strings.ToUpper", "héß", "", ""), "HÉß");
    CHECK_SLICE(text_of("strings.ToLower", "HÉİ", "", ""), "héi");
    CHECK_SLICE(text_of("strings.ToTitle", "\xc7\x86", "", ""), "\xc7\x85");
    CHECK_SLICE(text_of("strings.ToUpper", "a\xff", "", ""), "A\xEF\xBF\xBD");
    CHECK_SLICE(text_of("strings.ToValidUTF8",
                        "a\xff\xfe"
                        "b",
                        "?", ""),
                "a?b");
}

static void joining_and_repeating(void)
{
    const struct slice items[] = {SLICE("a"), SLICE(""), SLICE("b")};
    union golib_value args[] = {{.strings = {.items = items, .count = 3}}, {.text = SLICE(", ")}};
    union golib_value ret;
    CHECK_INT(call("strings.Join", args, &ret), 0);
    CHECK_SLICE(ret.text, "a, , b");
    union golib_value twice[] = {{.text = SLICE("ab")}, {.integer = 2}};
    CHECK_INT(call("strings.Repeat", twice, &ret), 0);
    CHECK_SLICE(ret.text, "abab");
}

static void repeating_has_its_limits(void)
{
    union golib_value args[] = {{.text = SLICE("ab")}, {.integer = -1}}, ret = {.integer = 8};
    CHECK_INT(call("strings.Repeat", args, &ret), -ECANCELED);
    CHECK_STR(test_call.panic, "strings: negative Repeat count");
    args[1].integer = INT64_MAX;
    CHECK_INT(call("strings.Repeat", args, &ret), -ECANCELED);
    args[1].integer = GOLIB_RESULT_BYTES_MAX;
    CHECK_INT(call("strings.Repeat", args, &ret), -EMSGSIZE);
    CHECK_INT(ret.integer, 8);
    test_call.result_bytes_max = 3;
    CHECK_SLICE(text_of("strings.ReplaceAll", "aa", "a", "bb"), "(failed)");
    CHECK_SLICE(text_of("strings.ToUpper", "abcd", "", ""), "(failed)");
    test_call.result_bytes_max = 0;
}

int main(void)
{
    TAP_RUN(searching);
    TAP_RUN(asking);
    TAP_RUN(trimming);
    TAP_RUN(cutting);
    TAP_RUN(replacing);
    TAP_RUN(cases);
    TAP_RUN(joining_and_repeating);
    TAP_RUN(repeating_has_its_limits);
    return LANG_DONE();
}
