#include "lang/eval_generic.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void package_sort(void)
{
    CHECK(world_runs(
        "package main\n"
        "import \"sort\"\n"
        "func check(ok bool) { if !ok { panic(\"no\") } }\n"
        "\n"
        "func main() {\n"
        "x := []int{3, 1, 2}\n"
        "sort.Ints(x)\n"
        "check(x[0] == 1 && sort.SearchInts(x, 3) == 2 && sort.IntsAreSorted(x))\n"
        "y := make([]int, 200)\n"
        "for i := range y { y[i] = (i * 77) % 200 }\n"
        "sort.Slice(y, func(i, j int) bool { return y[i]/10 < y[j]/10 })\n"
        "check(sort.SliceIsSorted(y, func(i, j int) bool { return y[i]/10 < y[j]/10 }))\n"
        "i, ok := sort.Find(3, func(i int) int { return 2 - x[i] })\n"
        "check(i == 1 && ok && sort.Search(10, func(i int) bool { return i*i > 50 }) == 8)\n"
        "}\n"));
}

int main(void)
{
    TAP_RUN(package_sort);
    return tap_done();
}
