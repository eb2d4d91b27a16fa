#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "app/client.h"
#include "app/config_load.h"
#include "app/progress.h"
#include "app/task_groups.h"
#include "app/task_logs.h"
#include "app/task_said.h"
#include "base/utf8.h"
#include "cli/print.h"
#include "config/canonical.h"
#include "config/tables.h"
#include "model/task.h"
#include "rt/stdio.h"
#include "wire/json.h"
#include "wire/json_value.h"
#include "wire/url_escape.h"

extern char **environ;

/* task and node: ask a server to run programs, and tell what became of them. */

enum { LOOK_MS = 250, AGAIN_MS = 500, STOPPED_STATUS = 125 };

enum { ACTION_DOES, ACTION_UNDOES, ACTIONS }; /* files that are read */

struct asking {
    struct app *app;
    const struct task_options *options;
    struct client client;
    enum cli_form form;
    struct buf target, answer, text;
    const struct buf *actions; /* of run -f and --rollback, as JSON */
    struct arena arena;
    struct counts {
        const char *what; /* "nodes", "steps" */
        uint32_t all, done, failed;
    } counts;
    struct progress progress; /* line NULL: not shown */
};

static const struct slice none = {NULL, 0};

static int no_answer(struct asking *a)
{
    struct err err;
    err_set(&err, -EPROTO, "the server's answer is none of firebreak's");
    return app_fail(a->app, EXIT_UNREACHABLE, &err);
}

static int parse(struct asking *a, struct json_value **ret)
{
    arena_reset(&a->arena);
    if (json_parse(buf_slice(&a->answer), &a->arena, 0, ret, NULL) < 0 ||
        (*ret)->type != JSON_OBJECT)
        return no_answer(a);
    return EXIT_WELL;
}

static void target_of(struct asking *a, const char *collection, const char *name, const char *verb)
{
    buf_clear(&a->target);
    buf_printf(&a->target, "/v1/%s/", collection);
    url_escape(slice_from(name), &a->target);
    if (verb)
        buf_printf(&a->target, "/%s", verb);
}

static int ask(struct asking *a, const char *method, struct slice body, struct json_value **ret)
{
    buf_clear(&a->answer);
    int status = client_ask(&a->client, method, buf_slice(&a->target), body, &a->answer);
    return status == EXIT_WELL ? parse(a, ret) : status;
}

static int print_task(struct asking *a, const struct json_value *task)
{
    buf_clear(&a->text);
    if (a->form == CLI_FORM_TEXT || a->form == CLI_FORM_NAME) {
        if (a->form == CLI_FORM_NAME)
            buf_append_cstr(&a->text, "task/");
        utf8_append_shown(&a->text, json_text(task, "name"));
        buf_append_byte(&a->text, '\n');
    } else {
        cli_object(a->form, slice_trim(buf_slice(&a->answer)), &a->text);
    }
    return app_print(a->app, buf_slice(&a->text));
}

/* ---- run ---- */

static void put_text(struct json_writer *w, const char *key, const char *value)
{
    if (!value)
        return;
    json_key_slice(w, slice_from(key));
    json_string(w, slice_from(value));
}

static void put_ms(struct json_writer *w, const char *key, int64_t ns)
{
    if (ns <= 0)
        return;
    json_key_slice(w, slice_from(key));
    json_i64(w, ns / RT_MS > 0 ? ns / RT_MS : 1);
}

static void put_texts(struct json_writer *w, const char *key, const char **texts, uint32_t count)
{
    json_key_slice(w, slice_from(key));
    json_array_open(w);
    for (uint32_t i = 0; i < count; i++)
        json_string(w, slice_from(texts[i]));
    json_array_close(w);
}

/* What is not said is the action's to say, or the server's. */
static void put_number(struct asking *a, struct json_writer *w, const char *option, const char *key,
                       int64_t n)
{
    const struct cli_parsed *p = &a->app->parsed;
    for (uint32_t i = 0; i < p->given_count; i++)
        if (strcmp(p->given[i].option->name, option) == 0) {
            json_key_slice(w, slice_from(key));
            json_i64(w, n);
            return;
        }
}

