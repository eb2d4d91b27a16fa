#include "schedule/order.h"

#include <errno.h>

#include "tests/tap.h"

static struct arena arena = {.sub = MEM_TEST};
static struct task t;
static struct err why;

static struct schedule_order order(const char *action)
{
    return (struct schedule_order){
        .namespace_ = SLICE("ops"),
        .schedule = SLICE("nightly"),
        .dedup_key = SLICE("schedule/ops/nightly/1774746000"),
        .action = slice_from(action),
    };
}

static int made(const char *action)
{
    struct schedule_order o = order(action);
    arena_reset(&arena);
    why = (struct err){0};
    return order_task(&o, &arena, &t, &why);
}

static int checked(const char *action, const char *node, const char *selector)
{
    struct schedule s = {.namespace_ = SLICE("ops"),
                         .name = SLICE("nightly"),
                         .action = slice_from(action),
                         .node = slice_from(node),
                         .selector = slice_from(selector)};
    why = (struct err){0};
    return order_check(&s, &why);
}

static void everything_that_is_said_reaches_the_task(void)
{
    CHECK_INT(made("{\"run\":{\"argv\":[\"sh\",\"-c\",\"exit 1\"],\"timeout\":\"1m30s\","
                   "\"user\":\"nobody\",\"env\":{\"A\":\"b=c\",\"D\":\"\"},\"dir\":\"/tmp\","
                   "\"retries\":3,\"backoff\":\"20ms\",\"deadline\":\"1h\",\"priority\":-7,"
                   "\"concurrency\":\"disk\",\"output_bytes_max\":100}}"),
              0);
    CHECK_INT(t.argc, 3);
    CHECK(slice_eq_cstr(t.argv[0], "sh") && slice_eq_cstr(t.argv[2], "exit 1"));
    CHECK_INT(t.timeout_ms, 90000);
    CHECK(slice_eq_cstr(t.user, "nobody"));
    CHECK_INT(t.env_count, 2);
    CHECK(slice_eq_cstr(t.env[0], "A=b=c") && slice_eq_cstr(t.env[1], "D="));
    CHECK(slice_eq_cstr(t.dir, "/tmp"));
    CHECK_INT(t.retries, 3);
    CHECK_INT(t.backoff_ms, 20);
    CHECK_INT(t.deadline_ms, 3600 * 1000);
    CHECK_INT(t.priority, -7);
    CHECK(slice_eq_cstr(t.concurrency, "disk"));
    CHECK_INT(t.output_bytes_max, 100);
    CHECK_INT(t.state, TASK_PENDING);
    CHECK(slice_eq_cstr(t.namespace_, "ops"));
    CHECK(slice_eq_cstr(t.dedup_key, "schedule/ops/nightly/1774746000"));
    CHECK(slice_eq_cstr(t.created_by, "schedule ops/nightly"));
}

static void where_it_runs_reaches_the_task(void)
{
    struct schedule_order o = order("{\"run\":{\"argv\":[\"true\"]}}");
    o.node = SLICE("n1");
    CHECK_INT(order_task(&o, &arena, &t, &why), 0);
    CHECK(slice_eq_cstr(t.node, "n1") && t.selector.size == 0);
    o.node = (struct slice){0};
    o.selector = SLICE("disk=ssd");
    CHECK_INT(order_task(&o, &arena, &t, &why), 0);
    CHECK(slice_eq_cstr(t.selector, "disk=ssd") && t.node.size == 0);
}

static void what_is_left_out_has_the_defaults_of_the_configuration(void)
{
    CHECK_INT(made("{\"restart\":null,\"run\":{\"argv\":[\"true\"],\"timeout\":null}}"), 0);
    CHECK_INT(t.timeout_ms, 60 * 1000);
    CHECK_INT(t.backoff_ms, 1000);
    CHECK_INT(t.deadline_ms, 0);
    CHECK_INT(t.retries, 0);
    CHECK_INT(t.env_count, 0);
    CHECK_INT(made("{\"run\":{\"argv\":[\"true\"],\"timeout\":\"1us\"}}"), 0);
    CHECK_INT(t.timeout_ms, 1); /* 0 would be no bound at all */
}

