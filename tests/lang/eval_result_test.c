#include "lang/eval.h"

#include "tests/lang/world.h"
#include "tests/tap.h"

static void zeroes_are_left_out_and_pointers_say_them(void)
{
    CHECK(
        world_gives("package ops\n"
                    "import (\n"
                    "\t\"time\"\n"
                    "\t\"ops/firebreak\"\n"
                    ")\n"
                    "var Config = firebreak.Config{\n"
                    "\tLog: firebreak.Log{},\n"
                    "\tChecks: []firebreak.Check{{Name: \"a\", Fail: 0, Retries: firebreak.Int(0), "
                    "TCP: &firebreak.TCP{}, Every: time.Minute, Ratio: 0.5, Paused: true}, {}},\n"
                    "\tAssets: []firebreak.Asset{{Labels: map[string]string{\"b\": \"\", \"a\": "
                    "\"x\"}, DependsOn: []string{\"p\", \"\"}}},\n"
                    "}\n",
                    "{\"assets\":[{\"labels\":{\"a\":\"x\",\"b\":\"\"},\"depends_on\":[\"p\",\"\"]}"
                    "],\"checks\":[{\"name\":\"a\",\"every\":\"60000000000ns\",\"ratio\":0.5,"
                    "\"paused\":true,\"retries\":0,\"tcp\":{}},{}]}"));
}

int main(void)
{
    TAP_RUN(zeroes_are_left_out_and_pointers_say_them);
    return tap_done();
}
