#include <errno.h>
#include <string.h>

#include "act/act.h"
#include "app/app.h"
#include "app/merged.h"
#include "cli/print.h"
#include "cli/run_print.h"
#include "rt/event.h"
#include "rt/stdio.h"

enum { FAILED_STATUS = 125 };

/* One program, as `run` is asked for it. */
struct command {
    struct app *app;
    const struct run_options *o;
    struct exec_spec spec;
    struct act_stdio stdio;
    struct act act;
    enum cli_form form;
    struct buf outputs[EXEC_STREAM_COUNT]; /* where they are printed at the end */
    bool one; /* our standard output and error are the same place */
    /* Then: what was passed on to it, and who waits for its turn. */
    struct merged merged;
    struct rt_event passed;
    bool passing;
    bool unread[EXEC_STREAM_COUNT];        /* nobody took it: what is missing was not cut by us */
    int unwritten; /* why our own standard output or error did not take it; 0: it did */
    int status;
};

/* ---- its output ---- */

static int keep(void *ctx, const struct exec_line *line)
{
    struct command *c = ctx;
    return buf_append_slice(&c->outputs[line->stream], line->text);
}

/* Where both come out at one place, what breaks a line and what follows are not torn apart by the
 * other stream's task. */
static int pass_merged(struct command *c, int fd, const struct exec_line *line)
{
    while (c->passing) {
        int r = rt_event_wait(&c->passed, RT_NEVER);
        if (r < 0)
            return r;
    }
    c->passing = true;
    rt_event_clear(&c->passed);
    int r = 0;
    if (merged_breaks(&c->merged, line->stream, line->text, false))
        r = rt_output_write(fd, "\n", 1, RT_NEVER);
    if (r == 0)
        r = rt_output_write(fd, line->text.data, line->text.size, RT_NEVER);
    c->passing = false;
    rt_event_set(&c->passed);
    return r;
}

static int pass(void *ctx, const struct exec_line *line)
{
    static const int fds[EXEC_STREAM_COUNT] = {RT_STDOUT, RT_STDERR};
    struct command *c = ctx;
    int r = c->one ? pass_merged(c, fds[line->stream], line)
                   : rt_output_write(fds[line->stream], line->text.data, line->text.size, RT_NEVER);
    if (r == 0 || r == -ECANCELED)
        return r;
    if (r != -EPIPE)
        c->unwritten = r;
    c->unread[line->stream] = true;
    return -EPIPE; /* as if the program had written there itself */
}

/* Before our own words. What the program wrote without us is its own affair: nobody read it. */
static void break_line(struct command *c)
{
    if (c->merged.mid_line)
        rt_output_write_now(RT_STDERR, "\n", 1);
    c->merged.mid_line = false;
}

/* ---- what is said of it ---- */

static int print_object(struct command *c, const struct exec_result *r)
{
    struct buf json = BUF(MEM_APP, 0), out = BUF(MEM_APP, 0);
    struct err err = {0};
    const struct slice outputs[] = {buf_slice(&c->outputs[0]), buf_slice(&c->outputs[1])};
    run_print_json(&c->spec, r, outputs, &json);
    int code = 0, status = EXIT_WELL;
    if (c->form == CLI_FORM_JSONPATH)
        code = cli_jsonpath_print(cli_jsonpath_of(c->app->parsed.globals.output), buf_slice(&json),
                                  &out, &err);
    else
        cli_object(c->form, buf_slice(&json), &out);
    if (code < 0)
        status = app_fail(c->app, EXIT_USAGE, &err);
    if (status == EXIT_WELL)
        status = app_print(c->app, buf_slice(&out));
    buf_done(&json);
    buf_done(&out);
    return status == EXIT_WELL || status == EXIT_SIGNAL ? EXIT_WELL : FAILED_STATUS;
}

/* A program that ran says itself what is wrong with it; the rest is ours to say. */
static void say_why(struct command *c, const struct exec_result *r)
{
    struct err err;
    if (c->form != CLI_FORM_TEXT || r->reason == REASON_OK || r->reason == REASON_EXEC_EXIT ||
        r->reason == REASON_CANCELED)
        return;
    break_line(c);
    if (r->started)
        err_set(&err, -EIO, "%.200s: %s", c->spec.argv[0], r->detail);
    else
        err_set(&err, -EIO, "%s", r->detail);
    app_fail(c->app, FAILED_STATUS, &err);
}

