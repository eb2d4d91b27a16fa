#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "app/asking.h"
#include "base/utf8.h"
#include "explain/explain.h"
#include "model/kind.h"
#include "rt/stdio.h"
#include "wire/url_escape.h"

/* why, asset, freeze and unfreeze: what was done and why, and what people say to it. */

enum { LOOK_MS = 100, TAKEN_UP_MS = 15 * 1000 };

static const struct slice none = {NULL, 0};

/* ---- why ---- */

/* "4bf9…": what a trace id looks like. */
static bool is_trace(struct slice text)
{
    enum { DIGITS = 32 };
    bool hex = text.size == DIGITS;
    for (size_t i = 0; i < text.size; i++)
        hex &= (text.data[i] >= '0' && text.data[i] <= '9') ||
               (text.data[i] >= 'a' && text.data[i] <= 'f');
    return hex;
}

static int bad_operand(struct asking *a, const char *word)
{
    struct err err;
    err_set(&err, -EINVAL,
            "'%.100s' is neither KIND/NAME (asset/web) nor a trace id of 32 hex digits", word);
    return app_fail(a->app, EXIT_USAGE, &err);
}

static int why_target(struct asking *a)
{
    const struct why_options *o = a->app->parsed.values;
    const char *word = a->app->parsed.operands[0];
    const char *name;
    const struct kind *kind;
    struct err err;
    bool trace = is_trace(slice_from(word));
    if (!trace && slice_find_byte(slice_from(word), '/') < 0)
        return bad_operand(a, word);
    if (!trace && kind_parse(word, &kind, &name, &err) < 0)
        return app_fail(a->app, EXIT_USAGE, &err);
    buf_append_cstr(&a->target, "/v1/why/");
    if (!trace)
        buf_printf(&a->target, "%s/", kind->name);
    url_escape(slice_from(trace ? word : name), &a->target);
    buf_append_cstr(&a->target, "?namespace=");
    url_escape(slice_from(a->app->parsed.globals.namespace_), &a->target);
    buf_append_cstr(&a->target, o->all ? "&all=true" : "");
    return EXIT_WELL;
}

/* A story's head: "asset/web  2026-11-26  trace 4bf9…". */
static void story_head(struct asking *a, const struct json_value *e)
{
    enum { DAY = 10 };
    struct slice at = json_text(e, "at"), trace = json_text(e, "trace_id");
    struct buf line = BUF(MEM_APP, 0);
    buf_printf(&line, "%sasset/%.*s  %.*s", a->text.size ? "\n" : "",
               SLICE_ARG(json_text(e, "asset")),
               SLICE_ARG(slice_sub(at, 0, at.size < DAY ? at.size : DAY)));
    if (trace.size)
        buf_printf(&line, "  trace %.*s", SLICE_ARG(trace));
    buf_append_byte(&line, '\n');
    buf_append_slice(&a->text, buf_slice(&line));
    buf_done(&line);
}

static void put_sentence(struct asking *a, const struct json_value *e)
{
    struct buf line = BUF(MEM_APP, 0);
    sentence_line(e, false, &line);
    utf8_append_shown(&a->text, slice_sub(buf_slice(&line), 0, line.size - 1));
    buf_append_byte(&a->text, '\n');
    buf_done(&line);
}

/* Stories as sentences, and who was told of them: a new head wherever another one begins. */
static void put_sentences(struct asking *a, const struct json_value *items,
                          const struct json_value *notified)
{
    uint32_t n = 0;
    struct slice trace = none;
    bool ended = true;
    const struct json_value **events = mem_alloc(MEM_APP, items->count * sizeof(*events));
    const struct json_value **all =
        mem_alloc(MEM_APP, (items->count + TOLD_ITEMS_MAX) * sizeof(*all));
    for (const struct json_value *e = items->first; e; e = e->next)
        events[n++] = e;
    n = told_among(events, n, notified, all);
    for (uint32_t i = 0; i < n; i++) {
        const struct json_value *e = all[i];
        struct slice own = json_text(e, "trace_id");
        if (!told_is(e) && (!slice_eq(own, trace) || (!own.size && ended)))
            story_head(a, e);
        trace = told_is(e) ? trace : own;
        ended = slice_eq(json_text(e, "type"), SLICE("state"));
        put_sentence(a, e);
    }
    mem_free(MEM_APP, events);
    mem_free(MEM_APP, all);
}

