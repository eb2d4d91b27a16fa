#include "act/actions.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "act/doing.h"
#include "act/execution.h"
#include "act/memory.h"
#include "act/unit.h"
#include "base/fault.h"
#include "host/pipe.h"
#include "host/self.h"
#include "rt/sock.h"

/* A process of its own is ended and started again as it was; a unit is systemd's to restart. */

enum {
    GROUP_MAX = 256, /* processes of its group that are ended with it */
    TERM = 15,
    KILL = 9,
    KILLED_MS = 5000, /* for the kernel to end what was killed */
    LOOK_MS_FIRST = 5,
    LOOK_MS_MAX = 200,
    STAYS_MS = 50, /* one that fails at once has failed by then */
    KEEPER_MS = 1000, /* in which somebody who keeps it has started it anew */
    TOPS_MAX = 16,    /* services of one name that are looked at */
    TWINS_LOOKS = 4,  /* who is about to be another program has the name of who began it so long */
    TWINS_MS = 50,
};

struct restart {
    struct doing d;
    const char *name;
    struct host_process_query query;
    struct host_remembered how;
    bool known; /* how */
    bool numbered; /* and by its number in a file, unless this one runs, which was, too: */
    struct host_process rival;
    struct host_process tops[TOPS_MAX]; /* of those that the name means */
    size_t top_count;
    struct host_process old; /* pid 0: none runs */
    char keeper[sizeof(((struct host_process *)0)->comm)]; /* who started it, where that is one */
    struct host_process *group;
    size_t group_count;
    struct host_child child;
    struct host_process now;
    struct err err;
    int pidfd, signal, result;
};

/* ---- what blocks, on an offload thread ---- */

/* Who starts a process anew when it ends. Two of it would be worse than none. */
static void name_keeper(struct restart *x)
{
    static const char *const keepers[] = {"supervisord", "runsv", "s6-supervise", "circusd",
                                          "monit", "perpd", "dinit", "daemon", "start_supervised"};
    for (size_t i = 0; i < ARRAY_LEN(keepers); i++) {
        const struct host_process_query q = {.name = keepers[i], .by_own_name = true};
        if (x->old.parent > 1 && host_process_matches(&q, x->old.parent))
            snprintf(x->keeper, sizeof(x->keeper), "%s", keepers[i]);
    }
}

static bool same_words(const char *const *a, const char *const *b)
{
    for (; *a && *b && strcmp(*a, *b) == 0; a++, b++)
        ;
    return !*a && !*b;
}

/* Others on this host may have the same name, and are not to be ended: it is the one that was seen
 * last, or one that was started in the same way. */
static bool is_ours(const struct restart *x, const struct host_process *p)
{
    struct arena a = ARENA(MEM_ACT, 0);
    struct host_remembered shown;
    bool same = host_remember(x->name, p, &a, &shown, NULL) == 0 &&
                same_words(shown.argv, x->how.argv);
    arena_done(&a);
    return same;
}

/* Of the tops those that were started as ours was; of these the one alone that it has left behind
 * or in its place, which its group tells. */
static void keep_ours(struct restart *x)
{
    size_t n = 0;
    for (size_t i = 0; i < x->top_count; i++)
        if (is_ours(x, &x->tops[i]))
            x->tops[n++] = x->tops[i];
    x->top_count = n;
    for (size_t i = 0; i < n; i++) {
        if (x->tops[i].group == x->how.pid && x->tops[i].started >= x->how.started) {
            x->tops[0] = x->tops[i];
            x->top_count = 1;
            return;
        }
    }
}

/* Several of one name are several services, unless one has begun the others: a name that was seen
 * before tells them apart no better, as it was given to the oldest then. */
static int find_known(struct restart *x)
{
    int n = host_process_tops(&x->query, x->tops, TOPS_MAX, &x->err);
    x->top_count = n < 0 ? 0 : n < TOPS_MAX ? (size_t)n : TOPS_MAX;
    bool runs = x->known && x->how.pid > 0 && host_process_look(x->how.pid, &x->old) == 0 &&
                x->old.started == x->how.started;
    bool sure = runs && x->numbered && !host_process_runs(&x->rival);
    if (!runs && n < 0)
        return n;
    if (!runs && x->known && !fault_mutant("restart_takes_strangers"))
        keep_ours(x);
    if (x->top_count > 1 && !sure && !fault_mutant("restart_takes_the_older"))
        return -ENOTUNIQ;
    if (runs)
        return 0;
    x->old = x->tops[0];
    return x->top_count ? 0 : -ESRCH;
}

