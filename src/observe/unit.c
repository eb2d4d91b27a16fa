#include "observe/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "net/systemd.h"
#include "rt/event.h"

struct units {
    struct rt_group group;
    struct list watches;
    struct systemd *systemd; /* NULL: not now, and `why` says it */
    struct err why;
    uint32_t looks;        /* under way on `systemd` */
    struct rt_event tried; /* once at least */
    struct rt_event gone, idle;
    bool began, met;       /* met: it was there once */
};

struct unit_watch {
    struct units *units;
    struct list link;
    char name[SYSTEMD_NAME_BYTES_MAX + 1];
    char path[SYSTEMD_PATH_BYTES_MAX + 1]; /* "": not known yet */
    char active[SYSTEMD_WORD_BYTES_MAX + 1]; /* as it was told last */
    struct rt_event changed; /* since the look began */
    void (*push)(void *ctx);
    void *ctx;
};

/* ---- what is heard ---- */

static void push_all(struct units *u)
{
    list_each(it, &u->watches) {
        struct unit_watch *w = list_entry(it, struct unit_watch, link);
        w->push(w->ctx);
    }
}

/* Most signals tell of numbers that nobody asks for. */
static void hear_unit(struct units *u, const struct systemd_event *e)
{
    const char *active = e->unit->active;
    list_each(it, &u->watches) {
        struct unit_watch *w = list_entry(it, struct unit_watch, link);
        if (!slice_eq_cstr(e->path, w->path) || !active[0])
            continue;
        rt_event_set(&w->changed);
        if (strcmp(active, w->active) == 0)
            continue;
        snprintf(w->active, sizeof(w->active), "%s", active);
        if (!fault_mutant("unit_change_untold"))
            w->push(w->ctx);
    }
}

static void on_heard(void *ctx, const struct systemd_event *e)
{
    struct units *u = ctx;
    if (e->kind == SYSTEMD_UNIT)
        hear_unit(u, e);
    else if (e->kind == SYSTEMD_RELOADED)
        push_all(u);
    else if (e->kind == SYSTEMD_GONE)
        rt_event_set(&u->gone);
}

/* ---- following it ---- */

/* Until it goes. */
static void serve(struct units *u, struct systemd *s)
{
    bool again = u->tried.set;
    u->systemd = s;
    u->met = true;
    rt_event_set(&u->tried);
    if (again)
        push_all(u);
    rt_event_wait(&u->gone, RT_NEVER);
    u->systemd = NULL;
    err_set(&u->why, -EPIPE, "systemd has left the bus, or the bus went");
    rt_shield_begin(); /* those who ask it are woken by its end, or by their own deadline */
    while (u->looks) {
        rt_event_clear(&u->idle);
        rt_event_wait(&u->idle, RT_NEVER);
    }
    rt_shield_end();
}

static void follow_main(void *arg)
{
    struct units *u = arg;
    rt_time pause = UNIT_AGAIN_MS_FIRST * RT_MS;
    for (int r = 0; r != -ECANCELED;) {
        struct systemd *s = NULL;
        rt_event_clear(&u->gone);
        err_clear(&u->why);
        r = systemd_open(dbus_system_address(), SYSTEMD_HEAR_UNITS, on_heard, u, &s, &u->why,
                         rt_now() + UNIT_OPEN_MS * RT_MS);
        if (r == 0) {
            serve(u, s);
            pause = UNIT_AGAIN_MS_FIRST * RT_MS;
        }
        systemd_close(s);
        rt_event_set(&u->tried);
        if (rt_sleep(rt_now() + pause / 2 + (rt_time)(rt_random() % (uint64_t)pause)) < 0)
            return;
        pause = pause * 2 < UNIT_AGAIN_MS_MAX * RT_MS ? pause * 2 : UNIT_AGAIN_MS_MAX * RT_MS;
    }
}

struct units *units_new(void)
{
    struct units *u = mem_alloc(MEM_OBSERVE, sizeof(*u));
    *u = (struct units){0};
    list_init(&u->watches);
    rt_group_init(&u->group, "units");
    return u;
}

void units_free(struct units *u)
{
    if (!u)
        return;
    rt_group_done(&u->group);
    mem_free(MEM_OBSERVE, u);
}

/* ---- one of them ---- */

