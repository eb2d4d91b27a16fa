#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "act/execution.h"
#include "act/memory.h"
#include "base/duration.h"

/* ---- the warden ---- */

/* Reads the next report, or what is missing of it. Returns 0, -EPIPE (the warden is gone),
 * -ETIMEDOUT, -ECANCELED. */
static int read_report(struct execution *x, rt_time deadline)
{
    if (x->report_got == sizeof(x->report))
        x->report_got = 0;
    while (x->report_got < sizeof(x->report)) {
        ssize_t n = rt_read(x->talk, (char *)&x->report + x->report_got,
                            sizeof(x->report) - x->report_got, deadline);
        if (n == -ETIMEDOUT || n == -ECANCELED)
            return (int)n;
        if (n <= 0)
            return -EPIPE;
        x->report_got += (size_t)n;
    }
    return 0;
}

/* Until nobody of its tree is left. From the first reason to end it on, its end is certain: then
 * neither a deadline nor a cancellation counts any more. */
static int follow(struct execution *x, rt_time deadline)
{
    pid_t pid = 0;
    int r;
    bool ending = false;
    for (;;) {
        r = read_report(x, ending ? RT_NEVER : deadline);
        if (r == -ETIMEDOUT || r == -ECANCELED) {
            x->timed_out = r == -ETIMEDOUT;
            x->canceled = r == -ECANCELED;
            ending = true;
            rt_shield_begin();
            rt_write(x->talk, "T", 1, RT_NEVER); /* where that fails, the next reading says why */
            continue;
        }
        if (r < 0 || x->report.kind != HOST_REPORT_STARTED)
            break;
        x->started = true;
        pid = x->report.pid;
    }
    if (ending)
        rt_shield_end();
    if (r == -EPIPE && pid > 0) /* the program itself went with it; now its group */
        host_child_kill(&(struct host_child){.pid = pid, .pidfd = -1, .leads_group = true});
    return r;
}

/* ---- the result ---- */

static void say(struct exec_result *r, enum probe_reason reason, const char *text)
{
    r->reason = reason;
    snprintf(r->detail, sizeof(r->detail), "%.*s", EXEC_DETAIL_MAX - 1, text);
}

static void not_started(struct exec_result *r, const struct host_report *report)
{
    enum host_blame blame = host_spawn_blame(report->code);
    say(r,
        blame == HOST_BLAME_NOT_FOUND        ? REASON_EXEC_NOT_FOUND
        : blame == HOST_BLAME_NOT_EXECUTABLE ? REASON_PERMISSION
                                             : REASON_LIMIT,
        report->text);
}

static void put_reason(const struct execution *x, struct exec_result *r)
{
    char signal[EXEC_SIGNAL_NAME_MAX], text[EXEC_DETAIL_MAX], after[DURATION_TEXT_MAX];
    if (x->canceled) {
        say(r, REASON_CANCELED, "it was canceled, and ended");
    } else if (x->timed_out || x->report.timed_out) {
        snprintf(text, sizeof(text), "it still ran after %s, and was ended",
                 duration_format(x->timed_out ? r->wall_ns : x->spec->timeout_ns, after));
        say(r, REASON_TIMEOUT, text);
    } else if (r->signal) {
        snprintf(text, sizeof(text), "killed by %s%s", exec_signal_name(r->signal, signal),
                 x->report.memory_killed ? ": it went beyond its memory limit" : "");
        say(r, REASON_EXEC_SIGNAL, text);
    } else if (r->exit != 0) {
        snprintf(text, sizeof(text), "exit status %d", r->exit);
        say(r, REASON_EXEC_EXIT, text);
    }
    if (x->report.memory_killed && !r->signal) {
        size_t size = strlen(r->detail);
        snprintf(r->detail + size, sizeof(r->detail) - size,
                 "%sa process of it went beyond its "
                 "memory limit, and was killed",
                 size ? "; " : "");
    }
}

static const char *enforced(uint64_t limit, bool by_cgroup, bool by_rlimit)
{
    return !limit ? NULL : by_cgroup ? "cgroup" : by_rlimit ? "rlimit" : NULL;
}

static void put_end(const struct execution *x, struct exec_result *r)
{
    const struct host_report *p = &x->report;
    const struct exec_limits *limits = &x->spec->limits;
    if (p->exit.signaled)
        r->signal = p->exit.code;
    else
        r->exit = p->exit.code;
    r->started = true;
    r->wall_ns = p->wall_us * RT_US;
    r->user_ns = p->exit.user_us * RT_US;
    r->system_ns = p->exit.system_us * RT_US;
    r->rss_max_bytes = (uint64_t)p->exit.rss_max_bytes;
    r->memory_by = enforced(limits->memory_bytes, p->memory_by_cgroup, true);
    /* The kernel does not hold root to its rlimit. */
    r->processes_by = enforced(limits->processes, p->processes_by_cgroup, x->user.uid != 0);
    put_reason(x, r);
}

struct taking {
    const struct host_scratch *scratch;
    struct buf text;
    int result;
};

