#include "base/duration.h"

#include <errno.h>

#include "tests/tap.h"

static int64_t parsed(const char *text)
{
    int64_t ns = -42;
    int r = duration_parse(slice_from(text), &ns);
    return r < 0 ? r : ns;
}

static void terms_add_up(void)
{
    CHECK_INT(parsed("0"), 0);
    CHECK_INT(parsed("0s"), 0);
    CHECK_INT(parsed("250ms"), 250000000);
    CHECK_INT(parsed("1m30s"), INT64_C(90000000000));
    CHECK_INT(parsed("1.5h"), INT64_C(5400000000000));
    CHECK_INT(parsed("1h2m3s4ms5us6ns"), INT64_C(3723004005006));
    CHECK_INT(parsed("-1.5s"), INT64_C(-1500000000));
    CHECK_INT(parsed("+5m"), INT64_C(300000000000));
    CHECK_INT(parsed(".5s"), 500000000);
    CHECK_INT(parsed("3\xC2\xB5s"), 3000);
    CHECK_INT(parsed("3\xCE\xBCs"), 3000);
}

static void a_bare_number_is_no_duration(void)
{
    static const char *const bad[] = {"", "30", "s", "1 s", "1x", "-", "1.s2", "1..5s", "ms", "5S",
                                      " 5s", "5s "};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK_INT(parsed(bad[i]), -EINVAL);
    }
}

static void too_long_is_said_to_be_too_long(void)
{
    CHECK_INT(parsed("2562047h"), INT64_C(9223369200000000000));
    CHECK_INT(parsed("2562048h"), -ERANGE);
    CHECK_INT(parsed("9223372036854775807ns"), INT64_MAX);
    CHECK_INT(parsed("9223372036854775808ns"), -ERANGE);
    CHECK_INT(parsed("-9223372036854775808ns"), INT64_MIN);
    CHECK_INT(parsed("9223372036854775807.9ns"), INT64_MAX);
    CHECK_INT(parsed("99999999999999999999s"), -ERANGE);
}

static void fractions_are_what_go_computes(void)
{
    CHECK_INT(parsed("0.3333333333333333333h"), INT64_C(1200000000000));
    CHECK_INT(parsed("0.830103483285477580700h"), INT64_C(2988372539827));
    CHECK_INT(parsed("0.00000000000000000000001h"), 0);
}

static void the_reason_is_told_for_messages(void)
{
    enum duration_fault fault;
    struct slice unit;
    int64_t ns = 7;
    CHECK_INT(duration_parse_why(SLICE("30"), &ns, &fault, &unit), -EINVAL);
    CHECK_INT(fault, DURATION_UNIT_MISSING);
    CHECK_INT(duration_parse_why(SLICE("1m3x"), &ns, &fault, &unit), -EINVAL);
    CHECK(fault == DURATION_UNIT_UNKNOWN && slice_eq(unit, SLICE("x")));
    CHECK_INT(duration_parse_why(SLICE("."), &ns, &fault, NULL), -EINVAL);
    CHECK(fault == DURATION_INVALID && ns == 7);
    CHECK_INT(duration_parse_why(SLICE("1s"), &ns, &fault, NULL), 0);
    CHECK(fault == DURATION_FINE && ns == 1000000000);
}

static void prints_as_go_does(void)
{
    static const struct {
        int64_t ns;
        const char *text;
    } t[] = {
        {0, "0s"},
        {1, "1ns"},
        {1100, "1.1\xC2\xB5s"},
        {2200000, "2.2ms"},
        {3300000000, "3.3s"},
        {INT64_C(245000000000), "4m5s"},
        {INT64_C(18367001000000), "5h6m7.001s"},
        {INT64_C(3600000000000), "1h0m0s"},
        {-1500000000, "-1.5s"},
        {INT64_MIN, "-2562047h47m16.854775808s"},
        {INT64_MAX, "2562047h47m16.854775807s"},
    };
    char text[DURATION_TEXT_MAX];
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
        CHECK_STR(duration_format(t[i].ns, text), t[i].text);
}

static void what_is_printed_reads_back(void)
{
    char text[DURATION_TEXT_MAX];
    uint64_t x = 88172645463325252;
    for (int i = 0; i < 20000; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        int64_t ns = (int64_t)(x >> (x % 60)) >> 1;
        CHECK_INT(parsed(duration_format(ns, text)), ns);
    }
}

int main(void)
{
    TAP_RUN(terms_add_up);
    TAP_RUN(a_bare_number_is_no_duration);
    TAP_RUN(too_long_is_said_to_be_too_long);
    TAP_RUN(fractions_are_what_go_computes);
    TAP_RUN(the_reason_is_told_for_messages);
    TAP_RUN(prints_as_go_does);
    TAP_RUN(what_is_printed_reads_back);
    return tap_done();
}
