#include "lang/eval.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void package_slices(void)
{
    CHECK(world_runs(
        "package main\n"
        "import \"slices\"\n"
        "func check(ok bool) { if !ok { panic(\"no\") } }\n"
        "type p struct { k, v int }\n"
        "func main() {\n"
        "a := []int{5, 2, 8}\n"
        "b := slices.Clone(a)\n"
        "slices.Sort(b)\n"
        "check(a[0] == 5 && b[0] == 2 && slices.Max(a) == 8 && slices.Index(a, 8) == 2 && "
        "slices.Contains(a, 2))\n"
        "b = slices.Insert(b, 1, 3, 4)\n"
        "check(slices.Equal(b, []int{2, 3, 4, 5, 8}))\n"
        "b = slices.Delete(b, 0, 2)\n"
        "check(slices.Equal(b, []int{4, 5, 8}))\n"
        "b = slices.Replace(b, 0, 1, 1, 2, 3)\n"
        "check(slices.Equal(b, []int{1, 2, 3, 5, 8}))\n"
        "slices.Reverse(b)\n"
        "check(b[0] == 8 && slices.Compare(b, a) == 1)\n"
        "check(slices.Compare([]string{\"a\"}, []string{\"z\"}) == -1)\n"
        "c := slices.Compact([]int{1, 1, 2, 2, 1})\n"
        "check(slices.Equal(c, []int{1, 2, 1}))\n"
        "q := []p{{2, 1}, {1, 2}, {2, 3}, {1, 4}}\n"
        "slices.SortStableFunc(q, func(a, b p) int { return a.k - b.k })\n"
        "check(q[0].v == 2 && q[1].v == 4 && q[2].v == 1)\n"
        "at, found := slices.BinarySearchFunc(q, 2, func(e p, k int) int { return e.k - k })\n"
        "check(at == 2 && found && slices.IndexFunc(q, func(e p) bool { return e.v == 3 }) == 3)\n"
        "q = slices.DeleteFunc(q, func(e p) bool { return e.k == 1 })\n"
        "check(len(q) == 2 && len(slices.Concat(a, a)) == 6)\n"
        "}\n"));
}

static void package_maps(void)
{
    CHECK(world_runs("package main\n"
                     "import \"maps\"\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "\n"
                     "func main() {\n"
                     "a := map[string]int{\"x\": 1, \"y\": 2}\n"
                     "b := maps.Clone(a)\n"
                     "b[\"z\"] = 3\n"
                     "check(len(a) == 2 && len(b) == 3 && !maps.Equal(a, b))\n"
                     "maps.DeleteFunc(b, func(k string, v int) bool { return v > 2 })\n"
                     "check(maps.Equal(a, b))\n"
                     "maps.Copy(a, map[string]int{\"x\": 9})\n"
                     "check(a[\"x\"] == 9)\n"
                     "}\n"));
}

static void an_empty_list_has_no_largest(void)
{
    CHECK(world_refuses("package main\n"
                        "import \"slices\"\n"
                        "func main() {\n"
                        "\t_ = slices.Max([]int{})\n"
                        "}\n",
                        "4:6 panic panic: slices.Max: empty list"));
}

int main(void)
{
    TAP_RUN(package_slices);
    TAP_RUN(package_maps);
    TAP_RUN(an_empty_list_has_no_largest);
    return tap_done();
}
