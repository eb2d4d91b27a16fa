#include "lang/check.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void operators_of_all_kinds(void)
{
    CHECK(world_runs("package main\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "\n"
                     "func main() {\n"
                     "check(7/2 == 3 && -7/2 == -3 && -7%3 == -1 && 7&^5 == 2 && 6^3 == 5)\n"
                     "check(\"a\"+\"b\" == \"ab\" && \"a\" < \"b\" && !(1.5 > 2))\n"
                     "var i8 int8 = -128\n"
                     "check(-i8 == -128 && i8-1 == 127 && i8>>7 == -1)\n"
                     "var u uint32 = 1\n"
                     "check(u<<31>>31 == 1 && ^u == 4294967294 && u<<32 == 0)\n"
                     "x := []int{}\n"
                     "var m map[string]int\n"
                     "check(x != nil && m == nil)\n"
                     "}\n"));
}

static void operands_that_do_not_go_together(void)
{
    CHECK(world_refuses(
        "package main\n"
        "func main() {\n"
        "\ta, b := 1, \"x\"\n"
        "\t_ = a + b\n"
        "\t_ = a + 1.5\n"
        "\t_ = a && true\n"
        "\t_ = []int{} == []int{}\n"
        "\t_ = a / 0\n"
        "\t_ = a << -1\n"
        "\t_ = !a\n"
        "\t_ = -b\n"
        "\t_ = &5\n"
        "\t_ = nil == nil\n"
        "\t_ = func() {} == nil\n"
        "}\n",
        "4:6 type_mismatch invalid operation: mismatched types int and string\n"
        "5:10 type_mismatch 1.5 (untyped float constant) is not a whole number, as int must be\n"
        "6:6 type_mismatch invalid operation: mismatched types int and untyped bool\n"
        "7:6 type_mismatch invalid operation: []int can only be compared to nil\n"
        "8:10 out_of_range division by zero\n"
        "9:11 out_of_range a shift count must not be negative\n"
        "10:6 type_mismatch invalid operation: operator ! is not defined on int\n"
        "11:6 type_mismatch invalid operation: operator - is not defined on string\n"
        "12:6 type_mismatch cannot take the address of 5 (untyped int constant)\n"
        "13:6 type_mismatch invalid operation: nil cannot be compared with nil"));
}

int main(void)
{
    TAP_RUN(operators_of_all_kinds);
    TAP_RUN(operands_that_do_not_go_together);
    return tap_done();
}
