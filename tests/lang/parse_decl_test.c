#include "lang/parse.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void groups_and_semicolons(void)
{
    CHECK(world_runs("package main\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "const ( a = 1; b = 2 )\n"
                     "var ( c = a; d, e = b, 3 )\n"
                     "type ( f int; g = f )\n"
                     "func main() {\n"
                     "var x g = f(c + d + e)\n"
                     "check(x == 6)\n"
                     "}\n"));
}

static void mistakes_in_declarations(void)
{
    CHECK(world_refuses(
        "package main\n"
        "const a\n"
        "var b\n"
        "type c\n"
        "func (x, y int) d() {}\n"
        "func e(\n"
        "x := 5\n"
        "import \"fmt\"\n"
        "func main() {}\n",
        "2:7 syntax missing value of a constant\n"
        "3:6 syntax expected a type or '=' behind the name of a variable, found the end of the "
        "line\n"
        "4:7 syntax expected a type, found the end of the line\n"
        "5:6 syntax method has multiple receivers\n"
        "5:17 type_mismatch int cannot have methods: a receiver is a type of this package\n"
        "6:6 not_in_subset functions without a body are not in the Firebreak subset\n"
        "7:3 syntax expected ')' or ',' in the parameters, found ':='\n"
        "8:1 syntax imports must appear before other declarations"));
}

int main(void)
{
    TAP_RUN(groups_and_semicolons);
    TAP_RUN(mistakes_in_declarations);
    return tap_done();
}
