#include "lang/eval.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void values_go_to_the_library_and_back(void)
{
    CHECK(world_runs("package main\n"
                     "import (\n"
                     "\t\"fmt\"\n"
                     "\t\"strings\"\n"
                     "\t\"errors\"\n"
                     "\t\"strconv\"\n"
                     ")\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "type e struct{ n int }\n"
                     "func (e *e) Error() string { return \"e\" + strconv.Itoa(e.n) }\n"
                     "func main() {\n"
                     "check(strings.Join(strings.Split(\"a,b\", \",\"), \"-\") == \"a-b\")\n"
                     "check(strings.Map(func(r rune) rune { return r + 1 }, \"abc\") == \"bcd\")\n"
                     "var err error = &e{5}\n"
                     "w := fmt.Errorf(\"w %w\", err)\n"
                     "check(w.Error() == \"w e5\" && errors.Unwrap(w) == err)\n"
                     "x := []any{1, \"a\", nil}\n"
                     "check(fmt.Sprint(x...) == \"1a<nil>\")\n"
                     "before, after, ok := strings.Cut(\"k=v\", \"=\")\n"
                     "check(before == \"k\" && after == \"v\" && ok)\n"
                     "check(strings.Repeat(\"ab\", 3) == \"ababab\")\n"
                     "}\n"));
}

static void a_panic_of_the_library_is_told_at_the_call(void)
{
    CHECK(world_refuses("package main\n"
                        "import \"strings\"\n"
                        "var n = -1\n"
                        "func main() {\n"
                        "\t_ = strings.Repeat(\"a\", n)\n"
                        "}\n",
                        "5:6 panic panic: strings: negative Repeat count"));
}

int main(void)
{
    TAP_RUN(values_go_to_the_library_and_back);
    TAP_RUN(a_panic_of_the_library_is_told_at_the_call);
    return tap_done();
}
