#include <errno.h>

#include "app/app.h"
#include "rt/interrupt.h"
#include "rt/stdio.h"

struct run {
    struct app *app;
    rt_fn *fn;
    void *arg;
    int failed;
    struct rt_group main;
    struct rt_interrupt interrupt;
};

static void run_main(void *arg)
{
    struct run *run = arg;
    struct rt_group helpers;
    rt_group_init(&helpers, "command");
    rt_group_init(&run->main, "command");
    run->interrupt.cancels = &run->main;
    int r = rt_go(&helpers, rt_interrupt_watch, &run->interrupt);
    if (r == 0)
        r = rt_go(&run->main, run->fn, run->arg);
    if (r < 0) {
        struct err err;
        err_set(&err, r, "no memory for the first tasks");
        run->failed = app_fail(run->app, EXIT_UNREACHABLE, &err);
    }
    rt_group_wait(&run->main, RT_NEVER);
    rt_group_done(&run->main);
    rt_group_done(&helpers);
}

int app_run_with(struct app *app, rt_fn *fn, void *arg)
{
    struct run run = {.app = app, .fn = fn, .arg = arg};
    int status = app_log_open(app, false);
    if (status == EXIT_WELL)
        status = app_run(app, 1, run_main, &run);
    if (status != EXIT_WELL)
        return status;
    return run.interrupt.signal ? EXIT_SIGNAL + run.interrupt.signal : run.failed;
}

struct body {
    struct app *app;
    int (*fn)(struct app *app);
    int status;
};

static void run_body(void *arg)
{
    struct body *body = arg;
    body->status = body->fn(body->app);
}

int app_run_task(struct app *app, int (*fn)(struct app *app))
{
    struct body body = {.app = app, .fn = fn};
    int status = app_run_with(app, run_body, &body);
    if (status != EXIT_WELL)
        return status;
    return body.status == EXIT_SIGNAL ? EXIT_WELL : body.status; /* nobody reads: enough was said */
}

int app_print(const struct app *app, struct slice data)
{
    int r = data.size ? rt_output_write(RT_STDOUT, data.data, data.size, RT_NEVER) : 0;
    if (r == 0)
        return EXIT_WELL;
    if (r == -EPIPE || r == -ECANCELED)
        return EXIT_SIGNAL;
    struct err err;
    err_sys(&err, r, "write to standard output");
    return app_fail(app, EXIT_UNREACHABLE, &err);
}
