#include "lang/check.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void type_parameters_are_inferred_and_kept(void)
{
    CHECK(world_runs("package main\n"
                     "import \"slices\"\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "type names []string\n"
                     "func main() {\n"
                     "n := names{\"b\", \"a\"}\n"
                     "var m names = slices.Clone(n)\n"
                     "slices.Sort(m)\n"
                     "check(m[0] == \"a\" && slices.Contains(n, \"b\"))\n"
                     "var f []float64 = slices.Insert([]float64{}, 0, 1, 2.5)\n"
                     "check(f[1] == 2.5)\n"
                     "}\n"));
}

static void nil_says_nothing_about_a_type(void)
{
    CHECK(world_refuses("package main\n"
                        "import \"maps\"\n"
                        "func main() {\n"
                        "\t_ = maps.Equal(map[string]int{}, nil)\n"
                        "}\n",
                        "4:6 type_mismatch call of Equal: cannot infer M2"));
}

static void constraints_are_checked(void)
{
    CHECK(world_refuses(
        "package main\n"
        "import \"slices\"\n"
        "type t struct{ f func() }\n"
        "func main() {\n"
        "\tslices.Sort([]t{})\n"
        "\t_ = slices.Index([]t{}, t{})\n"
        "\tslices.Sort(3)\n"
        "\tvar s []string = slices.Clone([]int{1})\n"
        "\t_ = slices.Max(1, 2)\n"
        "\t_ = s\n"
        "\tf := slices.Sort\n"
        "}\n",
        "5:2 type_mismatch call of Sort: t cannot be ordered\n"
        "6:6 type_mismatch call of Index: t cannot be compared\n"
        "7:2 type_mismatch call of Sort: cannot infer E\n"
        "8:19 type_mismatch cannot use a value of type []int as []string in variable declaration\n"
        "9:6 type_mismatch call of Max: 2 arguments, wanted 1\n"
        "11:2 syntax f is declared and not used\n"
        "11:7 type_mismatch expected a value, found a generic function that is not called"));
}

int main(void)
{
    TAP_RUN(type_parameters_are_inferred_and_kept);
    TAP_RUN(nil_says_nothing_about_a_type);
    TAP_RUN(constraints_are_checked);
    return tap_done();
}
