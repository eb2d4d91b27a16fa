#include "lang/check.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void indexes_slices_and_pointers(void)
{
    CHECK(world_runs("package main\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "type p struct { x, y int }\n"
                     "func main() {\n"
                     "a := [4]int{1, 2, 3, 4}\n"
                     "s := a[1:3]\n"
                     "check(len(s) == 2 && cap(s) == 3 && s[1] == 3)\n"
                     "s[0] = 9\n"
                     "check(a[1] == 9)\n"
                     "q := &p{1, 2}\n"
                     "q.x = 5\n"
                     "r := *q\n"
                     "r.y = 7\n"
                     "check(q.x == 5 && q.y == 2 && r.y == 7)\n"
                     "check(\"héllo\"[1] == 0xc3 && \"abc\"[1:] == \"bc\")\n"
                     "check(len(a[:2:3]) == 2 && cap(a[:2:3]) == 3)\n"
                     "}\n"));
}

static void expressions_that_go_refuses(void)
{
    CHECK(world_refuses(
        "package main\n"
        "func f() (int, int) { return 1, 2 }\n"
        "func main() {\n"
        "\ta := [2]int{}\n"
        "\t_ = a[2]\n"
        "\t_ = a[\"x\"]\n"
        "\t_ = \"abc\"[5]\n"
        "\t_ = 5[0]\n"
        "\t_ = *a\n"
        "\t_ = f()\n"
        "\t_ = a[2:1]\n"
        "\t_ = int\n"
        "\t_ = len\n"
        "\t_ = 1i\n"
        "\tf\n"
        "}\n",
        "5:8 out_of_range 2 (untyped int constant) is out of range: there are 2 elements\n"
        "6:8 type_mismatch \"x\" (untyped string constant) must be a whole number\n"
        "7:12 out_of_range 5 (untyped int constant) is out of range: there are 3 elements\n"
        "8:6 type_mismatch cannot index 5 (untyped int constant)\n"
        "9:6 type_mismatch cannot follow a (a [2]int): it is no pointer\n"
        "10:6 type_mismatch the call has 2 results where one value is used\n"
        "11:10 out_of_range invalid slice indices: 1 < 2\n"
        "12:6 type_mismatch expected a value, found a type\n"
        "13:6 type_mismatch expected a value, found a builtin function that is not called\n"
        "14:6 not_in_subset complex numbers are not in the Firebreak subset\n"
        "15:2 syntax the value is not used"));
}

int main(void)
{
    TAP_RUN(indexes_slices_and_pointers);
    TAP_RUN(expressions_that_go_refuses);
    return tap_done();
}
