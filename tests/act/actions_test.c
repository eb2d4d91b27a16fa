#include "act/actions.h"

#include <errno.h>

#include "tests/tap.h"

static void every_kind_that_a_node_does_has_its_function(void)
{
    for (int k = 0; k < ACTION_KIND_COUNT; k++)
        CHECK((act_actions[k] != NULL) ==
              (action_kind_by((enum action_kind)k) == ACTION_BY_NODE));
}

static void what_a_node_does_not_know_is_said(void)
{
    struct executor x = act_executor(NULL);
    struct exec_spec spec = {.kind = ACTION_WORKFLOW, .action = "{\"workflow\":{}}"};
    struct exec_result r = {.exit = 4711};
    struct err err = {0};
    CHECK_INT(x.run(x.ctx, &spec, NULL, &r, &err, RT_NEVER), -ENOTSUP);
    CHECK(strstr(err.text, "workflow"));
    spec.kind = ACTION_KIND_COUNT;
    CHECK_INT(x.run(x.ctx, &spec, NULL, &r, &err, RT_NEVER), -ENOTSUP);
    CHECK_INT(r.exit, 4711);
}

int main(void)
{
    TAP_RUN(every_kind_that_a_node_does_has_its_function);
    TAP_RUN(what_a_node_does_not_know_is_said);
    return tap_done();
}
