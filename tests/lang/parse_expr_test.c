#include "lang/parse.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void precedence_and_forms(void)
{
    CHECK(world_runs(
        "package main\n"
        "func check(ok bool) { if !ok { panic(\"no\") } }\n"
        "\n"
        "func main() {\n"
        "check(1+2*3 == 7 && (1+2)*3 == 9 && 1<<2+1 == 5 && 7&3|8 == 11 && !false && -3+5 == 2)\n"
        "check(1 < 2 == true || false && true)\n"
        "x := []int{1, 2}\n"
        "y := func(a int) int { return a * 2 }(x[1])\n"
        "check(y == 4)\n"
        "}\n"));
}

static void mistakes_in_expressions(void)
{
    CHECK(world_refuses("package main\n"
                        "var a = 1 +\n"
                        "var b = [1, 2]\n"
                        "var c = f(1 2)\n"
                        "var d = x[]\n"
                        "var e = T{1 2}\n"
                        "var g = )\n"
                        "func main() {}\n",
                        "3:1 syntax expected an expression, found 'var'\n"
                        "4:13 syntax expected ')' or ',' in the arguments, found '2'\n"
                        "5:11 syntax expected an operand, found ']'\n"
                        "6:13 syntax expected '}' or ',' in a composite literal, found '2'\n"
                        "7:9 syntax expected an expression, found ')'"));
}

static void arrows_are_read_as_go_reads_them(void)
{
    CHECK(world_refuses("package main\n"
                        "func f() {\n"
                        "\t_ = <-chan int(nil)\n"
                        "\t_ = (<-chan<- int)(nil)\n"
                        "\t_ = (<-<-chan int)(nil)\n"
                        "}\n"
                        "func main() {}\n",
                        "3:6 not_in_subset channels are not in the Firebreak subset\n"
                        "3:8 not_in_subset channels are not in the Firebreak subset\n"
                        "4:7 syntax expected a channel's type behind '<-'\n"
                        "4:9 not_in_subset channels are not in the Firebreak subset\n"
                        "5:7 syntax expected 'chan' behind '<-'\n"
                        "5:11 not_in_subset channels are not in the Firebreak subset"));
}

int main(void)
{
    TAP_RUN(precedence_and_forms);
    TAP_RUN(mistakes_in_expressions);
    TAP_RUN(arrows_are_read_as_go_reads_them);
    return tap_done();
}
