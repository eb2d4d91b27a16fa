#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/client.h"
#include "app/schedule_row.h"
#include "app/task_said.h"
#include "base/utf8.h"
#include "cli/print.h"
#include "cli/table.h"
#include "explain/explain.h"
#include "model/kind.h"
#include "model/task.h"
#include "rt/stdio.h"
#include "wire/json.h"
#include "wire/url_escape.h"

enum { DOING_COLUMNS_MAX = 80 }; /* of what a task does, in a table */

/* get and describe: what a server has, as people and programs want to see it. */

extern char **environ;

struct getting {
    struct app *app;
    struct client client;
    const struct get_options *options;
    const struct kind *kind;
    const char *name; /* NULL: all of them */
    enum cli_form form;
    struct buf target, answer, text;
    struct arena page, rows;
    struct cli_table table;
    bool all_namespaces, is_asset, is_schedule, first;
    struct zones zones; /* of schedules */
    int64_t revision;
};

/* ---- the request ---- */

static void add_param(struct buf *target, const char *name, const char *value)
{
    buf_append_byte(target, slice_find_byte(buf_slice(target), '?') < 0 ? '?' : '&');
    buf_printf(target, "%s=", name);
    url_escape(slice_from(value), target);
}

static void put_target(struct getting *g, const char *collection, const char *name)
{
    buf_clear(&g->target);
    buf_printf(&g->target, "/v1/%s", collection);
    if (name) {
        buf_append_byte(&g->target, '/');
        url_escape(slice_from(name), &g->target);
    }
    if (!g->all_namespaces)
        add_param(&g->target, "namespace", g->app->parsed.globals.namespace_);
}

/* ---- cells ---- */

static const char *const asset_heads[] = {"STATE", "NAME", "KIND", "REASON", "SINCE", NULL};
static const char *const asset_heads_all[] = {"NAMESPACE", "STATE", "NAME", "KIND",
                                              "REASON",    "SINCE", NULL};
static const char *const asset_heads_wide[] = {"NAMESPACE", "STATE",    "NAME",   "KIND", "REASON",
                                               "SINCE",     "REVISION", "CHECKS", NULL};
static const char *const schedule_heads[] = {"NAME", "CRON", "ZONE", "NEXT", "LAST", NULL};
static const char *const schedule_heads_all[] = {"NAMESPACE", "NAME", "CRON", "ZONE",
                                                 "NEXT",      "LAST", NULL};
static const char *const other_heads[] = {"NAME", "LABELS", "REVISION", NULL};
static const char *const other_heads_all[] = {"NAMESPACE", "NAME", "LABELS", "REVISION", NULL};
static const char *const other_heads_wide[] = {"NAMESPACE", "NAME",  "LABELS", "REVISION",
                                               "SPEC",      "STATE", NULL};

/* Of what the scheduler keeps: these members, under these heads. */
static const struct columns {
    const char *kind;
    const char *const *heads, *const *members;
} columns[] = {
    {"task",
     (const char *const[]){"NAME", "STATE", "NODE", "EXIT", "CREATED", "NOTE", "ARGV", NULL},
     (const char *const[]){"name", "state", "node", "exit", "created_at", "note", "argv", NULL}},
    {"node",
     (const char *const[]){"NAME", "STATE", "SINCE", "RUNNING", "CAPACITY", "VERSION", "LABELS",
                           NULL},
     (const char *const[]){"name", "state", "since", "running", "capacity", "version", "labels",
                           NULL}},
};

static const struct columns *columns_of(const struct getting *g)
{
    for (size_t i = 0; i < ARRAY_LEN(columns); i++)
        if (strcmp(columns[i].kind, g->kind->name) == 0)
            return &columns[i];
    return NULL;
}

static struct slice text_of(struct getting *g, const struct json_value *v)
{
    struct buf out = BUF(MEM_APP, 0);
    struct json_writer w;
    if (!v || v->type == JSON_NULL)
        return SLICE("-");
    if (v->type == JSON_STRING || v->type == JSON_NUMBER)
        return (struct slice){arena_strdup(&g->rows, v->text), v->text.size};
    json_begin(&w, &out, 0);
    json_tree(&w, v);
    json_end(&w);
    struct slice made = {arena_strdup(&g->rows, buf_slice(&out)), out.size};
    buf_done(&out);
    return made;
}

