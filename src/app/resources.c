#include "app/resources.h"

#include <errno.h>

#include "base/suggest.h"
#include "config/check.h"
#include "config/resource.h"
#include "rt/file.h"
#include "rt/folder.h"
#include "rt/stdio.h"
#include "wire/json_value.h"
#include "wire/toml.h"
#include "wire/yaml.h"

void resource_set_init(struct resource_set *s)
{
    *s = (struct resource_set){.arena = ARENA(MEM_APP, 0)};
    s->sources.arena = &s->arena;
    s->faults.arena = &s->arena;
    s->end = &s->first;
}

void resource_set_done(struct resource_set *s)
{
    arena_done(&s->arena);
}

/* ---- out of a tree ---- */

static struct slice text_at(const struct value *v, struct slice key)
{
    const struct value *m = value_get(v, key);
    return m && m->type == VALUE_STRING ? m->text : (struct slice){0};
}

struct declared *resource_set_append(struct resource_set *s, const struct kind *kind,
                                     struct slice namespace_, struct slice name, struct slice json)
{
    struct declared *d = arena_new(&s->arena, struct declared);
    *d = (struct declared){
        .kind = kind,
        .name = {arena_strdup(&s->arena, name), name.size},
        .namespace_ = {arena_strdup(&s->arena, namespace_), namespace_.size},
        .json = {arena_strdup(&s->arena, json), json.size},
    };
    *s->end = d;
    s->end = &d->next;
    s->count++;
    return d;
}

static void add(struct resource_set *s, const struct kind *kind, struct value *v)
{
    struct buf json = BUF(MEM_APP, 0);
    struct err err = {0};
    if (v->type == VALUE_BAD)
        return;
    if (v->type != VALUE_MAP) {
        config_fault_add(&s->faults, CONFIG_FAULT_TYPE_MISMATCH, v->at, 0,
                         "a resource is a map, and this is %s", value_type_name(v->type));
        return;
    }
    struct slice name = text_at(v, SLICE("name"));
    if (name.size == 0) {
        config_fault_add(&s->faults, CONFIG_FAULT_MISSING_FIELD, v->at, 0, "the %s has no name",
                         kind->name);
        return;
    }
    if (json_value_write(&json, v, 0, &err) < 0) {
        config_fault_add(&s->faults, CONFIG_FAULT_OUT_OF_RANGE, v->at, 0, "%s", err.text);
    } else if (s->count == RESOURCES_MAX) {
        config_fault_add(&s->faults, CONFIG_FAULT_LIMIT, v->at, 0, "more than %d resources",
                         RESOURCES_MAX);
    } else {
        struct declared *d =
            resource_set_append(s, kind, text_at(v, SLICE("namespace")), name, buf_slice(&json));
        d->at = v->at;
        d->value = config_resource_flat(&s->arena, v);
    }
    buf_done(&json);
}

static void unknown_kind(struct resource_set *s, struct slice word, source_place at)
{
    const char *near = kind_suggest(word);
    struct config_fault *f =
        config_fault_add(&s->faults, CONFIG_FAULT_UNKNOWN_FIELD, at, at + (source_place)word.size,
                         "there is no kind '%.*s'", SLICE_ARG(word));
    f->suggestion = near;
}

/* An asset is told without its kind. */
static bool is_told_asset(const struct value *v)
{
    return v->type == VALUE_MAP && value_get(v, SLICE("desired_health")) &&
           value_get(v, SLICE("state")) && value_get(v, SLICE("owner_plane"));
}

/* One that says its own kind. */
static void add_with_kind(struct resource_set *s, struct value *v)
{
    const struct value *word = v->type == VALUE_MAP ? value_get(v, SLICE("kind")) : NULL;
    if (!word && is_told_asset(v)) {
        add(s, kind_find(SLICE("asset")), v);
    } else if (!word || word->type != VALUE_STRING) {
        if (v->type != VALUE_BAD)
            config_fault_add(&s->faults, CONFIG_FAULT_MISSING_FIELD, v->at, 0,
                             "a resource that stands by itself says its kind");
    } else {
        const struct kind *kind = kind_find(word->text);
        if (kind)
            add(s, kind, v);
        else
            unknown_kind(s, word->text, word->at);
    }
}

/* The other parts of a configuration are about the process, not about resources. */
static bool is_of_the_process(struct slice key)
{
    return slice_eq(key, SLICE("server")) || slice_eq(key, SLICE("store")) ||
           slice_eq(key, SLICE("log"));
}

/* "checks: […]", or a list as `get` prints one. */
static void add_lists(struct resource_set *s, const struct value *root)
{
    for (const struct value *m = root->first; m; m = m->next) {
        const struct kind *kind = kind_find(m->key);
        bool items = slice_eq(m->key, SLICE("items"));
        if (is_of_the_process(m->key) || (value_get(root, SLICE("items")) && !items) ||
            m->type == VALUE_NULL || m->type == VALUE_BAD)
            continue;
        if (!kind && !items) {
            unknown_kind(s, m->key, m->key_at);
        } else if (m->type != VALUE_LIST) {
            config_fault_add(&s->faults, CONFIG_FAULT_TYPE_MISMATCH, m->at, 0,
                             "%.*s is a list, and this is %s", SLICE_ARG(m->key),
                             value_type_name(m->type));
        } else {
            for (struct value *v = m->first; v; v = v->next)
                if (kind)
                    add(s, kind, v);
                else
                    add_with_kind(s, v);
        }
    }
}

