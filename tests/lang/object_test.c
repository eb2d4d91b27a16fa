#include "lang/object.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void copies_are_made_when_they_are_written(void)
{
    CHECK(world_runs(
        "package main\n"
        "func check(ok bool) { if !ok { panic(\"no\") } }\n"
        "type t struct { a [3]int; m map[string]int; n *t }\n"
        "func main() {\n"
        "x := t{a: [3]int{1, 2, 3}, m: map[string]int{}}\n"
        "y := x\n"
        "y.a[0] = 9\n"
        "y.m[\"k\"] = 1\n"
        "x.n = &y\n"
        "x.n.a[1] = 8\n"
        "z := *x.n\n"
        "z.a[2] = 7\n"
        "check(x.a[0] == 1 && y.a[1] == 8 && y.a[2] == 3 && x.m[\"k\"] == 1 && z.a[1] == 8)\n"
        "f := func(v t) t { v.a[0] = 100; return v }\n"
        "check(f(y).a[0] == 100 && y.a[0] == 9)\n"
        "}\n"));
}

int main(void)
{
    TAP_RUN(copies_are_made_when_they_are_written);
    return tap_done();
}