static struct slice labels_of(struct getting *g, const struct json_value *item);

/* A table's line is for people: the whole of it is told by -o wide, and by describe. */
static struct slice cut(struct getting *g, struct slice text)
{
    struct slice shown = utf8_cut_columns(text, DOING_COLUMNS_MAX);
    if (g->form == CLI_FORM_WIDE || shown.size == text.size)
        return text;
    return slice_from(arena_printf(&g->rows, "%.*s…", SLICE_ARG(shown)));
}

/* What a task does: its argv, or which action it is, and of what: "notify on-call". */
static struct slice doing_of(struct getting *g, const struct json_value *item)
{
    const struct json_value *steps = json_get(item, "steps"), *does = json_get(item, "do");
    if (steps && steps->count)
        return slice_from(arena_printf(&g->rows, "workflow of %u steps", steps->count));
    if (!does || does->type != JSON_OBJECT || !does->first)
        return cut(g, text_of(g, json_get(item, "argv")));
    const struct json_value *what = does->first->first;
    while (what && what->type != JSON_STRING)
        what = what->next;
    struct slice of = what ? what->text : (struct slice){NULL, 0};
    return cut(g, slice_from(arena_printf(&g->rows, "%.*s %.*s", SLICE_ARG(does->first->key),
                                          SLICE_ARG(of))));
}

/* What there is to be said of a task: what it waits for, else how it or its last attempt ended, and
 * which one it is where it is not the first. */
static struct slice note_of(struct getting *g, const struct json_value *item)
{
    const struct json_value *waiting = json_get(item, "waiting");
    const struct json_value *attempts = json_get(item, "attempts");
    const struct json_value *what = waiting ? json_get(waiting, "for") : NULL;
    if (what)
        return cut(g, slice_from(arena_printf(&g->rows, "waits for %.*s", SLICE_ARG(what->text))));
    struct slice said = task_said(item, &g->rows);
    if (said.size)
        return cut(g, (struct slice){arena_strdup(&g->rows, said), said.size});
    const struct json_value *targets = json_get(item, "targets");
    if (attempts && attempts->count > 1 && targets && targets->count == 1)
        return slice_from(arena_printf(&g->rows, "attempt %u", attempts->count));
    return SLICE("-");
}

static struct slice cell_of(struct getting *g, const struct json_value *item, const char *name)
{
    if (strcmp(name, "argv") == 0)
        return doing_of(g, item);
    if (strcmp(name, "note") == 0)
        return note_of(g, item);
    return strcmp(name, "labels") == 0 ? labels_of(g, item) : text_of(g, json_get(item, name));
}

static struct slice labels_of(struct getting *g, const struct json_value *item)
{
    const struct json_value *labels = json_get(item, "labels");
    struct buf out = BUF(MEM_APP, 0);
    for (const struct json_value *l = labels ? labels->first : NULL; l; l = l->next)
        buf_printf(&out, "%s%.*s=%.*s", out.size ? "," : "", SLICE_ARG(l->key), SLICE_ARG(l->text));
    struct slice made = SLICE("-");
    if (out.size)
        made = (struct slice){arena_strdup(&g->rows, buf_slice(&out)), out.size};
    buf_done(&out);
    return made;
}

static struct slice checks_of(struct getting *g, const struct json_value *item)
{
    const struct json_value *checks = json_get(item, "checks");
    struct buf out = BUF(MEM_APP, 0);
    for (const struct json_value *c = checks ? checks->first : NULL; c; c = c->next) {
        const struct json_value *target = json_get(c, "target"), *reason = json_get(c, "reason");
        buf_printf(&out, "%s%.*s (%.*s)", out.size ? ", " : "",
                   SLICE_ARG(target ? target->text : (struct slice){0}),
                   SLICE_ARG(reason ? reason->text : (struct slice){0}));
    }
    struct slice made = {arena_strdup(&g->rows, buf_slice(&out)), out.size};
    buf_done(&out);
    return made;
}

/* What a target without a scheme is, where it ends in a port. */
static bool is_host_port(struct slice target)
{
    size_t digits = 0;
    while (digits < target.size && target.data[target.size - digits - 1] >= '0' &&
           target.data[target.size - digits - 1] <= '9')
        digits++;
    return digits > 0 && digits < target.size && target.data[target.size - digits - 1] == ':';
}

