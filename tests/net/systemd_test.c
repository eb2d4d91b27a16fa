#include "net/systemd.h"

#include <errno.h>

#include "tests/net/manager.h"

/* A world is large: cases that each have one are not all put into all(). */
#define CASE __attribute__((noinline))

static struct bus bus;
static struct err why;

static rt_time soon(void)
{
    return rt_now() + 20 * RT_SEC;
}

struct world {
    struct manager manager;
    struct systemd *systemd;
    struct systemd_unit unit; /* as it was heard of last */
    struct rt_event unit_heard, job_heard, reloaded, gone;
    char jobs[256];
};

static void on_heard(void *ctx, const struct systemd_event *e)
{
    struct world *w = ctx;
    size_t used = strlen(w->jobs);
    if (e->kind == SYSTEMD_UNIT) {
        CHECK(slice_eq_cstr(e->path, SD_UNIT));
        w->unit = *e->unit;
        rt_event_set(&w->unit_heard);
    } else if (e->kind == SYSTEMD_JOB) {
        snprintf(w->jobs + used, sizeof(w->jobs) - used, "%.*s %.*s %.*s;",
                 SLICE_ARG(slice_sub(e->path, 30, e->path.size)), SLICE_ARG(e->name),
                 SLICE_ARG(e->result));
        if (strstr(w->jobs, "42"))
            rt_event_set(&w->job_heard);
    } else {
        rt_event_set(e->kind == SYSTEMD_RELOADED ? &w->reloaded : &w->gone);
    }
}

static void world_open(struct world *w)
{
    *w = (struct world){.manager = {.load = "loaded", .active = "active", .sub = "running",
                                    .result = "success", .job_result = "done"}};
    manager_start(&w->manager, &bus, SD);
    int r = systemd_open(bus.address, SYSTEMD_HEAR_UNITS | SYSTEMD_HEAR_JOBS, on_heard, w,
                         &w->systemd, &why, soon());
    CHECK_INT(r, 0);
    if (r < 0)
        printf("# %s\n", why.text);
}

static void world_done(struct world *w)
{
    systemd_close(w->systemd);
    manager_stop(&w->manager);
}

static CASE void names_are_completed_and_judged(void)
{
    char name[SYSTEMD_NAME_BYTES_MAX + 1] = "kept", much[300];
    CHECK(systemd_unit_name("nginx", name, &why) == 0 && strcmp(name, "nginx.service") == 0);
    CHECK(systemd_unit_name("a@b.timer", name, &why) == 0 && strcmp(name, "a@b.timer") == 0);
    CHECK(systemd_unit_name("x.d", name, &why) == 0 && strcmp(name, "x.d.service") == 0);
    CHECK_INT(systemd_unit_name("", name, &why), -EINVAL);
    CHECK_INT(systemd_unit_name("two words", name, &why), -EINVAL);
    CHECK(strstr(why.text, "'two words'") != NULL);
    CHECK_INT(systemd_unit_name("a/b", name, &why), -EINVAL);
    memset(much, 'a', sizeof(much));
    much[248] = 0;
    CHECK_INT(systemd_unit_name(much, name, &why), -EINVAL);
    CHECK_STR(name, "x.d.service");
    much[247] = 0;
    CHECK_INT(systemd_unit_name(much, name, &why), 0);
}

static CASE void a_unit_is_looked_at(void)
{
    struct world w;
    struct systemd_unit u;
    char path[SYSTEMD_PATH_BYTES_MAX + 1];
    world_open(&w);
    CHECK_INT(systemd_unit_look(w.systemd, "web.service", path, &u, &why, soon()), 0);
    CHECK_STR(path, SD_UNIT);
    CHECK_STR(u.load, "loaded");
    CHECK_STR(u.active, "active");
    CHECK_STR(u.sub, "running");
    CHECK_STR(u.result, "");
    w.manager.active = "failed";
    w.manager.sub = "failed";
    w.manager.result = "exit-code";
    CHECK_INT(systemd_unit_look(w.systemd, "web.service", path, &u, &why, soon()), 0);
    CHECK_STR(u.active, "failed");
    CHECK_STR(u.result, "exit-code");
    CHECK_INT(systemd_unit_look(w.systemd, "other.service", path, &u, &why, soon()), 0);
    CHECK_STR(u.load, "not-found");
    w.manager.silent = true;
    CHECK_INT(systemd_unit_look(w.systemd, "web.service", path, &u, &why, rt_now() + RT_MS),
              -ETIMEDOUT);
    world_done(&w);
}