static void what_is_no_action_is_named(void)
{
    const char *action = "{\"dance\":{\"x\":1}}";
    t.priority = 4711;
    CHECK_INT(made(action), -ENOTSUP);
    CHECK(strstr(why.text, "dance"));
    CHECK_INT(t.priority, 4711);
    CHECK_INT(checked(action, "", ""), -ENOTSUP);
}

static void what_is_wrong_is_said_with_its_member(void)
{
    static const char *const bad[][2] = {
        {"", "nothing"},
        {"{}", "nothing"},
        {"{\"run\":null}", "nothing"},
        {"[]", "no action"},
        {"{\"run\":3}", "run"},
        {"{\"run\":{\"argv\":[\"a\"]},\"notify\":{}}", "'run' and 'notify'"},
        {"{\"run\":{}}", "argv"},
        {"{\"run\":{\"argv\":[]}}", "argv"},
        {"{\"run\":{\"argv\":\"true\"}}", "argv"},
        {"{\"run\":{\"argv\":[1]}}", "argv"},
        {"{\"run\":{\"argv\":[\"a\\u0000\"]}}", "argv"},
        {"{\"run\":{\"argv\":[\"a\"],\"env\":[\"A=b\"]}}", "env"},
        {"{\"run\":{\"argv\":[\"a\"],\"env\":{\"A\":1}}}", "env"},
        {"{\"run\":{\"argv\":[\"a\"],\"timeout\":5}}", "timeout"},
        {"{\"run\":{\"argv\":[\"a\"],\"timeout\":\"-5s\"}}", "timeout"},
        {"{\"run\":{\"argv\":[\"a\"],\"backoff\":\"soon\"}}", "backoff"},
        {"{\"run\":{\"argv\":[\"a\"],\"deadline\":true}}", "deadline"},
        {"{\"run\":{\"argv\":[\"a\"],\"retries\":-1}}", "retries"},
        {"{\"run\":{\"argv\":[\"a\"],\"priority\":3000000000}}", "priority"},
        {"{\"run\":{\"argv\":[\"a\"],\"output_bytes_max\":\"1\"}}", "output_bytes_max"},
        {"{\"run\":{\"argv\":[\"a\"],\"user\":7}}", "user"},
        {"{\"run\":{\"argv\":[\"a\"],\"dir\":\"a\\u0000\"}}", "dir"},
        {"{\"run\":{\"argv\":[\"a\"],\"retrys\":1}}", "retrys"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        t.priority = 4711;
        CHECK_INT(made(bad[i][0]), -EBADMSG);
        CHECK(strstr(why.text, bad[i][1]));
        CHECK_INT(t.priority, 4711);
    }
}

static void what_no_task_can_be_is_found_before_it_is_due(void)
{
    static const char run[] = "{\"run\":{\"argv\":[\"true\"]}}";
    CHECK_INT(checked(run, "", ""), 0);
    CHECK_INT(checked(run, "n1", ""), 0);
    CHECK_INT(checked(run, "", "disk=ssd"), 0);
    CHECK_INT(checked(run, "n1", "disk=ssd"), -EINVAL);
    CHECK(checked(run, "", "===") < 0);
    CHECK_INT(checked("{\"run\":{\"argv\":[\"true\"],\"retries\":5000}}", "", ""), -EINVAL);
    CHECK(strstr(why.text, "retries"));
}

int main(void)
{
    TAP_RUN(everything_that_is_said_reaches_the_task);
    TAP_RUN(where_it_runs_reaches_the_task);
    TAP_RUN(what_is_left_out_has_the_defaults_of_the_configuration);
    TAP_RUN(what_is_no_action_is_named);
    TAP_RUN(what_is_wrong_is_said_with_its_member);
    TAP_RUN(what_no_task_can_be_is_found_before_it_is_due);
    arena_done(&arena);
    return tap_done();
}