/* Killed alone, it leaves its children behind, who hold its ports: they are known by its group,
 * which has its number for as long as one of them lives, and by its name. */
static size_t find_left(struct restart *x)
{
    struct host_process gone = {.pid = x->how.pid, .group = x->how.pid}, other;
    size_t n = 0, found = 0;
    if (x->how.pid <= 0 || host_process_look(gone.pid, &other) == 0)
        return 0;
    found = host_process_group(&gone, x->group, GROUP_MAX);
    for (size_t i = 0; i < found; i++) {
        if (x->group[i].started >= x->how.started && strcmp(x->group[i].comm, x->how.comm) == 0)
            x->group[n++] = x->group[i];
    }
    return n;
}

static void find_old(void *arg)
{
    struct restart *x = arg;
    x->result = find_known(x);
    if (x->result == -ESRCH && x->known)
        x->group_count = find_left(x);
    if (x->result < 0)
        return;
    x->pidfd = host_process_hold(&x->old);
    x->group_count = host_process_group(&x->old, x->group, GROUP_MAX);
    name_keeper(x);
}

static void signal_old(void *arg)
{
    struct restart *x = arg;
    x->result = host_process_signal(&x->old, x->pidfd, x->signal);
}

/* Those that it leaves behind may hold its ports. Each is known by when it began: a number that is
 * another's by now is left alone. */
static void end_group(void *arg)
{
    struct restart *x = arg;
    for (size_t i = 0; i < x->group_count; i++) {
        int fd = host_process_hold(&x->group[i]);
        host_process_signal(&x->group[i], fd, KILL);
        host_close(fd);
    }
}

static void start_new(void *arg)
{
    struct restart *x = arg;
    x->result = host_remembered_start(&x->how, &x->child, &x->err);
}

/* It, or a child that it has left in its place, as daemons do. */
static void find_new(void *arg)
{
    struct restart *x = arg;
    x->result = host_process_find(&x->query, &x->now, &x->err);
}

/* What has begun goes to its end. */
static int offload(struct restart *x, rt_fn *fn)
{
    int r = rt_offload(fn, x, x->d.deadline);
    return r < 0 ? r : x->result;
}

/* ---- ending the old one ---- */

static int wait_end(struct restart *x, rt_time deadline)
{
    struct rt_sock *s = NULL;
    int r = 0;
    while (x->pidfd < 0 && host_process_runs(&x->old)) {
        if (rt_now() >= deadline)
            return -ETIMEDOUT;
        if (rt_sleep(rt_now() + LOOK_MS_FIRST * RT_MS) < 0)
            return -ECANCELED;
    }
    if (x->pidfd < 0)
        return 0;
    r = rt_borrow(x->pidfd, &s);
    if (r == 0)
        r = rt_wait_readable(s, deadline);
    rt_close(s);
    return r;
}

/* Whoever is to be started needs what they hold. */
static int end_left(struct restart *x)
{
    rt_time end = rt_now() + KILLED_MS * RT_MS;
    int r = x->group_count ? rt_offload(end_group, x, x->d.deadline) : 0;
    for (size_t i = 0; r == 0 && i < x->group_count; i++) {
        while (r == 0 && host_process_runs(&x->group[i]) && rt_now() < end)
            r = rt_sleep(rt_now() + LOOK_MS_FIRST * RT_MS);
    }
    return r;
}

