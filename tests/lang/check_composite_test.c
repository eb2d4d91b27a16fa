#include "lang/check.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void literals_with_keys_and_without_types(void)
{
    CHECK(world_runs("package main\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "type p struct { x, y int }\n"
                     "func main() {\n"
                     "a := []p{{1, 2}, {y: 3}}\n"
                     "b := map[string]*p{\"k\": {x: 4}}\n"
                     "c := [...]int{5: 1, 2, 1: 7}\n"
                     "d := [][]int{{1}, {2, 3}}\n"
                     "e := map[p]string{{1, 2}: \"a\"}\n"
                     "check(a[1].y == 3 && b[\"k\"].x == 4 && len(c) == 7 && c[6] == 2 && d[1][1] "
                     "== 3 && e[p{1, 2}] == \"a\")\n"
                     "}\n"));
}

static void literals_that_go_refuses(void)
{
    CHECK(world_refuses("package main\n"
                        "type p struct { x, y int }\n"
                        "var a = p{1}\n"
                        "var b = p{x: 1, 2}\n"
                        "var c = p{z: 1}\n"
                        "var d = []int{0: 1, 0: 2}\n"
                        "var e = map[string]int{\"a\": 1, \"a\": 2}\n"
                        "var f = [2]int{1, 2, 3}\n"
                        "var g = p{x: 1, x: 2}\n"
                        "var h = int{}\n"
                        "var i = map[string]int{\"a\"}\n"
                        "func main() {}\n",
                        "3:11 syntax fewer values than p has fields\n"
                        "4:17 syntax a literal has either names for all of its values or for none\n"
                        "5:11 unknown_field p has no field z\n"
                        "6:21 duplicate_name index 0 is set twice\n"
                        "7:32 duplicate_name duplicate key in a map literal\n"
                        "8:22 out_of_range index 2 is out of range: the array has 2 elements\n"
                        "9:17 duplicate_name field x is set twice\n"
                        "10:9 type_mismatch int has no composite literal\n"
                        "11:24 syntax missing key in a map literal"));
}

static void nil_is_a_key_of_any(void)
{
    CHECK(world_runs(WORLD_MAIN("", "m := map[any]int{nil: 1, true: 2}\n"
                                    "check(m[nil] == 1 && len(m) == 2)")));
    CHECK(world_refuses("package main\n"
                        "var a = []int{1 << 31: 1}\n"
                        "func main() {}\n",
                        "2:15 limit the index goes beyond 2147483647, the most that a literal may "
                        "have"));
}

int main(void)
{
    TAP_RUN(literals_with_keys_and_without_types);
    TAP_RUN(literals_that_go_refuses);
    TAP_RUN(nil_is_a_key_of_any);
    return tap_done();
}
