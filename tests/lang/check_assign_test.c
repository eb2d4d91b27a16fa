#include "lang/check.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void assignments_of_all_kinds(void)
{
    CHECK(world_runs("package main\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "func f() (int, error) { return 4, nil }\n"
                     "func main() {\n"
                     "a, b := 1, 2\n"
                     "a, b = b, a\n"
                     "check(a == 2 && b == 1)\n"
                     "a, c := 5, \"x\"\n"
                     "check(a == 5 && c == \"x\")\n"
                     "v, err := f()\n"
                     "check(v == 4 && err == nil)\n"
                     "m := map[string]int{\"k\": 1}\n"
                     "x, ok := m[\"k\"]\n"
                     "_, no := m[\"z\"]\n"
                     "check(x == 1 && ok && !no)\n"
                     "a += 3\n"
                     "a <<= 2\n"
                     "a &^= 4\n"
                     "a--\n"
                     "check(a == 31)\n"
                     "m[\"n\"]++\n"
                     "m[\"n\"] *= 5\n"
                     "check(m[\"n\"] == 5)\n"
                     "var e any\n"
                     "e, _ = f()\n"
                     "check(e == 4)\n"
                     "}\n"));
}

static void assignments_that_go_refuses(void)
{
    CHECK(world_refuses(
        "package main\n"
        "type p struct { x int }\n"
        "func f() (int, int) { return 1, 2 }\n"
        "func main() {\n"
        "\ta := 1\n"
        "\ta := 2\n"
        "\ta = \"x\"\n"
        "\ta, b := f(), 1\n"
        "\t5 = a\n"
        "\tm := map[string]p{}\n"
        "\tm[\"a\"].x = 1\n"
        "\t\"abc\"[0] = 1\n"
        "\tvar c, d int = 1, 2, 3\n"
        "\ta += \"x\"\n"
        "\tf() = 1\n"
        "\tconst k = 1\n"
        "\tk = 2\n"
        "}\n",
        "6:4 syntax no new variables at the left of :=\n"
        "7:6 type_mismatch cannot use \"x\" (untyped string constant) as int in assignment\n"
        "8:5 syntax b is declared and not used\n"
        "8:10 type_mismatch the call has 2 results where one value is used\n"
        "9:2 type_mismatch cannot assign to 5 (untyped int constant)\n"
        "11:2 type_mismatch cannot assign to a field of a struct in a map: a value of type int\n"
        "12:2 type_mismatch cannot assign to a value of type uint8\n"
        "13:6 type_mismatch 2 variables but 3 values in variable declaration\n"
        "13:6 syntax c is declared and not used\n"
        "13:9 syntax d is declared and not used\n"
        "14:2 type_mismatch invalid operation: mismatched types int and untyped string\n"
        "15:2 type_mismatch the call has 2 results where one value is used\n"
        "17:2 type_mismatch cannot assign to 1 (untyped int constant)"));
}

int main(void)
{
    TAP_RUN(assignments_of_all_kinds);
    TAP_RUN(assignments_that_go_refuses);
    return tap_done();
}
