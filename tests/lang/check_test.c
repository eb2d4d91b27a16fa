#include "lang/check.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void files_are_of_one_package_and_main_runs(void)
{
    CHECK(world_runs("package main\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "var x = y\n"
                     "var y = 2\n"
                     "func main() {\n"
                     "check(x == 2)\n"
                     "}\n"));
}

static void what_is_imported_is_used(void)
{
    CHECK(world_refuses("package main\n"
                        "import \"fmt\"\n"
                        "import \"strings\"\n"
                        "var _ = fmt.Sprint()\n"
                        "func main() {}\n",
                        "3:8 syntax \"strings\" is imported and not used"));
}

int main(void)
{
    TAP_RUN(files_are_of_one_package_and_main_runs);
    TAP_RUN(what_is_imported_is_used);
    return tap_done();
}