static int end_old(struct restart *x)
{
    int64_t grace = x->d.spec->kill_after_ns;
    if (grace == 0)
        grace = EXEC_KILL_AFTER_MS * RT_MS;
    x->signal = grace < 0 ? KILL : TERM;
    int r = offload(x, signal_old);
    if (r == 0)
        r = wait_end(x, rt_now() + (grace < 0 ? KILLED_MS * RT_MS : grace));
    if (r == -ETIMEDOUT) {
        doing_say(&x->d, "process %d did not end by SIGTERM, and is killed", x->old.pid);
        x->signal = KILL;
        r = offload(x, signal_old);
        if (r == 0)
            r = wait_end(x, rt_now() + KILLED_MS * RT_MS);
    }
    if (r == -ESRCH) /* it went by itself meanwhile */
        r = 0;
    if (r == 0)
        r = end_left(x);
    if (r < 0 && r != -ECANCELED)
        doing_fail(&x->d, probe_reason_of_errno(r), "process %d (%s) cannot be ended: %s",
                   x->old.pid, x->old.comm, err_name(r));
    return r;
}

/* ---- starting the new one ---- */

/* Returns 0: it is there; -ESRCH: not in that time; or -ECANCELED. */
static int wait_there(struct restart *x, int64_t most_ms)
{
    rt_time end = rt_now() + most_ms * RT_MS;
    for (int64_t pause = LOOK_MS_FIRST; rt_now() < end && rt_now() < x->d.deadline;) {
        int r = offload(x, find_new);
        if (r == -ECANCELED)
            return r;
        if (r == 0)
            return 0;
        if (rt_sleep(rt_now() + pause * RT_MS) < 0)
            return -ECANCELED;
        pause = pause * 2 < LOOK_MS_MAX ? pause * 2 : LOOK_MS_MAX;
    }
    return -ESRCH;
}

/* An environment that was written over is no environment: then it gets the one of tasks. */
static void mend_environment(struct restart *x)
{
    struct arena *a = &x->d.result->arena;
    if (x->how.env[0])
        return;
    struct host_user user = {.name = "root", .home = "/", .shell = "/bin/sh"};
    x->how.env = environment_make(&user, NULL, NULL, a);
    doing_say(&x->d, "%s had written over its environment: it gets the one of tasks", x->name);
}

static void say_command(struct restart *x)
{
    struct buf line = BUF(MEM_ACT, EXEC_LINE_BYTES_MAX);
    for (size_t i = 0; x->how.argv[i]; i++)
        buf_printf(&line, " %s", x->how.argv[i]);
    doing_say(&x->d, "%s%s", x->d.spec->dry_run ? "would start" : "start",
              line.data ? line.data : "");
    buf_done(&line);
}

static void start(struct restart *x)
{
    mend_environment(x);
    say_command(x);
    int r = offload(x, start_new);
    if (r < 0) {
        doing_fail_code(&x->d, r, &x->err);
        return;
    }
    r = wait_there(x, ACT_START_MS);
    if (r == 0)
        r = rt_sleep(rt_now() + STAYS_MS * RT_MS);
    if (r == 0)
        r = wait_there(x, LOOK_MS_MAX);
    if (r == -ESRCH)
        doing_fail(&x->d, REASON_NOT_RUNNING, "%s was started as process %d, and does not run: its "
                   "own log says why", x->name, x->child.pid);
    else if (r == 0)
        doing_say(&x->d, "%s runs as process %d", x->name, x->now.pid);
}

/* ---- a process ---- */

/* Returns whether it may go on. */
static bool judge_old(struct restart *x)
{
    if (x->old.pid == 1 || x->old.pid == host_pid())
        doing_fail(&x->d, REASON_PERMISSION, "%s is process %d: %s", x->name, x->old.pid,
                   x->old.pid == 1 ? "the first of this host" : "this program itself");
    else if (x->pidfd < 0 && x->pidfd != -ESRCH && x->pidfd != -ENOSYS)
        doing_fail_code(&x->d, x->pidfd, NULL); /* our own want */
    else
        return true;
    return false;
}

/* What it was started with, fresh if it still runs. Returns whether it is known. */
static bool recall(struct restart *x)
{
    struct err err = {0};
    struct arena *a = &x->d.result->arena;
    if (x->old.pid)
        act_remember(x->d.act, x->name, &x->old, x->known ? ACT_BY_COMMAND : ACT_BY_NAME, &err,
                     x->d.deadline);
    int r = memory_recall(x->d.act, x->name, a, &x->how, &err, x->d.deadline);
    if (r < 0)
        doing_fail(&x->d, REASON_EXEC_NOT_FOUND, "%s", err.text);
    else if (x->how.rewritten)
        doing_fail(&x->d, REASON_EXEC_NOT_FOUND, "%s has written over its command line (%.100s): "
                   "how it is started is not known. Restart its unit, or use Run", x->name,
                   x->how.argv[0]);
    return r == 0 && !x->how.rewritten;
}

