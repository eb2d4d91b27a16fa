#include <errno.h>
#include <string.h>

#include "app/config_init.h"
#include "app/config_load.h"
#include "cli/config_print.h"
#include "config/canonical.h"
#include "config/json_schema.h"
#include "config/reference.h"
#include "config/schema.h"
#include "rt/file_now.h"
#include "rt/stdio.h"
#include "rt/term.h"
#include "wire/json_value.h"
#include "wire/toml.h"
#include "wire/yaml.h"

struct command {
    struct app *app;
    const struct config_command_options *values;
    struct config_options options;
    struct config *config; /* freed by run */
    struct buf out;        /* written to standard output at the end; freed by run */
};

/* ---- check ---- */

static void check_summary(const struct config *c, struct buf *out)
{
    const struct value *first = NULL;
    buf_append_cstr(out, "no fault");
    for (const struct value *v = c->root->first; v; v = v->next) {
        if (v->type != VALUE_LIST || !v->count)
            continue;
        const struct schema_field *f = schema_field_by_key(config_schema.root, value_key(v));
        buf_printf(out, "%s%u %s", first ? ", " : ": ", v->count,
                   v->count == 1 ? f->of->kind : f->key);
        first = v;
    }
    buf_append_byte(out, '\n');
}

static int run_check(struct command *k)
{
    enum cli_form form = cli_form_of(k->app->parsed.globals.output, CLI_FORM_TEXT);
    const struct config *c = k->config;
    app_config_warnings(k->app, c);
    if (!c->layer_count && !c->faults.count) {
        struct err err;
        err_set(&err, -ENOENT, "there is no configuration: give -c PATH, or put one into %s",
                CONFIG_PATH_DEFAULT);
        return app_fail(k->app, EXIT_UNREACHABLE, &err);
    }
    if (c->faults.count || form != CLI_FORM_TEXT)
        app_config_faults(k->app, c, form, k->app->color_out, &k->out);
    else
        check_summary(c, &k->out);
    return app_config_status(c);
}

/* ---- eval, convert ---- */

/* A whole tree in a language: "json", "yaml", "toml". */
static int write_tree(struct command *k, const struct value *root, const char *language)
{
    struct err err = {0};
    int r;
    if (strcmp(language, "yaml") == 0) {
        r = yaml_write(&k->out, root, &err);
    } else if (strcmp(language, "toml") == 0) {
        r = toml_write(&k->out, root, &err);
    } else {
        r = json_value_write(&k->out, root, 0, &err);
        buf_append_byte(&k->out, '\n');
    }
    return r < 0 ? app_fail(k->app, EXIT_NO, &err) : EXIT_WELL;
}

static int run_eval(struct command *k)
{
    const char *output = k->app->parsed.globals.output;
    const char *expression = cli_jsonpath_of(output);
    struct buf json = BUF(MEM_APP, 0);
    struct err err = {0};
    int status = app_config_report(k->app, k->config);
    if (status)
        return status;
    config_canonicalize(&k->config->arena, config_schema.root, k->config->root,
                        k->values->defaults);
    if (!expression)
        return write_tree(k, k->config->root,
                          !output || strcmp(output, "text") == 0 ? "yaml" : output);
    int r = json_value_write(&json, k->config->root, 0, &err);
    if (r == 0)
        r = cli_jsonpath_print(expression, buf_slice(&json), &k->out, &err);
    buf_done(&json);
    return r < 0 ? app_fail(k->app, EXIT_USAGE, &err) : EXIT_WELL;
}

/* Returns what the reader does. *ret_stream: the documents of a stream, as elements of a list. */
static int read_text(struct command *k, const struct source *s, struct config *c,
                     struct value **ret, bool *ret_stream)
{
    struct slice name = slice_from(s->name);
    struct toml_options toml = {
        .version = strcmp(k->values->toml_version, "1.0") == 0 ? TOML_1_0 : TOML_1_1};
    *ret_stream = false;
    if (slice_ends_with(name, SLICE(".toml")))
        return toml_read(s, &toml, &c->arena, &c->faults, ret);
    if (slice_ends_with(name, SLICE(".json")))
        return json_value_read(s, NULL, &c->arena, &c->faults, ret);
    *ret_stream = true;
    return yaml_read_all(s, NULL, &c->arena, &c->faults, ret);
}

/* A member that stands twice is JSON, if not a configuration: it is told, the first one stays. */
static bool only_twice(const struct source *s, const struct config *c)
{
    bool all = slice_ends_with(slice_from(s->name), SLICE(".json"));
    for (uint32_t i = 0; i < c->faults.count; i++)
        all &= c->faults.items[i].code == CONFIG_FAULT_DUPLICATE_NAME;
    return all;
}

static int write_raw(struct command *k, const struct source *s, struct config *c)
{
    struct value *root = NULL;
    bool stream;
    int r = read_text(k, s, c, &root, &stream);
    config_faults_sort(&c->faults);
    int status = app_config_report(k->app, c);
    if (status == EXIT_NO && only_twice(s, c))
        status = EXIT_WELL;
    if (status || r < 0 || !root)
        return status ? status : EXIT_NO;
    if (!stream)
        return write_tree(k, root, k->values->to);
    for (const struct value *v = root->first; v && status == EXIT_WELL; v = v->next)
        status = write_tree(k, v, k->values->to);
    return status;
}

