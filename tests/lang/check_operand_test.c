#include "lang/check.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void constants_take_the_type_that_is_asked_for(void)
{
    CHECK(world_runs("package main\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "type celsius float64\n"
                     "func main() {\n"
                     "var c celsius = 20\n"
                     "var b byte = 'a'\n"
                     "var f float32 = 1 << 3\n"
                     "var i = 7 / 2.0\n"
                     "var u uint8 = 255\n"
                     "check(c == 20 && b == 97 && f == 8 && i == 3.5)\n"
                     "u++\n"
                     "check(u == 0)\n"
                     "var s uint = 3\n"
                     "var j int64 = 1 << s\n"
                     "check(j == 8)\n"
                     "}\n"));
}

static void an_untyped_expression_is_looked_at_twice(void)
{
    CHECK(world_runs(WORLD_MAIN("const c string = \"x\"\nconst n int8 = 3\ntype yes bool",
                                "s := \"b\"\n"
                                "check(s < \"c\" && c > \"a\")\n"
                                "check(!(c < `a`) && n == 3 && s == \"b\" || c == s)\n"
                                "var y yes = s == \"b\" && (n > 2 || c == \"y\")\n"
                                "check(bool(y))\n"
                                "u := uint(2)\n"
                                "var f int64 = 1<<u + 1<<len(\"abc\") + 1<<n\n"
                                "check(f == 20)")));
}

static void what_does_not_fit_overflows(void)
{
    CHECK(world_refuses(
        "package main\n"
        "var a int8 = 128\n"
        "var b uint = -1\n"
        "var c int = 1.5\n"
        "var d float32 = 1e40\n"
        "var e = 1 << 63\n"
        "var s uint = 2\n"
        "var f float64 = 1 << s\n"
        "func main() {}\n",
        "2:14 constant_overflow 128 (untyped int constant) overflows int8\n"
        "3:14 constant_overflow -1 (untyped int constant) overflows uint\n"
        "4:13 type_mismatch 1.5 (untyped float constant) is not a whole number, as int must be\n"
        "5:17 constant_overflow 1e+40 (untyped float constant) overflows float32\n"
        "6:9 constant_overflow 9223372036854775808 (untyped int constant) overflows int\n"
        "8:17 type_mismatch a shifted operand must be a whole number, not float64"));
}

int main(void)
{
    TAP_RUN(constants_take_the_type_that_is_asked_for);
    TAP_RUN(an_untyped_expression_is_looked_at_twice);
    TAP_RUN(what_does_not_fit_overflows);
    return tap_done();
}