/* What an asset speaks: as it was found, else as its first check asks it. */
static struct slice kind_of(struct getting *g, const struct json_value *item)
{
    const struct json_value *labels = json_get(item, "labels"), *checks = json_get(item, "checks");
    const struct json_value *found = labels ? json_get(labels, "kind") : NULL;
    const struct json_value *target = NULL;
    if (!found && checks && checks->first)
        target = json_get(checks->first, "target");
    if (!target)
        return text_of(g, found);
    ptrdiff_t scheme = slice_find(target->text, SLICE("://"));
    if (scheme <= 0)
        return is_host_port(target->text) ? SLICE("tcp") : SLICE("-");
    struct slice speaks = slice_sub(target->text, 0, (size_t)scheme);
    return (struct slice){arena_strdup(&g->rows, speaks), speaks.size};
}

static void add_row(struct getting *g, const struct json_value *item)
{
    bool wide = g->form == CLI_FORM_WIDE;
    struct cli_row *row = cli_table_row(&g->table);
    struct slice *cell = row->cells;
    const struct columns *own = columns_of(g);
    for (size_t i = 0; own && own->members[i]; i++)
        *cell++ = cell_of(g, item, own->members[i]);
    if (own)
        return;
    if (g->all_namespaces || wide)
        *cell++ = text_of(g, json_get(item, "namespace"));
    if (g->is_asset)
        *cell++ = text_of(g, json_get(item, "state"));
    *cell++ = text_of(g, json_get(item, "name"));
    if (g->is_asset) {
        *cell++ = kind_of(g, item);
        *cell++ = text_of(g, json_get(item, "reason"));
        *cell++ = text_of(g, json_get(item, "since"));
        if (wide) {
            *cell++ = text_of(g, json_get(item, "revision"));
            *cell++ = checks_of(g, item);
        }
        return;
    }
    if (g->is_schedule && !wide) {
        schedule_row(item, &g->zones, &g->rows, cell);
        return;
    }
    *cell++ = labels_of(g, item);
    *cell++ = text_of(g, json_get(item, "revision"));
    if (wide) {
        *cell++ = text_of(g, json_get(item, "spec"));
        *cell++ = text_of(g, json_get(item, "state"));
    }
}

static const char *const *heads_of(const struct getting *g)
{
    if (columns_of(g))
        return columns_of(g)->heads;
    if (g->form == CLI_FORM_WIDE)
        return g->is_asset ? asset_heads_wide : other_heads_wide;
    if (g->is_schedule)
        return g->all_namespaces ? schedule_heads_all : schedule_heads;
    if (g->all_namespaces)
        return g->is_asset ? asset_heads_all : other_heads_all;
    return g->is_asset ? asset_heads : other_heads;
}

/* ---- items ---- */

static bool is_table(const struct getting *g)
{
    return g->form == CLI_FORM_TABLE || g->form == CLI_FORM_WIDE;
}

static void put_name(struct getting *g, const struct json_value *item)
{
    const struct json_value *name = json_get(item, "name");
    buf_printf(&g->text, "%s/", g->kind->name);
    utf8_append_shown(&g->text, name ? name->text : (struct slice){0});
    buf_append_byte(&g->text, '\n');
}

static void put_item(struct getting *g, const struct json_value *item)
{
    struct buf json = BUF(MEM_APP, 0);
    struct json_writer w;
    if (is_table(g)) {
        add_row(g, item);
    } else if (g->form == CLI_FORM_NAME) {
        put_name(g, item);
    } else {
        json_begin(&w, &json, 0);
        json_tree(&w, item);
        json_end(&w);
        cli_list_item(g->form, buf_slice(&json), g->first, &g->text);
    }
    g->first = false;
    buf_done(&json);
}

static void tell_skipped(struct getting *g, const struct json_value *answer)
{
    const struct json_value *skipped = json_get(answer, "skipped");
    struct buf out = BUF(MEM_APP, 0);
    for (const struct json_value *s = skipped ? skipped->first : NULL; s; s = s->next) {
        const struct json_value *detail = json_get(s, "detail");
        buf_printf(&out, "firebreak %s: left out: ", g->app->command->name);
        utf8_append_shown(&out, detail ? detail->text : (struct slice){0});
        buf_append_byte(&out, '\n');
    }
    if (out.size)
        rt_output_write(RT_STDERR, out.data, out.size, RT_NEVER);
    buf_done(&out);
}

