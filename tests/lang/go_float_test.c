#include "lang/go_float.h"

#include <errno.h>
#include <math.h>

#include "tests/lang/lang_check.h"

static const char *text(double v, char format, int precision, int bits)
{
    buf_clear(&test_text);
    return go_float_append(&test_text, v, format, precision, bits) < 0 ? "(failed)"
                                                                       : test_text.data;
}

static void the_shortest_text_reads_back(void)
{
    CHECK_STR(text(0.1, 'g', -1, 64), "0.1");
    CHECK_STR(text(0.1, 'e', -1, 32), "1e-01");
    CHECK_STR(text(1e21, 'g', -1, 64), "1e+21");
    CHECK_STR(text(123456789, 'f', -1, 64), "123456789");
    CHECK_STR(text(0x1p-1074, 'g', -1, 64), "5e-324");
    CHECK_STR(text(0x1.fffffffffffffp1023, 'g', -1, 64), "1.7976931348623157e+308");
    CHECK_STR(text(16777216, 'g', -1, 32), "1.6777216e+07");
    CHECK_STR(text(-0.0, 'g', -1, 64), "-0");
}

/* The room below a power of two is half of that above: the nearest 16 digits do not read back,
 * their neighbours do. */
static void powers_of_two_have_less_room_below(void)
{
    CHECK_STR(text(0x1p-44, 'e', -1, 64), "5.684341886080802e-14");
    CHECK_STR(text(0x1p-24, 'e', -1, 32), "5.9604645e-08");
}

static void every_format_at_a_precision(void)
{
    CHECK_STR(text(1.5, 'e', 3, 64), "1.500e+00");
    CHECK_STR(text(2.5, 'f', 0, 64), "2");
    CHECK_STR(text(1234567, 'g', 3, 64), "1.23e+06");
    CHECK_STR(text(100, 'G', 2, 64), "1E+02");
    CHECK_STR(text(0, 'e', 2, 64), "0.00e+00");
    CHECK_STR(text(1, 'b', -1, 64), "4503599627370496p-52");
    CHECK_STR(text(1, 'x', -1, 64), "0x1p+00");
    CHECK_STR(text(0.1, 'X', 3, 64), "0X1.99AP-04");
    CHECK_STR(text(1.9999, 'x', 1, 64), "0x1.0p+01");
    CHECK_STR(text(1, 'q', -1, 64), "%q");
    CHECK_STR(text(INFINITY, 'e', -1, 64), "+Inf");
    CHECK_STR(text(NAN, 'b', -1, 64), "NaN");
}

static void digits_beyond_the_value_are_zeroes(void)
{
    const char *s = text(0.1, 'e', 1000, 64);
    CHECK_INT(strlen(s), 1006);
    CHECK(strncmp(s, "1.000000000000000055511151231257827021181583404541015625000", 58) == 0);
    struct buf small = BUF(MEM_TEST, 10);
    CHECK_INT(go_float_append(&small, 0.1, 'e', 1000, 64), -EMSGSIZE);
    CHECK_INT(go_float_append(&small, 0.1, 'f', INT32_MAX, 64), -EMSGSIZE);
    CHECK_INT(small.size, 0);
    buf_done(&small);
}

static double parsed(const char *s, int bits)
{
    double v = -42;
    int r = go_float_parse(slice_from(s), bits, &v);
    CHECK(r == 0 || v == -42 || isinf(v));
    return v;
}

static void numbers_are_read_to_the_nearest(void)
{
    CHECK(parsed("0.1", 64) == 0.1);
    CHECK(parsed("0x1.8p1", 64) == 3);
    CHECK(parsed("0x_1p4", 64) == 16);
    CHECK(parsed("16777217", 32) == 16777216);
    CHECK(parsed("-.5e1", 64) == -5);
    CHECK(isinf(parsed("-INF", 64)) && isinf(parsed("1e400", 64)) && isnan(parsed("nAn", 64)));
    CHECK(parsed("1e-400", 64) == 0);
}

static void what_is_none_is_refused(void)
{
    static const char *const wrong[] = {"",      ".",    "e1",   "1e",    "1e+", "0x1",
                                        "0x.p1", "1 ",   " 1",   "1_",    "_1",  "1__0",
                                        "0x1p",  "inf1", "+nan", "1.2.3", "0b1"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        CHECK(parsed(wrong[i], 64) == -42);
}

static void what_is_written_reads_back(void)
{
    uint64_t state = 88172645463325252;
    for (int i = 0; i < 20000; i++) {
        double v, back;
        float narrow;
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        memcpy(&v, &state, sizeof(v));
        memcpy(&narrow, &state, sizeof(narrow));
        if (isnan(v) || isinf(v) || isnan(narrow) || isinf(narrow))
            continue;
        CHECK_INT(go_float_parse(slice_from(text(v, "eg"[i & 1], -1, 64)), 64, &back), 0);
        CHECK(back == v);
        CHECK_INT(go_float_parse(slice_from(text((double)narrow, 'g', -1, 32)), 32, &back), 0);
        CHECK(back == (double)narrow);
    }
}

int main(void)
{
    TAP_RUN(the_shortest_text_reads_back);
    TAP_RUN(powers_of_two_have_less_room_below);
    TAP_RUN(every_format_at_a_precision);
    TAP_RUN(digits_beyond_the_value_are_zeroes);
    TAP_RUN(numbers_are_read_to_the_nearest);
    TAP_RUN(what_is_none_is_refused);
    TAP_RUN(what_is_written_reads_back);
    return LANG_DONE();
}
