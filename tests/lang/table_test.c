#include "lang/object.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void maps_of_any_key(void)
{
    CHECK(
        world_runs("package main\n"
                   "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                   "type k struct { a int; b string }\n"
                   "func main() {\n"
                   "m := map[k]int{}\n"
                   "for i := range 1000 { m[k{i % 100, \"x\"}] += 1 }\n"
                   "check(len(m) == 100 && m[k{5, \"x\"}] == 10)\n"
                   "a := map[any]int{1: 1, \"a\": 2, 1.5: 3, [2]int{1, 2}: 4}\n"
                   "check(a[1] == 1 && a[\"a\"] == 2 && a[[2]int{1, 2}] == 4 && a[int8(1)] == 0)\n"
                   "f := map[float64]int{}\n"
                   "z := 0.0\n"
                   "nan := z / z\n"
                   "f[nan] = 1\n"
                   "f[nan] = 2\n"
                   "check(len(f) == 2)\n"
                   "for i := range 500 { if i%2 == 0 { delete(m, k{i, \"x\"}) } }\n"
                   "check(len(m) == 50)\n"
                   "s := 0\n"
                   "for key := range m { s += key.a }\n"
                   "check(s == 2500)\n"
                   "}\n"));
}

static void keys_that_cannot_be_compared_panic(void)
{
    CHECK(world_refuses("package main\n"
                        "var m = map[any]int{}\n"
                        "func main() {\n"
                        "\tm[[]int{1}] = 1\n"
                        "}\n",
                        "4:2 panic panic: hash of a type that cannot be compared"));
}

int main(void)
{
    TAP_RUN(maps_of_any_key);
    TAP_RUN(keys_that_cannot_be_compared_panic);
    return tap_done();
}
