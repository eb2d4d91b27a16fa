#include "wire/task_json.h"

#include <errno.h>

#include "tests/tap.h"

static struct arena arena = ARENA(MEM_TEST, 0);
static struct err why;

static struct task a_task(void)
{
    static struct slice argv[] = {{"echo", 4}, {"a \"b\"\n", 6}};
    static struct slice env[] = {{"K=V", 3}};
    static struct task_target targets[] = {
        {.node = {"w1", 2}, .state = TASK_RUNNING, .token = 7, .tries = 1, .exit = -1},
        {.state = TASK_PENDING, .lost = 2, .not_before_ms = 1767225600123, .exit = 3},
    };
    static struct task_attempt attempts[] = {
        {.node = {"w1", 2},
         .token = 7,
         .state = TASK_FAILED,
         .refused = TASK_REFUSED_STALE_TOKEN,
         .started_ms = 1767225600000,
         .wall_ns = 1500000,
         .exit = 1,
         .output_cut_bytes = 99},
    };
    return (struct task){
        .name = SLICE("t"),
        .argv = argv,
        .argc = 2,
        .env = env,
        .env_count = 1,
        .dedup_key = SLICE("k"),
        .timeout_ms = 1000,
        .retries = 2,
        .priority = -5,
        .state = TASK_RUNNING,
        .created_ms = 1767225599999,
        .exit = 3,
        .targets = targets,
        .target_count = 2,
        .attempts = attempts,
        .attempt_count = 1,
    };
}

static struct slice text_of(int (*write)(struct buf *out))
{
    static struct buf out = BUF(MEM_TEST, 0);
    buf_clear(&out);
    CHECK_INT(write(&out), 0);
    return (struct slice){arena_strdup(&arena, buf_slice(&out)), out.size};
}

static int write_it(struct buf *out)
{
    struct task t = a_task();
    return task_write(&t, out);
}

static void a_task_reads_back_as_it_was_written(void)
{
    struct task t;
    CHECK_INT(task_read(text_of(write_it), &arena, &t, &why), 0);
    CHECK(slice_eq_cstr(t.name, "t") && slice_eq_cstr(t.dedup_key, "k"));
    CHECK(t.argc == 2 && slice_eq_cstr(t.argv[1], "a \"b\"\n"));
    CHECK(t.env_count == 1 && slice_eq_cstr(t.env[0], "K=V"));
    CHECK(t.timeout_ms == 1000 && t.retries == 2 && t.priority == -5);
    CHECK(t.state == TASK_RUNNING && t.exit == 3 && t.created_ms == 1767225599999);
    CHECK_INT(t.target_count, 2);
    CHECK(t.targets[0].token == 7 && t.targets[0].tries == 1 && t.targets[0].exit == -1);
    CHECK(t.targets[1].lost == 2 && t.targets[1].not_before_ms == 1767225600123);
    CHECK_INT(t.attempt_count, 1);
    CHECK(t.attempts[0].refused == TASK_REFUSED_STALE_TOKEN && !t.attempts[0].accepted);
    CHECK(t.attempts[0].wall_ns == 1500000 && t.attempts[0].started_ms == 1767225600000);
    CHECK(t.attempts[0].output_cut_bytes == 99);
}

