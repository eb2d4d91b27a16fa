#include "config/load.h"

#include <errno.h>
#include <stdio.h>

#include "config/check.h"
#include "config/environment.h"
#include "config/merge.h"
#include "config/read.h"
#include "config/setting.h"
#include "config/tables.h"

/* ---- lists that grow in the arena ---- */

void config_add_layer(struct config *c, enum source_kind kind, struct value *root)
{
    if (c->layer_count == c->layer_cap) {
        size_t cap = c->layer_cap ? c->layer_cap * 2 : 8;
        struct config_layer *all = arena_alloc_array(&c->arena, cap, sizeof(*all));
        if (c->layer_count)
            memcpy(all, c->layers, c->layer_count * sizeof(*all));
        c->layers = all;
        c->layer_cap = cap;
    }
    c->layers[c->layer_count++] = (struct config_layer){kind, root};
}

void config_add_watched(struct config *c, const char *path)
{
    if (c->watched_count == c->watched_cap) {
        size_t cap = c->watched_cap ? c->watched_cap * 2 : 8;
        const char **all = arena_alloc_array(&c->arena, cap, sizeof(*all));
        if (c->watched_count)
            memcpy(all, c->watched, c->watched_count * sizeof(*all));
        c->watched = all;
        c->watched_cap = cap;
    }
    c->watched[c->watched_count++] = arena_strdup(&c->arena, slice_from(path));
}

static void warn(void *ctx, const char *sentence)
{
    struct config *c = ctx;
    if (!c->warnings)
        c->warnings = arena_alloc_array(&c->arena, CONFIG_WARNINGS_MAX, sizeof(*c->warnings));
    if (c->warning_count < CONFIG_WARNINGS_MAX)
        c->warnings[c->warning_count++] = sentence;
}

/* ---- the sources ---- */

static void too_many(struct config *c)
{
    config_fault_add(&c->faults, CONFIG_FAULT_LIMIT, 0, 0,
                     "the sources have more than %d texts or %d MiB", SOURCES_MAX,
                     SOURCE_BYTES_MAX >> 20);
}

static void read_paths(struct config *c, const struct config_options *o)
{
    for (size_t i = 0; i < o->path_count; i++)
        config_read_path(c, o, o->paths[i]);
    if (o->path_count)
        return;
    struct slice named = config_environment_get(o->environment, SLICE("FIREBREAK_CONFIG"));
    if (named.size)
        config_read_path(c, o, arena_strdup(&c->arena, named));
    else
        config_read_default(c, o);
}

static void read_environment(struct config *c, const struct config_options *o)
{
    struct value *root = value_new(&c->arena, VALUE_MAP, 0);
    if (config_environment_read(o->environment, &c->arena, &c->sources, &c->faults, root, warn,
                                c) < 0)
        too_many(c);
    if (root->count)
        config_add_layer(c, SOURCE_ENV, root);
}

static void bad_flag(struct config *c, const struct source *s, const struct err *err,
                     const char *suggestion)
{
    struct config_fault *f =
        config_fault_add(&c->faults, CONFIG_FAULT_UNKNOWN_FIELD, s->first, 0, "%s", err->text);
    f->suggestion = suggestion;
}

static void read_flag(struct config *c, const struct config_flag *flag, struct value *root)
{
    const struct source *source;
    struct config_key key;
    struct err err = {0};
    const char *suggestion = NULL;
    struct slice text = slice_from(flag->text), rest = text, name = slice_from(flag->key);
    if (source_add(&c->sources, SOURCE_FLAG, flag->name, text, &source) < 0) {
        too_many(c);
        return;
    }
    if (!flag->key)
        name = slice_cut(&rest, '=');
    if (!rest.data) {
        err_set(&err, -EINVAL, "\"%s\" sets nothing: write KEY=VALUE", flag->text);
        bad_flag(c, source, &err, NULL);
    } else if (config_key_parse(name, &key, &err, &suggestion) < 0) {
        bad_flag(c, source, &err, suggestion);
    } else {
        config_setting_put(&c->arena, root, &key, source, text.size - rest.size, &c->faults);
    }
}

static void read_flags(struct config *c, const struct config_options *o)
{
    struct value *root = value_new(&c->arena, VALUE_MAP, 0);
    for (size_t i = 0; i < o->flag_count; i++)
        read_flag(c, &o->flags[i], root);
    if (root->count)
        config_add_layer(c, SOURCE_FLAG, root);
}

/* ---- all of it ---- */

struct config *config_load(const struct config_options *o)
{
    struct config *c = mem_alloc(MEM_CONFIG, sizeof(*c));
    c->arena = ARENA(MEM_CONFIG, 0);
    c->sources.arena = c->faults.arena = &c->arena;
    const struct schema_struct *of = o->action ? &table_action : config_schema.root;
    read_paths(c, o);
    if (!o->action) {
        read_environment(c, o);
        read_flags(c, o);
    }
    for (size_t i = 0; i < c->layer_count; i++)
        c->root = config_merge(&c->arena, of, c->root, c->layers[i].root);
    if (!c->root || c->root->type == VALUE_NULL)
        c->root = value_new(&c->arena, VALUE_MAP, 0);
    struct zones zones;
    zones_init(&zones, o->environment);
    struct check_options check = {
        .of = o->action ? of : NULL, .incomplete = c->incomplete, .zones = &zones};
    /* Of an action that could not be read nothing is missing. */
    if (!o->action || !c->incomplete || c->root->count)
        config_check(c->root, &check, &c->faults);
    zones_done(&zones);
    config_faults_sort(&c->faults);
    return c;
}

void config_free(struct config *c)
{
    if (!c)
        return;
    config_free_texts(c);
    arena_done(&c->arena);
    mem_free(MEM_CONFIG, c);
}