static int read_raw(struct command *k, const char *path, struct config *c)
{
    struct buf text = BUF(MEM_APP, VALUE_TEXT_BYTES_MAX);
    const struct source *s;
    struct err err;
    int status;
    int r = file_now_read(path, &text);
    if (r == 0)
        r = source_add(&c->sources, SOURCE_FILE, path, buf_slice(&text), &s);
    if (r < 0) {
        err_sys(&err, r, "%s", path);
        status = app_fail(k->app, EXIT_UNREACHABLE, &err);
    } else {
        status = write_raw(k, s, c);
    }
    buf_done(&text);
    return status;
}

static int convert_raw(struct command *k, const char *path)
{
    struct config c = {.arena = ARENA(MEM_APP, 0)};
    c.sources.arena = c.faults.arena = &c.arena;
    int status = read_raw(k, path, &c);
    arena_done(&c.arena);
    return status;
}

static int run_convert(struct command *k)
{
    const char *path = k->app->parsed.operands[1];
    struct config_options only = {.paths = &path,
                                  .path_count = 1,
                                  .environment = NULL,
                                  .vars = k->options.vars,
                                  .var_count = k->options.var_count};
    struct err err;
    if (!k->values->to) {
        err_set(&err, -EINVAL, "--to is missing: into json, yaml or toml?");
        return app_fail(k->app, EXIT_USAGE, &err);
    }
    if (k->values->raw && !slice_ends_with(slice_from(path), SLICE(".go")))
        return convert_raw(k, path);
    k->config = app_config_load(&only);
    int status = app_config_report(k->app, k->config);
    if (status)
        return status;
    config_canonicalize(&k->config->arena, config_schema.root, k->config->root, false);
    return write_tree(k, k->config->root, k->values->to);
}

/* ---- diff ---- */

static void print_changes(struct command *k, const struct config_change *changes)
{
    enum cli_form form = cli_form_of(k->app->parsed.globals.output, CLI_FORM_TEXT);
    const char *expression = cli_jsonpath_of(k->app->parsed.globals.output);
    struct buf list = BUF(MEM_APP, 0), json = BUF(MEM_APP, 0);
    struct buf *out = expression ? &list : &k->out;
    if (form != CLI_FORM_TEXT)
        cli_list_begin(form, out);
    for (const struct config_change *c = changes; c; c = c->next) {
        buf_clear(&json);
        if (form == CLI_FORM_TEXT) {
            change_print_text(c, k->app->color_out, out);
            continue;
        }
        change_print_json(c, &json);
        cli_list_item(form, buf_slice(&json), c == changes, out);
    }
    if (form != CLI_FORM_TEXT)
        cli_list_end(form, 0, out);
    if (expression)
        cli_jsonpath_print(expression, buf_slice(&list), &k->out, NULL);
    buf_done(&list);
    buf_done(&json);
}

static int run_diff(struct command *k)
{
    const char *const *paths = (const char *const *)k->app->parsed.operands + 1;
    struct config_options a = k->options, b = k->options;
    a.paths = &paths[0];
    b.paths = &paths[1];
    a.path_count = b.path_count = 1;
    k->config = app_config_load(&a);
    int status = app_config_report(k->app, k->config);
    if (status)
        return status;
    struct config *other = app_config_load(&b);
    status = app_config_report(k->app, other);
    if (status == EXIT_WELL) {
        config_canonicalize(&k->config->arena, config_schema.root, k->config->root, false);
        config_canonicalize(&other->arena, config_schema.root, other->root, false);
        const struct config_change *changes =
            config_diff(&k->app->arena, k->config->root, other->root);
        print_changes(k, changes);
        status = changes ? EXIT_NO : EXIT_WELL;
    }
    config_free(other);
    return status;
}

/* ---- origin ---- */

static int run_origin(struct command *k)
{
    const char *text = k->app->parsed.operands[1], *suggestion;
    enum cli_form form = cli_form_of(k->app->parsed.globals.output, CLI_FORM_TEXT);
    struct config_key *key = arena_new(&k->app->arena, struct config_key);
    struct config_origin *origin = arena_new(&k->app->arena, struct config_origin);
    struct buf json = BUF(MEM_APP, 0);
    struct err err = {0};
    if (config_key_parse(slice_from(text), key, &err, &suggestion) < 0) {
        if (suggestion)
            err_set(&err, -EINVAL, "%s: did you mean %s?", arena_strdup(&k->app->arena,
                    slice_from(err.text)), suggestion);
        return app_fail(k->app, EXIT_USAGE, &err);
    }
    int status = app_config_report(k->app, k->config);
    if (status)
        return status;
    if (config_origin_find(k->config, key, origin) < 0) {
        err_set(&err, -ENOENT, "the configuration has no %s", text);
        return app_fail(k->app, EXIT_NO, &err);
    }
    if (form == CLI_FORM_TEXT) {
        origin_print_text(k->config, text, origin, &k->out);
        return EXIT_WELL;
    }
    origin_print_json(k->config, text, origin, &json);
    const char *expression = cli_jsonpath_of(k->app->parsed.globals.output);
    if (expression)
        cli_jsonpath_print(expression, buf_slice(&json), &k->out, &err);
    else
        cli_object(form, buf_slice(&json), &k->out);
    buf_done(&json);
    return EXIT_WELL;
}

