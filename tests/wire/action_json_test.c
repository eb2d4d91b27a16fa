#include "wire/action_json.h"

#include <errno.h>

#include "tests/tap.h"

static struct arena arena = {.sub = MEM_TEST};
static struct task t;
static struct err why;

static int read_text(const char *action)
{
    arena_reset(&arena);
    why = (struct err){0};
    t = (struct task){.exit = -1};
    return action_read(slice_from(action), &arena, &t, &why);
}

static void a_run_becomes_what_a_task_is(void)
{
    CHECK_INT(read_text("{\"run\":{\"argv\":[\"echo\",\"$(id)\"],\"env\":{\"A\":\"b=c\"},"
                        "\"timeout\":\"90s\",\"retries\":2,\"priority\":-3}}"),
              0);
    CHECK_INT(t.kind, ACTION_RUN);
    CHECK_INT(t.does.size, 0);
    CHECK_INT(t.argc, 2);
    CHECK(slice_eq_cstr(t.argv[1], "$(id)") && slice_eq_cstr(t.env[0], "A=b=c"));
    CHECK_INT(t.timeout_ms, 90000);
    CHECK_INT(t.backoff_ms, ACTION_BACKOFF_MS);
    CHECK_INT(t.retries, 2);
    CHECK_INT(t.priority, -3);
    CHECK_INT(t.exit, -1); /* not the action's to say */
}

static void of_members_of_one_name_the_last_counts(void)
{
    CHECK_INT(read_text("{\"run\":{\"argv\":[\"a\",\"b\",\"c\"],\"argv\":[\"d\"],"
                        "\"env\":{\"A\":\"1\",\"B\":\"2\"},\"env\":{\"C\":\"3\"}}}"),
              0);
    CHECK(t.argc == 1 && slice_eq_cstr(t.argv[0], "d"));
    CHECK(t.env_count == 1 && slice_eq_cstr(t.env[0], "C=3"));
}

static void what_is_no_action_is_named(void)
{
    for (int k = 0; k < ACTION_KIND_COUNT; k++) {
        char action[64];
        const char *name = action_kind_name((enum action_kind)k);
        snprintf(action, sizeof(action), "{\"%s\":{\"x\":1}}", name);
        CHECK_INT(action_kind_parse(slice_from(name)), k);
        int r = read_text(action);
        if (k != ACTION_RUN && k != ACTION_WORKFLOW)
            CHECK(r == 0 && t.kind == (enum action_kind)k && slice_eq_cstr(t.does, action));
    }
    CHECK_INT(read_text("{\"dance\":{}}"), -ENOTSUP);
    CHECK(strstr(why.text, "dance"));
    CHECK_INT(action_kind_parse(SLICE("dance")), ACTION_KIND_COUNT);
}

static void an_action_does_one_thing(void)
{
    static const char *const bad[][2] = {
        {"", "nothing"},
        {"{}", "nothing"},
        {"{\"run\":null}", "nothing"},
        {"[]", "no action"},
        {"{", "no action"},
        {"{\"run\":3}", "run"},
        {"{\"run\":{\"argv\":[\"a\"]},\"notify\":{}}", "'run' and 'notify'"},
        {"{\"run\":{\"argv\":[\"a\"],\"retrys\":1}}", "retrys"},
        {"{\"run\":{\"argv\":[\"a\\u0000\"]}}", "argv"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        CHECK_INT(read_text(bad[i][0]), -EBADMSG);
        CHECK(strstr(why.text, bad[i][1]));
    }
}

int main(void)
{
    TAP_RUN(a_run_becomes_what_a_task_is);
    TAP_RUN(of_members_of_one_name_the_last_counts);
    TAP_RUN(what_is_no_action_is_named);
    TAP_RUN(an_action_does_one_thing);
    arena_done(&arena);
    return tap_done();
}
