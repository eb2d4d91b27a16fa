#include "app/probe_explain.h"

#include <errno.h>

#include "rt/interrupt.h"
#include "rt/stdio.h"

struct explaining {
    struct app *app;
    const struct probe_spec *spec;
    const struct target_set *targets;
    struct err err;
    int status;
};

/* Returns 0, or what writing said. */
static int explain_one(struct explaining *e, struct observer *o, uint64_t index)
{
    struct target_slot slot;
    struct probe_result *r = mem_alloc(MEM_APP, sizeof(*r));
    struct buf out = BUF(MEM_APP, 0);
    r->arena = ARENA(MEM_APP, 0);
    target_set_get(e->targets, index, &slot);
    if (index > 0)
        buf_append_byte(&out, '\n');
    observe_explain(o, &slot.target, r, &out);
    if (r->reason != REASON_OK)
        e->status = EXIT_NO;
    int code = rt_cancelled() ? 0 : rt_output_write(RT_STDOUT, out.data, out.size, RT_NEVER);
    arena_done(&r->arena);
    mem_free(MEM_APP, r);
    buf_done(&out);
    return code;
}

static void explain_all(void *arg)
{
    struct explaining *e = arg;
    struct observer *o;
    if (observer_open(e->spec, &o, &e->err) < 0) {
        e->status = EXIT_UNREACHABLE;
        return;
    }
    int code = 0;
    for (uint64_t i = 0; i < target_set_count(e->targets) && code == 0 && !rt_cancelled(); i++)
        code = explain_one(e, o, i);
    if (code < 0 && code != -EPIPE && code != -ECANCELED) {
        err_sys(&e->err, code, "write to standard output");
        e->status = EXIT_UNREACHABLE;
    }
    observer_close(o);
}

int probe_explain(struct app *app, const struct probe_spec *spec, const struct target_set *targets)
{
    struct explaining e = {.app = app, .spec = spec, .targets = targets, .status = EXIT_WELL};
    struct rt_group main, helpers;
    struct rt_interrupt interrupt = {.cancels = &main};
    if (target_set_count(targets) > PROBE_EXPLAIN_TARGETS_MAX) {
        err_set(&e.err, -E2BIG, "--explain: %llu targets are more than %d, which is what one can "
                "read", (unsigned long long)target_set_count(targets), PROBE_EXPLAIN_TARGETS_MAX);
        return app_fail(app, EXIT_USAGE, &e.err);
    }
    rt_group_init(&main, "explain");
    rt_group_init(&helpers, "explain helpers");
    int r = rt_go(&helpers, rt_interrupt_watch, &interrupt);
    if (r == 0)
        r = rt_go(&main, explain_all, &e);
    if (r < 0)
        err_set(&e.err, r, "no memory for the first task");
    rt_group_wait(&main, RT_NEVER);
    rt_group_done(&main);
    rt_group_done(&helpers);
    if (e.err.code)
        return app_fail(app, EXIT_UNREACHABLE, &e.err);
    return interrupt.signal ? EXIT_SIGNAL + interrupt.signal : e.status;
}
