#include "lang/check.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void inner_names_hide_outer_ones_and_end_with_their_block(void)
{
    CHECK(world_runs("package main\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "var x = 1\n"
                     "func main() {\n"
                     "{ x := 2; check(x == 2); { x := \"a\"; check(x == \"a\") } }\n"
                     "check(x == 1)\n"
                     "if x := 5; x > 4 { check(x == 5) }\n"
                     "check(x == 1)\n"
                     "}\n"));
}

static void declared_twice_unused_and_unknown(void)
{
    CHECK(world_refuses("package main\n"
                        "var x = 1\n"
                        "var x = 2\n"
                        "func main() {\n"
                        "\ta := 1\n"
                        "\tb, b := 2, 3\n"
                        "\tvar c int\n"
                        "\t{\n"
                        "\t\tc := c\n"
                        "\t}\n"
                        "\td++\n"
                        "}\n",
                        "3:5 duplicate_name x is declared twice: first in line 2 of main.go\n"
                        "5:2 syntax a is declared and not used\n"
                        "6:2 syntax b is declared and not used\n"
                        "6:5 duplicate_name b stands twice at the left of :=\n"
                        "6:5 duplicate_name b is declared twice: first in line 6 of main.go\n"
                        "9:3 syntax c is declared and not used\n"
                        "11:2 unresolved_reference undefined: d"));
}

static void closures_share_the_variable(void)
{
    CHECK(world_runs("package main\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "\n"
                     "func main() {\n"
                     "n := 0\n"
                     "add := func() { n++ }\n"
                     "add(); add()\n"
                     "check(n == 2)\n"
                     "p := &n\n"
                     "*p = 7\n"
                     "add()\n"
                     "check(n == 8)\n"
                     "}\n"));
}

int main(void)
{
    TAP_RUN(inner_names_hide_outer_ones_and_end_with_their_block);
    TAP_RUN(declared_twice_unused_and_unknown);
    TAP_RUN(closures_share_the_variable);
    return tap_done();
}