/* Beside the list's own members, where the form has them. */
static void put_notified(struct asking *a, const struct json_value *notified)
{
    struct buf json = BUF(MEM_APP, 0);
    struct json_writer w;
    json_begin(&w, &json, 0);
    json_tree(&w, notified);
    json_end(&w);
    struct slice list = buf_slice(&json);
    if (a->form == CLI_FORM_JSON) {
        a->text.size -= strlen("}\n");
        buf_printf(&a->text, ",\"notified\":%.*s}\n", SLICE_ARG(list));
    } else if (a->form == CLI_FORM_YAML) {
        struct buf object = BUF(MEM_APP, 0);
        buf_printf(&object, "{\"notified\":%.*s}", SLICE_ARG(list));
        cli_object(a->form, buf_slice(&object), &a->text);
        buf_done(&object);
    }
    buf_done(&json);
}

static void put_items(struct asking *a, const struct json_value *items,
                      const struct json_value *notified, int64_t revision)
{
    struct buf json = BUF(MEM_APP, 0);
    cli_list_begin(a->form, &a->text);
    for (const struct json_value *e = items->first; e; e = e->next) {
        struct json_writer w;
        buf_clear(&json);
        json_begin(&w, &json, 0);
        json_tree(&w, e);
        json_end(&w);
        cli_list_item(a->form, buf_slice(&json), e == items->first, &a->text);
    }
    cli_list_end(a->form, revision, &a->text);
    if (notified)
        put_notified(a, notified);
    buf_done(&json);
}

static int print_story(struct asking *a, const struct json_value *answer)
{
    const struct json_value *items = json_get(answer, "items");
    int64_t revision = 0;
    struct err err;
    (void)json_to_i64(json_get(answer, "revision"), &revision);
    if (a->form == CLI_FORM_JSONPATH) {
        const char *path = cli_jsonpath_of(a->app->parsed.globals.output);
        if (cli_jsonpath_print(path, slice_trim(buf_slice(&a->answer)), &a->text, &err) < 0)
            return app_fail(a->app, EXIT_USAGE, &err);
    } else if (items && a->form == CLI_FORM_TEXT && !items->first) {
        buf_append_cstr(&a->text, "nothing has happened to it yet\n");
    } else if (items && a->form == CLI_FORM_TEXT) {
        put_sentences(a, items, json_get(answer, "notified"));
    } else if (items) {
        put_items(a, items, json_get(answer, "notified"), revision);
    }
    return app_print(a->app, buf_slice(&a->text));
}

static int why(struct app *app)
{
    struct asking a = {.app = NULL};
    struct json_value *answer;
    int status = asking_begin(&a, app, CLI_FORM_TEXT);
    if (status == EXIT_WELL)
        status = why_target(&a);
    if (status == EXIT_WELL)
        status = asking_ask(&a, "GET", &answer);
    if (status == EXIT_WELL)
        status = print_story(&a, answer);
    asking_end(&a);
    return status;
}

int app_why(struct app *app)
{
    return app_run_task(app, why);
}

/* ---- plan --remedies ---- */

