#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/client.h"
#include "app/config_load.h"
#include "base/log.h"
#include "base/suggest.h"
#include "cli/print.h"
#include "cli/table.h"
#include "config/zones.h"
#include "model/civil.h"
#include "model/cron.h"
#include "wire/json.h"
#include "wire/url_escape.h"

/* `firebreak schedule`: when one is due next, by what declares it; and what a person wants of it,
 * which is written into the store beside it. */

enum { SUGGESTIONS_MAX = 1000 };

struct scheduling {
    struct app *app;
    const struct schedule_command_options *options;
    const char *verb, *name;
    const char *cron, *zone; /* of what declares it; in the app's arena */
    rt_wall now;
    enum cli_form form;
    struct buf text;
};

extern char **environ;

/* ---- what declares it ---- */

static int not_declared(struct scheduling *s, const struct config_object *root)
{
    const char **names = arena_alloc_array(&s->app->arena, SUGGESTIONS_MAX, sizeof(*names));
    size_t count = 0;
    struct err err;
    struct config_object o = {0};
    while (count < SUGGESTIONS_MAX && config_next_object(root, "schedules", &o))
        names[count++] = arena_strdup(&s->app->arena, config_string(&o, "name"));
    const char *near = suggest_nearest(slice_from(s->name), names, count);
    err_set(&err, -ENOENT,
            "the configuration declares no schedule '%.95s' in namespace %.63s%s%s%s", s->name,
            s->app->parsed.globals.namespace_, near ? ": did you mean '" : "", near ? near : "",
            near ? "'?" : "");
    return app_fail(s->app, EXIT_NO, &err);
}

static int find_declared(struct scheduling *s)
{
    struct config_options options;
    app_config_options(s->app, &s->options->paths, &s->options->settings, &s->options->vars,
                       &options);
    struct config *c = app_config_load(&options);
    int status = app_config_report(s->app, c);
    struct config_object root = config_object_root(c->root), o = {0};
    while (status == EXIT_WELL && config_next_object(&root, "schedules", &o)) {
        if (!slice_eq_cstr(config_string(&o, "name"), s->name) ||
            !slice_eq_cstr(config_string(&o, "namespace"), s->app->parsed.globals.namespace_))
            continue;
        s->cron = arena_strdup(&s->app->arena, config_string(&o, "cron"));
        s->zone = arena_strdup(&s->app->arena, config_string(&o, "zone"));
        break;
    }
    if (status == EXIT_WELL && !s->cron)
        status = not_declared(s, &root);
    config_free(c);
    return status;
}

/* ---- the server ---- */

static void put_target(struct scheduling *s, struct buf *target)
{
    buf_append_cstr(target, "/v1/schedules/");
    url_escape(slice_from(s->name), target);
    buf_append_cstr(target, "?namespace=");
    url_escape(slice_from(s->app->parsed.globals.namespace_), target);
}

static const char *member(struct scheduling *s, const struct json_value *v, const char *key)
{
    const struct json_value *m = v ? json_get(v, key) : NULL;
    return m && m->type == JSON_STRING ? arena_strdup(&s->app->arena, m->text) : NULL;
}

static int take_answer(struct scheduling *s, struct slice answer)
{
    struct json_value *v;
    struct err err;
    if (json_parse(answer, &s->app->arena, 0, &v, NULL) < 0) {
        err_set(&err, -EPROTO, "the server's answer is none of firebreak's");
        return app_fail(s->app, EXIT_UNREACHABLE, &err);
    }
    const struct json_value *spec = json_get(v, "spec");
    s->cron = member(s, spec, "cron");
    s->zone = member(s, spec, "zone");
    if (s->cron)
        return EXIT_WELL;
    err_set(&err, -ENOENT, "the schedule '%.95s' is not declared any more", s->name);
    return app_fail(s->app, EXIT_NO, &err);
}

static int ask_schedule(struct scheduling *s, struct client *client)
{
    struct buf target = BUF(MEM_APP, 0), answer = BUF(MEM_APP, 0);
    put_target(s, &target);
    int status = client_ask(client, "GET", buf_slice(&target), (struct slice){0}, &answer);
    if (status == EXIT_WELL)
        status = take_answer(s, buf_slice(&answer));
    buf_done(&target);
    buf_done(&answer);
    return status;
}