static void take_document(struct resource_set *s, struct value *root)
{
    if (root->type == VALUE_NULL || root->type == VALUE_BAD)
        return;
    if (root->type == VALUE_LIST) {
        for (struct value *v = root->first; v; v = v->next)
            add_with_kind(s, v);
    } else if (root->type != VALUE_MAP) {
        config_fault_add(&s->faults, CONFIG_FAULT_TYPE_MISMATCH, root->at, 0,
                         "resources are in a map or a list, and this is %s",
                         value_type_name(root->type));
    } else if (value_get(root, SLICE("kind"))) {
        add_with_kind(s, root);
    } else {
        add_lists(s, root);
    }
}

/* ---- all of them ---- */

void resource_set_check(struct resource_set *s)
{
    struct check_options options = {.incomplete = true};
    const struct schema_struct *of = config_schema.root;
    struct value *root = value_new(&s->arena, VALUE_MAP, 0);
    struct value **lists = arena_alloc_array(&s->arena, of->field_count, sizeof(*lists));
    for (const struct declared *d = s->first; d; d = d->next) {
        const struct schema_field *f = config_list_of(d->kind);
        if (!f)
            continue; /* the server says that nobody declares it */
        struct value **list = &lists[f - of->fields];
        if (!*list)
            *list = value_new(&s->arena, VALUE_LIST, d->at);
        value_append(*list, d->value);
    }
    for (size_t i = 0; i < of->field_count; i++)
        if (lists[i]) {
            lists[i]->key = slice_from(of->fields[i].key);
            value_append(root, lists[i]);
        }
    config_check(root, &options, &s->faults);
}

/* ---- out of a file ---- */

static int read_text(struct resource_set *s, const char *name, struct slice text, struct err *err)
{
    const struct source *source;
    struct value *root = NULL;
    struct slice path = slice_from(name);
    struct slice copy = {arena_strdup(&s->arena, text), text.size};
    char *kept = arena_strdup(&s->arena, path);
    if (source_add(&s->sources, SOURCE_FILE, kept, copy, &source) < 0)
        return err_set(err, -EFBIG, "%s: all files together are longer than %d MiB", name,
                       SOURCE_BYTES_MAX >> 20);
    if (slice_ends_with(path, SLICE(".toml"))) {
        toml_read(source, NULL, &s->arena, &s->faults, &root);
    } else if (slice_ends_with(path, SLICE(".json"))) {
        json_value_read(source, NULL, &s->arena, &s->faults, &root);
    } else {
        /* JSON is YAML, too, so what comes from a pipe may be either. */
        yaml_read_all(source, NULL, &s->arena, &s->faults, &root);
        for (struct value *v = root ? root->first : NULL; v; v = v->next)
            take_document(s, v);
        return 0;
    }
    if (root)
        take_document(s, root);
    return 0;
}

static int read_file(struct resource_set *s, const char *path, struct err *err)
{
    bool input = slice_eq_cstr(slice_from(path), "-");
    const char *name = input ? "stdin" : path;
    struct buf text = BUF(MEM_APP, RESOURCES_FILE_BYTES_MAX);
    int r = input ? rt_input_read_all(RT_STDIN, &text, RT_NEVER)
                  : rt_file_read_all(path, &text, RT_NEVER);
    if (r == -EMSGSIZE)
        err_set(err, r, "%s: longer than %d MiB", name, RESOURCES_FILE_BYTES_MAX >> 20);
    else if (r < 0)
        err_sys(err, r, "%s", name);
    else
        r = read_text(s, name, buf_slice(&text), err);
    buf_done(&text);
    return r;
}

static bool is_wanted(const char *name)
{
    static const char *const ends[] = {".yaml", ".yml", ".toml", ".json"};
    for (size_t i = 0; i < ARRAY_LEN(ends); i++)
        if (name[0] != '.' && slice_ends_with(slice_from(name), slice_from(ends[i])))
            return true;
    return false;
}

int resource_set_add(struct resource_set *s, const char *path, struct err *err)
{
    struct buf names = BUF(MEM_APP, RESOURCES_FILE_BYTES_MAX), file = BUF(MEM_APP, 0);
    int r =
        slice_eq_cstr(slice_from(path), "-") ? -ENOTDIR : rt_folder_read(path, &names, RT_NEVER);
    if (r == -ENOTDIR) {
        r = read_file(s, path, err);
    } else if (r < 0) {
        err_sys(err, r, "%s", path);
    } else {
        for (const char *n = NULL; r == 0 && (n = rt_folder_next(&names, n));) {
            if (!is_wanted(n))
                continue;
            buf_clear(&file);
            buf_printf(&file, "%s/%s", path, n);
            r = read_file(s, file.data, err);
        }
    }
    buf_done(&names);
    buf_done(&file);
    return r;
}