static CASE void a_change_is_heard(void)
{
    struct world w;
    world_open(&w);
    manager_set(&w.manager, "failed", "failed");
    CHECK_INT(rt_event_wait(&w.unit_heard, soon()), 0);
    CHECK_STR(w.unit.active, "failed");
    manager_reloaded(&w.manager);
    CHECK_INT(rt_event_wait(&w.reloaded, soon()), 0);
    world_done(&w);
}

/* Anybody on a bus can send a signal to us. */
static CASE void only_systemd_is_believed(void)
{
    static struct world w;
    struct manager stranger = {0};
    struct dbus_answer a = {0};
    struct slice name;
    world_open(&w);
    manager_start(&stranger, &bus, NULL);
    struct dbus_conn *c = NULL;
    CHECK_INT(dbus_conn_open(bus.address, NULL, NULL, &c, &why, soon()), 0);
    CHECK_INT(dbus_conn_ask_bus(c, "ListNames", NULL, &a, &why, soon()), 0);
    struct dbus_reader r = dbus_body(&a.message), names;
    dbus_enter(&r, DBUS_ARRAY, &names);
    while (dbus_text(&names, DBUS_STRING, &name) == 0) {
        struct dbus_message s = manager_signal("/org/freedesktop/systemd1", SD ".Manager",
                                               "Reloading", "b");
        struct buf body = BUF(MEM_TEST, 0);
        s.destination = name;
        dbus_put_uint(&body, DBUS_BOOL, 0);
        if (name.data[0] == ':')
            manager_send(&stranger, &s, &body);
        buf_done(&body);
    }
    dbus_answer_done(&a);
    /* Once systemd has its call, the bus has passed on all that came before. */
    rt_event_clear(&w.manager.subscribed);
    struct dbus_message call = {.kind = DBUS_CALL, .path = SLICE("/"), .member = SLICE("Subscribe"),
                                .destination = SLICE(SD)};
    struct buf none = BUF(MEM_TEST, 0);
    manager_send(&stranger, &call, &none);
    CHECK_INT(rt_event_wait(&w.manager.subscribed, soon()), 0);
    manager_set(&w.manager, "inactive", "dead");
    CHECK_INT(rt_event_wait(&w.unit_heard, soon()), 0);
    CHECK(!w.reloaded.set);
    dbus_conn_close(c);
    manager_stop(&stranger);
    world_done(&w);
}

static CASE void a_restart_is_a_job(void)
{
    struct world w;
    char job[SYSTEMD_PATH_BYTES_MAX + 1] = "kept";
    world_open(&w);
    CHECK_INT(systemd_unit_restart(w.systemd, "web.service", job, &why, soon()), 0);
    CHECK_STR(job, "/org/freedesktop/systemd1/job/42");
    CHECK_INT(rt_event_wait(&w.job_heard, soon()), 0);
    CHECK_STR(w.jobs, "7 web.service failed;42 web.service done;");
    w.manager.refuses = SD ".NoSuchUnit";
    CHECK_INT(systemd_unit_restart(w.systemd, "x.service", job, &why, soon()), -ENOENT);
    CHECK_STR(why.text, "it says no");
    w.manager.refuses = "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired";
    CHECK_INT(systemd_unit_restart(w.systemd, "web.service", job, &why, soon()), -EACCES);
    w.manager.refuses = SD ".OnlyByDependency";
    CHECK_INT(systemd_unit_restart(w.systemd, "web.service", job, &why, soon()), -EREMOTEIO);
    world_done(&w);
}

static CASE void its_end_is_told(void)
{
    struct world w;
    world_open(&w);
    manager_stop(&w.manager);
    CHECK_INT(rt_event_wait(&w.gone, soon()), 0);
    struct systemd *none = NULL;
    CHECK_INT(systemd_open(bus.address, 0, NULL, NULL, &none, &why, soon()), -ESRCH);
    CHECK_STR(why.text, "no systemd is on the bus");
    CHECK(!none);
    systemd_close(w.systemd);
    world_open(&w);
    child_stop(&bus.daemon);
    CHECK_INT(rt_event_wait(&w.gone, soon()), 0);
    world_done(&w);
    CHECK(bus_start(&bus));
}

static void all(void *arg)
{
    (void)arg;
    TAP_RUN(names_are_completed_and_judged);
    TAP_RUN(a_unit_is_looked_at);
    TAP_RUN(a_change_is_heard);
    TAP_RUN(only_systemd_is_believed);
    TAP_RUN(a_restart_is_a_job);
    TAP_RUN(its_end_is_told);
}

int main(void)
{
    if (!bus_start(&bus))
        printf("# no dbus-daemon\n");
    if (rt_run(NULL, all, NULL) < 0)
        return 1;
    bus_done(&bus);
    return tap_done();
}