static int no_answer(struct getting *g)
{
    struct err err;
    err_set(&err, -EPROTO, "the server's answer is none of firebreak's");
    return app_fail(g->app, EXIT_UNREACHABLE, &err);
}

static int parse(struct getting *g, struct slice text, struct json_value **ret)
{
    arena_reset(&g->page);
    if (json_parse(text, &g->page, 0, ret, NULL) < 0 || (*ret)->type != JSON_OBJECT)
        return no_answer(g);
    return EXIT_WELL;
}

static void flush_if_streaming(struct getting *g, int *status)
{
    if (*status != EXIT_WELL || g->form == CLI_FORM_JSONPATH)
        return;
    *status = app_print(g->app, buf_slice(&g->text));
    buf_clear(&g->text);
}

/* Asks page by page. */
static int list_all(struct getting *g, const char *collection, const char *name)
{
    char next[1024] = "";
    int status = EXIT_WELL;
    do {
        struct json_value *answer;
        put_target(g, collection, name);
        if (g->options && g->options->selector)
            add_param(&g->target, "selector", g->options->selector);
        if (next[0])
            add_param(&g->target, "next", next);
        buf_clear(&g->answer);
        status =
            client_ask(&g->client, "GET", buf_slice(&g->target), (struct slice){0}, &g->answer);
        if (status == EXIT_WELL)
            status = parse(g, buf_slice(&g->answer), &answer);
        if (status != EXIT_WELL)
            break;
        const struct json_value *items = json_get(answer, "items"),
                                *more = json_get(answer, "next"),
                                *revision = json_get(answer, "revision");
        if (revision)
            (void)json_to_i64(revision, &g->revision);
        for (const struct json_value *i = items ? items->first : NULL; i; i = i->next)
            put_item(g, i);
        tell_skipped(g, answer);
        size_t size = more && more->text.size < sizeof(next) ? more->text.size : 0;
        memcpy(next, size ? more->text.data : "", size);
        next[size] = 0;
        flush_if_streaming(g, &status);
    } while (status == EXIT_WELL && next[0]);
    return status;
}

static int finish_list(struct getting *g)
{
    int status = EXIT_WELL;
    if (is_table(g))
        cli_table_print(&g->table, g->app->color_out, &g->text);
    else
        cli_list_end(g->form, g->revision, &g->text);
    if (g->form == CLI_FORM_JSONPATH) {
        struct buf found = BUF(MEM_APP, 0);
        struct err err;
        if (cli_jsonpath_print(cli_jsonpath_of(g->app->parsed.globals.output), buf_slice(&g->text),
                               &found, &err) < 0)
            status = app_fail(g->app, EXIT_USAGE, &err);
        else
            status = app_print(g->app, buf_slice(&found));
        buf_done(&found);
    } else {
        status = app_print(g->app, buf_slice(&g->text));
    }
    buf_clear(&g->text);
    return status;
}

static int get_list(struct getting *g)
{
    cli_list_begin(g->form, &g->text);
    int status = list_all(g, g->kind->plural, NULL);
    return status == EXIT_WELL ? finish_list(g) : status;
}

/* ---- one ---- */

static int print_object(struct getting *g, const char *jsonpath, struct slice json)
{
    int status = EXIT_WELL;
    if (g->form == CLI_FORM_JSONPATH) {
        struct err err;
        if (cli_jsonpath_print(jsonpath, json, &g->text, &err) < 0)
            return app_fail(g->app, EXIT_USAGE, &err);
    } else {
        cli_object(g->form, json, &g->text);
    }
    status = app_print(g->app, buf_slice(&g->text));
    buf_clear(&g->text);
    return status;
}

static int ask_one(struct getting *g, struct json_value **ret)
{
    buf_clear(&g->answer);
    int status =
        client_ask(&g->client, "GET", buf_slice(&g->target), (struct slice){0}, &g->answer);
    return status == EXIT_WELL ? parse(g, buf_slice(&g->answer), ret) : status;
}

