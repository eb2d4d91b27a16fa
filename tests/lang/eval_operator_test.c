#include "lang/eval.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void widths_wrap_as_in_go(void)
{
    CHECK(world_runs("package main\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "\n"
                     "func main() {\n"
                     "var a int8 = 127\n"
                     "a++\n"
                     "check(a == -128)\n"
                     "var b uint16 = 0\n"
                     "b--\n"
                     "check(b == 65535)\n"
                     "var c int32 = -1 << 31\n"
                     "check(-c == c && c/-1 == c)\n"
                     "var d int64 = -1 << 63\n"
                     "m := int64(-1)\n"
                     "check(d/m == d && d%m == 0)\n"
                     "var s uint = 70\n"
                     "check(1<<s == 0 && -1>>s == -1)\n"
                     "f := 1e300\n"
                     "check(float32(f) > 3e38 && int64(f-f-2) == -2)\n"
                     "z := 0.0\n"
                     "check(1/z > 1e308 && z/z != z/z)\n"
                     "var g float32 = 16777216\n"
                     "check(g+1 == g)\n"
                     "}\n"));
}

static void bytes_that_are_no_character_are_one_each(void)
{
    CHECK(world_runs(WORLD_MAIN("", "s := \"X\\xe6\\x97\"\n"
                                    "r := []rune(s)\n"
                                    "check(len(r) == 3 && r[1] == 0xfffd && r[2] == 0xfffd)\n"
                                    "n := 0\n"
                                    "for range s {\nn++\n}\n"
                                    "check(n == 3 && len(string(r)) == 7)")));
}

static void division_by_zero_panics(void)
{
    CHECK(world_refuses("package main\n"
                        "var z int\n"
                        "func main() {\n"
                        "\t_ = 1 / z\n"
                        "}\n",
                        "4:6 panic panic: integer divide by zero"));
}

static void shifts_by_negative_counts_panic(void)
{
    CHECK(world_refuses("package main\n"
                        "var z = -1\n"
                        "func main() {\n"
                        "\t_ = 1 << z\n"
                        "}\n",
                        "4:6 panic panic: negative shift amount"));
}

int main(void)
{
    TAP_RUN(widths_wrap_as_in_go);
    TAP_RUN(bytes_that_are_no_character_are_one_each);
    TAP_RUN(division_by_zero_panics);
    TAP_RUN(shifts_by_negative_counts_panic);
    return tap_done();
}
