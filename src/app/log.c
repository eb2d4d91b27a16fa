#include <errno.h>
#include <string.h>

#include "app/app.h"
#include "rt/stdio.h"

enum { SAMPLE_FIRST = 10, SAMPLE_EVERY = 100 };

int app_log_open(struct app *app, bool quiet)
{
    const struct cli_globals *g = &app->parsed.globals;
    struct err err = {0};
    struct logsink_config config = {
        .fd = RT_STDERR,
        .mode = LOGSINK_LINE,
        .level = LOG_LEVEL_WARN,
        .service_name = "firebreak",
        .sample_first = SAMPLE_FIRST,
        .sample_every = SAMPLE_EVERY,
    };
    /* The words that the option takes are the levels' names. */
    log_level_parse(slice_from(g->log_level), &config.level);
    app->log_quiet = quiet && app->err_terminal;
    if (app->log_quiet)
        config.level = LOG_LEVEL_OFF;
    bool json = g->log_format ? strcmp(g->log_format, "json") == 0 : !app->err_terminal;
    config.format = json             ? LOG_FORMAT_JSON
                    : app->color_err ? LOG_FORMAT_COLOR
                                     : LOG_FORMAT_CONSOLE;
    int r = logsink_open(&config, &app->logsink, &err);
    if (r == -EBADF)
        return EXIT_WELL; /* no standard error, no log */
    if (r < 0)
        return app_fail(app, EXIT_UNREACHABLE, &err);
    logger_init(&app->log, app->logsink, "app");
    return EXIT_WELL;
}

static void set_level(struct app *app, struct slice name, struct slice word)
{
    enum log_level level;
    if (log_level_parse(word, &level) == 0)
        logsink_set_level(app->logsink, name, level);
}

void app_log_levels(struct app *app, const struct config_object *log)
{
    if (!app->logsink || app->log_quiet)
        return;
    set_level(app, SLICE(""), config_string(log, "level"));
    for (const struct value *v = NULL; (v = config_next(log, "levels", v));)
        set_level(app, value_key(v), v->text);
}

/* On the watchdog's thread: the sink takes lines from any. */
static void on_stall(void *ctx, const struct rt_stall *stall)
{
    const struct app *app = ctx;
    if (app->logsink)
        log_warn(&app->log, "a task holds its loop", log_event("stall"),
                 log_str("task", stall->task), log_i64("loop", stall->loop),
                 log_ms("held_ms", stall->held));
}

static void on_costly_guards(void *ctx)
{
    const struct app *app = ctx;
    if (app->logsink)
        log_info(&app->log,
                 "no MADV_GUARD_INSTALL here (Linux 6.13): each task's stack is guarded by a "
                 "mapping of its own, and vm.max_map_count bounds how many there can be",
                 log_event("costly_guards"));
}

int app_run(struct app *app, int loops, rt_fn *fn, void *arg)
{
    struct rt_config config = {
        .loops = loops,
        .on_stall = on_stall,
        .on_stall_ctx = app,
        .on_costly_guards = on_costly_guards,
        .on_costly_guards_ctx = app,
    };
    struct err err;
    int r = rt_run(&config, fn, arg);
    if (r == 0)
        return EXIT_WELL;
    err_sys(&err, r, "start the event loops");
    return app_fail(app, EXIT_UNREACHABLE, &err);
}
