#include "lang/check.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void types_of_all_kinds(void)
{
    CHECK(world_runs("package main\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "type a [3]map[string][]int\n"
                     "type b struct { x, y int; a }\n"
                     "type c = *b\n"
                     "type d func(int, ...string) (bool, error)\n"
                     "func main() {\n"
                     "var v b\n"
                     "v.a[1] = map[string][]int{\"k\": {1}}\n"
                     "var w c = &v\n"
                     "check(w.a[1][\"k\"][0] == 1 && len(w.a) == 3)\n"
                     "var f d\n"
                     "check(f == nil)\n"
                     "}\n"));
}

static void types_that_go_refuses(void)
{
    CHECK(world_refuses(
        "package main\n"
        "type a [-1]int\n"
        "type b map[[]int]int\n"
        "type c struct { c }\n"
        "type d [n]int\n"
        "var n = 3\n"
        "type e struct { x int; x bool }\n"
        "type f unknown\n"
        "type g func(i, i int)\n"
        "func main() {}\n",
        "2:9 out_of_range invalid array length\n"
        "3:12 type_mismatch invalid map key type []int: it cannot be compared\n"
        "4:6 reference_cycle invalid recursive type c\n"
        "5:9 type_mismatch the length of an array must be a constant whole number, not n (an int)\n"
        "7:24 duplicate_name field x is declared twice\n"
        "8:8 unresolved_reference undefined type: unknown\n"
        "9:16 duplicate_name i is declared twice"));
}

static void what_a_listed_package_has_besides_is_outside(void)
{
    CHECK(world_refuses("package main\n"
                        "import \"time\"\n"
                        "var a time.Time\n"
                        "var b time.Duration\n"
                        "func main() {}\n",
                        "3:7 not_in_subset time.Time is not in the Firebreak subset"));
}

int main(void)
{
    TAP_RUN(types_of_all_kinds);
    TAP_RUN(types_that_go_refuses);
    TAP_RUN(what_a_listed_package_has_besides_is_outside);
    return tap_done();
}
