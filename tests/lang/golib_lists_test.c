#include <errno.h>

#include "tests/lang/lang_check.h"

static const char *list(const char *full, const char *s, const char *sep, int64_t n)
{
    union golib_value args[] = {{.text = slice_from(s)}, {.text = slice_from(sep)}, {.integer = n}};
    union golib_value ret;
    int r = call(full, args, &ret);
    buf_clear(&test_text);
    if (r < 0)
        return "(failed)";
    if (ret.strings.is_nil)
        return "nil";
    buf_append_cstr(&test_text, "[");
    for (size_t i = 0; i < ret.strings.count; i++) {
        buf_append_cstr(&test_text, i ? "|" : "");
        buf_append_slice(&test_text, ret.strings.items[i]);
    }
    buf_append_cstr(&test_text, "]");
    return test_text.data;
}

static void splitting(void)
{
    CHECK_STR(list("strings.Split", "a,b,", ",", 0), "[a|b|]");
    CHECK_STR(list("strings.Split", "", ",", 0), "[]");
    CHECK_STR(list("strings.Split", "aé\xff", "", 0), "[a|é|\xff]");
    CHECK_STR(list("strings.SplitN", "a,b,c", ",", 2), "[a|b,c]");
    CHECK_STR(list("strings.SplitN", "a,b,c", ",", 0), "nil");
    CHECK_STR(list("strings.SplitAfter", "a,b", ",", 0), "[a,|b]");
    CHECK_STR(list("strings.SplitAfterN", "a,b,c", ",", 2), "[a,|b,c]");
    CHECK_STR(list("strings.SplitN", "abc", "", 2), "[a|bc]");
}

static void fields_are_what_spaces_leave(void)
{
    CHECK_STR(list("strings.Fields",
                   "  a\t\xe3\x80\x80"
                   "b c\n",
                   "", 0),
              "[a|b|c]");
    CHECK_STR(list("strings.Fields", " \n", "", 0), "[]");
}

static int is_vowel(void *context, int32_t r, int32_t *ret)
{
    ++*(int *)context;
    *ret = r == 'a' || r == 'e';
    return 0;
}

static int fails(void *context, int32_t r, int32_t *ret)
{
    (void)context;
    (void)r;
    (void)ret;
    return -EIO;
}

static void a_func_is_asked_once_about_each_character(void)
{
    int asked = 0;
    union golib_value args[] = {{.text = SLICE("xxayezz")}, {.func = {is_vowel, &asked}}}, ret;
    CHECK_INT(call("strings.FieldsFunc", args, &ret), 0);
    CHECK_INT(ret.strings.count, 3);
    CHECK_INT(asked, 7);
    CHECK_INT(call("strings.IndexFunc", args, &ret), 0);
    CHECK_INT(ret.integer, 2);
    CHECK_INT(call("strings.LastIndexFunc", args, &ret), 0);
    CHECK_INT(ret.integer, 4);
    args[0].text = SLICE("aebae");
    CHECK_INT(call("strings.TrimFunc", args, &ret), 0);
    CHECK_SLICE(ret.text, "b");
    CHECK_INT(call("strings.TrimLeftFunc", args, &ret), 0);
    CHECK_SLICE(ret.text, "bae");
    CHECK_INT(call("strings.TrimRightFunc", args, &ret), 0);
    CHECK_SLICE(ret.text, "aeb");
}

static void a_func_that_fails_ends_the_call(void)
{
    static const char *const with_text_first[] = {"strings.FieldsFunc",    "strings.IndexFunc",
                                                  "strings.LastIndexFunc", "strings.ContainsFunc",
                                                  "strings.TrimFunc",      "strings.TrimLeftFunc",
                                                  "strings.TrimRightFunc"};
    union golib_value args[] = {{.text = SLICE("ab")}, {.func = {fails, NULL}}};
    union golib_value ret = {.integer = 77};
    for (size_t i = 0; i < ARRAY_LEN(with_text_first); i++)
        CHECK_INT(call(with_text_first[i], args, &ret), -EIO);
    union golib_value turned[] = {args[1], args[0]};
    CHECK_INT(call("strings.Map", turned, &ret), -EIO);
    CHECK_INT(ret.integer, 77);
}

static void a_list_beyond_its_bound_is_refused(void)
{
    test_call.result_bytes_max = 2 * sizeof(struct slice);
    CHECK_STR(list("strings.Split", "a,b", ",", 0), "[a|b]");
    CHECK_STR(list("strings.Split", "a,b,c", ",", 0), "(failed)");
    CHECK_STR(list("strings.Split", "abc", "", 0), "(failed)");
    CHECK_STR(list("strings.Fields", "a b c", "", 0), "(failed)");
    test_call.result_bytes_max = 0;
}

int main(void)
{
    TAP_RUN(splitting);
    TAP_RUN(fields_are_what_spaces_leave);
    TAP_RUN(a_func_is_asked_once_about_each_character);
    TAP_RUN(a_func_that_fails_ends_the_call);
    TAP_RUN(a_list_beyond_its_bound_is_refused);
    return LANG_DONE();
}
