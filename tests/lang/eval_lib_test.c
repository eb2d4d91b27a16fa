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

/* As errors.Is of Go: by value, through Unwrap in both its forms, and by a method Is. */
static void errors_of_the_program_are_compared_unwrapped_and_asked(void)
{
    CHECK(world_runs(WORLD_MAIN(
        "import (\n\t\"errors\"\n\t\"fmt\"\n)\n"
        "type p struct{ n int }\n"
        "func (x *p) Error() string { return \"p\" }\n"
        "type v struct{ s string }\n"
        "func (x v) Error() string { return x.s }\n"
        "type one struct{ inner error }\n"
        "func (x one) Error() string { return \"one\" }\n"
        "func (x one) Unwrap() error { return x.inner }\n"
        "type many []error\n"
        "func (x many) Error() string { return \"many\" }\n"
        "func (x many) Unwrap() []error { return x }\n"
        "type any1 int\n"
        "func (x any1) Error() string { return \"any\" }\n"
        "func (x any1) Is(e error) bool { return e.Error() == \"p\" }\n",
        "var err error = &p{1}\n"
        "w := fmt.Errorf(\"w %w\", fmt.Errorf(\"v %w\", err))\n"
        "check(errors.Is(err, err) && errors.Is(w, err) && !errors.Is(w, &p{1}))\n"
        "check(errors.Is(v{\"a\"}, v{\"a\"}) && !errors.Is(v{\"a\"}, v{\"b\"}))\n"
        "check(errors.Is(one{one{err}}, err) && errors.Unwrap(one{err}) == err)\n"
        "check(errors.Is(many{v{\"a\"}, nil, one{err}}, err) && errors.Unwrap(many{err}) == nil)\n"
        "check(!errors.Is(many{err}, many{err}) && errors.Is(any1(3), err))\n"
        "check(errors.Is(errors.Join(v{\"a\"}, w), err))\n")));
}

static void a_nil_pointer_is_not_asked_for_what_it_points_to(void)
{
    CHECK(world_runs(
        WORLD_MAIN("import \"fmt\"\n"
                   "type s struct{}\n"
                   "func (s) String() string { return \"s\" }\n"
                   "type p struct{}\n"
                   "func (x *p) String() string { return fmt.Sprint(x == nil) }\n",
                   "var a *s\nvar b *p\n"
                   "check(fmt.Sprint(a, b, &s{}, []*s{nil}) == \"<nil> true s [<nil>]\")\n")));
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
    TAP_RUN(errors_of_the_program_are_compared_unwrapped_and_asked);
    TAP_RUN(a_nil_pointer_is_not_asked_for_what_it_points_to);
    TAP_RUN(a_panic_of_the_library_is_told_at_the_call);
    return tap_done();
}
