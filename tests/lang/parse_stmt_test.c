#include "lang/parse.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void statements_read_as_go_reads_them(void)
{
    CHECK(world_runs("package main\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "type t struct { ok bool }\n"
                     "func main() {\n"
                     "if x := (t{true}); x.ok { check(true) } else if !x.ok { check(false) } else "
                     "{ check(false) }\n"
                     "for ; ; { break }\n"
                     "for i, j := 0, 5; i < j; i, j = i+1, j-1 { }\n"
                     "{ ; }\n"
                     "switch y := 1; { case y > 0: }\n"
                     "var z int; z++; _ = z\n"
                     "}\n"));
}

static void mistakes_in_statements(void)
{
    CHECK(world_refuses(
        "package main\n"
        "func main() {\n"
        "\tif x := 1 {\n"
        "\t}\n"
        "\tfor i := 0; i < 3 {\n"
        "\t}\n"
        "\tx = = 2\n"
        "\telse {\n"
        "\t}\n"
        "\tvar\n"
        "\treturn 1,\n"
        "}\n"
        "func g() {\n"
        "\tswitch { foo }\n"
        "}\n",
        "3:7 syntax cannot use an assignment as the condition of an if (is '==' meant?)\n"
        "7:6 syntax expected an expression, found '='\n"
        "8:2 syntax expected an expression, found 'else'\n"
        "11:2 syntax expected a name, found 'return'\n"
        "14:11 syntax expected 'case', 'default' or '}', found 'foo'"));
}

int main(void)
{
    TAP_RUN(statements_read_as_go_reads_them);
    TAP_RUN(mistakes_in_statements);
    return tap_done();
}
