#include "lang/eval.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void structs_are_values_and_pointers_are_not(void)
{
    CHECK(world_runs("package main\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "type in struct { n int }\n"
                     "type t struct { a in; b [2]in }\n"
                     "func main() {\n"
                     "x := t{}\n"
                     "y := x\n"
                     "p := &x.a\n"
                     "q := &x.b[1]\n"
                     "p.n, q.n = 3, 4\n"
                     "check(x.a.n == 3 && x.b[1].n == 4 && y.a.n == 0)\n"
                     "z := x\n"
                     "x = t{a: in{9}}\n"
                     "check(p.n == 9 && q.n == 0 && z.a.n == 3)\n"
                     "s := []t{z}\n"
                     "r := &s[0]\n"
                     "s = append(s, t{})\n"
                     "r.a.n = 7\n"
                     "check(s[0].a.n == 3)\n"
                     "w := s[0]\n"
                     "s[0].a.n = 8\n"
                     "check(w.a.n == 3)\n"
                     "arr := [2]in{{1}, {2}}\n"
                     "sl := arr[:]\n"
                     "sl[0].n = 5\n"
                     "check(arr[0].n == 5)\n"
                     "brr := arr\n"
                     "brr[1].n = 6\n"
                     "check(arr[1].n == 2)\n"
                     "}\n"));
}

static void operands_come_before_values(void)
{
    CHECK(world_runs("package main\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "\n"
                     "func main() {\n"
                     "i := 0\n"
                     "a := []int{0, 0, 0}\n"
                     "i, a[i] = 1, 5\n"
                     "check(i == 1 && a[0] == 5)\n"
                     "a[0], a[1] = a[1], a[0]\n"
                     "check(a[1] == 5)\n"
                     "log := \"\"\n"
                     "f := func(s string, n int) int { log += s; return n }\n"
                     "a[f(\"x\", 1)] = f(\"y\", 2)\n"
                     "check(log == \"xy\" && a[1] == 2)\n"
                     "m := map[string][]int{}\n"
                     "m[\"a\"] = append(m[\"a\"], 1)\n"
                     "m[\"a\"][0] += 4\n"
                     "check(m[\"a\"][0] == 5)\n"
                     "}\n"));
}

static void writing_to_a_nil_map_panics(void)
{
    CHECK(world_refuses("package main\n"
                        "var m map[string]int\n"
                        "func main() {\n"
                        "\tm[\"a\"] = 1\n"
                        "}\n",
                        "4:2 panic panic: assignment to entry in nil map"));
}

int main(void)
{
    TAP_RUN(structs_are_values_and_pointers_are_not);
    TAP_RUN(operands_come_before_values);
    TAP_RUN(writing_to_a_nil_map_panics);
    return tap_done();
}
