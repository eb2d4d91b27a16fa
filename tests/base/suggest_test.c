#include "base/suggest.h"

#include "base/defs.h"
#include "../tap.h"

static size_t distance(const char *a, const char *b)
{
    return suggest_distance(slice_from(a), slice_from(b), 99);
}

static void each_kind_of_slip_is_one_edit(void)
{
    CHECK_INT(distance("timeout", "timeout"), 0);
    CHECK_INT(distance("Timeout", "tIMEOUT"), 0);
    CHECK_INT(distance("timeot", "timeout"), 1);
    CHECK_INT(distance("timeouut", "timeout"), 1);
    CHECK_INT(distance("tineout", "timeout"), 1);
    CHECK_INT(distance("tiemout", "timeout"), 1);
    CHECK_INT(distance("", "abc"), 3);
    CHECK_INT(distance("abc", ""), 3);
    CHECK_INT(distance("kitten", "sitting"), 3);
    CHECK_INT(distance("ca", "abc"), 3); /* no part is edited twice */
    CHECK_INT(distance("badc", "abcd"), 2);
}

static void distance_is_the_same_both_ways_and_stops_at_the_bound(void)
{
    const char *words[] = {"", "a", "probe", "prboe", "robe", "schema", "plan", "nalp"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        for (size_t j = 0; j < ARRAY_LEN(words); j++) {
            size_t d = distance(words[i], words[j]);
            CHECK_INT(distance(words[j], words[i]), d);
            for (size_t max = 0; max < 8; max++)
                CHECK_INT(suggest_distance(slice_from(words[i]), slice_from(words[j]), max),
                          d > max ? max + 1 : d);
        }
}

static void words_beyond_the_bound_are_never_near(void)
{
    char word[SUGGEST_WORD_BYTES_MAX + 1];
    struct slice fits = {word, SUGGEST_WORD_BYTES_MAX}, too_long = {word, sizeof(word)};

    memset(word, 'x', sizeof(word));
    CHECK_INT(suggest_distance(fits, fits, 3), 0);
    CHECK_INT(suggest_distance(too_long, too_long, 3), 4);
}

static void the_nearest_word_wins_and_nonsense_gets_none(void)
{
    const char *const words[] = {"--timeout", "--in-flight", "--every",
                                 "--retries", "--rate",      "-j"};
    const size_t n = ARRAY_LEN(words);

    CHECK_STR(suggest_nearest(SLICE("--timout"), words, n), "--timeout");
    CHECK_STR(suggest_nearest(SLICE("--TIMEOUT"), words, n), "--timeout");
    CHECK_STR(suggest_nearest(SLICE("--evrey"), words, n), "--every");
    CHECK_STR(suggest_nearest(SLICE("--rats"), words, n), "--rate");
    CHECK_STR(suggest_nearest(SLICE("--in"), words, n), "--in-flight");
    CHECK(suggest_nearest(SLICE("--bananas"), words, n) == NULL);
    CHECK(suggest_nearest(SLICE(""), words, n) == NULL);
    CHECK(suggest_nearest(SLICE("zz"), words, n) == NULL);
    CHECK(suggest_nearest(SLICE("x"), (const char *const[]){"y"}, 1) == NULL);
    CHECK(suggest_nearest(SLICE("probe"), NULL, 0) == NULL);
}

static void of_equals_the_first_wins(void)
{
    const char *const words[] = {"grpc", "grpd"};

    CHECK_STR(suggest_nearest(SLICE("grpx"), words, 2), "grpc");
    CHECK_STR(suggest_nearest(SLICE("grpd"), words, 2), "grpd");
}

int main(void)
{
    TAP_RUN(each_kind_of_slip_is_one_edit);
    TAP_RUN(distance_is_the_same_both_ways_and_stops_at_the_bound);
    TAP_RUN(words_beyond_the_bound_are_never_near);
    TAP_RUN(the_nearest_word_wins_and_nonsense_gets_none);
    TAP_RUN(of_equals_the_first_wins);
    return tap_done();
}
