#include "lang/check.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void switches(void)
{
    CHECK(world_runs("package main\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "func kind(x any) string {\n"
                     "\tswitch v := x.(type) {\n"
                     "\tcase nil:\n"
                     "\t\treturn \"nil\"\n"
                     "\tcase int, int8:\n"
                     "\t\treturn \"int\"\n"
                     "\tcase string:\n"
                     "\t\treturn v + \"!\"\n"
                     "\tcase error:\n"
                     "\t\treturn v.Error()\n"
                     "\t}\n"
                     "\treturn \"?\"\n"
                     "}\n"
                     "func main() {\n"
                     "check(kind(nil) == \"nil\" && kind(5) == \"int\" && kind(\"a\") == \"a!\" && "
                     "kind(2.5) == \"?\")\n"
                     "n := 0\n"
                     "switch x := 2; x {\n"
                     "case 1: n = 1\n"
                     "case 2, 3: n = 2; fallthrough\n"
                     "case 4: n += 10\n"
                     "default: n = 99\n"
                     "}\n"
                     "check(n == 12)\n"
                     "}\n"));
}

static void switches_that_go_refuses(void)
{
    CHECK(world_refuses(
        "package main\n"
        "func f(x int) int {\n"
        "\tswitch x {\n"
        "\tcase 1, 1:\n"
        "\tcase \"a\":\n"
        "\tdefault:\n"
        "\tdefault:\n"
        "\t}\n"
        "\tvar y any = x\n"
        "\tswitch y.(type) {\n"
        "\tcase int:\n"
        "\tcase int:\n"
        "\t}\n"
        "\tswitch z := y.(type) {\n"
        "\t}\n"
        "\tfor {\n"
        "\t\tbreak\n"
        "\t}\n"
        "}\n"
        "func main() {}\n",
        "4:10 duplicate_name duplicate case in a switch\n"
        "5:7 type_mismatch invalid operation: mismatched types int and untyped string\n"
        "7:2 duplicate_name more than one default in a switch\n"
        "12:7 duplicate_name duplicate case in a type switch\n"
        "14:9 syntax z is declared and not used\n"
        "19:1 syntax missing return at the end of the function"));
}

int main(void)
{
    TAP_RUN(switches);
    TAP_RUN(switches_that_go_refuses);
    return tap_done();
}
