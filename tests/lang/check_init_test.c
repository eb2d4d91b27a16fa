#include "lang/check.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void the_first_that_is_ready_comes_first(void)
{
    CHECK(world_runs("package main\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "var log string\n"
                     "func at(s string) int { log += s; return 1 }\n"
                     "var a = c + b + at(\"a\")\n"
                     "var b = at(\"b\")\n"
                     "var c = at(\"c\")\n"
                     "var d = at(\"d\")\n"
                     "var e = through()\n"
                     "func through() int { return deeper() }\n"
                     "func deeper() int { return g }\n"
                     "var g = at(\"g\")\n"
                     "func main() {\n"
                     "check(log == \"bcadg\" && e == 1)\n"
                     "}\n"));
}

static void cycles_are_told(void)
{
    CHECK(world_refuses("package main\n"
                        "var a = b\n"
                        "var b = f()\n"
                        "func f() int { return a }\n"
                        "var c int = c\n"
                        "func main() {}\n",
                        "2:5 reference_cycle initialisation cycle: a depends on itself"));
}

/* Some names of one declaration have no variable; the others are initialised all the same. */
static void refused_names_leave_the_others(void)
{
    CHECK(world_refuses("package main\n"
                        "var 1, g = f()\n"
                        "var , h, k = f()\n"
                        "func f() (int, int) { return 1, 2 }\n"
                        "func main() {}\n",
                        "2:5 syntax expected a name, found '1'\n"
                        "3:5 syntax expected a name, found ','"));
}

int main(void)
{
    TAP_RUN(the_first_that_is_ready_comes_first);
    TAP_RUN(cycles_are_told);
    TAP_RUN(refused_names_leave_the_others);
    return tap_done();
}
