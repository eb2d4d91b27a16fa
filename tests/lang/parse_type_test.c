#include "lang/parse.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void types_read_as_go_reads_them(void)
{
    CHECK(world_runs("package main\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "type (\n"
                     "\ta struct { x, y int; b }\n"
                     "\tb struct{ z int \"tag\" }\n"
                     "\tc func(a, d int, rest ...[]string) (n int, err error)\n"
                     "\te [2][]map[string]*a\n"
                     ")\n"
                     "func main() {\n"
                     "var v e\n"
                     "check(len(v) == 2 && v[0] == nil)\n"
                     "}\n"));
}

static void mistakes_in_types(void)
{
    CHECK(world_refuses("package main\n"
                        "type a struct { x }\n"
                        "type b struct { x int y int }\n"
                        "type c func(a, b int, string)\n"
                        "type d [\n"
                        "type e map[string]\n"
                        "type g func(...int, string)\n"
                        "func main() {}\n",
                        "3:23 syntax expected ';' or a new line after a field, found 'y'\n"
                        "4:23 syntax mixed named and unnamed parameters\n"
                        "6:1 syntax expected an expression, found 'type'\n"
                        "7:13 syntax '...' is only for the last parameter of a function"));
}

static void type_parameters_are_read_as_go_reads_them(void)
{
    CHECK(world_refuses("package main\n"
                        "type t[A, B any] struct{}\n"
                        "type u[A,] struct{}\n"
                        "type x int\n"
                        "func (x x) m[T any]() {}\n"
                        "func main() {}\n",
                        "2:7 not_in_subset generic types are not in the Firebreak subset\n"
                        "3:7 not_in_subset generic types are not in the Firebreak subset\n"
                        "3:10 syntax missing type constraint\n"
                        "5:13 syntax a method must have no type parameters"));
}

int main(void)
{
    TAP_RUN(types_read_as_go_reads_them);
    TAP_RUN(mistakes_in_types);
    TAP_RUN(type_parameters_are_read_as_go_reads_them);
    return tap_done();
}