int unit_watch_open(struct units *u, const char *unit, void (*push)(void *ctx), void *ctx,
                    struct unit_watch **ret_watch, struct err *err)
{
    char name[SYSTEMD_NAME_BYTES_MAX + 1];
    int r = systemd_unit_name(unit, name, err);
    if (r < 0)
        return r;
    struct unit_watch *w = mem_alloc(MEM_OBSERVE, sizeof(*w));
    *w = (struct unit_watch){.units = u, .push = push, .ctx = ctx};
    memcpy(w->name, name, sizeof(name));
    list_push_back(&u->watches, &w->link);
    if (!u->began)
        u->began = rt_go(&u->group, follow_main, u) == 0;
    *ret_watch = w;
    return 0;
}

void unit_watch_close(struct unit_watch *w)
{
    if (!w)
        return;
    list_remove(&w->link);
    mem_free(MEM_OBSERVE, w);
}

/* How it is, in words. */
static int judge(struct unit_watch *w, const struct systemd_unit *u, struct err *err)
{
    static const char *const up[] = {"active", "reloading", "refreshing"};
    for (size_t i = 0; i < ARRAY_LEN(up); i++)
        if (strcmp(u->active, up[i]) == 0)
            return 1;
    if (strcmp(u->load, "not-found") == 0)
        err_set(err, -ESRCH, "systemd knows no %s", w->name);
    else if (strcmp(u->load, "loaded") != 0 && u->load[0])
        err_set(err, -ESRCH, "%s is %s, and its file is %s", w->name, u->active, u->load);
    else
        err_set(err, -ESRCH, "%s is %s (%s)", w->name, u->active,
                u->result[0] ? u->result : u->sub);
    return 0;
}

static int ask(struct unit_watch *w, struct systemd_unit *ret_unit, struct err *err,
               rt_time deadline)
{
    struct units *u = w->units;
    u->looks++;
    int r = systemd_unit_look(u->systemd, w->name, w->path, ret_unit, err, deadline);
    if (--u->looks == 0)
        rt_event_set(&u->idle);
    if (r == 0)
        memcpy(w->active, ret_unit->active, sizeof(w->active));
    return r;
}

/* On its way by a job that somebody wants: a restart by hand is no failure, also not between its
 * stop and its start. One whose main process has ended is down, however long systemd takes to clear
 * away behind it; and so is one that has failed and waits for systemd to start it again. */
static bool is_changing(const struct systemd_unit *u)
{
    if (strcmp(u->active, "activating") == 0 && strncmp(u->sub, "auto-restart", 12) == 0)
        return false;
    if (strcmp(u->active, "deactivating") == 0 || strcmp(u->active, "activating") == 0)
        return u->job || fault_mutant("unit_slow_end_awaited");
    bool stopped = strcmp(u->active, "inactive") == 0 || strcmp(u->active, "failed") == 0;
    return stopped && u->job && !fault_mutant("unit_job_unseen");
}

static int say_gone(struct units *u, struct err *err)
{
    bool none = !u->met && (u->why.code == -ENOENT || u->why.code == -ESRCH);
    return err_set(err, none ? -EOPNOTSUPP : -EAGAIN, "%s", u->why.text);
}

/* Waits for half of the time until it is where it goes to. */
static int ask_settled(struct unit_watch *w, struct systemd_unit *ret_unit, struct err *err,
                       rt_time deadline)
{
    rt_time now = rt_now(), patience = now + (deadline - now) / 2;
    for (int r = 0;; r = rt_event_wait(&w->changed, patience)) {
        if (r == -ETIMEDOUT)
            return 0; /* as it was seen last */
        if (r < 0)
            return err_set(err, r, "canceled");
        if (!w->units->systemd)
            return say_gone(w->units, err);
        rt_event_clear(&w->changed);
        r = ask(w, ret_unit, err, deadline);
        if (r < 0 || !is_changing(ret_unit))
            return r;
    }
}

int unit_watch_look(struct unit_watch *w, struct err *err, rt_time deadline)
{
    struct units *u = w->units;
    struct systemd_unit unit;
    int r = rt_event_wait(&u->tried, deadline);
    if (r < 0)
        return err_set(err, r == -ECANCELED ? r : -EAGAIN, "the bus does not answer");
    if (!u->systemd)
        return say_gone(u, err);
    r = ask_settled(w, &unit, err, deadline);
    if (r == 0)
        return judge(w, &unit, err);
    if (r == -ECANCELED || r == -EOPNOTSUPP)
        return r;
    if (err)
        err->code = -EAGAIN;
    return -EAGAIN;
}