static void write_wanted(struct asking *a, struct buf *out)
{
    const struct task_options *o = a->options;
    const struct cli_parsed *p = &a->app->parsed;
    struct json_writer w;
    json_begin(&w, out, 0);
    json_object_open(&w);
    if (o->file) {
        json_key(&w, "do");
        json_raw(&w, buf_slice(&a->actions[ACTION_DOES]));
    } else {
        put_texts(&w, "argv", p->operands + 1, p->operand_count - 1);
    }
    if (o->rollback) {
        json_key(&w, "rollback");
        json_raw(&w, buf_slice(&a->actions[ACTION_UNDOES]));
    }
    if (o->env.count)
        put_texts(&w, "env", o->env.items, o->env.count);
    put_text(&w, "namespace", p->globals.namespace_);
    put_text(&w, "node", o->node);
    put_text(&w, "selector", o->selector);
    put_text(&w, "dedup_key", o->dedup);
    put_text(&w, "dir", o->dir);
    put_text(&w, "user", o->user);
    put_text(&w, "concurrency", o->concurrency);
    put_text(&w, "action", o->action);
    put_ms(&w, "timeout_ms", o->timeout_ns);
    put_ms(&w, "backoff_ms", o->backoff_ns);
    put_ms(&w, "deadline_ms", o->deadline_ns);
    put_number(a, &w, "retries", "retries", o->retries);
    put_number(a, &w, "priority", "priority", o->priority);
    put_number(a, &w, "rate", "rate_per_hour", o->rate);
    put_number(a, &w, "limit", "output_bytes_max", o->limit_bytes);
    json_key(&w, "approve");
    json_bool(&w, o->approve);
    json_object_close(&w);
    json_end(&w);
}

static enum task_state state_of(const struct json_value *task)
{
    return task_state_parse(json_text(task, "state"));
}

/* Not an error: it may be on its way. But who wrote a wrong name would wait for ever. */
static void tell_stuck(struct asking *a, const struct json_value *task)
{
    static const char *const stuck[] = {"no_node", "node_absent", "node_lost", "node_cordoned",
                                        "no_match"};
    const struct json_value *waiting = json_get(task, "waiting");
    struct buf line = BUF(MEM_APP, 0);
    for (size_t i = 0; waiting && a->form == CLI_FORM_TEXT && i < ARRAY_LEN(stuck); i++) {
        if (!slice_eq_cstr(json_text(waiting, "reason"), stuck[i]))
            continue;
        buf_printf(&line, "firebreak task: %.*s waits for ", SLICE_ARG(json_text(task, "name")));
        utf8_append_shown(&line, json_text(waiting, "for"));
        buf_append_byte(&line, '\n');
        rt_output_write(RT_STDERR, line.data, line.size, RT_NEVER);
    }
    buf_done(&line);
}

/* The task that has the key already is the answer, whosever it is: who looks for it in his own
 * namespace would not find it. */
static void tell_elsewhere(struct asking *a, const struct json_value *task)
{
    const char *mine = a->app->parsed.globals.namespace_, *key = a->options->dedup;
    struct slice has = json_text(task, "namespace");
    struct buf line = BUF(MEM_APP, 0);
    if (key && (a->form == CLI_FORM_TEXT || a->form == CLI_FORM_NAME) &&
        !slice_eq_cstr(has, mine ? mine : "default")) {
        buf_printf(&line, "firebreak task: %.*s is of namespace %.*s, and has the dedup key ",
                   SLICE_ARG(json_text(task, "name")), SLICE_ARG(has));
        utf8_append_shown(&line, slice_from(key));
        buf_append_cstr(&line, ": a key is one for all namespaces\n");
        rt_output_write(RT_STDERR, line.data, line.size, RT_NEVER);
    }
    buf_done(&line);
}

/* ---- how far it is ---- */

static void count_parts(struct asking *a, const struct json_value *task)
{
    const struct json_value *steps = json_get(task, "steps"), *parts = json_get(task, "targets");
    struct counts c = {.what = steps ? "steps" : "nodes"};
    const struct json_value *list = steps ? steps : parts;
    for (const struct json_value *x = list ? list->first : NULL; x; x = x->next) {
        enum task_state s = state_of(x);
        bool over = s < TASK_STATE_COUNT && task_state_final(s);
        c.all++;
        c.done += over;
        c.failed += over && s != TASK_SUCCEEDED;
    }
    a->counts = c;
}

static void progress_line(void *ctx, size_t columns, struct buf *out)
{
    enum { WIDTH = 20 };
    const struct asking *a = ctx;
    const struct counts *c = &a->counts;
    struct buf line = BUF(MEM_APP, 0);
    if (c->all > 1) {
        progress_bar(&line, c->done, c->all, WIDTH);
        buf_printf(&line, " %u/%u %s, %u failed", c->done, c->all, c->what, c->failed);
        buf_append_slice(out, slice_sub(buf_slice(&line), 0, columns));
    }
    buf_done(&line);
}