static int run_schema(struct command *k)
{
    json_schema_write(&k->out);
    return EXIT_WELL;
}

static int run_init(struct command *k)
{
    const char *folder = k->app->parsed.operand_count > 1 ? k->app->parsed.operands[1] : ".";
    return config_init(k->app, folder, &k->out);
}

/* ---- which action ---- */

static const struct action {
    const char *name;
    int (*run)(struct command *k);
    uint32_t operands_min, operands_max; /* behind the action's name */
    const char *operands;
    bool loads; /* needs the configuration that the options name */
} actions[] = {
    {"check", run_check, 0, 0, "", true},
    {"eval", run_eval, 0, 0, "", true},
    {"diff", run_diff, 2, 2, "two paths, A and B", false},
    {"origin", run_origin, 1, 1, "a KEY, like server.listen", true},
    {"schema", run_schema, 0, 0, "", false},
    {"convert", run_convert, 1, 1, "a FILE", false},
    {"init", run_init, 0, 1, "at most a folder", false},
};

static int run_action(struct app *app, const struct action *a)
{
    struct command k = {.app = app, .values = app->parsed.values, .out = BUF(MEM_APP, 0)};
    app_config_options(app, &k.values->paths, &k.values->settings, &k.values->vars, &k.options);
    app_config_flag(&k.options, "--listen", "server.listen", k.values->listen);
    app_config_flag(&k.options, "--agent-listen", "server.agent_listen",
                    k.values->agent_listen);
    app_config_flag(&k.options, "--task-listen", "server.task_listen",
                    k.values->task_listen);
    app_config_flag(&k.options, "--store", "store.url", k.values->store);
    if (a->loads)
        k.config = app_config_load(&k.options);
    int status = a->run(&k);
    if (k.out.size) {
        int written = app_write(app, buf_slice(&k.out));
        status = written ? written : status;
    }
    buf_done(&k.out);
    config_free(k.config);
    return status;
}

int app_config(struct app *app)
{
    struct err err;
    uint32_t n = app->parsed.operand_count - 1;
    for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
        const struct action *a = &actions[i];
        if (strcmp(a->name, app->parsed.operands[0]) != 0)
            continue;
        if (n >= a->operands_min && n <= a->operands_max)
            return run_action(app, a);
        err_set(&err, -EINVAL, "%s takes %s", a->name, a->operands[0] ? a->operands
                                                                      : "no argument but options");
        return app_fail(app, EXIT_USAGE, &err);
    }
    return EXIT_USAGE; /* the parser lets only these through */
}

/* ---- explain ---- */

static void list_kinds(struct buf *out)
{
    for (size_t i = 0; config_schema.structs[i]; i++) {
        const char *word = schema_struct_word(config_schema.structs[i]);
        if (word)
            buf_printf(out, "%-12s %s\n", word, config_schema.structs[i]->help);
    }
}

static int no_field(struct app *app, const struct schema_place *at, struct slice bad)
{
    struct err err;
    const char *near = schema_suggest(at->in, bad, false);
    err_set(&err, -ENOENT, "there is no %s \"%.*s\"%s%s%s%s%s", at->in ? "field" : "kind",
            SLICE_ARG(bad), at->in ? " in " : "", at->in ? at->in->name : "",
            near ? ": did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    return app_fail(app, EXIT_NO, &err);
}

int app_explain(struct app *app)
{
    struct buf out = BUF(MEM_APP, 0), json = BUF(MEM_APP, 0);
    struct schema_place at;
    struct slice bad;
    enum cli_form form = cli_form_of(app->parsed.globals.output, CLI_FORM_TEXT);
    const char *name = app->parsed.operand_count ? app->parsed.operands[0] : NULL;
    const char *expression = cli_jsonpath_of(app->parsed.globals.output);
    if (name && schema_place_find(slice_from(name), &at, &bad) < 0)
        return no_field(app, &at, bad);
    if (!name) {
        list_kinds(&out);
    } else if (form == CLI_FORM_TEXT) {
        explain_text(name, &at, (size_t)rt_term_size_of(RT_STDOUT).columns, app->color_out, &out);
    } else {
        explain_json(name, &at, &json);
        if (expression)
            cli_jsonpath_print(expression, buf_slice(&json), &out, NULL);
        else
            cli_object(form, buf_slice(&json), &out);
    }
    int status = app_write(app, buf_slice(&out));
    buf_done(&out);
    buf_done(&json);
    return status;
}
