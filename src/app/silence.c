#include <errno.h>
#include <inttypes.h>

#include "app/asking.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "wire/url_escape.h"

/* silence add, list and remove: what receivers are told nothing of. */

static bool given(const struct app *app, const char *option)
{
    for (uint32_t i = 0; i < app->parsed.given_count; i++)
        if (slice_eq_cstr(slice_from(option), app->parsed.given[i].option->name))
            return true;
    return false;
}

static int add(struct asking *a)
{
    const struct silence_options *o = a->app->parsed.values;
    struct json_writer w;
    struct json_value *answer;
    buf_append_cstr(&a->target, "/v1/silences");
    json_begin(&w, &a->body, 0);
    json_object_open(&w);
    json_key(&w, "selector");
    json_cstr(&w, o->selector);
    json_key(&w, "for_ms");
    json_i64(&w, (o->for_ns + RT_MS - 1) / RT_MS);
    json_key(&w, "reason");
    json_cstr(&w, o->reason);
    json_object_close(&w);
    json_end(&w);
    int status = asking_ask(a, "POST", &answer);
    if (status != EXIT_WELL)
        return status;
    const char *name = arena_strdup(&a->app->arena, json_text(answer, "name"));
    if (a->form == CLI_FORM_TABLE || a->form == CLI_FORM_NAME)
        a->form = CLI_FORM_TEXT;
    return asking_print(a, name);
}

static int remove_one(struct asking *a)
{
    struct json_value *answer;
    const char *name = a->app->parsed.operands[1];
    buf_append_cstr(&a->target, "/v1/silences/");
    url_escape(slice_from(name), &a->target);
    int status = asking_ask(a, "DELETE", &answer);
    if (a->form == CLI_FORM_TABLE || a->form == CLI_FORM_NAME)
        a->form = CLI_FORM_TEXT;
    return status == EXIT_WELL ? asking_print(a, name) : status;
}

static void put_table(struct asking *a, const struct json_value *items)
{
    static const char *const heads[] = {"NAME", "SELECTOR", "UNTIL", "BY", "REASON", NULL};
    static const char *const keys[] = {"name", "selector", "until", "by", "reason"};
    struct cli_table table;
    struct arena rows = ARENA(MEM_APP, 0);
    cli_table_init(&table, heads, &rows);
    for (const struct json_value *v = items->first; v; v = v->next) {
        struct cli_row *row = cli_table_row(&table);
        for (size_t i = 0; i < ARRAY_LEN(keys); i++)
            row->cells[i] = json_text(v, keys[i]);
    }
    cli_table_print(&table, a->app->color_out, &a->text);
    arena_done(&rows);
}

static void put_items(struct asking *a, const struct json_value *items, int64_t revision)
{
    struct buf json = BUF(MEM_APP, 0);
    for (const struct json_value *v = items->first; v && a->form == CLI_FORM_NAME; v = v->next)
        buf_printf(&a->text, "%.*s\n", SLICE_ARG(json_text(v, "name")));
    if (a->form == CLI_FORM_NAME)
        return;
    cli_list_begin(a->form, &a->text);
    for (const struct json_value *v = items->first; v; v = v->next) {
        struct json_writer w;
        buf_clear(&json);
        json_begin(&w, &json, 0);
        json_tree(&w, v);
        json_end(&w);
        cli_list_item(a->form, buf_slice(&json), v == items->first, &a->text);
    }
    cli_list_end(a->form, revision, &a->text);
    buf_done(&json);
}

static int list(struct asking *a)
{
    struct json_value *answer;
    int64_t revision = 0;
    struct err err;
    buf_append_cstr(&a->target, "/v1/silences");
    int status = asking_ask(a, "GET", &answer);
    if (status != EXIT_WELL)
        return status;
    const struct json_value *items = json_get(answer, "items");
    (void)json_to_i64(json_get(answer, "revision"), &revision);
    if (a->form == CLI_FORM_JSONPATH) {
        const char *path = cli_jsonpath_of(a->app->parsed.globals.output);
        if (cli_jsonpath_print(path, slice_trim(buf_slice(&a->answer)), &a->text, &err) < 0)
            return app_fail(a->app, EXIT_USAGE, &err);
    } else if (items && a->form == CLI_FORM_TABLE) {
        put_table(a, items);
    } else if (items) {
        put_items(a, items, revision);
    }
    return app_print(a->app, buf_slice(&a->text));
}

/* What belongs to `add` and what to `remove`. */
static int check(struct app *app, bool adds, bool removes)
{
    struct err err = {0};
    bool selector = given(app, "selector"), time = given(app, "for"), why = given(app, "reason");
    if (adds && (!selector || !time))
        err_set(&err, -EINVAL, "add: %s",
                selector ? "for how long? --for 2h" : "of which assets? -l env=test");
    else if (!adds && (selector || time || why))
        err_set(&err, -EINVAL, "-l, --for and --reason: only 'add' takes them");
    else if (removes && app->parsed.operand_count < 2)
        err_set(&err, -EINVAL, "remove: which? 'firebreak silence list' has the names");
    else if (!removes && app->parsed.operand_count > 1)
        err_set(&err, -EINVAL, "'%.100s': only 'remove' takes a name", app->parsed.operands[1]);
    return err.code ? app_fail(app, EXIT_USAGE, &err) : EXIT_WELL;
}

static int silence(struct app *app)
{
    struct asking a = {.app = NULL};
    struct slice verb = slice_from(app->parsed.operands[0]);
    bool adds = slice_eq(verb, SLICE("add")), removes = slice_eq(verb, SLICE("remove"));
    int status = check(app, adds, removes);
    if (status != EXIT_WELL)
        return status;
    status = asking_begin(&a, app, CLI_FORM_TABLE);
    if (status == EXIT_WELL)
        status = adds ? add(&a) : removes ? remove_one(&a) : list(&a);
    asking_end(&a);
    return status;
}

int app_silence(struct app *app)
{
    return app_run_task(app, silence);
}
