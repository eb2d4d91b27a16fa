#include "lang/eval.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void ranges_over_everything(void)
{
    CHECK(world_runs(
        "package main\n"
        "func check(ok bool) { if !ok { panic(\"no\") } }\n"
        "\n"
        "func main() {\n"
        "n := 0\n"
        "for i := range 4 { n += i }\n"
        "for range 3 { n++ }\n"
        "check(n == 9)\n"
        "s := \"\"\n"
        "for i, r := range \"aé\\xff\" { s += string(rune('0'+i)) + string(r) }\n"
        "check(s == \"0a1é3\\uFFFD\")\n"
        "k := \"\"\n"
        "for key, v := range map[string]int{\"b\": 2, \"a\": 1, \"c\": 3} { k += key + "
        "string(rune('0'+v)) }\n"
        "check(k == \"a1b2c3\")\n"
        "a := [3]int{1, 2, 3}\n"
        "for i, v := range a { a[2] = 10; if i == 2 { check(v == 3) } }\n"
        "b := []int{1, 2, 3}\n"
        "for i, v := range b { b[2] = 10; if i == 2 { check(v == 10) }; b = append(b, 5) }\n"
        "check(len(b) == 6)\n"
        "var c [3]int\n"
        "j := 0\n"
        "for j, c[j] = range []int{7, 8, 9} {}\n" /* c[j] is of the round before */
        "check(c == [3]int{8, 9, 0} && j == 2)\n"
        "m := map[int]bool{1: true, 2: true}\n"
        "for i := range m { delete(m, 3-i) }\n"
        "check(len(m) == 1)\n"
        "}\n"));
}

int main(void)
{
    TAP_RUN(ranges_over_everything);
    return tap_done();
}
