#include <errno.h>
#include <math.h>

#include "tests/lang/lang_check.h"

static double of(const char *full, double x, double y)
{
    union golib_value args[] = {{.number = x}, {.number = y}}, ret[GOLIB_RESULTS_MAX] = {0};
    CHECK_INT(call(full, args, ret), 0);
    return ret[0].number;
}

static void exact_functions(void)
{
    CHECK(of("math.Sqrt", 2, 0) == 0x1.6a09e667f3bcdp0);
    CHECK(of("math.Floor", -1.5, 0) == -2 && of("math.Ceil", -1.5, 0) == -1);
    CHECK(of("math.Round", -2.5, 0) == -3 && of("math.RoundToEven", 2.5, 0) == 2);
    CHECK(of("math.Mod", 7, -4) == 3 && of("math.Remainder", 7, 4) == -1);
    CHECK(signbit(of("math.Trunc", -0.5, 0)));
    CHECK(of("math.Dim", 3, 5) == 0 && of("math.Dim", 5, 3) == 2);
}

static void extremes_and_what_is_no_number(void)
{
    CHECK(isnan(of("math.Max", NAN, 1)) && of("math.Max", NAN, INFINITY) == INFINITY);
    CHECK(of("math.Min", -INFINITY, NAN) == -INFINITY);
    CHECK(!signbit(of("math.Max", -0.0, 0)) && signbit(of("math.Min", -0.0, 0)));
    CHECK(isnan(of("math.Sqrt", -1, 0)) && isnan(of("math.Mod", 1, 0)));
    CHECK(isinf(of("math.Inf", 0, 0)));
}

static void a_zero_remainder_has_the_sign_of_what_was_divided(void)
{
    CHECK(!signbit(of("math.Remainder", 0x1.bfffffffffffp-883, 0x1.8p-971)));
    CHECK(signbit(of("math.Remainder", -4, 2)));
}

static void two_results(void)
{
    union golib_value arg = {.number = -3.25}, ret[GOLIB_RESULTS_MAX];
    CHECK_INT(call("math.Modf", &arg, ret), 0);
    CHECK(ret[0].number == -3 && ret[1].number == -0.25);
    CHECK_INT(call("math.Frexp", &arg, ret), 0);
    CHECK(ret[0].number == -0.8125 && ret[1].integer == 2);
}

static void powers_have_whole_exponents_or_halves(void)
{
    CHECK(of("math.Pow", 2, 10) == 1024 && of("math.Pow", 10, -2) == 0.01);
    CHECK(of("math.Pow", 2, 0.5) == sqrt(2) && of("math.Pow", 4, -0.5) == 0.5);
    CHECK(of("math.Pow", -2, 3) == -8 && isnan(of("math.Pow", -2, 0.3)));
    CHECK(of("math.Pow", -0.0, -3) == -INFINITY && of("math.Pow", 0, -2) == INFINITY);
    CHECK(of("math.Pow", 10, 400) == INFINITY && of("math.Pow", 10, -400) == 0);
    union golib_value args[] = {{.number = 2}, {.number = 0.3}}, ret = {.number = 7};
    CHECK_INT(call("math.Pow", args, &ret), -ECANCELED);
    CHECK(strstr(test_call.panic, "math.Pow") != NULL && ret.number == 7);
}

/* Their last bits are nobody's promise. */
static void what_is_not_exact_is_not_there(void)
{
    static const char *const out[] = {"math.Exp", "math.Log",  "math.Log2",
                                      "math.Sin", "math.Cbrt", "math.Hypot"};
    for (size_t i = 0; i < ARRAY_LEN(out); i++)
        CHECK(!function(out[i]));
}

int main(void)
{
    TAP_RUN(exact_functions);
    TAP_RUN(extremes_and_what_is_no_number);
    TAP_RUN(a_zero_remainder_has_the_sign_of_what_was_divided);
    TAP_RUN(two_results);
    TAP_RUN(powers_have_whole_exponents_or_halves);
    TAP_RUN(what_is_not_exact_is_not_there);
    return LANG_DONE();
}
