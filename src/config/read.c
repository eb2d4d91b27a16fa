#include "config/read.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "rt/file_now.h"
#include "wire/json_value.h"
#include "wire/toml.h"
#include "wire/yaml.h"

/* The text of a source, which the values point into. */
struct config_text {
    struct buf data;
    struct config_text *next;
};

void config_free_texts(struct config *c)
{
    for (struct config_text *t = c->texts; t; t = t->next)
        buf_done(&t->data);
}

/* ---- faults about paths ---- */

/* What cannot be read is an empty source, so that the fault has a place. */
static void fault_of_path(struct config *c, const char *path, const char *why)
{
    const struct source *s;
    source_place at = 0;
    if (source_add(&c->sources, SOURCE_FILE, arena_strdup(&c->arena, slice_from(path)),
                   (struct slice){0}, &s) == 0)
        at = s->first;
    config_fault_add(&c->faults, CONFIG_FAULT_SOURCE_IO, at, 0, "%s", why);
    c->incomplete = true;
}

static void unreadable(struct config *c, const char *path, const char *why)
{
    fault_of_path(c, path, why);
    c->unreachable = true;
}

static void unreadable_code(struct config *c, const char *path, int code)
{
    struct err err;
    if (code == -EMSGSIZE)
        err_set(&err, code, "the file is longer than %d MiB", VALUE_TEXT_BYTES_MAX >> 20);
    else
        err_sys(&err, code, "it cannot be read");
    unreadable(c, path, err.text);
}

static bool is_stdin(const char *path)
{
    return strcmp(path, "-") == 0;
}

int config_read_source(struct config *c, const char *path, const struct source **ret_source)
{
    struct config_text *t = arena_new(&c->arena, struct config_text);
    t->data = BUF(MEM_CONFIG, VALUE_TEXT_BYTES_MAX + 1);
    int r = file_now_read(is_stdin(path) ? "/dev/stdin" : path, &t->data);
    if (r == 0)
        r = source_add(&c->sources, SOURCE_FILE, arena_strdup(&c->arena, slice_from(path)),
                       buf_slice(&t->data), ret_source);
    if (r < 0) {
        buf_done(&t->data);
        unreadable_code(c, path, r);
        return r;
    }
    t->next = c->texts;
    c->texts = t;
    return 0;
}

/* ---- languages ---- */

static int read_json(const struct source *s, struct config *c, struct value **ret)
{
    return json_value_read(s, NULL, &c->arena, &c->faults, ret);
}

static int read_toml(const struct source *s, struct config *c, struct value **ret)
{
    return toml_read(s, NULL, &c->arena, &c->faults, ret);
}

static int read_yaml(const struct source *s, struct config *c, struct value **ret)
{
    return yaml_read(s, NULL, &c->arena, &c->faults, ret);
}

static const struct language {
    const char *end;
    int (*read)(const struct source *s, struct config *c, struct value **ret); /* NULL: Go */
} languages[] = {
    {".go", NULL},        {".yaml", read_yaml}, {".yml", read_yaml},
    {".toml", read_toml}, {".json", read_json},
};

static const struct language *language_of(const char *name)
{
    struct slice s = slice_from(name);
    for (size_t i = 0; i < ARRAY_LEN(languages); i++)
        if (slice_ends_with(s, slice_from(languages[i].end)))
            return &languages[i];
    return NULL;
}

/* A reader goes on behind a fault, but what it could not understand is not in the tree. */
static void read_text(struct config *c, const struct source *s, const struct language *l)
{
    struct value *root = NULL;
    uint32_t before = c->faults.count + c->faults.dropped;
    int r = l->read(s, c, &root);
    c->incomplete |= r < 0 || !root || c->faults.count + c->faults.dropped > before;
    if (root)
        config_add_layer(c, SOURCE_FILE, root);
}

