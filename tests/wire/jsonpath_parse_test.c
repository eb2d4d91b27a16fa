#include "tests/tap.h"

#include "wire/jsonpath.h"

#include <errno.h>

static struct err err;

struct fault {
    const char *path, *why;
};

static void a_fault_is_told_with_its_column(void)
{
    static const struct fault cases[] = {
        {"", "the path is empty: '$' is the whole document"},
        {"{}", "column 2: a name, '*' or '[' is expected"},
        {"$.", "column 3: a name, '*' or '[' is expected"},
        {"$..", "column 4: a name, '*' or '[' is expected"},
        {"$.a.", "column 5: a name, '*' or '[' is expected"},
        {"$x", "column 2: '.' or '[' is expected"},
        {"$.a b", "column 5: '.' or '[' is expected"},
        {"$.0", "column 3: a name does not begin with a digit: write [0], or ['0']"},
        {"{$.a", "column 5: '.', '[' or '}' is expected"},
        {"{$.a}.b", "column 6: '.' or '[' is expected"},
        {"$.a\\", "column 5: something is missing behind '\\'"},
        {"$[", "column 3: a name in quotes, a number, a slice, '*' or '?' is expected"},
        {"$[a]", "column 3: a name in quotes, a number, a slice, '*' or '?' is expected"},
        {"$[]", "column 3: a name in quotes, a number, a slice, '*' or '?' is expected"},
        {"$[1", "column 4: ',' or ']' is expected"},
        {"$[1;2]", "column 4: ',' or ']' is expected"},
        {"$['a]", "column 3: the quotes are not closed"},
        {"$['\\x']", "column 3: an escape or a byte that no string may have"},
        {"$[\"\\'\"]", "column 3: an escape or a byte that no string may have"},
        {"$[01]", "column 3: a whole number without leading zeroes is expected"},
        {"$[-0]", "column 3: a whole number without leading zeroes is expected"},
        {"$[-]", "column 3: a whole number without leading zeroes is expected"},
        {"$[9007199254740992]", "column 3: a whole number without leading zeroes is expected"},
        {"$[?]", "column 4: a path (@ or $), a text in quotes, a number, true, false or null is "
                 "expected"},
        {"$[?@.a ==]",
         "column 10: a path (@ or $), a text in quotes, a number, true, false or null "
         "is expected"},
        {"$[?@.a = 1]", "column 8: ',' or ']' is expected"},
        {"$[?1]", "column 5: a comparison is expected behind a literal"},
        {"$[?@.* == 1]", "column 4: only a path to one value (names and indexes) can be compared"},
        {"$[?1==@..a]", "column 7: only a path to one value (names and indexes) can be compared"},
        {"$[?length(@.a) > 1]", "column 4: functions are not understood here"},
        {"$[?(@.a]", "column 8: ')' is expected"},
        {"$[?@.a &&", "column 10: a filter is not complete"},
        {"$[?@ == 01]",
         "column 9: a path (@ or $), a text in quotes, a number, true, false or null "
         "is expected"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a = ARENA(MEM_TEST, 0);
        struct jsonpath *p = NULL;
        err_clear(&err);
        CHECK_INT(jsonpath_parse(slice_from(cases[i].path), &a, &p, &err), -EINVAL);
        if (strcmp(err.text, cases[i].why) != 0)
            printf("# path %s\n", cases[i].path);
        CHECK_STR(err.text, cases[i].why);
        CHECK(p == NULL);
        arena_done(&a);
    }
}

static void brackets_inside_each_other_have_a_limit(void)
{
    static const char *const parts[] = {"[?@", "!", "("};
    for (size_t k = 0; k < ARRAY_LEN(parts); k++) {
        struct arena a = ARENA(MEM_TEST, 0);
        struct buf text = BUF(MEM_TEST, 0);
        struct jsonpath *p;
        buf_append_cstr(&text, "$[?");
        for (int i = 0; i < 300; i++)
            buf_append_cstr(&text, k == 0 && i == 0 ? "@" : parts[k]);
        CHECK_INT(jsonpath_parse(buf_slice(&text), &a, &p, &err), -EINVAL);
        CHECK(strstr(err.text, "too many brackets inside each other"));
        buf_done(&text);
        arena_done(&a);
    }
}

static void a_path_has_a_longest_length_and_its_arena_a_bound(void)
{
    struct arena a = ARENA(MEM_TEST, 0), tiny = ARENA(MEM_TEST, 100);
    static char text[JSONPATH_BYTES_MAX + 2];
    struct jsonpath *p;
    memset(text, 'a', sizeof(text) - 1);
    CHECK_INT(jsonpath_parse(slice_from(text), &a, &p, &err), -EINVAL);
    CHECK_STR(err.text, "the path is longer than 4096 bytes");
    CHECK_INT(jsonpath_parse((struct slice){text, JSONPATH_BYTES_MAX}, &a, &p, &err), 0);
    CHECK_INT(jsonpath_parse(SLICE("$['abc']['def']"), &tiny, &p, &err), -ENOSPC);
    arena_done(&a);
    arena_done(&tiny);
}

static bool is_single(const char *path)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct jsonpath *p;
    CHECK_INT(jsonpath_parse(slice_from(path), &a, &p, &err), 0);
    bool single = jsonpath_is_single(p);
    arena_done(&a);
    return single;
}

static void paths_of_names_and_indexes_are_single(void)
{
    CHECK(is_single("$"));
    CHECK(is_single("$.a['b'][-1]"));
    CHECK(!is_single("$.a[*]"));
    CHECK(!is_single("$..a"));
    CHECK(!is_single("$[0,1]"));
    CHECK(!is_single("$[0:1]"));
    CHECK(!is_single("$[?@.a]"));
}

static void an_option_is_split_at_the_first_equals_sign_outside(void)
{
    struct slice path, value;
    CHECK_INT(jsonpath_split(SLICE("$.a=b=c"), &path, &value), 0);
    CHECK(slice_eq_cstr(path, "$.a") && slice_eq_cstr(value, "b=c"));
    CHECK_INT(jsonpath_split(SLICE("$[?@.a=='x]='].b=1"), &path, &value), 0);
    CHECK(slice_eq_cstr(path, "$[?@.a=='x]='].b") && slice_eq_cstr(value, "1"));
    CHECK_INT(jsonpath_split(SLICE("$['a=\\'b'][0]="), &path, &value), 0);
    CHECK(slice_eq_cstr(path, "$['a=\\'b'][0]") && value.size == 0);
    CHECK_INT(jsonpath_split(SLICE("$.a"), &path, &value), -EINVAL);
    CHECK_INT(jsonpath_split(SLICE("=x"), &path, &value), -EINVAL);
    CHECK_INT(jsonpath_split(SLICE("$['a=b"), &path, &value), -EINVAL);
}

int main(void)
{
    TAP_RUN(a_fault_is_told_with_its_column);
    TAP_RUN(brackets_inside_each_other_have_a_limit);
    TAP_RUN(a_path_has_a_longest_length_and_its_arena_a_bound);
    TAP_RUN(paths_of_names_and_indexes_are_single);
    TAP_RUN(an_option_is_split_at_the_first_equals_sign_outside);
    return tap_done();
}
