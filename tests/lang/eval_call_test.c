#include "lang/eval.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void functions_call_themselves_and_each_other(void)
{
    CHECK(world_runs(
        "package main\n"
        "func check(ok bool) { if !ok { panic(\"no\") } }\n"
        "func fib(n int) int { if n < 2 { return n }; return fib(n-1) + fib(n-2) }\n"
        "func even(n int) bool { return n == 0 || odd(n-1) }\n"
        "func odd(n int) bool { return n != 0 && even(n-1) }\n"
        "func apply(f func(int, ...int) int, x ...int) int { return f(x[0], x[1:]...) }\n"
        "func main() {\n"
        "check(fib(15) == 610 && even(100) && !odd(100))\n"
        "check(apply(func(a int, r ...int) int { return a + len(r) }, 5, 1, 1) == 7)\n"
        "compose := func(f, g func(int) int) func(int) int { return func(x int) int { return "
        "f(g(x)) } }\n"
        "check(compose(func(x int) int { return x + 1 }, func(x int) int { return x * 2 })(5) == "
        "11)\n"
        "}\n"));
}

static void recursion_without_end_is_a_limit(void)
{
    CHECK(world_refuses("package main\n"
                        "func f(n int) int { return f(n+1) }\n"
                        "func main() {\n"
                        "\tf(0)\n"
                        "}\n",
                        "2:28 limit the evaluation goes beyond call_depth_max (5000)"));
}

int main(void)
{
    TAP_RUN(functions_call_themselves_and_each_other);
    TAP_RUN(recursion_without_end_is_a_limit);
    return tap_done();
}
