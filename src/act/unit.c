#include "act/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "host/process.h"
#include "net/systemd.h"
#include "rt/event.h"

enum { JOBS_KEPT = 16 }; /* of this unit, that ended meanwhile */

struct ended {
    char path[SYSTEMD_PATH_BYTES_MAX + 1];
    char result[SYSTEMD_WORD_BYTES_MAX + 1];
};

struct unit {
    struct doing *d;
    char name[SYSTEMD_NAME_BYTES_MAX + 1];
    char path[SYSTEMD_PATH_BYTES_MAX + 1];
    char job[SYSTEMD_PATH_BYTES_MAX + 1];
    struct systemd *systemd;
    struct systemd_unit now;
    struct ended ended[JOBS_KEPT]; /* a ring: ours may end before we know its name */
    uint32_t ended_count;
    struct rt_event news;
    bool gone;
    struct err err;
};

static void on_heard(void *ctx, const struct systemd_event *e)
{
    struct unit *x = ctx;
    if (e->kind == SYSTEMD_GONE)
        x->gone = true;
    else if (e->kind != SYSTEMD_JOB || !slice_eq_cstr(e->name, x->name))
        return;
    if (e->kind == SYSTEMD_JOB) {
        struct ended *j = &x->ended[x->ended_count++ % JOBS_KEPT];
        snprintf(j->path, sizeof(j->path), "%.*s", SLICE_ARG(e->path));
        snprintf(j->result, sizeof(j->result), "%.*s", SLICE_ARG(e->result));
    }
    rt_event_set(&x->news);
}

static rt_time within(const struct unit *x, int64_t ms)
{
    rt_time end = rt_now() + ms * RT_MS;
    return end < x->d->deadline ? end : x->d->deadline;
}

static int open_bus(struct unit *x)
{
    systemd_close(x->systemd);
    x->systemd = NULL;
    x->gone = false;
    return systemd_open(dbus_system_address(), SYSTEMD_HEAR_JOBS, on_heard, x, &x->systemd,
                        &x->err, within(x, UNIT_BUS_MS));
}

static int look(struct unit *x)
{
    return systemd_unit_look(x->systemd, x->name, x->path, &x->now, &x->err,
                             within(x, UNIT_ANSWER_MS));
}

/* "failed (exit-code)" */
static const char *why(const struct unit *x)
{
    return x->now.result[0] ? x->now.result : x->now.sub;
}

/* ---- its end ---- */

static const char *find_result(const struct unit *x)
{
    for (size_t i = 0; i < ARRAY_LEN(x->ended); i++)
        if (x->ended[i].path[0] && (strcmp(x->ended[i].path, x->job) == 0 ||
                                    fault_mutant("unit_job_of_another")))
            return x->ended[i].result;
    return NULL;
}

/* Returns 0 with *ret_result; -EPIPE: nobody will tell; -ETIMEDOUT, -ECANCELED. */
static int wait_job(struct unit *x, const char **ret_result)
{
    while (!(*ret_result = find_result(x))) {
        if (x->gone)
            return -EPIPE;
        rt_event_clear(&x->news);
        int r = rt_event_wait(&x->news, x->d->deadline);
        if (r < 0)
            return r;
    }
    return 0;
}

/* The bus went, or systemd began anew: how the unit is now says what became of it. */
static void look_after_all(struct unit *x)
{
    rt_time end = within(x, UNIT_BACK_MS);
    int r = open_bus(x);
    while (r < 0 && r != -ECANCELED && rt_now() < end) {
        r = rt_sleep(rt_now() + UNIT_STAYS_MS * RT_MS);
        if (r == 0)
            r = open_bus(x);
    }
    if (r == 0)
        r = look(x);
    if (r < 0)
        doing_fail(x->d, REASON_LIMIT, "the bus went while %s was restarted, and nobody tells what "
                   "became of it: %s", x->name, x->err.text);
    else if (strcmp(x->now.active, "active") != 0)
        doing_fail(x->d, REASON_NOT_RUNNING, "the bus went while %s was restarted; it is %s (%s)",
                   x->name, x->now.active, why(x));
    else
        doing_say(x->d, "the bus went meanwhile; %s is active (%s)", x->name, why(x));
}

