#include "lang/eval.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void fmt_sees_names_methods_and_children(void)
{
    CHECK(
        world_runs("package main\n"
                   "import \"fmt\"\n"
                   "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                   "type p struct { X int; s []string }\n"
                   "type c int\n"
                   "func (c c) String() string { return fmt.Sprintf(\"c%d\", int(c)) }\n"
                   "type w struct { c; m map[c]bool }\n"
                   "func main() {\n"
                   "check(fmt.Sprintf(\"%v %+v %T\", p{1, nil}, p{2, []string{\"a\"}}, p{}) == "
                   "\"{1 []} {X:2 s:[a]} main.p\")\n"
                   "check(fmt.Sprint(c(3), []c{4}) == \"c3 [c4]\")\n"
                   "check(fmt.Sprintf(\"%v %d\", w{1, map[c]bool{2: true}}, c(5)) == \"c1 5\")\n"
                   "check(fmt.Sprintf(\"%v %s\", &p{X: 1}, error(nil)) == \"&{1 []} %!s(<nil>)\")\n"
                   "check(fmt.Sprintf(\"%#v\", []int{1}) == \"[]int{1}\")\n"
                   "}\n"));
}

static void a_field_whose_type_was_refused_prints_as_nothing(void)
{
    struct world w;
    world_eval(
        &w, "package ops\n"
            "import (\n\t\"fmt\"\n\t\"ops/firebreak\"\n)\n"
            "type p struct { X/ int; s []string }\n"
            "var s = fmt.Sprintf(\"%v\", p{1, nil}) + fmt.Sprint(map[string]p{\"a\": {2, nil}})\n"
            "var Config = firebreak.Config{}\n");
    CHECK(w.faults.count > 0);
    world_end(&w);
}

int main(void)
{
    TAP_RUN(fmt_sees_names_methods_and_children);
    TAP_RUN(a_field_whose_type_was_refused_prints_as_nothing);
    return tap_done();
}