static void the_public_names_are_there_also_where_they_say_nothing(void)
{
    struct slice text = text_of(write_it);
    static const char *const names[] = {"\"name\":",
                                        "\"state\":",
                                        "\"argv\":",
                                        "\"node\":null",
                                        "\"dedup_key\":",
                                        "\"attempts\":",
                                        "\"asset\":null",
                                        "\"remedy\":null",
                                        "\"refused_reason\":\"stale_token\"",
                                        "\"started_at\":\"2026-01-01T00:00:00.000Z\"",
                                        "\"wall_ms\":1.5"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        CHECK(slice_find(text, slice_from(names[i])) >= 0);
    CHECK(slice_find(text, SLICE("deadline_ms")) < 0);
}

static int read_task(const char *json)
{
    struct task t;
    why = (struct err){0};
    return task_read(slice_from(json), &arena, &t, &why);
}

static void what_a_value_cannot_be_is_told_by_its_name(void)
{
    CHECK_INT(read_task("{\"state\":\"Gone\"}"), -EBADMSG);
    CHECK(strstr(why.text, "'state'"));
    CHECK_INT(read_task("{\"retries\":-1}"), -EBADMSG);
    CHECK_INT(read_task("{\"retries\":1.5}"), -EBADMSG);
    CHECK_INT(read_task("{\"priority\":3000000000}"), -EBADMSG);
    CHECK_INT(read_task("{\"argv\":[1]}"), -EBADMSG);
    CHECK_INT(read_task("{\"argv\":[\"a\\u0000b\"]}"), -EBADMSG);
    CHECK(strstr(why.text, "NUL"));
    CHECK_INT(read_task("{\"created_at\":\"yesterday\"}"), -EBADMSG);
    CHECK_INT(read_task("{\"targets\":{}}"), -EBADMSG);
    CHECK_INT(read_task("{\"attempts\":[{\"state\":1}]}"), -EBADMSG);
    CHECK(strstr(why.text, "attempts"));
    CHECK_INT(read_task("[]"), -EBADMSG);
    CHECK_INT(read_task("{"), -EBADMSG);
    CHECK_INT(read_task("{}"), 0);
    CHECK_INT(read_task("{\"of_a_later_version\":1,\"node\":null}"), 0);
}

static void who_wants_a_task_says_only_what_is_wanted(void)
{
    struct buf field = BUF(MEM_TEST, 0);
    struct json_value *v;
    struct task t;
    struct slice good = SLICE("{\"argv\":[\"true\"],\"priority\":2,\"approve\":true}");
    CHECK_INT(json_parse(good, &arena, 0, &v, NULL), 0);
    CHECK_INT(task_read_wanted(v, &arena, &t, &field, &why), 0);
    CHECK(t.argc == 1 && t.priority == 2 && t.state == TASK_AWAITING_APPROVAL && t.approve);
    struct slice state = SLICE("{\"argv\":[\"true\"],\"state\":\"Succeeded\"}");
    CHECK_INT(json_parse(state, &arena, 0, &v, NULL), 0);
    CHECK_INT(task_read_wanted(v, &arena, &t, &field, &why), -EBADMSG);
    CHECK(slice_eq_cstr(buf_slice(&field), "state"));
    buf_done(&field);
}

static int write_given(struct buf *out)
{
    struct assignment x = {.token = 9,
                           .priority = 1,
                           .last = true,
                           .claimed = 4,
                           .stop = TASK_EXPIRED,
                           .ended = true,
                           .result = {.state = TASK_TIMED_OUT, .token = 9, .exit = -1}};
    return assignment_write(&x, out);
}

static void what_is_given_reads_back(void)
{
    struct assignment x;
    CHECK_INT(assignment_read(text_of(write_given), &arena, &x, &why), 0);
    CHECK(x.token == 9 && x.last && x.claimed == 4 && x.stop == TASK_EXPIRED && x.ended);
    CHECK(x.result.state == TASK_TIMED_OUT && x.result.exit == -1);
    CHECK_INT(assignment_read(SLICE("{\"token\":1,\"ended\":true}"), &arena, &x, &why), -EBADMSG);
    CHECK_INT(assignment_read(SLICE("{\"token\":1}"), &arena, &x, &why), 0);
    CHECK_INT(x.stop, TASK_PENDING);
}

static void a_result_says_how_it_ended(void)
{
    struct task_result r;
    CHECK_INT(task_result_read(SLICE("{\"state\":\"Running\"}"), &arena, &r, &why), -EBADMSG);
    CHECK_INT(task_result_read(SLICE("{\"state\":\"Failed\",\"exit\":7}"), &arena, &r, &why), 0);
    CHECK(r.state == TASK_FAILED && r.exit == 7);
}

static int write_node(struct buf *out)
{
    static struct task_label labels[] = {{{"pool", 4}, {"a", 1}}};
    struct node n = {.name = SLICE("w1"), .labels = labels, .label_count = 1, .capacity = 8};
    return node_write(&n, out);
}

static void a_node_reads_back(void)
{
    struct node n;
    CHECK_INT(node_read(text_of(write_node), &arena, &n, &why), 0);
    CHECK(n.capacity == 8 && n.label_count == 1 && n.state == NODE_READY);
    CHECK(slice_eq_cstr(n.labels[0].value, "a"));
    CHECK_INT(node_read(SLICE("{\"labels\":{\"a\":1}}"), &arena, &n, &why), -EBADMSG);
}

static void moments_are_of_the_calendar(void)
{
    int64_t ms = -1;
    CHECK_INT(moment_parse(SLICE("1970-01-01T00:00:00.000Z"), &ms), 0);
    CHECK_INT(ms, 0);
    CHECK_INT(moment_parse(SLICE("2024-02-29T23:59:59.999Z"), &ms), 0);
    CHECK_INT(ms, 1709251199999);
    CHECK_INT(moment_parse(SLICE("2023-02-29T00:00:00.000Z"), &ms), -EINVAL);
    CHECK_INT(moment_parse(SLICE("2024-13-01T00:00:00.000Z"), &ms), -EINVAL);
    CHECK_INT(moment_parse(SLICE("2024-01-01 00:00:00.000Z"), &ms), -EINVAL);
    CHECK_INT(moment_parse(SLICE("2024-01-01T24:00:00.000Z"), &ms), -EINVAL);
    CHECK_INT(ms, 1709251199999);
}

int main(void)
{
    TAP_RUN(a_task_reads_back_as_it_was_written);
    TAP_RUN(the_public_names_are_there_also_where_they_say_nothing);
    TAP_RUN(what_a_value_cannot_be_is_told_by_its_name);
    TAP_RUN(who_wants_a_task_says_only_what_is_wanted);
    TAP_RUN(what_is_given_reads_back);
    TAP_RUN(a_result_says_how_it_ended);
    TAP_RUN(a_node_reads_back);
    TAP_RUN(moments_are_of_the_calendar);
    arena_done(&arena);
    return tap_done();
}
