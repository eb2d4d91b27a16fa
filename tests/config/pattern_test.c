#include "config/pattern.h"

#include <errno.h>

#include "config/tables.h"
#include "tests/tap.h"

static struct pattern_cache cache;

static bool matches(const char *pattern, const char *text)
{
    return pattern_matches(&cache, pattern, slice_from(text));
}

static void the_whole_text_must_match(void)
{
    CHECK(matches("[0-9]+", "123"));
    CHECK(!matches("[0-9]+", "123\n") && !matches("[0-9]+", "x123") && !matches("[0-9]+", ""));
    CHECK(matches("a|bc", "bc"));
}

/* The shortcut for names must say what the pattern says: the same text behind a group has none. */
static void names_are_what_their_pattern_says(void)
{
    static const char slow[] = "(?:" TABLE_NAME ")", slow_ref[] = "(?:" TABLE_REF ")";
    static const char fast[] = TABLE_NAME, ref[] = TABLE_REF;
    char long_name[98];
    memset(long_name, 'x', sizeof(long_name));
    for (size_t size = 94; size <= 97; size++) {
        struct slice s = {long_name, size};
        CHECK_INT(pattern_matches(&cache, fast, s), size <= TABLE_NAME_BYTES_MAX);
        CHECK_INT(pattern_matches(&cache, fast, s), pattern_matches(&cache, slow, s));
    }
    for (int a = 0; a < 256; a++)
        for (int b = 0; b < 256; b++) {
            char text[3] = {(char)a, (char)b, 'z'};
            for (size_t size = 1; size <= 3; size++) {
                struct slice s = {text, size};
                CHECK(pattern_matches(&cache, fast, s) == pattern_matches(&cache, slow, s));
                CHECK(pattern_matches(&cache, ref, s) == pattern_matches(&cache, slow_ref, s));
            }
        }
    CHECK(matches(ref, "n/db") && matches(ref, "db") && !matches(ref, "N/db") &&
          !matches(ref, "/x"));
}

static void a_costly_pattern_ends(void)
{
    CHECK(!matches("(a+)+b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

static void what_is_no_pattern_is_told(void)
{
    struct err err = {0};
    CHECK_INT(pattern_check(SLICE("a(b"), &err), -EINVAL);
    CHECK(strstr(err.text, "column 4: ") == err.text);
    CHECK_INT(pattern_check(SLICE("a\0b"), NULL), 0);
    CHECK_INT(pattern_check((struct slice){0}, NULL), 0);
}

int main(void)
{
    TAP_RUN(the_whole_text_must_match);
    TAP_RUN(names_are_what_their_pattern_says);
    TAP_RUN(a_costly_pattern_ends);
    TAP_RUN(what_is_no_pattern_is_told);
    pattern_cache_done(&cache);
    return tap_done();
}