/* A service of the simple type has "started" before it could fail. */
static void judge(struct unit *x, const char *result)
{
    bool done = strcmp(result, "done") == 0;
    if (done && rt_sleep(rt_now() + UNIT_STAYS_MS * RT_MS) < 0)
        return;
    int r = look(x);
    bool failed = r == 0 && (strcmp(x->now.active, "failed") == 0 ||
                             strcmp(x->now.sub, "auto-restart") == 0);
    if (!done)
        doing_fail(x->d, strcmp(result, "timeout") == 0 ? REASON_TIMEOUT : REASON_NOT_RUNNING,
                   "systemd's job to restart %s ended as '%s'%s%s%s", x->name, result,
                   r == 0 ? "; it is " : "", r == 0 ? x->now.active : "",
                   failed ? ": its journal says why" : "");
    else if (failed)
        doing_fail(x->d, REASON_NOT_RUNNING, "%s was restarted, and is %s (%s): its journal says "
                   "why", x->name, x->now.active, why(x));
    else if (r == 0)
        doing_say(x->d, "%s is %s (%s)", x->name, x->now.active, x->now.sub);
}

/* ---- the whole ---- */

static void restart(struct unit *x)
{
    const char *result = NULL;
    int r = look(x);
    if (r == 0 && strcmp(x->now.load, "not-found") == 0)
        r = err_set(&x->err, -ENOENT, "systemd knows no %s", x->name);
    if (r < 0) {
        doing_fail_code(x->d, r, &x->err);
        return;
    }
    doing_say(x->d, "%s %s, which is %s (%s)", x->d->spec->dry_run ? "would restart" : "restart",
              x->name, x->now.active, why(x));
    if (x->d->spec->dry_run)
        return;
    r = systemd_unit_restart(x->systemd, x->name, x->job, &x->err, within(x, UNIT_ANSWER_MS));
    if (r == 0)
        r = wait_job(x, &result);
    else if (r != -EPIPE)
        err_wrap(&x->err, "systemd does not restart %s", x->name);
    if (r == 0)
        judge(x, result);
    else if (r == -EPIPE)
        look_after_all(x);
    else if (r == -ETIMEDOUT && x->job[0])
        doing_fail(x->d, REASON_TIMEOUT, "systemd's job to restart %s is not done in its time, and "
                   "goes on", x->name);
    else if (r == -EREMOTEIO) /* masked, or its file is broken */
        doing_fail(x->d, REASON_NOT_RUNNING, "%s", x->err.text);
    else
        doing_fail_code(x->d, r, &x->err);
}

/* Without a bus systemctl asks systemd by itself. */
static int restart_by_systemctl(struct doing *d, const char *unit, struct err *err)
{
    const char *const argv[] = {"systemctl", "--no-ask-password", "restart", "--", unit, NULL};
    struct exec_spec spec = *d->spec;
    struct exec_result r;
    if (d->spec->dry_run) {
        doing_say(d, "would run systemctl restart %s", unit);
        return doing_end(d, err);
    }
    spec.kind = ACTION_RUN;
    spec.argv = argv;
    spec.leaves_processes = true;
    int code = act_exec(d->act, &spec, NULL, d->sink, &r, err, d->deadline);
    exec_result_done(d->result);
    if (code == 0)
        *d->result = r;
    return code;
}

int unit_restart(struct doing *d, const char *unit, struct err *err)
{
    struct unit *x = mem_alloc(MEM_ACT, sizeof(*x));
    *x = (struct unit){.d = d};
    int r = systemd_unit_name(unit, x->name, &x->err);
    if (r == 0)
        r = open_bus(x);
    bool nobody = r == -ENOENT || r == -ECONNREFUSED || r == -ESRCH;
    bool by_systemctl = nobody && host_has_systemd();
    if (r == 0)
        restart(x);
    else if (nobody && !by_systemctl)
        doing_fail(d, REASON_EXEC_NOT_FOUND, "no systemd runs on this host: it cannot restart %s "
                   "(%s)", x->name, x->err.text);
    else if (r == -EINVAL)
        doing_fail(d, REASON_EXEC_NOT_FOUND, "%s", x->err.text);
    else if (!by_systemctl)
        doing_fail_code(d, r, &x->err);
    systemd_close(x->systemd);
    mem_free(MEM_ACT, x);
    return by_systemctl ? restart_by_systemctl(d, unit, err) : doing_end(d, err);
}
