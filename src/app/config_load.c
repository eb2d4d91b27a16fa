#include "app/config_load.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "cli/fault_print.h"
#include "rt/deep.h"
#include "rt/stdio.h"

enum { OWN_FLAGS_MAX = 8 };

extern char **environ;

void app_config_options(struct app *app, const struct cli_list *paths,
                        const struct cli_list *settings, const struct cli_list *vars,
                        struct config_options *ret)
{
    struct config_flag *flags =
        arena_alloc_array(&app->arena, settings->count + OWN_FLAGS_MAX, sizeof(*flags));
    for (uint32_t i = 0; i < settings->count; i++)
        flags[i] = (struct config_flag){"--set", NULL, settings->items[i]};
    *ret = (struct config_options){
        .paths = paths->items,
        .path_count = paths->count,
        .environment = environ,
        .flags = flags,
        .flag_count = settings->count,
        .vars = vars->items,
        .var_count = vars->count,
    };
    app_config_flag(ret, "--log-level", "log.level", app->parsed.globals.log_level);
    app_config_flag(ret, "--log-format", "log.format", app->parsed.globals.log_format);
}

struct loading {
    const struct config_options *options;
    struct config *config;
};

static void load(void *arg)
{
    struct loading *l = arg;
    l->config = config_load(l->options);
}

struct config *app_config_load(const struct config_options *options)
{
    struct loading l = {options, NULL};
    rt_deep_call_now(load, &l);
    return l.config;
}

void app_config_flag(struct config_options *o, const char *name, const char *key, const char *text)
{
    if (text)
        /* The room was made with the list; the list is ours. */
        ((struct config_flag *)(uintptr_t)o->flags)[o->flag_count++] =
            (struct config_flag){name, key, text};
}

/* ---- faults ---- */

static void fault_list(const struct config *c, enum cli_form form, struct buf *out)
{
    struct buf json = BUF(MEM_APP, 0);
    cli_list_begin(form, out);
    for (uint32_t i = 0; i < c->faults.count; i++) {
        buf_clear(&json);
        fault_print_json(&c->sources, &c->faults.items[i], &json);
        cli_list_item(form, buf_slice(&json), i == 0, out);
    }
    cli_list_end(form, 0, out);
    buf_done(&json);
}

static void fault_texts(const struct config *c, bool color, struct buf *out)
{
    for (uint32_t i = 0; i < c->faults.count; i++)
        fault_print_text(&c->sources, &c->faults.items[i], color, out);
}

void app_config_faults(const struct app *app, const struct config *c, enum cli_form form,
                       bool color, struct buf *out)
{
    const char *expression = cli_jsonpath_of(app->parsed.globals.output);
    struct buf list = BUF(MEM_APP, 0);
    if (form == CLI_FORM_JSON || form == CLI_FORM_JSONL || form == CLI_FORM_YAML) {
        fault_list(c, form, out);
    } else if (form == CLI_FORM_JSONPATH && expression) {
        fault_list(c, form, &list);
        cli_jsonpath_print(expression, buf_slice(&list), out, NULL);
    } else {
        fault_texts(c, color, out);
    }
    buf_done(&list);
}

void app_config_warnings(const struct app *app, const struct config *c)
{
    struct buf out = BUF(MEM_APP, 0);
    const char *name = app->command ? app->command->name : "";
    for (size_t i = 0; i < c->warning_count; i++) {
        buf_printf(&out, "%sfirebreak %s: warning:%s ", app->color_err ? "\x1b[33m" : "", name,
                   app->color_err ? "\x1b[0m" : "");
        utf8_append_shown(&out, slice_from(c->warnings[i]));
        buf_append_byte(&out, '\n');
    }
    if (c->faults.dropped)
        buf_printf(&out, "firebreak %s: %u more faults are not shown: %d are kept\n", name,
                   c->faults.dropped, CONFIG_FAULTS_MAX);
    if (out.size)
        rt_output_write_now(RT_STDERR, out.data, out.size);
    buf_done(&out);
}

int app_config_status(const struct config *c)
{
    return c->unreachable ? EXIT_UNREACHABLE : c->faults.count ? EXIT_NO : EXIT_WELL;
}

int app_config_report(const struct app *app, const struct config *c)
{
    struct buf out = BUF(MEM_APP, 0);
    enum cli_form form = cli_form_of(app->parsed.globals.output, CLI_FORM_TEXT);
    app_config_warnings(app, c);
    if (c->faults.count) {
        app_config_faults(app, c, form, app->color_err, &out);
        rt_output_write_now(RT_STDERR, out.data, out.size);
    }
    buf_done(&out);
    return app_config_status(c);
}
