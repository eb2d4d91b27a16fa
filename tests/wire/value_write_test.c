#include "wire/value_write.h"

#include <errno.h>
#include <math.h>

#include "tests/tap.h"

static const char *number(double d)
{
    static char text[VALUE_NUMBER_BYTES_MAX];
    CHECK_INT(value_number_text(d, text), strlen(text));
    CHECK(strtod(text, NULL) == d);
    return text;
}

/* Each is what Go's json.Marshal prints. */
static void numbers_are_written_as_go_writes_them(void)
{
    CHECK_STR(number(0), "0");
    CHECK_STR(number(-0.0), "-0");
    CHECK_STR(number(1), "1");
    CHECK_STR(number(100), "100");
    CHECK_STR(number(0.1), "0.1");
    CHECK_STR(number(-1.5), "-1.5");
    CHECK_STR(number(123456.789), "123456.789");
    CHECK_STR(number(1e-6), "0.000001");
    CHECK_STR(number(1e-7), "1e-7");
    CHECK_STR(number(1.5e-9), "1.5e-9");
    CHECK_STR(number(1e20), "100000000000000000000");
    CHECK_STR(number(1e21), "1e+21");
    CHECK_STR(number(0.1 + 0.2), "0.30000000000000004");
    CHECK_STR(number(1.7976931348623157e308), "1.7976931348623157e+308");
    CHECK_STR(number(5e-324), "5e-324");
    CHECK_STR(number(2.2250738585072014e-308), "2.2250738585072014e-308");
}

/* There a double's neighbours lie at unequal distances. */
static void powers_of_two_have_their_shortest_text(void)
{
    CHECK_STR(number(0x1p-44), "5.684341886080802e-14");
    CHECK_STR(number(9007199254740992), "9007199254740992");
    for (int e = -1074; e < 1024; e++)
        number(ldexp(1, e));
}

static void a_float_shows_that_it_is_one(void)
{
    char text[VALUE_NUMBER_BYTES_MAX];
    CHECK_INT(value_float_text(1, text), 3);
    CHECK_STR(text, "1.0");
    value_float_text(1e21, text);
    CHECK_STR(text, "1e+21");
    value_float_text(-0.5, text);
    CHECK_STR(text, "-0.5");
}

static void a_fault_names_the_value_by_its_path(void)
{
    struct value root = {.type = VALUE_MAP}, list = {.type = VALUE_LIST}, map = {.type = VALUE_MAP};
    struct value leaf = {.type = VALUE_NULL};
    struct err err = {0};
    value_set_key(&list, SLICE("checks"));
    value_set_key(&leaf, SLICE("body"));
    struct value_trail t0 = {.value = &root};
    struct value_trail t1 = value_trail_below(&t0, &list, 0);
    struct value_trail t2 = value_trail_below(&t1, &map, 3);
    struct value_trail t3 = value_trail_below(&t2, &leaf, 0);
    CHECK_INT(value_trail_fault(&t3, &err, -EINVAL, "no word for it"), -EINVAL);
    CHECK_STR(err.text, "checks[3].body: no word for it");
    CHECK_INT(value_trail_fault(&t0, &err, -EINVAL, "no word for it"), -EINVAL);
    CHECK_STR(err.text, "no word for it");
    t3.depth = VALUE_WRITE_DEPTH_MAX + 1;
    CHECK_INT(value_trail_check(&t3, &err), -ELOOP);
    CHECK_INT(value_trail_check(&t2, &err), 0);
}

int main(void)
{
    TAP_RUN(numbers_are_written_as_go_writes_them);
    TAP_RUN(powers_of_two_have_their_shortest_text);
    TAP_RUN(a_float_shows_that_it_is_one);
    TAP_RUN(a_fault_names_the_value_by_its_path);
    return tap_done();
}
