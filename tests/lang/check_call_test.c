#include "lang/check.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void calls_and_conversions(void)
{
    CHECK(world_runs("package main\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "func sum(first int, rest ...int) int { for _, r := range rest { first += r "
                     "}; return first }\n"
                     "func two() (int, int) { return 3, 4 }\n"
                     "type id int\n"
                     "func main() {\n"
                     "check(sum(1) == 1 && sum(1, 2, 3) == 6 && sum(1, []int{5, 6}...) == 12 && "
                     "sum(two()) == 7)\n"
                     "check(string(rune(233)) == \"é\" && int(3.0) == 3 && uint8(id(200)) == 200)\n"
                     "x := 300\n"
                     "check(byte(x) == 44 && int8(x) == 44 && float64(x)/8 == 37.5)\n"
                     "check(string([]byte(\"ab\")) == \"ab\" && len([]rune(\"hé\")) == 2)\n"
                     "a := [2]int([]int{1, 2})\n"
                     "check(a[1] == 2)\n"
                     "}\n"));
}

static void calls_that_go_refuses(void)
{
    CHECK(world_refuses(
        "package main\n"
        "func f(a int, b string) {}\n"
        "func main() {\n"
        "\tf(1)\n"
        "\tf(1, \"a\", 2)\n"
        "\tf(\"a\", 1)\n"
        "\t_ = f(1, \"a\")\n"
        "\tx := 5\n"
        "\tx()\n"
        "\t_ = string(1.5)\n"
        "\t_ = int(\"a\")\n"
        "\t_ = uint8(300)\n"
        "\tf([]int{1}...)\n"
        "}\n",
        "4:2 type_mismatch not enough arguments in the call of f: 1, wanted 2\n"
        "5:2 type_mismatch too many arguments in the call of f: 3, wanted 2\n"
        "6:4 type_mismatch cannot use \"a\" (untyped string constant) as int in the call of f\n"
        "6:9 type_mismatch cannot use 1 (untyped int constant) as string in the call of f\n"
        "7:6 type_mismatch the call has no result, which is used as a value\n"
        "9:2 type_mismatch cannot call x (an int): it is no function\n"
        "10:6 type_mismatch cannot convert 1.5 (a float64 constant) to string\n"
        "11:6 type_mismatch cannot convert \"a\" (a string constant) to int\n"
        "12:6 constant_overflow cannot convert 300 (untyped int constant) to uint8: it overflows\n"
        "13:2 type_mismatch f takes no '...'\n"
        "13:2 type_mismatch not enough arguments in the call of f: 1, wanted 2"));
}

int main(void)
{
    TAP_RUN(calls_and_conversions);
    TAP_RUN(calls_that_go_refuses);
    return tap_done();
}