/* On standard error, so that what is printed stays the task's name. */
static int show_groups(struct asking *a, const struct json_value *task)
{
    const struct json_value *targets = json_get(task, "targets");
    struct buf text = BUF(MEM_APP, 0);
    int status = EXIT_WELL;
    if (a->form == CLI_FORM_TEXT && targets && targets->count > 1) {
        status = task_groups(&a->client, task, &text);
        rt_output_write(RT_STDERR, text.data, text.size, RT_NEVER);
    }
    buf_done(&text);
    return status;
}

/* Why one that was done on one node, or a workflow, did not succeed. */
static void tell_why(struct asking *a, const struct json_value *task)
{
    const struct json_value *targets = json_get(task, "targets");
    struct slice state = json_text(task, "state");
    struct buf line = BUF(MEM_APP, 0);
    struct arena words = ARENA(MEM_APP, 0);
    if (a->form != CLI_FORM_TEXT || state_of(task) == TASK_SUCCEEDED ||
        (targets && targets->count > 1))
        return;
    struct slice detail = task_said(task, &words);
    buf_printf(&line, "firebreak task: %.*s: %.*s", SLICE_ARG(json_text(task, "name")),
               SLICE_ARG(state));
    if (detail.size) {
        buf_append_cstr(&line, ": ");
        utf8_append_shown(&line, detail);
    }
    buf_append_byte(&line, '\n');
    rt_output_write(RT_STDERR, line.data, line.size, RT_NEVER);
    buf_done(&line);
    arena_done(&words);
}

static int exit_of(const struct json_value *task)
{
    int64_t status = 0;
    const struct json_value *v = json_get(task, "status");
    enum task_state s = state_of(task);
    if (s == TASK_CANCELED || s == TASK_EXPIRED)
        return STOPPED_STATUS;
    if (v && json_to_i64(v, &status) == 0 && status > 0 && status <= 255)
        return (int)status;
    return s == TASK_SUCCEEDED ? EXIT_WELL : STOPPED_STATUS;
}

/* A name is told at once, for whoever asks elsewhere meanwhile; one object is what became of it. */
static bool tells_end(const struct asking *a)
{
    return a->options->wait && a->form != CLI_FORM_TEXT && a->form != CLI_FORM_NAME;
}

/* What the command exits with, once the groups are told. */
static int end_of(struct asking *a, const struct json_value *task)
{
    if (a->progress.line)
        progress_stop(&a->progress);
    a->progress.line = NULL;
    int status = exit_of(task);
    int told = tells_end(a) ? print_task(a, task) : EXIT_WELL;
    if (told == EXIT_WELL)
        told = show_groups(a, task);
    tell_why(a, task);
    return told == EXIT_WELL ? status : told;
}

/* The watch stands before the task is looked at, so no end of it is missed; a server that goes away
 * is waited for, as the task goes on. */
static int wait_for(struct asking *a, const char *name)
{
    struct buf watch = BUF(MEM_APP, 0);
    int status = EXIT_WELL;
    a->client.patient = true;
    buf_append_cstr(&watch, "/v1/store/watch?key=");
    buf_append_cstr(&watch, "/tasks/");
    url_escape(slice_from(name), &watch);
    for (bool over = false; !over;) {
        struct client_stream s = {.c = NULL};
        struct json_value *task;
        struct slice line;
        status = client_stream_open(&a->client, buf_slice(&watch), &s);
        while (status == EXIT_WELL && !over) {
            target_of(a, "tasks", name, NULL);
            status = ask(a, "GET", none, &task);
            if (status != EXIT_WELL)
                break;
            enum task_state state = state_of(task);
            over = state < TASK_STATE_COUNT && task_state_final(state);
            count_parts(a, task);
            if (over)
                status = end_of(a, task);
            else if (client_stream_next(&s, &line) != EXIT_WELL)
                break; /* it ended: another one */
        }
        client_stream_close(&s);
        if (a->client.lost)
            status = client_await(&a->client);
        if (!over && status != EXIT_WELL)
            break;
    }
    a->client.patient = false;
    buf_done(&watch);
    return status;
}