/* Each wish has a key of its own, so that none overwrites another. */
static int write_wish(struct scheduling *s, struct client *client)
{
    struct buf target = BUF(MEM_APP, 0), key = BUF(MEM_APP, 0), value = BUF(MEM_APP, 0),
               answer = BUF(MEM_APP, 0);
    bool trigger = strcmp(s->verb, "trigger") == 0;
    buf_printf(&key, "/control/schedules/%s/%s/%s", s->app->parsed.globals.namespace_, s->name,
               trigger ? "trigger" : "paused");
    if (trigger)
        buf_printf(&value, "%" PRId64, rt_wall_now()); /* another one each time */
    else
        buf_append_cstr(&value, strcmp(s->verb, "pause") == 0 ? "true" : "false");
    buf_append_cstr(&target, "/v1/store/keys?key=");
    url_escape(buf_slice(&key), &target);
    int status = client_ask(client, "PUT", buf_slice(&target), buf_slice(&value), &answer);
    buf_done(&target);
    buf_done(&key);
    buf_done(&value);
    buf_done(&answer);
    return status;
}

static int ask(struct scheduling *s)
{
    struct client client;
    int status = client_open(&client, s->app);
    if (status == EXIT_WELL)
        status = ask_schedule(s, &client);
    if (status == EXIT_WELL && strcmp(s->verb, "preview") != 0)
        status = write_wish(s, &client);
    client_close(&client);
    return status;
}

/* The runtime has the clock and the network; zones are read outside of it. */
static int ask_and_look_at_the_clock(struct app *app)
{
    struct scheduling *s = app->command_state;
    s->now = rt_wall_now();
    return s->cron ? EXIT_WELL : ask(s);
}

/* ---- printing ---- */

static void put_time(struct scheduling *s, const struct zone *z, int64_t t, bool first,
                     struct cli_table *table)
{
    struct buf json = BUF(MEM_APP, 0);
    struct json_writer w;
    char at[LOG_TIME_BYTES], local[CIVIL_TEXT_BYTES];
    log_format_time(t * 1000000000, at);
    if (s->form == CLI_FORM_TABLE) {
        struct cli_row *row = cli_table_row(table);
        civil_format(t, zone_span_at(z, t).offset_s, local);
        row->cells[0] =
            slice_from(arena_strdup(&s->app->arena, (struct slice){at, LOG_TIME_BYTES}));
        row->cells[1] = slice_from(arena_strdup(&s->app->arena, slice_from(local)));
        row->cells[2] = slice_from(s->zone);
        return;
    }
    if (s->form == CLI_FORM_NAME) {
        buf_printf(&s->text, "%.*s\n", LOG_TIME_BYTES, at);
        return;
    }
    json_begin(&w, &json, 0);
    json_object_open(&w);
    json_key(&w, "schedule");
    json_cstr(&w, s->name);
    json_key(&w, "at");
    json_string(&w, (struct slice){at, LOG_TIME_BYTES});
    json_key(&w, "zone");
    json_cstr(&w, s->zone);
    json_object_close(&w);
    json_end(&w);
    cli_list_item(s->form, buf_slice(&json), first, &s->text);
    buf_done(&json);
}

/* What log_format_time and 64 bits of nanoseconds reach. */
#define TIME_MAX (INT64_MAX / 1000000000)

static int put_times(struct scheduling *s, const struct cron *c, const struct zone *z)
{
    static const char *const heads[] = {"AT", "LOCAL", "ZONE", NULL};
    struct cli_table table;
    struct err err;
    int64_t t = s->now / RT_SEC, n = 0;
    cli_table_init(&table, heads, &s->app->arena);
    cli_list_begin(s->form, &s->text);
    for (; n < s->options->count && cron_next(c, z, t, &t) == 0 && t < TIME_MAX; n++)
        put_time(s, z, t, n == 0, &table);
    if (n == 0) {
        err_set(&err, -ENOENT, "'%.95s' is never due: in %s no clock shows what %s wants", s->name,
                s->zone, s->cron);
        return app_fail(s->app, EXIT_NO, &err);
    }
    if (s->form == CLI_FORM_TABLE)
        cli_table_print(&table, s->app->color_out, &s->text);
    else
        cli_list_end(s->form, 0, &s->text);
    return EXIT_WELL;
}

