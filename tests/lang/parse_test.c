#include "lang/parse.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void one_fault_a_line_and_reading_goes_on(void)
{
    CHECK(world_refuses("package main\n"
                        "var a = ] ] ]\n"
                        "var b = 1\n"
                        "func main() {\n"
                        "\ta = }\n"
                        "}\n"
                        "var c = \"x\n",
                        "2:9 syntax expected an expression, found ']'\n"
                        "5:6 syntax expected an expression, found '}'\n"
                        "6:1 syntax expected a declaration (const, type, var or func), found '}'\n"
                        "7:9 syntax newline in string"));
}

static void an_end_that_comes_too_early_is_told_once(void)
{
    CHECK(world_refuses("package main\n"
                        "func main() {\n"
                        "\tvar x = 5 {\n",
                        "3:12 syntax expected ';' or a new line after a variable, found '{'"));
    CHECK(world_refuses("package main\n"
                        "func main() {\n",
                        "3:1 syntax expected '}', found the end of the file"));
}

int main(void)
{
    TAP_RUN(one_fault_a_line_and_reading_goes_on);
    TAP_RUN(an_end_that_comes_too_early_is_told_once);
    return tap_done();
}
