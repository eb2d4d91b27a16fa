#include "app/app.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/print.h"
#include "cli/states.h"
#include "config/reference.h"
#include "rt/stdio.h"
#include "rt/term.h"

/* ---- commands that only print ---- */

static int print_help(struct app *app, const struct cli_command *c)
{
    struct buf out = BUF(MEM_APP, 0);
    if (c)
        cli_help_command(&cli_firebreak, c, app->color_out,
                         (size_t)rt_term_size_of(RT_STDOUT).columns, &out);
    else
        cli_help_program(&cli_firebreak, app->color_out, &out);
    int status = app_write(app, buf_slice(&out));
    buf_done(&out);
    return status;
}

static int unknown_command(struct app *app, const char *name)
{
    struct err err;
    const char *near = cli_command_suggest(cli_firebreak.commands, name);
    if (near)
        err_set(&err, -EINVAL, "unknown command '%.80s': did you mean '%s'?", name, near);
    else
        err_set(&err, -EINVAL, "unknown command '%.80s'", name);
    return app_fail(app, EXIT_USAGE, &err);
}

/* The command that operand `at` names; NULL where there is no such operand. */
static int named_command(struct app *app, uint32_t at, const struct cli_command **ret)
{
    *ret = NULL;
    if (app->parsed.operand_count <= at)
        return EXIT_WELL;
    const char *name = app->parsed.operands[at];
    *ret = cli_command_find(cli_firebreak.commands, slice_from(name));
    return *ret ? EXIT_WELL : unknown_command(app, name);
}

static int run_help(struct app *app)
{
    const struct cli_command *c;
    int status = named_command(app, 0, &c);
    return status ? status : print_help(app, c);
}

static int run_states(struct app *app)
{
    const char *form = app->parsed.globals.output;
    struct buf out = BUF(MEM_APP, 0);
    if (!form || strcmp(form, "text") == 0)
        states_markdown(&out);
    else if (strcmp(form, "svg") == 0)
        states_svg(&out);
    else if (strcmp(form, "dot") == 0)
        states_dot(&out);
    else
        states_mermaid(&out);
    int status = app_write(app, buf_slice(&out));
    buf_done(&out);
    return status;
}

static int run_docs(struct app *app)
{
    const struct cli_command *c;
    struct buf out = BUF(MEM_APP, 0);
    if (strcmp(app->parsed.operands[0], "states") == 0)
        return run_states(app);
    int status = named_command(app, 1, &c);
    if (status)
        return status;
    if (strcmp(app->parsed.operands[0], "man") == 0)
        cli_man(&cli_firebreak, c, &out);
    else if (strcmp(app->parsed.operands[0], "config") == 0)
        reference_markdown(&out);
    else
        cli_markdown(&cli_firebreak, &out);
    status = app_write(app, buf_slice(&out));
    buf_done(&out);
    return status;
}

/* ---- dispatch ---- */

static const struct {
    const struct cli_command *command;
    int (*run)(struct app *app);
} bodies[] = {
    {&cli_run, app_exec},        {&cli_probe, app_probe},   {&cli_up, app_up},
    {&cli_completion, app_completion},
    {&cli_version, app_version}, {&cli_config, app_config}, {&cli_explain, app_explain},
    {&cli_docs, run_docs},       {&cli_help, run_help},
    {&cli_get, app_get},         {&cli_describe, app_describe}, {&cli_delete, app_delete},
    {&cli_plan, app_plan},       {&cli_apply, app_apply},   {&cli_store, app_store},
    {&cli_schedule, app_schedule},
    {&cli_why, app_why},         {&cli_asset, app_asset},
    {&cli_freeze, app_freeze},   {&cli_unfreeze, app_freeze},
    {&cli_task, app_task},       {&cli_node, app_node},
};

static bool wanted(const char *mode, bool terminal)
{
    if (mode && strcmp(mode, "always") == 0)
        return true;
    return terminal && !(mode && strcmp(mode, "never") == 0);
}

static void look_at_terminal(struct app *app)
{
    const struct cli_globals *g = &app->parsed.globals;
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    bool dumb = (no_color && no_color[0]) || (term && strcmp(term, "dumb") == 0);
    app->out_terminal = rt_term_is(RT_STDOUT);
    app->err_terminal = rt_term_is(RT_STDERR);
    app->color_out = wanted(g->color, app->out_terminal && !dumb);
    app->color_err = wanted(g->color, app->err_terminal && !dumb);
    app->progress = wanted(g->progress, app->err_terminal);
}

static int run_command(struct app *app, int argc, char **argv)
{
    struct err err = {0};
    int r = cli_parse(app->command, argc, argv, &app->arena, &app->parsed, &err);
    look_at_terminal(app);
    if (r == 0)
        r = cli_jsonpath_check(app->parsed.globals.output, &err);
    if (r < 0) {
        int status = app_fail(app, EXIT_USAGE, &err);
        return app->command->usage_exit ? app->command->usage_exit : status;
    }
    if (app->parsed.globals.help)
        return print_help(app, app->command);
    if (app->parsed.globals.version)
        app->command = &cli_version;
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++)
        if (bodies[i].command == app->command)
            return bodies[i].run(app);
    abort(); /* a command without a body: the tables of cli/ and this one differ */
}

static int run(struct app *app, int argc, char **argv)
{
    struct err err = {0};
    const char *output = cli_output_of(argc - 1, argv + 1);
    app->json_errors = output && (strcmp(output, "json") == 0 || strcmp(output, "jsonl") == 0);
    int at = cli_find_command(argc - 1, argv + 1, &app->parsed.globals, &err);
    look_at_terminal(app);
    if (at < 0)
        return app_fail(app, EXIT_USAGE, &err);
    if (app->parsed.globals.version) {
        app->command = &cli_version;
        return run_command(app, 0, argv);
    }
    if (at == argc - 1)
        return print_help(app, NULL);
    app->command = cli_command_find(cli_firebreak.commands, slice_from(argv[at + 1]));
    if (!app->command)
        return unknown_command(app, argv[at + 1]);
    return run_command(app, argc - at - 2, argv + at + 2);
}

int main(int argc, char **argv)
{
    struct app app = {.arena = ARENA(MEM_APP, 0)};
    if (rt_stdio_hold() < 0)
        return EXIT_UNREACHABLE; /* and no way to say so */
    int status = run(&app, argc < 1 ? 1 : argc, argv);
    logsink_close(app.logsink);
    arena_done(&app.arena);
    return status;
}