static void read_file(struct config *c, const struct config_options *o, const char *path,
                      const struct language *l)
{
    const struct source *s;
    if (config_read_source(c, path, &s) < 0)
        return;
    source_place at = s->first;
    if (!l->read)
        config_read_go(c, o, &at, 1);
    else
        read_text(c, s, l);
}

/* It has no name whose end would say its language. YAML has JSON in it. */
static void read_stdin(struct config *c, const struct config_options *o)
{
    static const struct language yaml = {.read = read_yaml};
    const struct source *s;
    if (config_read_source(c, "-", &s) < 0)
        return;
    source_place at = s->first;
    bool go = slice_starts_with(s->text, SLICE("package ")) ||
              slice_find(s->text, SLICE("\npackage ")) >= 0;
    if (go)
        config_read_go(c, o, &at, 1);
    else
        read_text(c, s, &yaml);
}

/* ---- folders ---- */

/* As Go has it, and as editors leave files behind. */
static bool is_wanted(const char *name)
{
    return name[0] != '.' && name[0] != '_' && language_of(name) &&
           !slice_ends_with(slice_from(name), SLICE("_test.go"));
}

static const char *join(struct config *c, const char *folder, const char *name)
{
    struct slice f = slice_from(folder);
    if (slice_eq_cstr(f, "."))
        return name;
    return arena_printf(&c->arena, "%s%s%s", folder, slice_ends_with(f, SLICE("/")) ? "" : "/",
                        name);
}

static void read_package(struct config *c, const struct config_options *o, const char *folder,
                         const char *const *names, int count)
{
    source_place *files = arena_alloc_array(&c->arena, (size_t)count, sizeof(*files));
    size_t n = 0;
    for (int i = 0; i < count; i++) {
        const struct source *s;
        if (!is_wanted(names[i]) || language_of(names[i])->read)
            continue;
        if (config_read_source(c, join(c, folder, names[i]), &s) == 0)
            files[n++] = s->first;
    }
    if (n)
        config_read_go(c, o, files, n);
}

static void read_folder(struct config *c, const struct config_options *o, const char *path)
{
    const char *const *names;
    int count = file_now_list(path, &c->arena, &names), wanted = 0;
    bool package = false; /* was read: with its first file */
    if (count < 0) {
        unreadable_code(c, path, count);
        return;
    }
    for (int i = 0; i < count; i++) {
        enum file_now_kind kind;
        const char *file = join(c, path, names[i]);
        if (!is_wanted(names[i]) || file_now_kind(file, &kind) < 0 || kind != FILE_NOW_FILE)
            continue;
        if (++wanted > CONFIG_FILES_MAX) {
            unreadable(c, path, "the folder holds more than 1000 files");
            return;
        }
        const struct language *l = language_of(names[i]);
        if (l->read)
            read_file(c, o, file, l);
        else if (!package)
            read_package(c, o, path, names, count);
        package |= !l->read;
    }
    if (o->action && c->layer_count > 1)
        fault_of_path(c, path, "the folder holds several actions: name the file of one");
    if (!wanted)
        unreadable(c, path, "the folder holds no .go, .yaml, .yml, .toml or .json file");
}

/* ---- paths ---- */

void config_read_path(struct config *c, const struct config_options *o, const char *path)
{
    enum file_now_kind kind;
    const struct language *l = language_of(path);
    if (o->action && is_stdin(path)) {
        read_stdin(c, o);
        return;
    }
    config_add_watched(c, path);
    int r = file_now_kind(path, &kind);
    if (r < 0)
        unreadable_code(c, path, r);
    else if (kind == FILE_NOW_FOLDER)
        read_folder(c, o, path);
    else if (!l)
        unreadable(c, path,
                   "which language is it? Its name may end in .go, .yaml, .yml, .toml or "
                   ".json");
    else
        read_file(c, o, path, l);
}

void config_read_default(struct config *c, const struct config_options *o)
{
    enum file_now_kind kind;
    if (file_now_kind(CONFIG_PATH_DEFAULT, &kind) == 0)
        config_read_path(c, o, CONFIG_PATH_DEFAULT);
}
