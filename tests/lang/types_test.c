#include "lang/types.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void identical_types_are_one(void)
{
    CHECK(world_runs("package main\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "type a struct { X []int }\n"
                     "type b struct { X []int }\n"
                     "func main() {\n"
                     "var x struct { X []int } = a{[]int{1}}\n"
                     "var y b = x\n"
                     "check(y.X[0] == 1)\n"
                     "var f func(a) [2]map[string]b\n"
                     "var g func(a) [2]map[string]b = f\n"
                     "check(g == nil)\n"
                     "}\n"));
}

static void names_of_types_in_messages(void)
{
    CHECK(world_refuses("package main\n"
                        "type n int\n"
                        "var a []map[string]*n = 1\n"
                        "var b func(int, ...string) (bool, error) = 1\n"
                        "var c struct { A int; b [2]any } = 1\n"
                        "func main() {}\n",
                        "3:25 type_mismatch cannot use 1 (untyped int constant) as []map[string]*n "
                        "in variable declaration\n"
                        "4:44 type_mismatch cannot use 1 (untyped int constant) as func(int, "
                        "...string) (bool, error) in variable declaration\n"
                        "5:36 type_mismatch cannot use 1 (untyped int constant) as struct { A int; "
                        "b [2]any } in variable declaration"));
}

int main(void)
{
    TAP_RUN(identical_types_are_one);
    TAP_RUN(names_of_types_in_messages);
    return tap_done();
}
