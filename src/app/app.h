/* app.h - what the commands of this program share: how they begin, fail and end. */
#ifndef FIREBREAK_APP_APP_H
#define FIREBREAK_APP_APP_H

#include "base/arena.h"
#include "base/err.h"
#include "cli/commands.h"
#include "config/object.h"
#include "model/kind.h"
#include "rt/logsink.h"
#include "rt/rt.h"
#include "wire/problem.h"

/* Exit codes: public. */
enum {
    EXIT_WELL = 0,
    EXIT_NO = 1, /* the answer is no */
    EXIT_USAGE = 2,
    EXIT_UNREACHABLE = 3, /* a server, store or file */
    EXIT_DENIED = 4,
    EXIT_SIGNAL = 128,    /* + the signal's number */
};

struct app {
    struct arena arena;
    struct cli_parsed parsed;
    const struct cli_command *command;
    bool color_out, color_err; /* of standard output, standard error */
    bool out_terminal, err_terminal;
    bool progress;
    bool json_errors; /* -o json or jsonl was asked for, whatever else is wrong */
    struct logsink *logsink; /* NULL until app_log_open */
    bool log_quiet;
    struct logger log;       /* the program's own: "app" */
    void *command_state;     /* the running command's own: for what it runs as a task */
};

/* Says on standard error why the command ends: one line, or with -o json an RFC 9457 object.
 * Returns `status`, so that `return app_fail(...)` reads well. */
int app_fail(const struct app *app, int status, const struct err *err);
/* The same for what a server said. */
int app_fail_problem(const struct app *app, int status, const struct problem *p);
/* Of an operand that is to name one resource, as NAME or KIND/NAME: it is the name from now on.
 * Returns EXIT_WELL, or EXIT_USAGE after saying what else it names. */
int app_name_operand(struct app *app, uint32_t at, const char *kind);
/* Operands that are "KIND NAME" or "KIND/NAME", with `all` also KIND: then *ret_name is NULL.
 * Returns the same. */
int app_resource_operands(const struct app *app, bool all, const struct kind **ret_kind,
                          const char **ret_name);
/* Writes to standard output, outside of the runtime. Returns 0, or the exit status after saying
 * what went wrong. */
int app_write(const struct app *app, struct slice data);

/* Opens the log on standard error. `quiet`: the terminal shows something else, so nothing is
 * logged to it. Returns EXIT_WELL, or the exit status after saying what went wrong. */
int app_log_open(struct app *app, bool quiet);
/* Levels as a configuration's section "log" has them; nothing where the log is quiet or not open.
 */
void app_log_levels(struct app *app, const struct config_object *log);
/* Runs fn(arg) in the runtime, with so many loops; a task that holds one is logged. Returns
 * EXIT_WELL, or the exit status after saying what went wrong (then fn did not run). */
int app_run(struct app *app, int loops, rt_fn *fn, void *arg);

/* Runs fn(app) as a task that SIGINT and SIGTERM cancel. Returns its status, or that of the
 * signal. */
int app_run_task(struct app *app, int (*fn)(struct app *app));
/* The same for an fn that takes something else, and says itself how it ended. Returns EXIT_WELL
 * where fn ran undisturbed. */
int app_run_with(struct app *app, rt_fn *fn, void *arg);
/* In a task: writes to standard output. Returns EXIT_WELL, or the exit status after saying what
 * went wrong; EXIT_SIGNAL where nobody reads any more: the command ends without a word. */
int app_print(const struct app *app, struct slice data);

/* What this program is, as `version` says it. */
const char *app_version_word(void);
const char *app_commit_word(void);
const char *app_target_word(void);

/* The commands' bodies: each returns the exit status. */
int app_get(struct app *app);
int app_describe(struct app *app);
int app_delete(struct app *app);
int app_plan(struct app *app);
int app_apply(struct app *app);
int app_store(struct app *app);
int app_schedule(struct app *app);
int app_task(struct app *app);
int app_why(struct app *app);
int app_asset(struct app *app);
int app_plan_remedies(struct app *app);
int app_freeze(struct app *app); /* and unfreeze */
int app_silence(struct app *app);
int app_node(struct app *app);
int app_probe(struct app *app);
int app_exec(struct app *app); /* run */
int app_up(struct app *app);
int app_version(struct app *app);
int app_completion(struct app *app);
int app_config(struct app *app);
int app_explain(struct app *app);

#endif
