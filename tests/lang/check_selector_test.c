#include "lang/check.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void fields_and_methods_also_promoted_ones(void)
{
    CHECK(world_runs("package main\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "type base struct { n int }\n"
                     "func (b base) get() int { return b.n }\n"
                     "func (b *base) set(n int) { b.n = n }\n"
                     "type outer struct { base; name string }\n"
                     "type deep struct { *outer }\n"
                     "func main() {\n"
                     "o := outer{base{1}, \"x\"}\n"
                     "o.set(5)\n"
                     "check(o.n == 5 && o.get() == 5)\n"
                     "d := deep{&o}\n"
                     "d.set(6)\n"
                     "check(o.n == 6 && d.name == \"x\")\n"
                     "f := o.get\n"
                     "o.set(9)\n"
                     "check(f() == 6)\n"
                     "g := base.get\n"
                     "check(g(base{3}) == 3)\n"
                     "h := (*base).set\n"
                     "h(&o.base, 4)\n"
                     "check(o.n == 4)\n"
                     "}\n"));
}

static void unknown_members_and_packages(void)
{
    CHECK(world_refuses("package main\n"
                        "import \"strings\"\n"
                        "type t struct { Name string }\n"
                        "func (t *t) m() {}\n"
                        "func main() {\n"
                        "\tvar v t\n"
                        "\t_ = v.Nme\n"
                        "\t_ = strings.Contain(\"a\", \"b\")\n"
                        "\tt{}.m()\n"
                        "\t_ = v.m.x\n"
                        "}\n",
                        "7:8 unknown_field t has no field or method Nme\n"
                        "8:14 not_in_subset strings.Contain is not in the Firebreak subset\n"
                        "9:2 type_mismatch method m has a pointer receiver: it needs a variable\n"
                        "10:10 unknown_field func() has no field or method x"));
}

int main(void)
{
    TAP_RUN(fields_and_methods_also_promoted_ones);
    TAP_RUN(unknown_members_and_packages);
    return tap_done();
}
