#include "config/diff.h"

#include <stdint.h>

#include "base/map.h"

struct diff {
    struct arena *arena;
    struct config_change *first, *last;
};

const char *config_action_name(enum config_action action)
{
    static const char *const names[] = {"create", "update", "delete"};
    return names[action];
}

/* ---- fields ---- */

static void add_field(struct diff *d, struct config_change *c, const char *path,
                      const struct value *old_value, const struct value *new_value)
{
    struct config_change_field *f = arena_new(d->arena, struct config_change_field);
    *f = (struct config_change_field){path, old_value, new_value, NULL};
    if (c->last)
        c->last->next = f;
    else
        c->fields = f;
    c->last = f;
}

/* Maps are gone through to their leaves; lists are compared as a whole. An empty map is a leaf:
 * that of a pointer says something. */
static void compare(struct diff *d, struct config_change *c, const char *path,
                    const struct value *old_value, const struct value *new_value)
{
    bool old_map = old_value && old_value->type == VALUE_MAP && old_value->count;
    bool new_map = new_value && new_value->type == VALUE_MAP && new_value->count;
    if (old_value && new_value && value_equal(old_value, new_value))
        return;
    if (!((old_map || !old_value) && (new_map || !new_value))) {
        add_field(d, c, path, old_value, new_value);
        return;
    }
    const char *dot = path[0] ? "." : "";
    for (const struct value *v = old_map ? old_value->first : NULL; v; v = v->next) {
        struct slice key = value_key(v);
        compare(d, c, arena_printf(d->arena, "%s%s%.*s", path, dot, SLICE_ARG(key)), v,
                new_map ? value_get(new_value, key) : NULL);
    }
    for (const struct value *v = new_map ? new_value->first : NULL; v; v = v->next) {
        struct slice key = value_key(v);
        if (!old_map || !value_get(old_value, key))
            compare(d, c, arena_printf(d->arena, "%s%s%.*s", path, dot, SLICE_ARG(key)), NULL, v);
    }
}

/* ---- resources ---- */

static struct slice text_of(const struct value *object, struct slice key, struct slice dflt)
{
    const struct value *v = value_get(object, key);
    return v && v->type == VALUE_STRING ? v->text : dflt;
}

static void add_change(struct diff *d, const char *kind, bool named, const struct value *old_value,
                       const struct value *new_value)
{
    const struct value *any = new_value ? new_value : old_value;
    struct config_change *c = arena_new(d->arena, struct config_change);
    c->kind = kind;
    c->action = named && !old_value   ? CONFIG_CREATE
                : named && !new_value ? CONFIG_DELETE
                                      : CONFIG_UPDATE;
    if (named) {
        c->name = text_of(any, SLICE("name"), SLICE(""));
        c->namespace_ = text_of(any, SLICE("namespace"), SLICE("default"));
    }
    compare(d, c, "", old_value, new_value);
    if (!c->fields)
        return;
    if (d->last)
        d->last->next = c;
    else
        d->first = c;
    d->last = c;
}

static struct slice key_of(struct arena *a, const struct value *object)
{
    struct slice name = text_of(object, SLICE("name"), SLICE(""));
    struct slice space = text_of(object, SLICE("namespace"), SLICE("default"));
    const char *key = arena_printf(a, "%.*s/%.*s", SLICE_ARG(space), SLICE_ARG(name));
    return slice_from(key);
}

static void compare_lists(struct diff *d, const char *kind, const struct value *old_list,
                          const struct value *new_list)
{
    struct map olds = {0};
    for (const struct value *v = old_list ? old_list->first : NULL; v; v = v->next)
        map_put(&olds, key_of(d->arena, v), (void *)(uintptr_t)v, NULL);
    for (const struct value *v = new_list ? new_list->first : NULL; v; v = v->next)
        add_change(d, kind, true, map_remove(&olds, key_of(d->arena, v)), v);
    for (const struct value *v = old_list ? old_list->first : NULL; v; v = v->next)
        if (map_remove(&olds, key_of(d->arena, v)))
            add_change(d, kind, true, v, NULL);
    map_done(&olds);
}

struct config_change *config_diff(struct arena *a, const struct value *old_root,
                                  const struct value *new_root)
{
    struct diff d = {.arena = a};
    const struct schema_struct *root = config_schema.root;
    for (size_t i = 0; i < root->field_count; i++) {
        const struct schema_field *f = &root->fields[i];
        const struct value *o = old_root ? value_get(old_root, slice_from(f->key)) : NULL;
        const struct value *n = new_root ? value_get(new_root, slice_from(f->key)) : NULL;
        if (f->shape == SCHEMA_SLICE)
            compare_lists(&d, schema_struct_word(f->of), o, n);
        else if (o || n)
            add_change(&d, f->key, false, o, n);
    }
    return d.first;
}
