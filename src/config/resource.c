#include "config/resource.h"

#include "config/canonical.h"
#include "config/check.h"
#include "wire/json_value.h"

const struct schema_field *config_list_of(const struct kind *kind)
{
    const struct schema_struct *root = config_schema.root;
    for (size_t i = 0; i < root->field_count; i++)
        if (config_kind_of(&root->fields[i]) == kind)
            return &root->fields[i];
    return NULL;
}

const struct kind *config_kind_of(const struct schema_field *list)
{
    bool named = list->shape == SCHEMA_SLICE && list->of && list->of->kind;
    return named ? kind_find(slice_from(list->of->kind)) : NULL;
}

/* ---- flat ---- */

static bool is_one_of(struct slice key, const char *const *words)
{
    while (*words && !slice_eq_cstr(key, *words))
        words++;
    return *words;
}

static void take(struct arena *a, struct value *flat, const struct value *member)
{
    struct value *copy = value_new(a, VALUE_NULL, member->at);
    *copy = *member;
    value_append(flat, copy);
}

struct value *config_resource_flat(struct arena *a, struct value *v)
{
    static const char *const head[] = {"name", "namespace", "labels", NULL},
                             *const added[] = {"kind", "revision", NULL},
                             /* Of an asset, which is answered with its state first. */
                                 *const state[] = {"state",  "since",       "reason",
                                                   "checks", "owner_plane", NULL};
    if (v->type != VALUE_MAP)
        return v;
    struct value *spec = value_get(v, SLICE("spec")), *flat = value_new(a, VALUE_MAP, v->at);
    const struct value *found = value_get(v, SLICE("state"));
    bool told = found && (found->type == VALUE_STRING || found->type == VALUE_NULL);
    for (const struct value *m = v->first; m; m = m->next) {
        struct slice key = m->key;
        if (spec ? is_one_of(key, head)
                 : !is_one_of(key, added) && !(told && is_one_of(key, state)))
            take(a, flat, m);
    }
    for (const struct value *m = spec && spec->type == VALUE_MAP ? spec->first : NULL; m;
         m = m->next)
        if (!is_one_of(m->key, head))
            take(a, flat, m);
    return flat;
}

static void set_text(struct arena *a, struct value *flat, struct slice key, struct slice text)
{
    struct value *v = value_get(flat, key);
    if (!v) {
        v = value_new(a, VALUE_STRING, flat->at);
        v->key = key;
        value_append(flat, v);
    }
    v->type = VALUE_STRING;
    v->text = (struct slice){arena_strdup(a, text), text.size};
}

void config_resource_name(struct arena *a, struct value *flat, struct slice namespace_,
                          struct slice name)
{
    if (flat->type != VALUE_MAP)
        return;
    if (name.size)
        set_text(a, flat, SLICE("name"), name);
    set_text(a, flat, SLICE("namespace"), namespace_);
}

/* ---- checked and written ---- */

/* A configuration that has nothing but this one resource. */
static struct value *alone(struct arena *a, const struct schema_field *list, struct value *flat)
{
    struct value *root = value_new(a, VALUE_MAP, flat->at);
    struct value *all = value_new(a, VALUE_LIST, flat->at);
    all->key = slice_from(list->key);
    value_append(all, flat);
    value_append(root, all);
    return root;
}

uint32_t config_resource_check(struct arena *a, const struct schema_field *list, struct value *flat,
                               struct config_faults *faults)
{
    struct check_options options = {.incomplete = true};
    return config_check(alone(a, list, flat), &options, faults);
}

int config_resource_write(struct arena *a, const struct schema_field *list, struct value *flat,
                          struct buf *out, struct err *err)
{
    config_canonicalize(a, list->of, flat, false);
    return json_value_write(out, flat, 0, err);
}

uint32_t config_resource_read(struct arena *a, const struct kind *kind, struct slice namespace_,
                              struct slice name, const char *text_name, struct slice text,
                              struct source_set *sources, struct config_faults *faults,
                              struct value **ret_flat, struct buf *out)
{
    const struct schema_field *list = config_list_of(kind);
    const struct source *source;
    struct value *v = NULL;
    struct err err = {0};
    uint32_t before = faults->count + faults->dropped;
    if (source_add(sources, SOURCE_FILE, text_name, text, &source) < 0)
        config_fault_add(faults, CONFIG_FAULT_LIMIT, 0, 0, "the text is too long");
    else if (json_value_read(source, NULL, a, faults, &v) == 0 && list) {
        v = config_resource_flat(a, v);
        config_resource_name(a, v, namespace_, name);
        if (config_resource_check(a, list, v, faults) == 0 &&
            config_resource_write(a, list, v, out, &err) < 0)
            config_fault_add(faults, CONFIG_FAULT_OUT_OF_RANGE, v->at, 0, "%s", err.text);
    }
    if (!list)
        config_fault_add(faults, CONFIG_FAULT_UNKNOWN_FIELD, 0, 0, "a %s is found, not declared",
                         kind->name);
    config_faults_sort(faults);
    *ret_flat = v;
    return faults->count + faults->dropped - before;
}
