#include "observe/local.h"

#include <errno.h>
#include <string.h>

#include "base/fault.h"
#include "host/pipe.h"
#include "observe/unit.h"
#include "rt/sock.h"

/* One process is held at a time, the oldest that is meant: while it runs, one small file tells so.
 * Its end is told by its pidfd, and only then the others are looked for.
 *
 * A unit is systemd's: its word counts, over the bus (unit.h). Only where it cannot be asked, the
 * processes of its cgroup are looked for instead. */

struct process_state {
    struct host_process held; /* pid 0: none is known to run */
    char last[sizeof(((struct host_process *)0)->comm)];
    char name[HOST_NAME_BYTES]; /* the same, whole */
    pid_t last_pid; /* that was held before; 0: none was */
    int fd;         /* its pidfd, until its task has taken it over; -1 */
    struct rt_group holding;
    bool ended;     /* just now: the next look is to be a quick one */
    bool seeking;   /* a task looks out for its return */
    struct rt_event wake;
    struct local_missing missing;
    struct unit_watch *unit; /* NULL: it is no unit */
};

static void push_unit(void *check)
{
    local_push(check);
}

static int open_process(struct local_check *c, struct err *err)
{
    struct process_state *p = c->state;
    p->fd = -1;
    rt_group_init(&p->holding, "held process");
    p->missing.query = (struct host_process_query){
        .name = c->spec->name, .pid_file = c->spec->pid_file, .unit = c->spec->unit};
    p->missing.wake = &p->wake;
    if (c->spec->pid_file)
        local_watch_begin(c, c->spec->pid_file);
    return c->spec->unit ? unit_watch_open(local_units(c->host), c->spec->unit, push_unit, c,
                                           &p->unit, err)
                         : 0;
}

static void close_process(struct local_check *c)
{
    struct process_state *p = c->state;
    rt_group_done(&p->holding);
    local_missing_remove(&p->missing);
    unit_watch_close(p->unit);
    host_close(p->fd);
}

/* ---- while it runs ---- */

/* Without a pidfd (a kernel before 5.3, or a filter) it is looked at now and then. */
static int wait_gone(const struct process_state *p)
{
    enum { LOOK_MS = 100 };
    int r = 0;
    while (r == 0 && host_process_runs(&p->held))
        r = rt_sleep(rt_now() + LOOK_MS * RT_MS);
    return r;
}

static void hold_main(void *arg)
{
    struct local_check *c = arg;
    struct process_state *p = c->state;
    struct rt_sock *s = NULL;
    int r = p->fd >= 0 ? rt_adopt(p->fd, &s) : -ENOSYS;
    if (r == 0) {
        p->fd = -1;
        r = rt_wait_readable(s, RT_NEVER);
        rt_close(s);
    } else {
        r = wait_gone(p);
    }
    if (r < 0 || fault_mutant("process_end_untold"))
        return;
    p->held.pid = 0;
    p->ended = true;
    local_push(c);
}

static void forget(struct process_state *p)
{
    rt_group_done(&p->holding);
    rt_group_init(&p->holding, "held process");
    host_close(p->fd);
    p->fd = -1;
    p->held.pid = 0;
}

/* Returns false where it ended between being found and being held. */
static bool hold(struct local_check *c, const struct host_process *found)
{
    struct process_state *p = c->state;
    bool same = p->held.pid == found->pid && p->held.started == found->started;
    if (same)
        return true;
    forget(p);
    int fd = host_process_hold(found);
    if (fd == -ESRCH)
        return false;
    p->held = *found;
    p->last_pid = found->pid;
    memcpy(p->last, found->comm, sizeof(p->last));
    host_process_name(found, p->name);
    p->fd = fd < 0 ? -1 : fd;
    rt_go(&p->holding, hold_main, c);
    return true;
}

/* ---- while it does not ---- */

/* One search of a second for each hundred that are missing, whatever the kernel tells. */
static rt_time next_pause(const struct local_check *c, rt_time pause)
{
    enum { EACH_MS = 10 };
    rt_time most = LOCAL_MISSING_MS_MAX * RT_MS;
    pause = pause * 2 < most ? pause * 2 : most;
    return pause + (rt_time)local_missing_count(c->host) * EACH_MS * RT_MS;
}

/* Until it is there again, or the task is cancelled. */
static int look_out(struct local_check *c)
{
    struct process_state *p = c->state;
    rt_time pause = LOCAL_MISSING_MS_FIRST * RT_MS;
    for (bool first = true;; first = false) {
        /* It may have begun before we could hear of it: so once it is looked for in any case. */
        bool told = !first && local_hears(c->host) && !c->spec->pid_file;
        int r = rt_event_wait(&p->wake, told ? RT_NEVER : rt_now() + pause);
        if (r != -ETIMEDOUT)
            return r;
        struct host_process_seek s = {.query = p->missing.query};
        r = local_seek(c->host, &s, RT_NEVER);
        if (r < 0 || s.result == 0)
            return r;
        pause = next_pause(c, pause);
    }
}

static void seek_out_main(void *arg)
{
    struct local_check *c = arg;
    struct process_state *p = c->state;
    int r = look_out(c);
    local_missing_remove(&p->missing);
    p->seeking = false;
    if (r == 0 && p->held.pid == 0)
        local_push(c);
}

