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

int main(void)
{
    TAP_RUN(one_fault_a_line_and_reading_goes_on);
    return tap_done();
}
