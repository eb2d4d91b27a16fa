#include "lang/eval.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void each_round_has_its_own_variable(void)
{
    CHECK(
        world_runs("package main\n"
                   "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                   "\n"
                   "func main() {\n"
                   "var fs []func() int\n"
                   "for i := 0; i < 3; i++ { fs = append(fs, func() int { i += 10; return i }) }\n"
                   "check(fs[0]() == 10 && fs[0]() == 20 && fs[2]() == 12)\n"
                   "for _, s := range []string{\"a\", \"b\"} { fs = append(fs, func() int { return "
                   "len(s) + int(s[0]) }) }\n"
                   "check(fs[3]() == 98 && fs[4]() == 99)\n"
                   "}\n"));
}

static void results_have_names_and_zeroes(void)
{
    CHECK(world_runs("package main\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "func f(x int) (n int, s string) {\n"
                     "\tdefer_ := func() { n *= 2 }\n"
                     "\tn = x\n"
                     "\tif x > 1 { s = \"big\"; return }\n"
                     "\tdefer_()\n"
                     "\treturn n + 1, \"small\"\n"
                     "}\n"
                     "func main() {\n"
                     "a, b := f(1)\n"
                     "c, d := f(5)\n"
                     "check(a == 3 && b == \"small\" && c == 5 && d == \"big\")\n"
                     "}\n"));
}

int main(void)
{
    TAP_RUN(each_round_has_its_own_variable);
    TAP_RUN(results_have_names_and_zeroes);
    return tap_done();
}
