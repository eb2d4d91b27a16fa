#include "wire/asset_json.h"

#include <errno.h>
#include <string.h>

#include "tests/tap.h"

#define S      INT64_C(1000000000)
#define OFFSET (INT64_C(1774746000) * S) /* the wall clock is so far ahead of ours */

static struct asset_check checks[2] = {
    {.name = "port", .target = "127.0.0.1:80", .known = true, .reason = REASON_REFUSED,
     .since_wall_ns = OFFSET + 90 * S, .last_ns = 1250000, .own = {.observer = ""}},
    {.name = "load", .target = "", .known = true, .word = "threshold", .last_ns = PROBE_NONE,
     .since_wall_ns = OFFSET, .own = {.observer = ""}},
};
static int64_t times[2] = {10 * S, 20 * S};
static struct remedy_use use = {.remedy = "restart", .at_ns = times, .count = 2};
static struct repair repair = {
    .remedy = "restart", .task = "task-1", .dedup_key = "repair/default/web/restart/7",
    .phase = REPAIR_RUNNING, .started_ns = 20 * S, .phase_ns = 21 * S, .failed_ns = 19 * S,
};
static struct asset web = {
    .name = "web", .namespace_ = "default", .process = "", .kind = "tcp", .declared = true,
    .state = ASSET_FAILED, .reason = "refused", .since_wall_ns = OFFSET + 19 * S, .revision = 12,
    .owner = "here", .checks = checks, .check_count = 2, .repair = &repair, .uses = &use,
    .trace = "00112233445566778899aabbccddeeff", .repair_seq = 7, .rounds = 1, .again_ns = 50 * S,
    .next_remedy = "reboot", .flap_penalty = 1.5, .flap_at_ns = 19 * S,
};

static void write_of(const struct asset *a, struct buf *out)
{
    buf_clear(out);
    asset_write(a, OFFSET, out);
}

static void all_that_a_restart_needs_comes_back(void)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct buf first = BUF(MEM_TEST, 0), second = BUF(MEM_TEST, 0);
    struct asset x;
    struct err err = {0};
    write_of(&web, &first);
    CHECK_INT(asset_read(buf_slice(&first), OFFSET, &a, &x, &err), 0);
    CHECK_STR(err.text, "");
    CHECK_INT(x.state, ASSET_FAILED);
    CHECK_STR(x.reason, "refused");
    CHECK_INT(x.check_count, 2);
    CHECK(x.checks[0].known && !x.checks[0].ok);
    CHECK_INT(x.checks[0].reason, REASON_REFUSED);
    CHECK_STR(x.checks[1].word, "threshold");
    CHECK_STR(x.trace, web.trace);
    CHECK_STR(x.next_remedy, "reboot");
    CHECK_INT(x.again_ns, 50 * S);
    CHECK_INT(x.uses->count, 2);
    CHECK_INT(x.uses->at_ns[1], 20 * S);
    CHECK_STR(x.repair->task, "task-1");
    CHECK_INT(x.repair->phase, REPAIR_RUNNING);
    CHECK_INT(x.repair->phase_ns, 21 * S);
    x.declared = true; /* as what declares it will say */
    x.checks[0].last_ns = 1250000;
    write_of(&x, &second);
    CHECK_STR(second.data, first.data);
    buf_done(&first);
    buf_done(&second);
    arena_done(&a);
}

static void an_asset_without_repairs_says_nothing_of_them(void)
{
    struct buf out = BUF(MEM_TEST, 0);
    struct asset plain = {.name = "a", .namespace_ = "default", .process = "", .kind = "http",
                          .reason = "registered", .since_wall_ns = OFFSET};
    write_of(&plain, &out);
    CHECK_STR(out.data,
              "{\"name\":\"a\",\"namespace\":\"default\",\"labels\":{\"kind\":\"http\"},"
              "\"desired_health\":\"Healthy\",\"state\":\"Pending\","
              "\"since\":\"2026-03-29T01:00:00.000Z\",\"reason\":\"registered\",\"checks\":[],"
              "\"owner_plane\":null,\"revision\":0}");
    buf_done(&out);
}