static void take_now(void *arg)
{
    struct taking *t = arg;
    t->result = host_scratch_read(t->scratch, &t->text);
}

static void put_values(struct execution *x, struct exec_result *r)
{
    struct taking t = {.scratch = &x->scratch, .text = BUF(MEM_ACT, EXEC_VALUES_BYTES_MAX)};
    rt_shield_begin();
    int code = rt_offload(take_now, &t, RT_NEVER);
    rt_shield_end();
    if (code == 0 && (t.result == 0 || t.result == -EMSGSIZE)) {
        struct slice text = buf_slice(&t.text);
        if (t.result == -EMSGSIZE) { /* whole lines only */
            while (text.size && text.data[text.size - 1] != '\n')
                text.size--;
            r->values_bad++;
        }
        values_parse(text, r);
    }
    buf_done(&t.text);
}

static void put_outputs(const struct execution *x, struct exec_result *r)
{
    for (int i = 0; i < EXEC_STREAM_COUNT; i++) {
        r->bytes[i] = x->outputs[i].bytes;
        r->cut_bytes[i] = x->outputs[i].cut;
    }
}

/* ---- from beginning to end ---- */

static int open_streams(struct execution *x, const struct exec_sink *sink)
{
    uint64_t kept = x->spec->output_bytes_max;
    for (int i = 0; i < EXEC_STREAM_COUNT; i++) {
        struct output *o = &x->outputs[i];
        *o = (struct output){
            .sink = sink,
            .stream = (enum exec_stream)i,
            .whole_reads = x->stdio && x->stdio->whole_reads,
            .left = kept ? kept : EXEC_OUTPUT_BYTES,
        };
        if (x->ends[i] < 0)
            continue;
        int r = output_open(o, x->ends[i]);
        x->ends[i] = -1;
        if (r < 0)
            return err_sys(&x->err, r, "read its output");
    }
    int r = rt_adopt(x->stream, &x->talk);
    if (r < 0)
        return err_sys(&x->err, r, "talk to its warden");
    x->stream = -1;
    return 0;
}

static int run(struct execution *x, const struct exec_sink *sink, struct exec_result *r,
               rt_time deadline)
{
    int code = open_streams(x, sink);
    if (code < 0)
        return code;
    /* Nothing runs before the last byte of it: an order that is cut off is none. */
    code = rt_write(x->talk, x->order.data, x->order.size, deadline);
    if (code == -EPIPE || code == -ECONNRESET) { /* it may have said why */
        rt_shutdown_write(x->talk);
        code = 0;
    }
    if (code == 0)
        code = follow(x, deadline);
    for (int i = 0; i < EXEC_STREAM_COUNT; i++)
        output_finish(&x->outputs[i], x->canceled || code < 0);
    if (code < 0)
        return err_sys(&x->err, code, "the process that watches over it");
    put_outputs(x, r);
    if (x->report.kind == HOST_REPORT_FAILED)
        not_started(r, &x->report);
    else
        put_end(x, r);
    if (x->report.kind == HOST_REPORT_ENDED && x->scratch.path[0])
        put_values(x, r);
    return 0;
}

static void close_now(void *execution)
{
    execution_unprepare(execution);
}

static void close_all(struct execution *x)
{
    for (int i = 0; i < EXEC_STREAM_COUNT; i++)
        output_close(&x->outputs[i]);
    rt_close(x->talk);
    rt_shield_begin();
    rt_offload(close_now, x, RT_NEVER); /* a file is removed */
    rt_shield_end();
    buf_done(&x->order);
    arena_done(&x->arena);
}

int act_exec(struct act *a, const struct exec_spec *spec, const struct act_stdio *stdio,
             const struct exec_sink *sink, struct exec_result *ret_result, struct err *err,
             rt_time deadline)
{
    int code = exec_spec_check(spec, err);
    if (code < 0)
        return code;
    struct execution *x = mem_alloc(MEM_ACT, sizeof(*x));
    struct exec_result r = {.exit = -1, .arena = ARENA(MEM_ACT, 0)};
    x->act = a;
    x->spec = spec;
    x->stdio = stdio;
    x->arena = ARENA(MEM_ACT, 0);
    x->order = BUF(MEM_ACT, 0);
    x->stream = x->ends[0] = x->ends[1] = -1;
    r.started_wall_ns = rt_wall_now();
    code = rt_offload(execution_prepare, x, deadline);
    if (code < 0)
        err_sys(&x->err, code, "start it");
    else
        code = x->result;
    if (code == 0)
        code = run(x, sink, &r, deadline);
    close_all(x);
    if (code == 0)
        *ret_result = r;
    else
        exec_result_done(&r);
    if (code < 0 && err) {
        *err = x->err;
        err_wrap(err, "%.200s", spec->argv[0]);
    }
    mem_free(MEM_ACT, x);
    return code;
}

int act_open(struct act *ret_act, struct err *err)
{
    return host_keeper_start(&ret_act->keeper, err);
}

void act_close(struct act *a)
{
    memory_done(a);
    host_keeper_stop(&a->keeper);
}
