#include "observe/observe.h"

#include <errno.h>

#include "tests/net/manager.h"

#define LONG (20 * RT_SEC)

static struct bus bus;
static struct manager manager;
static struct local_host *host;
static const char *only;

/* An argument names the one case that is to run. */
#define RUN(fn)                                                                                    \
    do {                                                                                           \
        if (!only || strcmp(only, #fn) == 0)                                                       \
            TAP_RUN_IN(world, fn);                                                                 \
    } while (0)

/* A check, and what it has pushed. */
struct watched {
    struct local_spec spec;
    struct local_check *check;
    struct rt_event pushed;
    uint32_t pushes;
    struct probe_result r;
};

static void on_push(void *ctx)
{
    struct watched *w = ctx;
    w->pushes++;
    rt_event_set(&w->pushed);
}

static void open_check(struct watched *w, const char *unit)
{
    struct err err = {0};
    *w = (struct watched){.spec = {.kind = LOCAL_PROCESS, .unit = unit, .timeout_ns = LONG},
                          .r = {.arena = ARENA(MEM_TEST, 0)}};
    CHECK_INT(local_check_open(host, &w->spec, on_push, w, &w->check, &err), 0);
}

static void close_check(struct watched *w)
{
    local_check_close(w->check);
    arena_done(&w->r.arena);
}

static const char *look(struct watched *w)
{
    const char *word;
    local_check_look(w->check, &w->r, &word);
    return probe_reason_name(w->r.reason);
}

static void wait_push(struct watched *w)
{
    CHECK_INT(rt_event_wait(&w->pushed, rt_now() + LONG), 0);
    rt_event_clear(&w->pushed);
}

/* Looks after each push until it says so. */
static void comes_to(struct watched *w, const char *want)
{
    rt_time end = rt_now() + LONG;
    while (strcmp(look(w), want) != 0 && rt_now() < end) {
        rt_event_wait(&w->pushed, end);
        rt_event_clear(&w->pushed);
    }
    CHECK_STR(probe_reason_name(w->r.reason), want);
}

static bool says(const struct watched *w, const char *part)
{
    if (strstr(w->r.detail, part))
        return true;
    printf("# detail is '%s', wanted '%s' in it\n", w->r.detail, part);
    return false;
}

static void manager_begin(void)
{
    manager = (struct manager){.load = "loaded", .active = "active", .sub = "running",
                               .result = "success"};
    manager_start(&manager, &bus, SD);
}

/* A bus, systemd on it, and nobody who has met them before. */
static void world(void (*fn)(void))
{
    CHECK(bus_start(&bus));
    setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.address, 1);
    manager_begin();
    host = local_host_new();
    fn();
    local_host_free(host);
    manager_stop(&manager);
    child_stop(&bus.daemon);
}

static void one_that_fails_is_told_at_once_and_its_return_too(void)
{
    struct watched w;
    open_check(&w, "web");
    CHECK_STR(look(&w), "ok");
    manager.result = "exit-code";
    manager_set(&manager, "failed", "failed");
    wait_push(&w);
    CHECK_STR(look(&w), "not_running");
    CHECK(says(&w, "web.service is failed (exit-code)"));
    manager_set(&manager, "activating", "auto-restart");
    wait_push(&w);
    CHECK_STR(look(&w), "not_running");
    CHECK(says(&w, "web.service is activating (auto-restart)"));
    manager_set(&manager, "active", "running");
    wait_push(&w);
    CHECK_STR(look(&w), "ok");
    close_check(&w);
}

/* As systemctl is-active has it: also one without a process. */
static void what_is_up_is_systemds_to_say(void)
{
    static const struct {
        const char *active, *sub, *want;
    } words[] = {{"active", "exited", "ok"},          {"active", "listening", "ok"},
                 {"reloading", "reload", "ok"},       {"refreshing", "refresh", "ok"},
                 {"inactive", "dead", "not_running"}, {"activating", "start", "not_running"},
                 {"deactivating", "stop-sigterm", "not_running"}};
    struct watched w;
    open_check(&w, "web.service");
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        manager.active = words[i].active;
        manager.sub = words[i].sub;
        CHECK_STR(look(&w), words[i].want);
    }
    CHECK(says(&w, "web.service is deactivating (stop-sigterm)"));
    manager.active = "inactive";
    manager.load = "masked";
    CHECK_STR(look(&w), "not_running");
    CHECK(says(&w, "web.service is inactive, and its file is masked"));
    close_check(&w);
    open_check(&w, "nobody");
    CHECK_STR(look(&w), "not_running");
    CHECK(says(&w, "systemd knows no nobody.service"));
    close_check(&w);
}

static void come_up_main(void *arg)
{
    uint32_t seen = manager.looks;
    (void)arg;
    while (manager.looks == seen && rt_sleep(rt_now() + RT_MS) == 0)
        ;
    manager_set(&manager, "inactive", "dead");
    manager_set(&manager, "activating", "start");
    manager.job = false;
    manager_set(&manager, "active", "running");
}

static void a_restart_by_hand_is_no_failure(void)
{
    struct watched w;
    struct rt_group g;
    open_check(&w, "web");
    CHECK_STR(look(&w), "ok");
    manager.job = true;
    manager_set(&manager, "deactivating", "stop-sigterm");
    wait_push(&w);
    rt_group_init(&g, "hand");
    CHECK_INT(rt_go(&g, come_up_main, NULL), 0);
    CHECK_STR(look(&w), "ok");
    rt_group_done(&g);
    close_check(&w);
}