static void what_is_wrong_is_named(void)
{
    static const struct {
        const char *json, *error;
    } bad[] = {
        {"[]", "it is no object of JSON"},
        {"{", "it is no object of JSON"},
        {"{\"state\":\"Failed\"}", "name is not there"},
        {"{\"name\":\"a\",\"state\":\"Well\"}", "state is not one that there is"},
        {"{\"name\":1,\"state\":\"Failed\"}", "name is not a string"},
        {"{\"name\":\"a\",\"state\":\"Failed\",\"reason\":\"bored\"}",
         "reason is not a reason that there is"},
        {"{\"name\":\"a\",\"state\":\"Failed\",\"checks\":[1]}", "checks is not a list of objects"},
        {"{\"name\":\"a\",\"state\":\"Failed\",\"since\":\"noon\"}", "since is not a time"},
        {"{\"name\":\"a\",\"state\":\"Failed\",\"repairs\":{\"seq\":-1}}",
         "seq is not a number that it may be"},
        {"{\"name\":\"a\",\"state\":\"Failed\",\"repairs\":{\"flap_penalty\":1e300}}",
         "flap_penalty is not a number that it may be"},
        {"{\"name\":\"a\",\"state\":\"Failed\",\"repairs\":{\"trace_id\":"
         "\"00112233445566778899aabbccddeeff0\"}}",
         "trace_id is not of 32 digits"},
        {"{\"name\":\"a\",\"state\":\"Failed\",\"repairs\":{\"open\":{\"phase\":\"odd\"}}}",
         "phase is not one that there is"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct arena a = ARENA(MEM_TEST, 0);
        struct err err = {0};
        struct asset x = {.name = "untouched"};
        CHECK_INT(asset_read(slice_from(bad[i].json), 0, &a, &x, &err), -EBADMSG);
        CHECK_STR(err.text, bad[i].error);
        CHECK_STR(x.name, "untouched");
        arena_done(&a);
    }
}

static void an_event_comes_back(void)
{
    static const struct event_rejected rejected[] = {{"reboot", REPAIR_COOLDOWN},
                                                     {"scale", REPAIR_NEEDS_APPROVAL}};
    struct event e = {
        .type = EVENT_DECISION, .at_wall_ns = OFFSET, .revision = 3, .asset = "n/web",
        .key = "n/web", .reason = "refused", .evidence = {"one", "two"}, .evidence_count = 2,
        .remedy = "restart", .rejected = rejected, .rejected_count = 2,
        .trace_id = "00112233445566778899aabbccddeeff",
    };
    struct arena a = ARENA(MEM_TEST, 0);
    struct buf first = BUF(MEM_TEST, 0), second = BUF(MEM_TEST, 0);
    struct event x;
    event_write(&e, &first);
    CHECK_STR(first.data,
              "{\"at\":\"2026-03-29T01:00:00.000Z\",\"revision\":3,\"type\":\"decision\","
              "\"asset\":\"n/web\",\"from\":null,\"to\":null,\"reason\":\"refused\","
              "\"evidence\":[\"one\",\"two\"],\"task\":null,\"remedy\":\"restart\",\"rejected\":["
              "{\"remedy\":\"reboot\",\"why\":\"cooldown\"},"
              "{\"remedy\":\"scale\",\"why\":\"needs_approval\"}],\"by\":null,"
              "\"trace_id\":\"00112233445566778899aabbccddeeff\"}");
    CHECK_INT(event_read(buf_slice(&first), &a, &x, NULL), 0);
    event_write(&x, &second);
    CHECK_STR(second.data, first.data);
    buf_done(&first);
    buf_done(&second);
    arena_done(&a);
}

static void only_a_move_has_states(void)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct buf out = BUF(MEM_TEST, 0);
    struct event e = {.type = EVENT_STATE, .asset = "a", .key = "default/a", .to = ASSET_PENDING,
                      .created = true}, x;
    event_write(&e, &out);
    CHECK(strstr(out.data, "\"from\":null,\"to\":\"Pending\""));
    CHECK_INT(event_read(buf_slice(&out), &a, &x, NULL), 0);
    CHECK(x.created && !x.removed);
    CHECK_STR(x.key, "default/a");
    buf_done(&out);
    arena_done(&a);
}

int main(void)
{
    TAP_RUN(all_that_a_restart_needs_comes_back);
    TAP_RUN(an_asset_without_repairs_says_nothing_of_them);
    TAP_RUN(what_is_wrong_is_named);
    TAP_RUN(an_event_comes_back);
    TAP_RUN(only_a_move_has_states);
    return tap_done();
}
