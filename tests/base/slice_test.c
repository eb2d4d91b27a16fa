#include "base/slice.h"

#include <errno.h>

#include "../tap.h"
#include "base/defs.h"

static void slices_with_the_same_bytes_are_equal(void)
{
    CHECK(slice_eq(SLICE("ab"), SLICE("ab")));
    CHECK(!slice_eq(SLICE("ab"), SLICE("aB")));
    CHECK(!slice_eq(SLICE("ab"), SLICE("abc")));
    CHECK(slice_eq((struct slice){0}, SLICE("")));
    CHECK(slice_eq_cstr(SLICE("ab"), "ab"));
    CHECK(slice_eq_cstr((struct slice){0}, NULL));
    CHECK(slice_eq(SLICE("a\0b"), SLICE("a\0b")) && !slice_eq(SLICE("a\0b"), SLICE("a\0c")));
}

static void case_is_ignored_for_ascii_letters_only(void)
{
    CHECK(slice_eq_nocase(SLICE("Host"), SLICE("hOST")));
    CHECK(!slice_eq_nocase(SLICE("@"), SLICE("`")));
    CHECK(!slice_eq_nocase(SLICE("["), SLICE("{")));
    CHECK(!slice_eq_nocase(SLICE("\xc4"), SLICE("\xe4")));
    CHECK(!slice_eq_nocase(SLICE("ab"), SLICE("abc")));
}

static void prefix_and_suffix_are_found_at_the_ends(void)
{
    CHECK(slice_starts_with(SLICE("tcp://h"), SLICE("tcp:")));
    CHECK(slice_starts_with(SLICE("x"), (struct slice){0}));
    CHECK(!slice_starts_with(SLICE("tc"), SLICE("tcp")));
    CHECK(slice_ends_with(SLICE("ops.go"), SLICE(".go")));
    CHECK(!slice_ends_with(SLICE("ops.go"), SLICE(".c")));
    CHECK(!slice_ends_with(SLICE("go"), SLICE("ops.go")));
}

static void finding_gives_the_first_match(void)
{
    CHECK_INT(slice_find_byte(SLICE("abcabc"), 'c'), 2);
    CHECK_INT(slice_find_byte((struct slice){0}, 'c'), -1);
    CHECK_INT(slice_find(SLICE("aabaab"), SLICE("ab")), 1);
    CHECK_INT(slice_find(SLICE("aab"), SLICE("")), 0);
    CHECK_INT(slice_find(SLICE("aab"), SLICE("aabb")), -1);
    CHECK_INT(slice_find((struct slice){0}, SLICE("a")), -1);
}

static void a_sub_slice_is_cut_to_the_bounds(void)
{
    CHECK(slice_eq_cstr(slice_sub(SLICE("abcd"), 1, 3), "bc"));
    CHECK(slice_eq_cstr(slice_sub(SLICE("abcd"), 1, 99), "bcd"));
    CHECK_INT(slice_sub(SLICE("abcd"), 9, 99).size, 0);
    CHECK_INT(slice_sub(SLICE("abcd"), 3, 1).size, 0);
    CHECK(slice_sub((struct slice){0}, 0, 1).data == NULL);
}

static void trimming_takes_white_space_off_both_ends(void)
{
    CHECK(slice_eq_cstr(slice_trim(SLICE(" \t\r\n a b\v\f ")), "a b"));
    CHECK_INT(slice_trim(SLICE("   ")).size, 0);
    CHECK_INT(slice_trim((struct slice){0}).size, 0);
}

static void cutting_walks_over_every_part(void)
{
    const char *want[] = {"a", "", "c", ""};
    struct slice s = SLICE("a,,c,");
    size_t n = 0;

    while (s.data) {
        struct slice part = slice_cut(&s, ',');
        CHECK(n < 4 && slice_eq_cstr(part, want[n]));
        n++;
    }
    CHECK_INT(n, 4);
}

static void decimal_numbers_are_read_whole_or_not_at_all(void)
{
    uint64_t v = 7;

    CHECK_INT(slice_to_u64(SLICE("18446744073709551615"), UINT64_MAX, &v), 0);
    CHECK(v == UINT64_MAX);
    CHECK_INT(slice_to_u64(SLICE("007"), 9, &v), 0);
    CHECK_INT(v, 7);
    CHECK_INT(slice_to_u64(SLICE("18446744073709551616"), UINT64_MAX, &v), -ERANGE);
    CHECK_INT(slice_to_u64(SLICE("65536"), 65535, &v), -ERANGE);
    CHECK_INT(slice_to_u64(SLICE("99999999999999999999x"), UINT64_MAX, &v), -EINVAL);
    CHECK_INT(slice_to_u64(SLICE(""), 9, &v), -EINVAL);
    CHECK_INT(slice_to_u64(SLICE("-1"), 9, &v), -EINVAL);
    CHECK_INT(slice_to_u64(SLICE(" 1"), 9, &v), -EINVAL);
    CHECK_INT(v, 7);
}

static void slices_are_ordered_by_bytes_then_by_length(void)
{
    CHECK(slice_compare(SLICE("a"), SLICE("b")) < 0);
    CHECK(slice_compare(SLICE("b"), SLICE("ab")) > 0);
    CHECK(slice_compare(SLICE("a"), SLICE("ab")) < 0);
    CHECK(slice_compare(SLICE("\xff"), SLICE("a")) > 0); /* unsigned */
    CHECK_INT(slice_compare((struct slice){NULL, 0}, SLICE("")), 0);
    CHECK_INT(slice_compare(SLICE("ab"), SLICE("ab")), 0);
}

static void a_word_among_others(void)
{
    static const char *const words[] = {NULL, "one", "two", "one"};
    CHECK_INT(slice_among(SLICE("one"), words, ARRAY_LEN(words)), 1);
    CHECK_INT(slice_among(SLICE("two"), words, ARRAY_LEN(words)), 2);
    CHECK_INT(slice_among(SLICE("two"), words, 2), -1);
    CHECK_INT(slice_among(SLICE("tw"), words, ARRAY_LEN(words)), -1);
    CHECK_INT(slice_among((struct slice){0}, words, ARRAY_LEN(words)), -1);
}

int main(void)
{
    TAP_RUN(slices_are_ordered_by_bytes_then_by_length);
    TAP_RUN(slices_with_the_same_bytes_are_equal);
    TAP_RUN(case_is_ignored_for_ascii_letters_only);
    TAP_RUN(prefix_and_suffix_are_found_at_the_ends);
    TAP_RUN(finding_gives_the_first_match);
    TAP_RUN(a_sub_slice_is_cut_to_the_bounds);
    TAP_RUN(trimming_takes_white_space_off_both_ends);
    TAP_RUN(cutting_walks_over_every_part);
    TAP_RUN(decimal_numbers_are_read_whole_or_not_at_all);
    TAP_RUN(a_word_among_others);
    return tap_done();
}