static void put_repair(struct asking *a, const struct json_value *item)
{
    struct buf line = BUF(MEM_APP, 0);
    struct slice remedy = json_text(item, "remedy");
    const struct json_value *rejected = json_get(item, "rejected");
    buf_printf(&line, "asset/%.*s %.*s (%.*s): ", SLICE_ARG(json_text(item, "asset")),
               SLICE_ARG(json_text(item, "state")), SLICE_ARG(json_text(item, "reason")));
    bool waits = false; /* the remedy itself, for somebody's yes */
    for (const struct json_value *r = rejected ? rejected->first : NULL; r; r = r->next)
        waits |= slice_eq(json_text(r, "remedy"), remedy);
    struct slice phase = json_text(item, "phase");
    if (remedy.size && !waits && phase.size)
        buf_printf(&line, "%.*s is under way (%.*s)", SLICE_ARG(remedy), SLICE_ARG(phase));
    else if (remedy.size && !waits)
        buf_printf(&line, "%.*s would be done", SLICE_ARG(remedy));
    else
        buf_append_cstr(&line, "nothing would be done");
    for (const struct json_value *r = rejected ? rejected->first : NULL; r; r = r->next) {
        struct slice detail = json_text(r, "detail");
        buf_printf(&line, "; not %.*s: %.*s", SLICE_ARG(json_text(r, "remedy")),
                   SLICE_ARG(sentence_why_not(json_text(r, "why"))));
        if (detail.size)
            buf_printf(&line, " (%.*s)", SLICE_ARG(detail));
    }
    utf8_append_shown(&a->text, buf_slice(&line));
    buf_append_byte(&a->text, '\n');
    buf_done(&line);
}

static int print_repairs(struct asking *a, const struct json_value *answer)
{
    const struct json_value *items = json_get(answer, "items");
    if (!items || a->form != CLI_FORM_TEXT)
        return print_story(a, answer);
    for (const struct json_value *i = items->first; i; i = i->next)
        put_repair(a, i);
    return app_print(a->app, buf_slice(&a->text));
}

static int plan_remedies(struct app *app)
{
    struct asking a = {.app = NULL};
    struct json_value *answer;
    int status = asking_begin(&a, app, CLI_FORM_TEXT);
    if (status == EXIT_WELL) {
        buf_append_cstr(&a.target, "/v1/plan/remedies");
        status = asking_ask(&a, "GET", &answer);
    }
    if (status == EXIT_WELL) {
        const struct json_value *items = json_get(answer, "items");
        bool any = items && items->first;
        struct slice well = SLICE("firebreak plan: there is nothing to repair\n");
        status = print_repairs(&a, answer);
        if (status == EXIT_WELL && !any && a.form == CLI_FORM_TEXT)
            rt_output_write(RT_STDERR, well.data, well.size, RT_NEVER);
        if (status == EXIT_WELL && any)
            status = EXIT_NO;
    }
    asking_end(&a);
    return status;
}

int app_plan_remedies(struct app *app)
{
    return app_run_task(app, plan_remedies);
}

/* ---- asset ---- */

static void asset_target(struct asking *a, const char *verb)
{
    buf_clear(&a->target);
    buf_append_cstr(&a->target, "/v1/assets/");
    url_escape(slice_from(a->app->parsed.operands[1]), &a->target);
    if (verb)
        buf_printf(&a->target, "/%s", verb);
    buf_append_cstr(&a->target, "?namespace=");
    url_escape(slice_from(a->app->parsed.globals.namespace_), &a->target);
}

/* Whoever has the asset takes the word up within moments: then the command is done. Returns the
 * state that it is in then. */
static int wait_taken_up(struct asking *a, bool maintained, struct slice *ret_state)
{
    rt_time until = rt_now() + TAKEN_UP_MS * RT_MS;
    asset_target(a, NULL);
    buf_clear(&a->body);
    for (;;) {
        struct json_value *asset;
        int status = asking_ask(a, "GET", &asset);
        if (status != EXIT_WELL)
            return status;
        *ret_state = json_text(asset, "state");
        if (slice_eq(*ret_state, SLICE("Maintenance")) == maintained || rt_now() >= until ||
            rt_sleep(rt_now() + LOOK_MS * RT_MS) < 0)
            return EXIT_WELL;
    }
}