static int run_task(struct asking *a)
{
    struct buf body = BUF(MEM_APP, 0);
    struct json_value *task;
    write_wanted(a, &body);
    buf_clear(&a->target);
    buf_append_cstr(&a->target, "/v1/tasks");
    int status = ask(a, "POST", buf_slice(&body), &task);
    buf_done(&body);
    if (status == EXIT_WELL && (!tells_end(a) || a->form == CLI_FORM_JSONL))
        status = print_task(a, task);
    if (status == EXIT_WELL) {
        tell_elsewhere(a, task);
        tell_stuck(a, task);
    }
    if (status != EXIT_WELL || !a->options->wait)
        return status;
    char *name = mem_strdup(MEM_APP, json_text(task, "name"));
    if (a->app->progress)
        progress_start(&a->progress, progress_line, a);
    status = wait_for(a, name);
    if (a->progress.line)
        progress_stop(&a->progress);
    mem_free(MEM_APP, name);
    return status;
}

/* ---- the others ---- */

static int usage(struct asking *a, const char *text)
{
    struct err err;
    err_set(&err, -EINVAL, "%s", text);
    return app_fail(a->app, EXIT_USAGE, &err);
}

static int do_verb(struct asking *a, const char *verb, const char *name)
{
    struct json_value *task;
    target_of(a, "tasks", name, verb);
    int status = ask(a, "POST", none, &task);
    return status == EXIT_WELL ? print_task(a, task) : status;
}

/* "--user $U" of a script in which U is not set must not mean no user at all. */
static int refuse_empty(struct app *app)
{
    struct err err;
    for (uint32_t i = 0; i < app->parsed.given_count; i++) {
        const struct cli_given *g = &app->parsed.given[i];
        if (g->option->type != CLI_TEXT || g->value[0])
            continue;
        err_set(&err, -EINVAL, "--%s: its value is empty", g->option->name);
        return app_fail(app, EXIT_USAGE, &err);
    }
    return EXIT_WELL;
}

/* What the option table cannot say. Returns EXIT_WELL, or EXIT_USAGE after saying it. */
static int check_operands(struct app *app)
{
    struct asking a = {.app = app};
    const struct task_options *o = app->parsed.values;
    const char *verb = app->parsed.operands[0];
    uint32_t more = app->parsed.operand_count - 1;
    struct err err;
    if (strcmp(verb, "run") != 0 && more != 1) {
        err_set(&err, -EINVAL, "%s takes one name", verb);
        return app_fail(app, EXIT_USAGE, &err);
    }
    if (strcmp(verb, "run") != 0)
        return app_name_operand(app, 1, "task");
    if (refuse_empty(app) != EXIT_WELL)
        return EXIT_USAGE;
    if (!o->file && more == 0)
        return usage(&a, "run what? -- ARGV..., or -f FILE");
    for (uint32_t i = 0; i < o->env.count; i++) {
        if (o->env.items[i][0] == '=' || !strchr(o->env.items[i], '=')) {
            err_set(&err, -EINVAL, "--env '%.80s': KEY=VALUE is wanted", o->env.items[i]);
            return app_fail(app, EXIT_USAGE, &err);
        }
    }
    if (o->file && more)
        return usage(&a, "a program and -f FILE: one of them, not both");
    return EXIT_WELL;
}

/* The action of a file, checked as a configuration is. */
static int read_action(struct app *app, const char *const *path, struct buf *out)
{
    struct config_options options = {
        .paths = path, .path_count = 1, .environment = environ, .action = true};
    struct config *c = app_config_load(&options);
    struct err err = {0};
    int status = app_config_report(app, c);
    if (status == EXIT_WELL) {
        config_canonicalize(&c->arena, &table_action, c->root, false);
        if (json_value_write(out, c->root, 0, &err) < 0)
            status = app_fail(app, EXIT_USAGE, &err);
    } else if (status == EXIT_NO) {
        status = EXIT_USAGE;
    }
    config_free(c);
    return status;
}

static int begin(struct asking *a, struct app *app)
{
    a->app = app;
    a->options = app->parsed.values;
    a->form = cli_form_of(app->parsed.globals.output, CLI_FORM_TEXT);
    a->target = a->answer = a->text = BUF(MEM_APP, 0);
    a->actions = app->command_state;
    a->arena = ARENA(MEM_APP, 0);
    return client_open(&a->client, app);
}

static void end(struct asking *a)
{
    client_close(&a->client);
    buf_done(&a->target);
    buf_done(&a->answer);
    buf_done(&a->text);
    arena_done(&a->arena);
}

static int task(struct app *app)
{
    struct asking a = {.app = NULL};
    const char *verb = app->parsed.operands[0], *name = app->parsed.operands[1];
    int status = begin(&a, app);
    if (status == EXIT_WELL)
        status = strcmp(verb, "run") == 0    ? run_task(&a)
                 : strcmp(verb, "logs") == 0 ? task_logs(&a.client, name, a.form, a.options->follow)
                                             : do_verb(&a, verb, name);
    end(&a);
    return status;
}

