#include "act/actions.h"

#include <errno.h>

#include "tests/net/manager.h"

#include "tests/act/said.h" /* last: its names are short */

static struct act act;
static struct bus bus;
static struct manager manager;

static const char *restart_with(const char *unit, struct exec_spec spec)
{
    static char text[512];
    struct err err = {0};
    snprintf(text, sizeof(text), "{\"restart\":{\"unit\":\"%s\"}}", unit);
    spec.kind = ACTION_RESTART;
    spec.action = text;
    exec_result_done(&r);
    buf_clear(&said);
    CHECK_INT(act_restart(&act, &spec, &sink, &r, &err, rt_now() + 40 * RT_SEC), 0);
    return probe_reason_name(r.reason);
}

static const char *restart(const char *unit)
{
    return restart_with(unit, (struct exec_spec){0});
}

static void manager_begin(const char *job_result)
{
    manager = (struct manager){.load = "loaded",
                               .active = "active",
                               .sub = "running",
                               .result = "success",
                               .job_result = job_result};
    manager_start(&manager, &bus, SD);
}

static void world(void (*fn)(void))
{
    CHECK(bus_start(&bus));
    setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.address, 1);
    manager_begin("done");
    fn();
    manager_stop(&manager);
    child_stop(&bus.daemon);
}

static void a_unit_is_restarted_and_its_job_awaited(void)
{
    manager.active = "failed";
    manager.result = "oom-kill";
    CHECK_STR(restart_with("web", (struct exec_spec){.dry_run = true}), "ok");
    CHECK(says("would restart web.service, which is failed (oom-kill)"));
    CHECK(!manager.asked_to_restart.set);
    manager.active = "active";
    CHECK_STR(restart("web"), "ok");
    CHECK(manager.asked_to_restart.set && r.exit == 0);
    CHECK(says("restart web.service, which is active (running)"));
    CHECK(says("web.service is active (running)"));
}

/* Another job of the unit has ended as "failed" before ours. */
static void what_became_of_the_job_is_the_outcome(void)
{
    static const char *const results[] = {"failed",  "canceled", "dependency",
                                          "timeout", "skipped",  "assert"};
    for (size_t i = 0; i < sizeof(results) / sizeof(*results); i++) {
        char words[80];
        manager.job_result = results[i];
        CHECK_STR(restart("web.service"), i == 3 ? "timeout" : "not_running");
        snprintf(words, sizeof(words), "systemd's job to restart web.service ended as '%s'",
                 results[i]);
        CHECK(says(words));
    }
}

static void one_that_fails_as_soon_as_it_starts_was_not_restarted(void)
{
    manager.active = "activating";
    manager.sub = "auto-restart";
    CHECK_STR(restart("web"), "not_running");
    CHECK(says("web.service was restarted, and is activating (auto-restart)"));
    manager.active = manager.sub = "failed";
    manager.result = "exit-code";
    CHECK_STR(restart("web"), "not_running");
    CHECK(says("web.service was restarted, and is failed (exit-code)"));
}

static void what_systemd_refuses_is_told(void)
{
    CHECK_STR(restart("nobody"), "exec_not_found");
    CHECK(says("systemd knows no nobody.service"));
    manager.refuses = SD ".UnitMasked";
    CHECK_STR(restart("web"), "not_running");
    CHECK(says("systemd does not restart web.service: it says no"));
    manager.refuses = "org.freedesktop.DBus.Error.AccessDenied";
    CHECK_STR(restart("web"), "permission");
    CHECK_STR(restart("two words"), "exec_not_found");
    CHECK(says("no unit is called 'two words'"));
}

static void a_job_has_the_time_of_its_task(void)
{
    manager.job_result = NULL;
    CHECK_STR(restart_with("web", (struct exec_spec){.timeout_ns = 100 * RT_MS}), "timeout");
    CHECK(says("systemd's job to restart web.service is not done in its time, and goes on"));
}

/* ---- what goes meanwhile ---- */

struct task {
    struct rt_group group;
    const char *reason;
};

static void restart_main(void *arg)
{
    struct task *t = arg;
    t->reason = restart("web");
}

static void begin(struct task *t)
{
    manager.job_result = NULL;
    rt_group_init(&t->group, "restart");
    CHECK_INT(rt_go(&t->group, restart_main, t), 0);
    CHECK_INT(rt_event_wait(&manager.asked_to_restart, rt_now() + 20 * RT_SEC), 0);
}

static void a_bus_that_goes_is_asked_again(void)
{
    struct task t = {0};
    begin(&t);
    child_stop(&bus.daemon);
    manager_stop(&manager);
    CHECK(bus_start(&bus));
    manager_begin(NULL);
    CHECK_INT(rt_group_wait(&t.group, rt_now() + 20 * RT_SEC), 0);
    CHECK_STR(t.reason, "ok");
    CHECK(says("the bus went meanwhile; web.service is active (running)"));
    rt_group_done(&t.group);
}

static void cancel_main(void *arg)
{
    static const struct exec_spec spec = {.kind = ACTION_RESTART,
                                          .action = "{\"restart\":{\"unit\":\"web\"}}"};
    struct exec_result kept = {.exit = 4711};
    struct err err = {0};
    int *code = arg;
    *code = act_restart(&act, &spec, NULL, &kept, &err, RT_NEVER);
    CHECK_INT(kept.exit, 4711);
}

static void one_that_is_canceled_ends_at_once(void)
{
    struct rt_group g;
    int code = 0;
    manager.job_result = NULL;
    rt_group_init(&g, "restart");
    CHECK_INT(rt_go(&g, cancel_main, &code), 0);
    CHECK_INT(rt_event_wait(&manager.asked_to_restart, rt_now() + 20 * RT_SEC), 0);
    rt_group_done(&g);
    CHECK_INT(code, -ECANCELED);
}

static void all(void *arg)
{
    (void)arg;
    TAP_RUN_IN(world, a_unit_is_restarted_and_its_job_awaited);
    TAP_RUN_IN(world, what_became_of_the_job_is_the_outcome);
    TAP_RUN_IN(world, one_that_fails_as_soon_as_it_starts_was_not_restarted);
    TAP_RUN_IN(world, what_systemd_refuses_is_told);
    TAP_RUN_IN(world, a_job_has_the_time_of_its_task);
    TAP_RUN_IN(world, a_bus_that_goes_is_asked_again);
    TAP_RUN_IN(world, one_that_is_canceled_ends_at_once);
    exec_result_done(&r);
}

int main(void)
{
    struct err err;
    said = BUF(MEM_TEST, 0);
    CHECK_INT(act_open(&act, &err), 0);
    if (rt_run(NULL, all, NULL) < 0)
        return 1;
    act_close(&act);
    buf_done(&said);
    bus_done(&bus);
    return tap_done();
}