static int maintain(struct asking *a)
{
    const struct asset_command_options *o = a->app->parsed.values;
    struct json_value *answer;
    struct slice state;
    struct buf line = BUF(MEM_APP, 0), kept = BUF(MEM_APP, 0);
    asset_target(a, "maintain");
    buf_printf(&a->body, "{\"for_ms\":%" PRId64 "}", (o->for_ns + RT_MS - 1) / RT_MS);
    int status = asking_ask(a, "POST", &answer);
    if (status == EXIT_WELL) {
        buf_printf(&line, "asset/%s ", a->app->parsed.operands[1]);
        if (o->for_ns)
            buf_printf(&line, "is in maintenance until %.*s",
                       SLICE_ARG(json_text(answer, "until")));
        else
            buf_append_cstr(&line, "is not in maintenance any more");
        buf_append_slice(&kept, buf_slice(&a->answer));
        status = wait_taken_up(a, o->for_ns > 0, &state);
    }
    if (status == EXIT_WELL && slice_eq(state, SLICE("Maintenance")) != (o->for_ns > 0))
        buf_append_cstr(&line, " (no control plane has taken that up yet)");
    if (status == EXIT_WELL) {
        buf_clear(&a->answer);
        buf_append_slice(&a->answer, buf_slice(&kept));
        status = asking_print(a, line.data);
    }
    buf_done(&line);
    buf_done(&kept);
    return status;
}

static int recover(struct asking *a)
{
    struct json_value *answer;
    asset_target(a, "recover");
    int status = asking_ask(a, "POST", &answer);
    const char *line = arena_printf(&a->app->arena, "asset/%s is Healthy once its checks pass",
                                    a->app->parsed.operands[1]);
    return status == EXIT_WELL ? asking_print(a, line) : status;
}

static int asset(struct app *app)
{
    struct asking a = {.app = NULL};
    struct err err;
    bool maintains = slice_eq_cstr(SLICE("maintain"), app->parsed.operands[0]), given = false;
    for (uint32_t i = 0; i < app->parsed.given_count; i++)
        given |= slice_eq_cstr(SLICE("for"), app->parsed.given[i].option->name);
    if (maintains != given) {
        err_set(&err, -EINVAL,
                maintains ? "maintain: for how long? --for 1h (0 ends it)"
                          : "--for: only 'maintain' takes it");
        return app_fail(app, EXIT_USAGE, &err);
    }
    int status = asking_begin(&a, app, CLI_FORM_TEXT);
    if (status == EXIT_WELL)
        status = maintains ? maintain(&a) : recover(&a);
    asking_end(&a);
    return status;
}

int app_asset(struct app *app)
{
    int status = app_name_operand(app, 1, "asset");
    return status == EXIT_WELL ? app_run_task(app, asset) : status;
}

/* ---- freeze ---- */

static int freeze(struct app *app)
{
    struct asking a = {.app = NULL};
    const struct freeze_options *o = app->parsed.values;
    struct json_value *answer;
    struct json_writer w;
    bool freezes = app->command == &cli_freeze;
    int status = asking_begin(&a, app, CLI_FORM_TEXT);
    if (status == EXIT_WELL) {
        buf_printf(&a.target, "/v1/%s", app->command->name);
        json_begin(&w, &a.body, 0);
        json_object_open(&w);
        json_key(&w, "reason");
        json_cstr(&w, o->reason);
        json_object_close(&w);
        json_end(&w);
        status = asking_ask(&a, "POST", &answer);
    }
    if (status == EXIT_WELL)
        status = asking_print(&a, freezes ? "automatic repair is frozen: 'unfreeze' ends it"
                                          : "automatic repair goes on");
    asking_end(&a);
    return status;
}

int app_freeze(struct app *app)
{
    return app_run_task(app, freeze);
}