int app_task(struct app *app)
{
    const struct task_options *o = app->parsed.values;
    struct buf actions[ACTIONS] = {BUF(MEM_APP, 0), BUF(MEM_APP, 0)};
    int status = check_operands(app);
    /* Outside of the runtime: a configuration needs more stack than a task has. */
    if (status == EXIT_WELL && o->file)
        status = read_action(app, &o->file, &actions[ACTION_DOES]);
    if (status == EXIT_WELL && o->rollback)
        status = read_action(app, &o->rollback, &actions[ACTION_UNDOES]);
    app->command_state = actions;
    if (status == EXIT_WELL)
        status = app_run_task(app, task);
    app->command_state = NULL;
    buf_done(&actions[ACTION_DOES]);
    buf_done(&actions[ACTION_UNDOES]);
    return status;
}

/* ---- node ---- */

/* Until nothing is given to the node any more. */
static int wait_empty(struct asking *a, const char *name)
{
    int status = EXIT_WELL;
    for (;;) {
        struct json_value *page;
        buf_clear(&a->target);
        buf_append_cstr(&a->target, "/v1/store/keys?prefix=true&limit=1&key=/assign/");
        url_escape(slice_from(name), &a->target);
        buf_append_byte(&a->target, '/');
        status = ask(a, "GET", none, &page);
        const struct json_value *items = status == EXIT_WELL ? json_get(page, "items") : NULL;
        if (status != EXIT_WELL || !items || items->count == 0)
            return status;
        if (rt_sleep(rt_now() + LOOK_MS * RT_MS) < 0)
            return EXIT_WELL;
    }
}

/* Until it says itself what was asked of it, and of a drained one that nothing runs: who asks next
 * for `get nodes` shall not hear otherwise. It need not: it may be lost, or stand still. */
static int wait_told(struct asking *a, const char *name, struct slice state, bool idle)
{
    enum { TOLD_MS = 5 * 1000 };
    rt_time until = rt_now() + TOLD_MS * RT_MS;
    while (rt_now() < until) {
        struct json_value *said;
        uint16_t http;
        int64_t running = 0;
        target_of(a, "nodes", name, NULL);
        buf_clear(&a->answer);
        int status = client_try(&a->client, "GET", buf_slice(&a->target), none, &http, &a->answer);
        if (status != EXIT_WELL || http != 200 || parse(a, &said) != EXIT_WELL)
            return status;
        struct slice now = json_text(said, "state");
        const struct json_value *v = json_get(said, "running");
        if (!v || json_to_i64(v, &running) < 0 || slice_eq_cstr(now, node_state_name(NODE_LOST)))
            return EXIT_WELL;
        if (slice_eq(now, state) && !(idle && running > 0))
            return EXIT_WELL;
        if (rt_sleep(rt_now() + LOOK_MS / 4 * RT_MS) < 0)
            return EXIT_WELL;
    }
    return EXIT_WELL;
}

static int node(struct app *app)
{
    struct asking a = {.app = NULL};
    struct json_value *said;
    const char *verb = app->parsed.operands[0], *name = app->parsed.operands[1];
    bool drains = strcmp(verb, "drain") == 0;
    struct slice state = none;
    int status = begin(&a, app);
    if (status == EXIT_WELL) {
        target_of(&a, "nodes", name, verb);
        status = ask(&a, "POST", none, &said);
    }
    if (status == EXIT_WELL)
        state = slice_from(arena_strdup(&app->arena, json_text(said, "state")));
    if (status == EXIT_WELL && a.form != CLI_FORM_TEXT) {
        cli_object(a.form, slice_trim(buf_slice(&a.answer)), &a.text);
    } else if (status == EXIT_WELL) {
        utf8_append_shown(&a.text, json_text(said, "name"));
        buf_append_byte(&a.text, ' ');
        utf8_append_shown(&a.text, json_text(said, "state"));
        buf_append_byte(&a.text, '\n');
    }
    if (status == EXIT_WELL && drains)
        status = wait_empty(&a, name);
    if (status == EXIT_WELL)
        status = wait_told(&a, name, state, drains);
    if (status == EXIT_WELL)
        status = app_print(app, buf_slice(&a.text));
    end(&a);
    return status;
}

int app_node(struct app *app)
{
    int status = app_name_operand(app, 1, "node");
    return status == EXIT_WELL ? app_run_task(app, node) : status;
}
