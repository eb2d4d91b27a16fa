#include "config/read.h"

#include <errno.h>

#include "base/err.h"
#include "config/environment.h"
#include "config/schema.h"
#include "config/tables.h"
#include "lang/lang.h"
#include "rt/file_now.h"

enum { INPUT_FILE_BYTES_MAX = 16 * 1024 * 1024 };

struct inputs {
    struct config *config;
    const struct config_options *options;
};

static void record(struct inputs *in, const char *what, struct slice name, source_place at)
{
    struct config *c = in->config;
    if (c->input_count == c->input_cap) {
        size_t cap = c->input_cap ? c->input_cap * 2 : 8;
        struct config_input *all = arena_alloc_array(&c->arena, cap, sizeof(*all));
        if (c->input_count)
            memcpy(all, c->inputs, c->input_count * sizeof(*all));
        c->inputs = all;
        c->input_cap = cap;
    }
    c->inputs[c->input_count++] =
        (struct config_input){arena_printf(&c->arena, "%s %.*s", what, SLICE_ARG(name)), at};
}

static int get_env(void *ctx, struct slice name, source_place at, struct arena *arena,
                   struct slice *ret, struct err *e)
{
    struct inputs *in = ctx;
    (void)arena;
    (void)e;
    record(in, "env", name, at);
    struct slice value = config_environment_get(in->options->environment, name);
    if (!value.data)
        return -ENOENT;
    *ret = value;
    return 0;
}

static int get_var(void *ctx, struct slice name, source_place at, struct arena *arena,
                   struct slice *ret, struct err *e)
{
    struct inputs *in = ctx;
    const struct config_options *o = in->options;
    (void)e;
    record(in, "var", name, at);
    for (size_t i = o->var_count; i > 0; i--) { /* the last one counts */
        struct slice value = slice_from(o->vars[i - 1]), has = slice_cut(&value, '=');
        if (value.data && slice_eq(has, name)) {
            *ret = value;
            return 0;
        }
    }
    const char *variable = arena_printf(arena, "FIREBREAK_VAR_%.*s", SLICE_ARG(name));
    struct slice value = config_environment_get(o->environment, slice_from(variable));
    if (!value.data)
        return -ENOENT;
    *ret = value;
    return 0;
}

/* ---- files ---- */

static const char *folder_of(struct config *c, source_place at)
{
    const struct source *s = source_of(&c->sources, at);
    struct slice path = slice_from(s ? s->name : "");
    while (path.size && path.data[path.size - 1] != '/')
        path.size--;
    return path.size ? arena_strdup(&c->arena, path) : "./";
}

/* Relative, and without "..": whatever links lead to is looked at afterwards. */
static bool is_local(struct slice path)
{
    if (path.size == 0 || path.data[0] == '/' || memchr(path.data, 0, path.size))
        return false;
    for (struct slice rest = path; rest.data;)
        if (slice_eq_cstr(slice_cut(&rest, '/'), ".."))
            return false;
    return true;
}

/* Neither the path nor a link on the way leads out of the folder. */
static int inside(struct arena *a, const char *folder, const char *path, struct err *e)
{
    const char *real_folder, *real;
    int r = file_now_real_path(folder, a, &real_folder);
    if (r == 0)
        r = file_now_real_path(path, a, &real);
    if (r < 0)
        return r == -ENOENT ? r : err_sys(e, r, "%s", path);
    struct slice f = slice_from(real_folder), p = slice_from(real);
    bool below = slice_starts_with(p, f) &&
                 (slice_eq_cstr(f, "/") || (p.size > f.size && p.data[f.size] == '/'));
    return below ? 0 : err_set(e, -EACCES, "%s leads out of the configuration's folder", path);
}

static int read_input(void *ctx, struct slice path, source_place at, struct arena *arena,
                      struct slice *ret, struct err *e)
{
    struct inputs *in = ctx;
    struct config *c = in->config;
    struct buf data = BUF(MEM_CONFIG, INPUT_FILE_BYTES_MAX);
    if (!is_local(path))
        return err_set(e, -EACCES, "\"%.*s\" is no path inside of the configuration's folder",
                       SLICE_ARG(path));
    const char *folder = folder_of(c, at);
    const char *file = arena_printf(arena, "%s%.*s", folder, SLICE_ARG(path));
    record(in, "file", path, at);
    config_add_watched(c, file);
    enum file_now_kind kind = FILE_NOW_FILE;
    int r = inside(arena, folder, file, e);
    if (r == 0 && file_now_kind(file, &kind) == 0 && kind == FILE_NOW_OTHER)
        r = err_set(e, -EACCES, "%s is no plain file", file); /* a pipe may never end */
    if (r == 0 && (r = file_now_read(file, &data)) < 0)
        err_sys(e, r, "%s", file);
    if (r == 0)
        *ret = (struct slice){arena_strdup(arena, buf_slice(&data)), data.size};
    buf_done(&data);
    return r;
}

void config_read_go(struct config *c, const struct config_options *o, const source_place *files,
                    size_t count)
{
    struct inputs in = {c, o};
    struct lang_inputs inputs = {&in, get_env, get_var, read_input};
    const struct schema action = {.root = &table_action, .structs = config_schema.structs};
    struct lang_package package = {
        .sources = &c->sources,
        .files = files,
        .file_count = count,
        .schema = o->action ? &action : &config_schema,
        .inputs = &inputs,
        .faults = &c->faults,
        .arena = &c->arena,
    };
    struct value *root = NULL;
    lang_eval(&package, &root);
    c->incomplete |= !root || root->type == VALUE_BAD;
    if (root)
        config_add_layer(c, SOURCE_FILE, root);
}
