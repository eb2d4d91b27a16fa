#include "lang/lib.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void functions_and_constants_of_packages(void)
{
    CHECK(world_runs("package main\n"
                     "import (\n"
                     "\t\"math\"\n"
                     "\t\"strings\"\n"
                     "\t\"strconv\"\n"
                     "\t\"time\"\n"
                     "\t\"path\"\n"
                     ")\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "\n"
                     "func main() {\n"
                     "check(strings.ToUpper(\"a\") == \"A\" && path.Join(\"a\", \"..\", \"b\") == "
                     "\"b\" && math.MaxInt8 == 127)\n"
                     "n, err := strconv.Atoi(\"42\")\n"
                     "check(n == 42 && err == nil)\n"
                     "_, err = strconv.Atoi(\"x\")\n"
                     "check(err != nil)\n"
                     "d := 90 * time.Second\n"
                     "check(d.String() == \"1m30s\" && d.Minutes() == 1.5)\n"
                     "}\n"));
}

int main(void)
{
    TAP_RUN(functions_and_constants_of_packages);
    return tap_done();
}
