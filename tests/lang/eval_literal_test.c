#include "lang/eval.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void literals_hold_copies(void)
{
    CHECK(world_runs("package main\n"
                     "func check(ok bool) { if !ok { panic(\"no\") } }\n"
                     "type p struct { x int }\n"
                     "func main() {\n"
                     "a := p{1}\n"
                     "b := []p{a, a}\n"
                     "b[0].x = 2\n"
                     "a.x = 3\n"
                     "check(b[1].x == 1 && b[0].x == 2)\n"
                     "m := map[string]p{\"k\": a}\n"
                     "c := m[\"k\"]\n"
                     "c.x = 9\n"
                     "check(m[\"k\"].x == 3)\n"
                     "}\n"));
}

static void a_member_that_fails_is_bad_and_the_rest_goes_on(void)
{
    CHECK(world_gives("package ops\n"
                      "import \"ops/firebreak\"\n"
                      "var none []string\n"
                      "var Config = firebreak.Config{\n"
                      "\tAssets: []firebreak.Asset{\n"
                      "\t\t{Name: none[0], Owner: \"x\"},\n"
                      "\t\t{Name: \"b\"},\n"
                      "\t},\n"
                      "}\n",
                      "{\"assets\":[{\"name\":BAD,\"owner\":\"x\"},{\"name\":\"b\"}]}"));
}

int main(void)
{
    TAP_RUN(literals_hold_copies);
    TAP_RUN(a_member_that_fails_is_bad_and_the_rest_goes_on);
    return tap_done();
}
