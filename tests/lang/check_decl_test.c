#include "lang/check.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void constants_with_iota_of_any_size(void)
{
    CHECK(world_runs("package main\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "const (\n"
                     "\ta = iota\n"
                     "\tb\n"
                     "\t_\n"
                     "\td = 1 << (10 * iota)\n"
                     "\te\n"
                     ")\n"
                     "const big = 1 << 200\n"
                     "type color int\n"
                     "const (\n"
                     "\tred color = iota + 1\n"
                     "\tgreen\n"
                     ")\n"
                     "func main() {\n"
                     "check(a == 0 && b == 1 && d == 1<<30 && e == 1<<40)\n"
                     "check(big>>198 == 4)\n"
                     "var c color = green\n"
                     "check(c == 2)\n"
                     "}\n"));
}

static void variables_are_ready_in_the_order_of_what_they_need(void)
{
    CHECK(world_runs("package main\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "var log string\n"
                     "func note(s string, n int) int { log += s; return n }\n"
                     "var a = note(\"a\", b+c)\n"
                     "var b = note(\"b\", 1)\n"
                     "var c = func() int { return note(\"c\", b) }()\n"
                     "var x, y = pair()\n"
                     "func pair() (int, int) { return a, note(\"p\", 9) }\n"
                     "func init() { log += \"i\" }\n"
                     "func main() {\n"
                     "check(log == \"bcapi\" && a == 2 && x == 2 && y == 9)\n"
                     "}\n"));
}

static void declarations_that_go_refuses(void)
{
    CHECK(world_refuses(
        "package main\n"
        "const a int = \"x\"\n"
        "const b = f()\n"
        "const c = c\n"
        "func f() int { return 1 }\n"
        "var d, e = 1\n"
        "func (x int) m() {}\n"
        "func g() int {\n"
        "}\n"
        "func main() {}\n",
        "2:15 type_mismatch cannot use \"x\" (untyped string constant) as int in constant "
        "declaration\n"
        "3:11 type_mismatch a value of type int is not constant\n"
        "4:7 reference_cycle c refers to itself\n"
        "6:5 type_mismatch 2 variables but 1 value in variable declaration\n"
        "7:14 type_mismatch int cannot have methods: a receiver is a type of this package\n"
        "9:1 syntax missing return at the end of the function"));
}

static void a_type_may_be_like_one_that_is_not_finished(void)
{
    CHECK(world_runs(WORLD_MAIN("type t []u\n"
                                "type u t\n"
                                "type v w\n"
                                "type w struct { next *v; n int }\n"
                                "func (x v) get() int { return x.n }\n",
                                "a := u{nil, u{}}\n"
                                "b := w{next: &v{n: 3}}\n"
                                "check(len(a) == 2 && b.next.get() == 3)")));
    CHECK(world_refuses("package main\n"
                        "type b c\n"
                        "type c d\n"
                        "type d b\n"
                        "type s struct { x t }\n"
                        "type t s\n"
                        "func main() {}\n",
                        "2:6 reference_cycle invalid recursive type b\n"
                        "5:6 reference_cycle invalid recursive type t"));
}

static void a_repeated_constant_is_wrong_where_it_repeats(void)
{
    CHECK(world_refuses("package main\n"
                        "const (\n"
                        "\tok = byte(iota + 254)\n"
                        "\tfine\n"
                        "\twrong\n"
                        ")\n"
                        "func main() {}\n",
                        "5:2 constant_overflow cannot convert 256 (untyped int constant) to uint8: "
                        "it overflows"));
}

int main(void)
{
    TAP_RUN(constants_with_iota_of_any_size);
    TAP_RUN(variables_are_ready_in_the_order_of_what_they_need);
    TAP_RUN(declarations_that_go_refuses);
    TAP_RUN(a_type_may_be_like_one_that_is_not_finished);
    TAP_RUN(a_repeated_constant_is_wrong_where_it_repeats);
    return tap_done();
}
