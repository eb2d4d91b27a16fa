#include "wire/schedule_json.h"

#include <errno.h>

#include "tests/tap.h"

static struct arena arena = {.sub = MEM_TEST};
static struct schedule s;
static struct schedule_state state;
static struct err why;

static int spec(const char *json)
{
    why = (struct err){0};
    return schedule_spec_parse(slice_from(json), &arena, &s, &why);
}

static void what_is_left_out_has_its_default(void)
{
    CHECK_INT(spec("{\"cron\":\"@daily\",\"do\":{\"run\":{\"argv\":[\"a\"]}}}"), 0);
    CHECK(slice_eq_cstr(s.zone_name, "UTC"));
    CHECK_INT(s.misfire, MISFIRE_RUN_ONCE);
    CHECK_INT(s.overlap, OVERLAP_FORBID);
    CHECK_INT(s.catch_up, 10);
    CHECK_INT(s.history_max, 10);
    CHECK_INT(s.jitter_ns, 0);
    CHECK(!s.paused);
    CHECK(slice_eq_cstr(s.action, "{\"run\":{\"argv\":[\"a\"]}}"));
}

static void what_is_said_is_taken(void)
{
    CHECK_INT(spec("{\"cron\":\"0 5 * * *\",\"zone\":\"Europe/Berlin\",\"misfire\":\"catch_up\","
                   "\"catch_up\":3,\"overlap\":\"replace\",\"history_max\":2,\"paused\":true,"
                   "\"jitter\":\"90s\",\"node\":\"a\",\"selector\":\"disk=ssd\"}"),
              0);
    CHECK(slice_eq_cstr(s.zone_name, "Europe/Berlin"));
    CHECK_INT(s.misfire, MISFIRE_CATCH_UP);
    CHECK_INT(s.catch_up, 3);
    CHECK_INT(s.overlap, OVERLAP_REPLACE);
    CHECK_INT(s.history_max, 2);
    CHECK(s.paused);
    CHECK_INT(s.jitter_ns, 90 * INT64_C(1000000000));
    CHECK(slice_eq_cstr(s.node, "a") && slice_eq_cstr(s.selector, "disk=ssd"));
    CHECK(!s.zone);
}

static void what_is_wrong_is_said_with_its_field(void)
{
    static const char *const bad[][2] = {
        {"[]", "object"},
        {"{\"cron\":3}", "cron"},
        {"{}", "five fields"},
        {"{\"cron\":\"0 24 * * *\"}", "column 3"},
        {"{\"cron\":\"@daily\",\"misfire\":\"never\"}", "misfire"},
        {"{\"cron\":\"@daily\",\"overlap\":\"x\"}", "overlap"},
        {"{\"cron\":\"@daily\",\"catch_up\":-1}", "catch_up"},
        {"{\"cron\":\"@daily\",\"catch_up\":1001}", "catch_up"},
        {"{\"cron\":\"@daily\",\"paused\":1}", "paused"},
        {"{\"cron\":\"@daily\",\"jitter\":\"-5s\"}", "jitter"},
        {"{\"cron\":\"@daily\",\"jitter\":\"5\"}", "jitter"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        s.catch_up = 4711;
        CHECK_INT(spec(bad[i][0]), -EBADMSG);
        CHECK(strstr(why.text, bad[i][1]));
        CHECK_INT(s.catch_up, 4711);
    }
}

static void what_is_remembered_reads_back(void)
{
    struct schedule_run runs[] = {
        {SLICE("t1"), SLICE("Succeeded"), 1774746000, 1774746001, CAUSE_DUE, true},
        {SLICE("t\"2"), SLICE("Pending"), 1774746060, 1774746061, CAUSE_MISSED, false},
    };
    struct schedule_state a = {.since_s = 1700000000,
                               .settled_s = 1774746060,
                               .trigger = 99,
                               .missed_from_s = 1774745000,
                               .missed_to_s = 1774746060,
                               .overlap_total = 7,
                               .paused = true,
                               .cron_text = SLICE("@hourly"),
                               .zone_name = SLICE("+02:00"),
                               .refused = SLICE("do: no \"x\""),
                               .runs = runs,
                               .run_count = 2};
    struct buf json = BUF(MEM_TEST, 0), again = BUF(MEM_TEST, 0);
    schedule_state_write(&a, 1774749600, &json);
    CHECK(strstr(json.data, "\"next_at\":\"2026-03-29T02:00:00.000Z\""));
    CHECK_INT(schedule_state_parse(buf_slice(&json), &arena, &state, &why), 0);
    CHECK_INT(state.settled_s, a.settled_s);
    CHECK_INT(state.run_count, 2);
    CHECK(slice_eq_cstr(state.refused, "do: no \"x\""));
    CHECK(slice_eq_cstr(state.runs[1].task, "t\"2"));
    schedule_state_write(&state, 1774749600, &again);
    CHECK_STR(again.data, json.data);
    buf_done(&json);
    buf_done(&again);
}

static void a_state_that_is_none_is_refused(void)
{
    static const char *const bad[] = {"",
                                      "3",
                                      "{\"settled_at\":5}",
                                      "{\"settled_at\":\"yesterday\"}",
                                      "{\"trigger\":\"x\"}",
                                      "{\"runs\":{}}",
                                      "{\"runs\":[3]}",
                                      "{\"runs\":[{\"cause\":\"why\"}]}",
                                      "{\"runs\":[{\"due_at\":true}]}"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        state.trigger = 4711;
        CHECK_INT(schedule_state_parse(slice_from(bad[i]), &arena, &state, &why), -EBADMSG);
        CHECK_INT(state.trigger, 4711);
    }
    CHECK_INT(schedule_state_parse(SLICE("{}"), &arena, &state, &why), 0);
    CHECK_INT(state.settled_s, 0);
}

int main(void)
{
    TAP_RUN(what_is_left_out_has_its_default);
    TAP_RUN(what_is_said_is_taken);
    TAP_RUN(what_is_wrong_is_said_with_its_field);
    TAP_RUN(what_is_remembered_reads_back);
    TAP_RUN(a_state_that_is_none_is_refused);
    arena_done(&arena);
    return tap_done();
}