static int get_one(struct getting *g, const char *name)
{
    struct json_value *item;
    put_target(g, g->kind->plural, name);
    int status = ask_one(g, &item);
    if (status != EXIT_WELL)
        return status;
    if (is_table(g)) {
        add_row(g, item);
        cli_table_print(&g->table, g->app->color_out, &g->text);
    } else if (g->form == CLI_FORM_NAME) {
        put_name(g, item);
    } else {
        return print_object(g, cli_jsonpath_of(g->app->parsed.globals.output),
                            slice_trim(buf_slice(&g->answer)));
    }
    return app_print(g->app, buf_slice(&g->text));
}

/* ---- watching ---- */

static struct slice member(const struct json_value *v, const char *key)
{
    const struct json_value *m = json_get(v, key);
    return m && m->type == JSON_STRING ? m->text : (struct slice){0};
}

/* "2026-11-24T10:15:30.123Z  db  state        Pending -> Healthy: settled" */
static void event_line(const struct json_value *e, struct slice asset, struct buf *out)
{
    struct buf line = BUF(MEM_APP, 0);
    bool told = told_is(e);
    buf_printf(&line, "%.*s  %.*s  %-11.*s  ", SLICE_ARG(member(e, "at")), SLICE_ARG(asset),
               SLICE_ARG(told ? SLICE("notify") : member(e, "type")));
    if (told)
        told_sentence(e, &line);
    else
        sentence_write(e, &line);
    utf8_append_shown(out, buf_slice(&line));
    buf_append_byte(out, '\n');
    buf_done(&line);
}

/* A task or node as it is now, on a line. */
static void columns_line(struct getting *g, const struct json_value *item)
{
    const struct columns *own = columns_of(g);
    struct arena rows = g->rows; /* a watch may go on for ever: a line's memory ends with it */
    g->rows = ARENA(MEM_APP, 0);
    for (size_t i = 0; own->members[i]; i++) {
        buf_append_cstr(&g->text, i ? "  " : "");
        utf8_append_shown(&g->text, cell_of(g, item, own->members[i]));
    }
    buf_append_byte(&g->text, '\n');
    arena_done(&g->rows);
    g->rows = rows;
}

static void put_change(struct getting *g, struct slice line, const struct json_value *change)
{
    const struct json_value *item = json_get(change, "item");
    struct buf json = BUF(MEM_APP, 0);
    struct json_writer w;
    json_begin(&w, &json, 0);
    json_tree(&w, item);
    json_end(&w);
    if (is_table(g) && g->is_asset) {
        event_line(item, member(item, "asset"), &g->text);
    } else if (is_table(g) && columns_of(g) && json_get(item, "state")) {
        columns_line(g, item);
    } else if (is_table(g)) {
        buf_printf(&g->text, "%.*s  ", SLICE_ARG(member(change, "type")));
        put_name(g, item);
    } else if (g->form == CLI_FORM_NAME) {
        buf_printf(&g->text, "%s/", g->kind->name);
        utf8_append_shown(&g->text, member(item, g->is_asset ? "asset" : "name"));
        buf_append_byte(&g->text, '\n');
    } else {
        struct slice what = g->is_asset ? buf_slice(&json) : line;
        if (g->form == CLI_FORM_JSONPATH)
            cli_jsonpath_print(cli_jsonpath_of(g->app->parsed.globals.output), what, &g->text,
                               NULL);
        else
            cli_list_item(g->form == CLI_FORM_YAML ? g->form : CLI_FORM_JSONL, what, true,
                          &g->text);
    }
    buf_done(&json);
}

/* Returns EXIT_WELL to go on; *ret_over where the stream has ended in good order. */
static int take_line(struct getting *g, struct slice line, bool *ret_over)
{
    struct json_value *change;
    int status = parse(g, line, &change);
    if (status != EXIT_WELL)
        return status;
    struct slice type = member(change, "type");
    const struct json_value *revision = json_get(change, "revision");
    if (revision)
        (void)json_to_i64(revision, &g->revision);
    *ret_over = slice_eq(type, SLICE("end"));
    if (*ret_over && !slice_eq(member(change, "reason"), SLICE("slow"))) {
        struct err err;
        err_set(&err, -EPIPE, "the server ended the watch: %.*s",
                SLICE_ARG(member(change, "reason")));
        return app_fail(g->app, EXIT_UNREACHABLE, &err);
    }
    if (json_get(change, "item"))
        put_change(g, line, change);
    if (g->text.size)
        status = app_print(g->app, buf_slice(&g->text));
    buf_clear(&g->text);
    return status;
}