static void begin_to_look_out(struct local_check *c)
{
    struct process_state *p = c->state;
    if (p->seeking)
        return;
    rt_event_clear(&p->wake);
    p->missing.began = 0;
    local_missing_add(c->host, &p->missing);
    p->seeking = rt_go(&c->watchers, seek_out_main, c) == 0;
    if (!p->seeking)
        local_missing_remove(&p->missing);
}

/* ---- a look ---- */

/* By name or unit: the one that is held is still it. A file may have another number by now. */
static bool is_held(struct local_check *c)
{
    struct process_state *p = c->state;
    return p->held.pid > 0 && !c->spec->pid_file && host_process_runs(&p->held) &&
           host_process_matches(&p->missing.query, p->held.pid);
}

static void tell(struct local_check *c, struct probe_result *r, const struct host_process_seek *s)
{
    const struct process_state *p = c->state;
    if (s->result == -ESRCH && p->last_pid && !c->spec->pid_file)
        probe_result_fail(r, REASON_NOT_RUNNING, "%s: process %d (%s) has ended", s->err.text,
                          p->last_pid, p->name);
    else if (s->result == -ESRCH)
        probe_result_fail(r, REASON_NOT_RUNNING, "%s", s->err.text);
    else if (s->result == -EACCES || s->result == -EPERM)
        probe_result_fail(r, REASON_PERMISSION, "%s", s->err.text);
    else
        probe_result_fail(r, REASON_LIMIT, "%s", s->err.text); /* we cannot tell */
}

/* What was called so by the kernel is followed by one that is, too: so its end is told within a few
 * milliseconds, on a host with thousands of processes as well. */
static bool may_be_quick(struct local_check *c)
{
    struct process_state *p = c->state;
    bool quick = p->ended && c->spec->name && strcmp(p->last, c->spec->name) == 0;
    p->ended = false;
    return quick;
}

/* The kernel told which one has begun, and none ran before: nobody has to be looked for. */
static bool take_begun(struct local_check *c)
{
    struct process_state *p = c->state;
    struct host_process found;
    pid_t pid = p->missing.began;
    p->missing.began = 0;
    return pid && p->held.pid == 0 && host_process_look(pid, &found) == 0 &&
           host_process_matches(&p->missing.query, pid) && hold(c, &found);
}

static void look_for_process(struct local_check *c, struct probe_result *r, rt_time deadline)
{
    enum { TRIES = 3 };
    struct process_state *p = c->state;
    struct host_process_seek s = {.query = p->missing.query};
    if (is_held(c))
        return;
    if (take_begun(c)) {
        rt_event_set(&p->wake); /* nobody has to look out any more */
        return;
    }
    s.query.by_own_name = may_be_quick(c);
    for (int i = 0; i < TRIES; i++) {
        int code = local_seek(c->host, &s, deadline);
        if (code < 0) {
            probe_result_fail_errno(r, "look through the processes", code);
            r->reason = code == -ETIMEDOUT ? REASON_LIMIT : r->reason; /* ours */
            return;
        }
        if (s.result == 0 && hold(c, &s.process)) {
            rt_event_set(&p->wake);
            return;
        }
    }
    if (s.result == 0)
        s.result = err_set(&s.err, -ESRCH, "it ends as soon as it begins");
    forget(p);
    tell(c, r, &s);
    if (s.result == -ESRCH)
        begin_to_look_out(c);
}

/* Without systemd's word a process proves that the unit is up. That there is none proves nothing,
 * as a unit may be up without one; but where no bus is, nobody knows better. */
static void look_for_unit(struct local_check *c, struct probe_result *r, rt_time deadline)
{
    struct process_state *p = c->state;
    struct err err = {0};
    rt_time now = rt_now(); /* half of the time is for the processes */
    int code = unit_watch_look(p->unit, &err, now + (deadline - now) / 2);
    if (code >= 0) {
        forget(p);
        rt_event_set(&p->wake);
        if (code == 0)
            probe_result_fail(r, REASON_NOT_RUNNING, "%s", err.text);
        return;
    }
    look_for_process(c, r, deadline);
    if (code != -EOPNOTSUPP && r->reason != REASON_OK)
        probe_result_fail(r, REASON_LIMIT, "systemd cannot be asked for %s: %s", c->spec->unit,
                          err.text);
}

static void look(struct local_check *c, struct probe_result *r, const char **ret_word,
                 rt_time deadline)
{
    const struct process_state *p = c->state;
    (void)ret_word;
    if (p->unit)
        look_for_unit(c, r, deadline);
    else
        look_for_process(c, r, deadline);
}

const struct host_process *local_check_process(const struct local_check *c)
{
    const struct process_state *p = c->state;
    return c->class == &local_process && p->held.pid > 0 ? &p->held : NULL;
}

const char *local_check_process_name(const struct local_check *c)
{
    const struct process_state *p = c->state;
    return p->name;
}

const struct local_class local_process = {
    .state_bytes = sizeof(struct process_state),
    .open = open_process,
    .look = look,
    .watch = local_watch_main,
    .close = close_process,
};