static void say_unwritten(struct command *c)
{
    struct err err;
    if (c->unwritten == 0)
        return;
    err_sys(&err, c->unwritten, "write what the program said");
    c->status = app_fail(c->app, FAILED_STATUS, &err);
}

static void say_notes(struct command *c, struct exec_result *r)
{
    struct buf notes = BUF(MEM_APP, 0), out = BUF(MEM_APP, 0);
    for (int i = 0; i < EXEC_STREAM_COUNT; i++)
        if (c->unread[i])
            r->cut_bytes[i] = 0;
    run_print_notes(&c->spec, r, &notes);
    struct slice rest = buf_slice(&notes);
    while (rest.size) {
        struct slice note = slice_cut(&rest, '\n');
        buf_printf(&out, "firebreak run: %.*s\n", SLICE_ARG(note));
    }
    if (out.size && !c->app->json_errors) {
        break_line(c);
        rt_output_write_now(RT_STDERR, out.data, out.size);
    }
    buf_done(&notes);
    buf_done(&out);
}

static void run(void *arg)
{
    struct command *c = arg;
    const struct exec_sink sink = {c->form == CLI_FORM_TEXT ? pass : keep, c};
    struct exec_result r;
    struct err err = {0};
    int code = act_exec(&c->act, &c->spec, &c->stdio, &sink, &r, &err, RT_NEVER);
    if (code < 0) {
        c->status = FAILED_STATUS;
        if (code != -ECANCELED)
            app_fail(c->app, FAILED_STATUS, &err);
        return;
    }
    c->status = exec_result_status(&r);
    rt_shield_begin(); /* interrupted: what was done is told */
    if (c->form != CLI_FORM_TEXT) {
        int status = print_object(c, &r);
        c->status = status == EXIT_WELL ? c->status : status;
    }
    rt_shield_end();
    if (c->unwritten == 0)
        say_why(c, &r);
    say_notes(c, &r);
    say_unwritten(c);
    exec_result_done(&r);
}

/* ---- what is asked ---- */

static void read_options(struct command *c)
{
    const struct run_options *o = c->o;
    const struct cli_parsed *p = &c->app->parsed;
    bool passes = c->form == CLI_FORM_TEXT && !o->limit_bytes;
    const char **env = arena_alloc_array(&c->app->arena, o->env.count + 1, sizeof(*env));
    memcpy(env, o->env.items ? o->env.items : env, o->env.count * sizeof(*env));
    bool our_input = o->stdin_path && strcmp(o->stdin_path, "-") == 0;
    c->spec = (struct exec_spec){
        .argv = p->operands, /* ends in NULL: one more was allocated than there are arguments */
        .env = env,
        .dir = o->dir,
        .user = o->user,
        .stdin_path = our_input ? NULL : o->stdin_path,
        .timeout_ns = o->timeout_ns,
        .kill_after_ns = o->kill_after_ns ? o->kill_after_ns : -1,
        .output_bytes_max = (uint64_t)o->limit_bytes,
        .limits = {.memory_bytes = (uint64_t)o->memory_bytes,
                   .cpu_ns = o->cpu_ns,
                   .processes = (uint64_t)o->processes},
        .leaves_processes = o->keep_background,
    };
    c->stdio = (struct act_stdio){
        .fds = {our_input ? RT_STDIN : -1, passes ? RT_STDOUT : -1, passes ? RT_STDERR : -1},
        .whole_reads = true,
    };
}

int app_exec(struct app *app)
{
    struct command c = {.app = app, .o = app->parsed.values};
    struct err err = {0};
    c.form = cli_form_of(app->parsed.globals.output, CLI_FORM_TEXT);
    c.one = rt_output_is_same(RT_STDOUT, RT_STDERR);
    c.outputs[0] = c.outputs[1] = BUF(MEM_APP, 0);
    read_options(&c);
    if (act_open(&c.act, &err) < 0) {
        app_fail(app, EXIT_UNREACHABLE, &err);
        return FAILED_STATUS;
    }
    int status = app_run_with(app, run, &c);
    act_close(&c.act);
    buf_done(&c.outputs[0]);
    buf_done(&c.outputs[1]);
    if (status == EXIT_WELL)
        return c.status;
    return status > EXIT_SIGNAL ? status : FAILED_STATUS; /* interrupted; or no runtime */
}