/* Its main process was killed, and what it left behind takes its time to end. */
static void one_that_ends_slowly_is_down_at_once(void)
{
    struct watched w;
    open_check(&w, "web");
    w.spec.timeout_ns = 4 * LONG; /* a quarter of it one that is on its way is waited for */
    CHECK_STR(look(&w), "ok");
    manager_set(&manager, "deactivating", "final-sigterm");
    wait_push(&w);
    uint32_t seen = manager.looks;
    rt_time began = rt_now();
    CHECK_STR(look(&w), "not_running");
    CHECK(says(&w, "web.service is deactivating (final-sigterm)"));
    CHECK_INT(manager.looks, seen + 1);
    CHECK(rt_now() - began < LONG);
    close_check(&w);
}

static void start_main(void *arg)
{
    uint32_t seen = manager.looks;
    (void)arg;
    while (manager.looks == seen && rt_sleep(rt_now() + RT_MS) == 0)
        ;
    manager.job = false;
    manager_set(&manager, "active", "running");
}

/* Looked at between its stop and its start. One that is stopped has no job any more. */
static void nor_is_one_between_its_halves(void)
{
    struct watched w;
    struct rt_group g;
    open_check(&w, "web");
    CHECK_STR(look(&w), "ok");
    manager.job = true;
    manager_set(&manager, "inactive", "dead");
    wait_push(&w);
    rt_group_init(&g, "hand");
    CHECK_INT(rt_go(&g, start_main, NULL), 0);
    CHECK_STR(look(&w), "ok");
    rt_group_done(&g);
    manager_set(&manager, "inactive", "dead");
    wait_push(&w);
    CHECK_STR(look(&w), "not_running");
    close_check(&w);
}

/* Systemd tells of every number that changes. */
static void what_changes_nothing_wakes_nobody(void)
{
    static struct watched w, other;
    open_check(&w, "web");
    open_check(&other, "nobody");
    CHECK_STR(look(&w), "ok");
    look(&other);
    for (int i = 0; i < 10; i++)
        manager_set(&manager, "active", "running");
    manager_set(&manager, "inactive", "dead");
    wait_push(&w);
    CHECK(w.pushes == 1 && other.pushes == 0);
    manager_reloaded(&manager); /* now any of them may be another one */
    wait_push(&w);
    wait_push(&other);
    CHECK(w.pushes == 2 && other.pushes == 1);
    close_check(&w);
    close_check(&other);
}

/* Our blindness is no verdict. */
static void without_the_bus_nobody_can_tell(void)
{
    struct watched w;
    open_check(&w, "web");
    CHECK_STR(look(&w), "ok");
    child_stop(&bus.daemon);
    comes_to(&w, "limit");
    CHECK(says(&w, "systemd cannot be asked for web: "));
    manager_stop(&manager);
    CHECK(bus_start(&bus));
    manager_begin();
    manager.active = "failed";
    comes_to(&w, "not_running");
    close_check(&w);
}

static void systemd_may_go_and_come_back(void)
{
    struct watched w;
    open_check(&w, "web");
    CHECK_STR(look(&w), "ok");
    manager_stop(&manager);
    comes_to(&w, "limit");
    manager_begin();
    comes_to(&w, "ok");
    manager_set(&manager, "failed", "failed"); /* and it is heard again */
    comes_to(&w, "not_running");
    close_check(&w);
}

static void a_systemd_that_does_not_answer_is_no_verdict(void)
{
    struct watched w;
    open_check(&w, "web");
    CHECK_STR(look(&w), "ok");
    manager.silent = true;
    w.spec.timeout_ns = 20 * RT_MS;
    CHECK_STR(look(&w), "limit");
    CHECK(says(&w, "no answer to LoadUnit"));
    close_check(&w);
}

static void what_no_unit_is_called_is_refused(void)
{
    struct local_spec spec = {.kind = LOCAL_PROCESS, .unit = "no unit", .timeout_ns = LONG};
    struct local_check *none = NULL;
    struct err err = {0};
    CHECK_INT(local_check_open(host, &spec, on_push, NULL, &none, &err), -EINVAL);
    CHECK(!none && strstr(err.text, "'no unit'") != NULL);
}

static void all(void *arg)
{
    (void)arg;
    RUN(one_that_fails_is_told_at_once_and_its_return_too);
    RUN(what_is_up_is_systemds_to_say);
    RUN(a_restart_by_hand_is_no_failure);
    RUN(one_that_ends_slowly_is_down_at_once);
    RUN(nor_is_one_between_its_halves);
    RUN(what_changes_nothing_wakes_nobody);
    RUN(without_the_bus_nobody_can_tell);
    RUN(systemd_may_go_and_come_back);
    RUN(a_systemd_that_does_not_answer_is_no_verdict);
    RUN(what_no_unit_is_called_is_refused);
}

int main(int argc, char **argv)
{
    only = argc > 1 ? argv[1] : NULL;
    if (rt_run(NULL, all, NULL) < 0)
        return 1;
    bus_done(&bus);
    return tap_done();
}
