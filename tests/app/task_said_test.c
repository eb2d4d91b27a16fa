#include "app/task_said.h"

#include "tests/tap.h"

/* What is said of this task. */
static const char *said(const char *json)
{
    static char text[200];
    struct arena a = ARENA(MEM_TEST, 0);
    struct json_value *v = NULL;
    text[0] = 0;
    if (json_parse(slice_from(json), &a, 0, &v, NULL) == 0)
        snprintf(text, sizeof(text), "%.*s", SLICE_ARG(task_said(v, &a)));
    arena_done(&a);
    return text;
}

static void its_last_attempt_says_how_it_failed(void)
{
    CHECK_STR(said("{\"state\":\"Failed\",\"attempts\":[{\"state\":\"Failed\",\"detail\":\"exit "
                   "status 1\"},{\"state\":\"Failed\",\"detail\":\"killed by SIGKILL\"}]}"),
              "killed by SIGKILL");
    CHECK_STR(said("{\"state\":\"Pending\",\"attempts\":[{\"detail\":\"its node was lost\"}]}"),
              "its node was lost");
    CHECK_STR(said("{\"state\":\"Succeeded\",\"attempts\":[{\"detail\":\"x\"}]}"), "");
}

static void of_a_workflow_the_step_that_failed_first_is_named(void)
{
    CHECK_STR(said("{\"state\":\"Failed\",\"attempts\":[],\"steps\":["
                   "{\"name\":\"a\",\"state\":\"Failed\",\"ended\":3,\"detail\":\"exit status 2\"},"
                   "{\"name\":\"b\",\"state\":\"TimedOut\",\"ended\":2},"
                   "{\"name\":\"c\",\"state\":\"Succeeded\",\"ended\":1},"
                   "{\"name\":\"d\",\"state\":\"Pending\"}]}"),
              "step b: TimedOut");
    CHECK_STR(said("{\"state\":\"Failed\",\"steps\":[{\"name\":\"b\",\"state\":\"Failed\","
                   "\"ended\":1,\"detail\":\"${steps.a.X}: the step said nothing of it\"}]}"),
              "step b: ${steps.a.X}: the step said nothing of it");
}

static void who_ended_it_is_named(void)
{
    CHECK_STR(said("{\"state\":\"Canceled\",\"decided_by\":\"uid 7\",\"attempts\":[]}"),
              "rejected by uid 7");
    CHECK_STR(said("{\"state\":\"Canceled\",\"decided_by\":\"uid 7\",\"cancel\":true,\"attempts\":"
                   "[{\"state\":\"Canceled\",\"detail\":\"it was canceled, and ended\"}]}"),
              "canceled by uid 7");
}

static void a_deadline_is_told_as_one(void)
{
    CHECK_STR(said("{\"state\":\"Expired\",\"attempts\":[]}"), "its deadline came before it began");
    CHECK_STR(said("{\"state\":\"Expired\",\"attempts\":[{\"state\":\"Failed\",\"detail\":"
                   "\"exit status 1\"}]}"),
              "its deadline came; before that: exit status 1");
    CHECK_STR(said("{\"state\":\"Expired\",\"attempts\":[{\"state\":\"Expired\",\"detail\":"
                   "\"it still ran at its deadline, and was ended\"}]}"),
              "it still ran at its deadline, and was ended");
}

static void what_is_no_task_does_no_harm(void)
{
    CHECK_STR(said("{}"), "");
    CHECK_STR(said("{\"state\":7,\"attempts\":3,\"steps\":\"x\"}"), "");
    CHECK_STR(said("{\"state\":\"Failed\",\"attempts\":[1],\"steps\":[{\"ended\":1}]}"), "");
    CHECK_STR(said("[]"), "");
}

int main(void)
{
    TAP_RUN(its_last_attempt_says_how_it_failed);
    TAP_RUN(of_a_workflow_the_step_that_failed_first_is_named);
    TAP_RUN(who_ended_it_is_named);
    TAP_RUN(a_deadline_is_told_as_one);
    TAP_RUN(what_is_no_task_does_no_harm);
    return tap_done();
}
