#include "lang/eval.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void a_panic_is_a_fault_in_its_line(void)
{
    CHECK(world_refuses("package main\n"
                        "func f(x []int) int {\n"
                        "\treturn x[3]\n"
                        "}\n"
                        "func main() {\n"
                        "\tf([]int{1})\n"
                        "}\n",
                        "3:9 panic panic: index out of range [3] with length 1"));
}

static void panic_shows_its_value(void)
{
    CHECK(world_refuses("package main\n"
                        "import \"fmt\"\n"
                        "func main() {\n"
                        "\tpanic(fmt.Sprintf(\"no %d\", 5))\n"
                        "}\n",
                        "4:2 panic panic: no 5"));
}

int main(void)
{
    TAP_RUN(a_panic_is_a_fault_in_its_line);
    TAP_RUN(panic_shows_its_value);
    return tap_done();
}
