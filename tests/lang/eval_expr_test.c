#include "lang/eval.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void assertions_and_interfaces(void)
{
    CHECK(world_runs("package main\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "type e struct{}\n"
                     "func (e) Error() string { return \"e\" }\n"
                     "func main() {\n"
                     "var x any = 5\n"
                     "n, ok := x.(int)\n"
                     "_, no := x.(string)\n"
                     "check(n == 5 && ok && !no)\n"
                     "var err error = e{}\n"
                     "x = err\n"
                     "check(x == e{} && err.Error() == \"e\")\n"
                     "_, is := x.(error)\n"
                     "check(is)\n"
                     "x = [2]int{1, 2}\n"
                     "check(x == [2]int{1, 2} && x != [2]int{1, 3})\n"
                     "}\n"));
}

static void a_wrong_assertion_panics(void)
{
    CHECK(world_refuses("package main\n"
                        "var x any = 5\n"
                        "func main() {\n"
                        "\t_ = x.(string)\n"
                        "}\n",
                        "4:6 panic panic: interface conversion: the value is not string"));
}

static void nil_is_not_followed(void)
{
    CHECK(world_refuses("package main\n"
                        "type t struct { n int }\n"
                        "func main() {\n"
                        "\tvar p *t\n"
                        "\tp.n = 1\n"
                        "}\n",
                        "5:2 panic panic: invalid memory address or nil pointer dereference"));
}

int main(void)
{
    TAP_RUN(assertions_and_interfaces);
    TAP_RUN(a_wrong_assertion_panics);
    TAP_RUN(nil_is_not_followed);
    return tap_done();
}