static int print_text(struct scheduling *s)
{
    struct buf found = BUF(MEM_APP, 0);
    struct err err;
    int status = EXIT_WELL;
    if (s->form != CLI_FORM_JSONPATH)
        return app_write(s->app, buf_slice(&s->text));
    if (cli_jsonpath_print(cli_jsonpath_of(s->app->parsed.globals.output), buf_slice(&s->text),
                           &found, &err) < 0)
        status = app_fail(s->app, EXIT_USAGE, &err);
    else
        status = app_write(s->app, buf_slice(&found));
    buf_done(&found);
    return status;
}

static int preview(struct scheduling *s)
{
    struct zones zones;
    struct cron cron;
    struct cron_fault fault;
    const struct zone *zone;
    struct err err = {0};
    int status;
    if (!s->zone || !s->zone[0])
        s->zone = "UTC";
    zones_init(&zones, environ);
    if (cron_parse(slice_from(s->cron), &cron, &fault) < 0) {
        err_set(&err, -EINVAL, "the cron expression \"%.200s\": at its column %u: %s", s->cron,
                fault.column, fault.message);
        status = app_fail(s->app, EXIT_NO, &err);
    } else if (zones_find(&zones, slice_from(s->zone), &zone, &err) < 0) {
        status = app_fail(s->app, EXIT_NO, &err);
    } else {
        status = put_times(s, &cron, zone);
    }
    if (status == EXIT_WELL)
        status = print_text(s);
    zones_done(&zones);
    return status;
}

static int print_wish(struct scheduling *s)
{
    static const char *const done[][2] = {
        {"pause", "paused"}, {"resume", "resumed"}, {"trigger", "triggered"}};
    struct buf json = BUF(MEM_APP, 0);
    const char *word = "";
    for (size_t i = 0; i < ARRAY_LEN(done); i++)
        if (strcmp(done[i][0], s->verb) == 0)
            word = done[i][1];
    if (s->form == CLI_FORM_TABLE) {
        buf_printf(&s->text, "schedule/%s %s\n", s->name, word);
    } else if (s->form == CLI_FORM_NAME) {
        buf_printf(&s->text, "schedule/%s\n", s->name);
    } else {
        struct json_writer w;
        json_begin(&w, &json, 0);
        json_object_open(&w);
        json_key(&w, "schedule");
        json_cstr(&w, s->name);
        json_key(&w, "action");
        json_cstr(&w, s->verb);
        json_object_close(&w);
        json_end(&w);
        if (s->form == CLI_FORM_JSONPATH)
            buf_append_slice(&s->text, buf_slice(&json));
        else
            cli_object(s->form, buf_slice(&json), &s->text);
    }
    buf_done(&json);
    return print_text(s);
}

/* ---- all of it ---- */

static void fill_in(struct scheduling *s, struct app *app)
{
    *s = (struct scheduling){
        .app = app,
        .options = app->parsed.values,
        .verb = app->parsed.operands[0],
        .name = app->parsed.operands[1],
        .form = cli_form_of(app->parsed.globals.output, CLI_FORM_TABLE),
        .text = BUF(MEM_APP, 0),
    };
}

int app_schedule(struct app *app)
{
    struct scheduling s;
    int status = app_name_operand(app, 1, "schedule");
    if (status != EXIT_WELL)
        return status;
    fill_in(&s, app);
    bool is_preview = strcmp(s.verb, "preview") == 0, declared = s.options->paths.count > 0;
    struct err err;
    if (!is_preview && declared) {
        err_set(&err, -EINVAL, "-c is for preview: '%s' asks a server", s.verb);
        return app_fail(app, EXIT_USAGE, &err);
    }
    app->command_state = &s;
    status = declared ? find_declared(&s) : EXIT_WELL;
    if (status == EXIT_WELL)
        status = app_run_task(app, ask_and_look_at_the_clock);
    if (status == EXIT_WELL)
        status = is_preview ? preview(&s) : print_wish(&s);
    buf_done(&s.text);
    return status;
}