/* Whoever keeps it starts it anew: so it only has to end. */
static bool comes_back(struct restart *x)
{
    if (!x->keeper[0])
        return false;
    int r = wait_there(x, KEEPER_MS);
    if (r == 0)
        doing_say(&x->d, "%s was started anew by %s, as process %d", x->name, x->keeper,
                  x->now.pid);
    return r == 0 || r == -ECANCELED;
}

/* Which one of several of the name is not ours to guess: to end the wrong one would be a second
 * outage. */
static void say_twins(struct restart *x)
{
    doing_fail(&x->d, REASON_EXEC_NOT_FOUND, "%s is the name of several services here, and which "
               "is meant is not known: process %d and process %d%s, neither of which has begun "
               "the other. Nothing was done. Let a Process check with the PIDFile of one say "
               "which, or restart its Unit, or use Run", x->name, x->tops[0].pid, x->tops[1].pid,
               x->top_count > 2 ? " (and more)" : "");
}

/* Returns 0: it, or nobody, runs; or another negative errno after saying why not. */
static int look_for_old(struct restart *x)
{
    int r = offload(x, find_old);
    for (int i = 1; r == -ENOTUNIQ && i < TWINS_LOOKS; i++) {
        r = rt_sleep(rt_now() + TWINS_MS * RT_MS);
        r = r < 0 ? r : offload(x, find_old);
    }
    if (r == -ENOTUNIQ)
        say_twins(x);
    else if (r < 0 && r != -ESRCH)
        doing_fail_code(&x->d, r, &x->err);
    else if (r == -ESRCH)
        x->old = (struct host_process){0};
    return r == -ESRCH ? 0 : r;
}

static void do_process(struct restart *x)
{
    struct arena *a = &x->d.result->arena;
    x->known = memory_recall(x->d.act, x->name, a, &x->how, NULL, x->d.deadline) == 0;
    x->numbered = memory_has_number(x->d.act, x->name, &x->rival);
    if (look_for_old(x) < 0)
        return;
    if ((x->old.pid && !judge_old(x)) || !recall(x))
        return;
    x->query.since = host_process_ticks();
    if (x->d.spec->dry_run) {
        if (x->old.pid)
            doing_say(&x->d, "would end process %d (%s)", x->old.pid, x->old.comm);
        say_command(x);
        return;
    }
    if (x->old.pid && x->pidfd != -ESRCH) {
        doing_say(&x->d, "end process %d (%s)", x->old.pid, x->old.comm);
        if (end_old(x) < 0 || comes_back(x))
            return;
    } else if (x->group_count) {
        doing_say(&x->d, "end %zu processes that %s has left behind", x->group_count, x->name);
        if (end_left(x) < 0)
            return;
    }
    start(x);
}

static int restart_process(struct doing *d, const char *name, struct err *err)
{
    struct restart *x = mem_alloc(MEM_ACT, sizeof(*x));
    x->d = *d;
    x->name = name;
    x->query.name = name;
    x->pidfd = -1;
    x->group = mem_alloc(MEM_ACT, GROUP_MAX * sizeof(*x->group));
    do_process(x);
    host_close(x->pidfd);
    int r = doing_end(&x->d, err);
    mem_free(MEM_ACT, x->group);
    mem_free(MEM_ACT, x);
    return r;
}

int act_restart(struct act *a, const struct exec_spec *spec, const struct exec_sink *sink,
                struct exec_result *ret_result, struct err *err, rt_time deadline)
{
    struct doing d;
    struct exec_result r;
    int code = doing_begin(&d, a, spec, "restart", sink, &r, err, deadline);
    if (code < 0)
        return code;
    const char *unit = doing_text(&d, "unit"), *process = doing_text(&d, "process");
    if (!unit == !process) {
        exec_result_done(&r);
        return err_set(err, -EBADMSG, "restart: a unit or a process, one of them");
    }
    code = unit ? unit_restart(&d, unit, err) : restart_process(&d, process, err);
    if (code == 0)
        *ret_result = r;
    return code;
}
