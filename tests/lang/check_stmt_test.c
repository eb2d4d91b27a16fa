#include "lang/check.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void labels_and_branches(void)
{
    CHECK(world_runs("package main\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "\n"
                     "func main() {\n"
                     "n := 0\n"
                     "outer:\n"
                     "for i := 0; i < 5; i++ {\n"
                     "\tfor j := range 5 {\n"
                     "\t\tif j == 3 { continue outer }\n"
                     "\t\tif i == 3 { break outer }\n"
                     "\t\tn++\n"
                     "\t}\n"
                     "}\n"
                     "check(n == 9)\n"
                     "sw:\n"
                     "switch {\n"
                     "default:\n"
                     "\tfor { break sw }\n"
                     "}\n"
                     "}\n"));
}

static void statements_that_go_refuses(void)
{
    CHECK(world_refuses(
        "package main\n"
        "func f() int { return }\n"
        "func g() { return 1 }\n"
        "func main() {\n"
        "\tif 1 {\n"
        "\t}\n"
        "\tbreak\n"
        "\tcontinue\n"
        "unused:\n"
        "\tfor {\n"
        "\t\tbreak nowhere\n"
        "\t}\n"
        "\tfor range 1.5 {\n"
        "\t}\n"
        "\tfor i, j := range 3 {\n"
        "\t}\n"
        "\t1 + 2\n"
        "\tfallthrough\n"
        "}\n",
        "2:16 type_mismatch missing 1 result\n"
        "3:19 type_mismatch the function has no results\n"
        "5:5 type_mismatch a condition must be a bool, not 1 (untyped int constant)\n"
        "7:2 syntax break is not in a loop or a switch\n"
        "8:2 syntax continue is not in a loop\n"
        "9:1 syntax label unused is declared and not used\n"
        "11:3 syntax break label nowhere is not around this statement\n"
        "13:12 type_mismatch 1.5 (untyped float constant) is not a whole number, as int must be\n"
        "15:6 syntax i is declared and not used\n"
        "15:9 type_mismatch a range over int has only one variable\n"
        "15:9 syntax j is declared and not used\n"
        "17:2 syntax the value is not used\n"
        "18:2 syntax fallthrough must be the last statement of a case, but not of the last one"));
}

static void what_is_outside_the_subset_has_a_name(void)
{
    CHECK(
        world_refuses("package main\n"
                      "func f[T any](x T) {}\n"
                      "type i interface { m() }\n"
                      "func main() {\n"
                      "\tgo f(1)\n"
                      "\tdefer f(1)\n"
                      "\tvar c chan int\n"
                      "\tc <- 1\n"
                      "\tselect {}\n"
                      "\tgoto end\n"
                      "end:\n"
                      "}\n",
                      "2:7 not_in_subset generic functions are not in the Firebreak subset\n"
                      "3:8 not_in_subset interfaces of one's own are not in the Firebreak subset\n"
                      "5:2 not_in_subset goroutines are not in the Firebreak subset\n"
                      "6:2 not_in_subset defer statements are not in the Firebreak subset\n"
                      "7:6 syntax c is declared and not used\n"
                      "7:8 not_in_subset channels are not in the Firebreak subset\n"
                      "8:4 not_in_subset channels are not in the Firebreak subset\n"
                      "9:2 not_in_subset select statements are not in the Firebreak subset\n"
                      "10:2 not_in_subset goto statements are not in the Firebreak subset"));
}

int main(void)
{
    TAP_RUN(labels_and_branches);
    TAP_RUN(statements_that_go_refuses);
    TAP_RUN(what_is_outside_the_subset_has_a_name);
    return tap_done();
}
