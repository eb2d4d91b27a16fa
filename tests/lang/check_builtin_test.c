#include "lang/check.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void lengths_of_arrays_and_constants_are_constant(void)
{
    CHECK(world_runs("package main\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "const n = len(\"héy\")\n"
                     "var a [n + 1]int\n"
                     "func main() {\n"
                     "check(len(a) == 5 && cap(a) == 5 && min(3, 1, 2) == 1 && max(1.5, 2) == 2 && "
                     "max(\"a\", \"b\") == \"b\")\n"
                     "const m = min(4, 2)\n"
                     "var b [m]int\n"
                     "check(len(b) == 2)\n"
                     "}\n"));
}

static void builtins_that_go_refuses(void)
{
    CHECK(world_refuses(
        "package main\n"
        "func main() {\n"
        "\t_ = append(1, 2)\n"
        "\t_ = append([]int{}, \"a\")\n"
        "\t_ = len(5)\n"
        "\t_ = make(int)\n"
        "\t_ = make([]int)\n"
        "\t_ = make([]int, 5, 2)\n"
        "\tcopy([]int{}, []string{})\n"
        "\tdelete([]int{}, 1)\n"
        "\t_ = new(5)\n"
        "\tappend([]int{}, 1)\n"
        "\t_ = min(1, \"a\")\n"
        "\t_ = complex(1, 2)\n"
        "\tclear(5)\n"
        "}\n",
        "3:6 type_mismatch append needs a slice, not 1 (untyped int constant)\n"
        "4:22 type_mismatch cannot use \"a\" (untyped string constant) as int in append\n"
        "5:6 type_mismatch 5 (untyped int constant) has no len\n"
        "6:6 type_mismatch cannot make int: only slices and maps\n"
        "7:6 type_mismatch make of a slice needs a length\n"
        "8:18 out_of_range the length is larger than the capacity\n"
        "9:2 type_mismatch copy needs two slices of one type\n"
        "10:2 type_mismatch delete needs a map, not a value of type []int\n"
        "11:10 type_mismatch a type is expected here\n"
        "12:2 syntax the value is not used\n"
        "13:6 type_mismatch arguments of different types cannot be ordered\n"
        "14:6 not_in_subset calls of complex are not in the Firebreak subset\n"
        "15:2 type_mismatch clear needs a map or a slice"));
}

int main(void)
{
    TAP_RUN(lengths_of_arrays_and_constants_are_constant);
    TAP_RUN(builtins_that_go_refuses);
    return tap_done();
}
