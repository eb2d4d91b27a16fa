#include "lang/eval.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void appending_in_place_is_never_seen(void)
{
    CHECK(world_runs("package main\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "func twice(n int) ([]int, []int) { var x []int; for i := range n { x = "
                     "append(x, i) }; return x, x }\n"
                     "func keep(n int) (a, b []int) { for i := range n { a = append(a, i); if i == "
                     "2 { b = a } }; return }\n"
                     "func grow(x []int) []int { x = append(x, 7); x = append(x, 8); return x }\n"
                     "func main() {\n"
                     "a, b := twice(5)\n"
                     "a = append(a, 1)\n"
                     "b = append(b, 2)\n"
                     "check(len(a) == 6 && len(b) == 6 && b[5] == 2 && a[5] == 2)\n"
                     "a[0] = 9\n"
                     "check(b[0] == 9)\n"
                     "c, d := keep(10)\n"
                     "c[0] = 5\n"
                     "check(len(c) == 10 && len(d) == 3 && d[0] == 0)\n"
                     "e := make([]int, 1, 10)\n"
                     "f := grow(e)\n"
                     "check(len(e) == 1 && len(f) == 3 && e[:3][2] == 8)\n"
                     "}\n"));
}

static void append_grows_as_go_does(void)
{
    CHECK(world_runs("package main\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "\n"
                     "func main() {\n"
                     "var a []int\n"
                     "caps := \"\"\n"
                     "last := -1\n"
                     "for i := range 2000 { a = append(a, i); if cap(a) != last { last = cap(a); "
                     "caps += string(rune(last)) } }\n"
                     "check(caps == string([]rune{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 848, "
                     "1280, 1792, 2560}))\n"
                     "b := append([]byte{}, \"abc\"...)\n"
                     "check(cap(b) == 8 && string(b) == \"abc\")\n"
                     "c := a[:1]\n"
                     "d := append(c, 99)\n"
                     "check(a[1] == 99 && len(d) == 2)\n"
                     "e := append(a[:1:1], 5)\n"
                     "check(a[1] == 99 && e[1] == 5)\n"
                     "check(cap(append([]string{\"a\"}, \"b\", \"c\")) == 3 && "
                     "cap(append([]string{\"a\", \"b\"}, \"c\")) == 4)\n"
                     "}\n"));
}

static void copy_delete_clear_make_new(void)
{
    CHECK(world_runs("package main\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "\n"
                     "func main() {\n"
                     "a := []int{1, 2, 3, 4}\n"
                     "check(copy(a[1:], a) == 3 && a[3] == 3 && copy(a, []int{}) == 0)\n"
                     "m := map[string]int{\"a\": 1}\n"
                     "delete(m, \"z\")\n"
                     "delete(m, \"a\")\n"
                     "check(len(m) == 0)\n"
                     "m[\"b\"] = 1\n"
                     "clear(m)\n"
                     "check(len(m) == 0)\n"
                     "clear(a[:2])\n"
                     "check(a[0] == 0 && a[2] == 2)\n"
                     "b := make([]string, 2, 5)\n"
                     "check(len(b) == 2 && cap(b) == 5 && b[1] == \"\")\n"
                     "p := new(int)\n"
                     "*p += 2\n"
                     "check(*p == 2)\n"
                     "}\n"));
}

static void slices_out_of_range_panic(void)
{
    CHECK(world_refuses("package main\n"
                        "var n = 5\n"
                        "func main() {\n"
                        "\t_ = []int{1}[:n]\n"
                        "}\n",
                        "4:6 panic panic: slice bounds out of range [:5] with capacity 1"));
}

static void too_much_memory_is_a_limit(void)
{
    CHECK(world_refuses("package main\n"
                        "var n = 1 << 40\n"
                        "func main() {\n"
                        "\t_ = make([]int, n)\n"
                        "}\n",
                        "4:6 limit the evaluation goes beyond alloc_bytes_max (268435456)"));
}

int main(void)
{
    TAP_RUN(appending_in_place_is_never_seen);
    TAP_RUN(append_grows_as_go_does);
    TAP_RUN(copy_delete_clear_make_new);
    TAP_RUN(slices_out_of_range_panic);
    TAP_RUN(too_much_memory_is_a_limit);
    return tap_done();
}