/* One stream, from g->revision on. Who was too slow for it begins again where it was. */
static int watch_once(struct getting *g, const char *name)
{
    struct client_stream s;
    char number[24];
    put_target(g, g->is_asset ? "events" : g->kind->plural, name);
    add_param(&g->target, "watch", "true");
    if (g->options->selector && !g->is_asset)
        add_param(&g->target, "selector", g->options->selector);
    snprintf(number, sizeof(number), "%" PRId64, g->revision);
    add_param(&g->target, "revision", number);
    int status = client_stream_open(&g->client, buf_slice(&g->target), &s);
    if (status != EXIT_WELL)
        return status;
    for (bool over = false; status == EXIT_WELL && !over;) {
        struct slice line;
        status = client_stream_next(&s, &line);
        if (status == EXIT_WELL)
            status = take_line(g, line, &over);
    }
    client_stream_close(&s);
    return status;
}

/* On a table: what is there comes first. */
static int watch(struct getting *g, const char *name)
{
    int status = EXIT_WELL;
    enum cli_form form = g->form;
    if (is_table(g) && !name) {
        status = list_all(g, g->kind->plural, NULL);
        if (status == EXIT_WELL)
            status = finish_list(g);
    } else {
        /* Only the revision is wanted. */
        struct json_value *answer;
        put_target(g, g->kind->plural, NULL);
        add_param(&g->target, "limit", "1");
        status = ask_one(g, &answer);
        const struct json_value *revision =
            status == EXIT_WELL ? json_get(answer, "revision") : NULL;
        if (revision)
            (void)json_to_i64(revision, &g->revision);
    }
    g->form = form;
    /* Tasks and nodes outlive the server that is asked: they are followed from where it was. */
    g->client.patient = status == EXIT_WELL && columns_of(g);
    while (status == EXIT_WELL) {
        status = watch_once(g, name);
        if (g->client.lost)
            status = client_await(&g->client);
    }
    return status;
}

/* ---- the commands ---- */

static int begin(struct getting *g, struct app *app, enum cli_form dflt)
{
    memset(g, 0, sizeof(*g));
    g->app = app;
    g->target = g->answer = g->text = BUF(MEM_APP, 0);
    g->page = g->rows = ARENA(MEM_APP, 0);
    g->form = cli_form_of(app->parsed.globals.output, dflt);
    g->first = true;
    int status = app_resource_operands(app, app->command == &cli_get, &g->kind, &g->name);
    if (status != EXIT_WELL)
        return status;
    g->is_asset = strcmp(g->kind->name, "asset") == 0;
    g->is_schedule = strcmp(g->kind->name, "schedule") == 0;
    zones_init(&g->zones, environ);
    return client_open(&g->client, app);
}

static void end(struct getting *g)
{
    client_close(&g->client);
    zones_done(&g->zones);
    buf_done(&g->target);
    buf_done(&g->answer);
    buf_done(&g->text);
    arena_done(&g->page);
    arena_done(&g->rows);
    mem_free(MEM_APP, g);
}

static int get(struct app *app)
{
    struct getting *g = mem_alloc(MEM_APP, sizeof(*g));
    int status = begin(g, app, CLI_FORM_TABLE);
    const char *name = g->name;
    if (status == EXIT_WELL) {
        g->options = app->parsed.values;
        g->all_namespaces = g->options->all_namespaces;
        cli_table_init(&g->table, heads_of(g), &g->rows);
        status = g->options->watch ? watch(g, name) : name ? get_one(g, name) : get_list(g);
    }
    end(g);
    return status;
}

int app_get(struct app *app)
{
    return app_run_task(app, get);
}

enum { EVENTS_SHOWN = 20 };

struct description {
    struct buf item, events, notified; /* JSON */
    struct buf lines;                  /* events and who was told, for people */
};

