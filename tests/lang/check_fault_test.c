#include "lang/check.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void messages_say_what_is_there_and_what_is_wanted(void)
{
    CHECK(
        world_refuses("package main\n"
                      "var a int = \"x\"\n"
                      "var b string = a\n"
                      "var c bool = nil\n"
                      "func main() {}\n",
                      "2:13 type_mismatch cannot use \"x\" (untyped string constant) as int in "
                      "variable declaration\n"
                      "3:16 type_mismatch cannot use a (an int) as string in variable declaration\n"
                      "4:14 type_mismatch cannot use nil as bool in variable declaration"));
}

static void unknown_names_get_a_suggestion(void)
{
    CHECK(world_refuses("package main\n"
                        "func main() {\n"
                        "\tcounter := 1\n"
                        "\t_ = countr + counter\n"
                        "}\n",
                        "4:6 unresolved_reference undefined: countr"));
}

int main(void)
{
    TAP_RUN(messages_say_what_is_there_and_what_is_wanted);
    TAP_RUN(unknown_names_get_a_suggestion);
    return tap_done();
}