/* Who was told of these events' stories, and lines of both. */
static int put_told(struct getting *g, const struct json_value *const *events, uint32_t count,
                    struct description *d)
{
    const struct json_value **among =
        arena_alloc_array(&g->rows, EVENTS_SHOWN + TOLD_ITEMS_MAX, sizeof(*among));
    const struct json_value *told = NULL;
    struct json_value *answer;
    struct json_writer w;
    int status = EXIT_WELL;
    put_target(g, "why/asset", g->name);
    add_param(&g->target, "all", "true");
    if (count)
        status = ask_one(g, &answer);
    if (count && status == EXIT_WELL)
        told = json_get(answer, "notified");
    uint32_t n = told_among(events, count, told, among);
    json_begin(&w, &d->notified, 0);
    json_array_open(&w);
    for (uint32_t i = 0; i < n; i++) {
        event_line(among[i], member(events[0], "asset"), &d->lines);
        if (told_is(among[i]))
            json_tree(&w, among[i]);
    }
    json_array_close(&w);
    json_end(&w);
    return status;
}

/* The newest events, oldest first, as an array. */
static int put_events(struct getting *g, struct description *d, struct json_writer *w)
{
    char next[1024] = "";
    int status = EXIT_WELL;
    struct slice newest[EVENTS_SHOWN] = {{0}};
    const struct json_value *shown[EVENTS_SHOWN];
    uint64_t n = 0;
    uint32_t count = 0;
    do {
        struct json_value *answer;
        put_target(g, "events", g->name);
        if (next[0])
            add_param(&g->target, "next", next);
        status = ask_one(g, &answer);
        if (status != EXIT_WELL)
            return status;
        const struct json_value *items = json_get(answer, "items"),
                                *more = json_get(answer, "next");
        for (const struct json_value *i = items ? items->first : NULL; i; i = i->next)
            newest[n++ % EVENTS_SHOWN] = text_of(g, i);
        size_t size = more && more->text.size < sizeof(next) ? more->text.size : 0;
        memcpy(next, size ? more->text.data : "", size);
        next[size] = 0;
    } while (next[0]);
    for (uint64_t i = n > EVENTS_SHOWN ? n - EVENTS_SHOWN : 0; i < n; i++) {
        struct json_value *e;
        json_raw(w, newest[i % EVENTS_SHOWN]);
        if (json_parse(newest[i % EVENTS_SHOWN], &g->rows, 0, &e, NULL) == 0)
            shown[count++] = e;
    }
    return put_told(g, shown, count, d);
}

static int print_description(struct getting *g, const struct description *d)
{
    struct buf all = BUF(MEM_APP, 0);
    int status;
    if (g->form == CLI_FORM_TEXT) {
        cli_object(CLI_FORM_YAML, buf_slice(&d->item), &all);
        if (d->lines.size)
            buf_printf(&all, "\nlast events:\n%.*s", SLICE_ARG(buf_slice(&d->lines)));
        status = app_print(g->app, buf_slice(&all));
    } else {
        buf_printf(&all, "{\"item\":%.*s,\"events\":%.*s", SLICE_ARG(buf_slice(&d->item)),
                   SLICE_ARG(buf_slice(&d->events)));
        if (d->notified.size)
            buf_printf(&all, ",\"notified\":%.*s", SLICE_ARG(buf_slice(&d->notified)));
        buf_append_byte(&all, '}');
        status = print_object(g, cli_jsonpath_of(g->app->parsed.globals.output), buf_slice(&all));
    }
    buf_done(&all);
    return status;
}

static int describe(struct app *app)
{
    struct getting *g = mem_alloc(MEM_APP, sizeof(*g));
    struct description d = {BUF(MEM_APP, 0), BUF(MEM_APP, 0), BUF(MEM_APP, 0), BUF(MEM_APP, 0)};
    struct json_value *parsed;
    struct json_writer w;
    int status = begin(g, app, CLI_FORM_TEXT);
    if (status == EXIT_WELL) {
        put_target(g, g->kind->plural, g->name);
        status = ask_one(g, &parsed);
    }
    if (status == EXIT_WELL) {
        buf_append_slice(&d.item, slice_trim(buf_slice(&g->answer)));
        json_begin(&w, &d.events, 0);
        json_array_open(&w);
        if (g->is_asset)
            status = put_events(g, &d, &w);
        json_array_close(&w);
        json_end(&w);
    }
    if (status == EXIT_WELL)
        status = print_description(g, &d);
    buf_done(&d.item);
    buf_done(&d.events);
    buf_done(&d.notified);
    buf_done(&d.lines);
    end(g);
    return status;
}

int app_describe(struct app *app)
{
    return app_run_task(app, describe);
}
