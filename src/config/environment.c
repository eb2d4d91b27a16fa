#include "config/environment.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/suggest.h"
#include "config/setting.h"

enum { LEAVES_MAX = 64, NAME_BYTES_MAX = 96 };

#define PREFIX     SLICE("FIREBREAK_")
#define VAR_PREFIX SLICE("FIREBREAK_VAR_")

/* Names that something else reads: this program, its tests, or a task. */
static const char *const known[] = {
    "FIREBREAK_CONFIG",  "FIREBREAK_DATA",       "FIREBREAK_SERVER", "FIREBREAK_TOKEN_FILE",
    "FIREBREAK_CONTEXT", "FIREBREAK_TASK",       "FIREBREAK_ATTEMPT", "FIREBREAK_TASK_TOKEN",
    "FIREBREAK_NODE",    "FIREBREAK_OUTPUT",     "FIREBREAK_FAULT",  "FIREBREAK_MUTANT",
    "FIREBREAK_CENSUS",
};

static const char *const sections[] = {"server", "store", "log"};

/* A field that a variable sets. */
struct leaf {
    char name[NAME_BYTES_MAX]; /* "FIREBREAK_SERVER_LISTEN" */
    char key[NAME_BYTES_MAX];  /* "server.listen" */
};

struct leaves {
    struct leaf leaf[LEAVES_MAX];
    uint32_t count;
};

static void add_leaf(struct leaves *l, const char *key)
{
    if (l->count == LEAVES_MAX)
        return;
    struct leaf *leaf = &l->leaf[l->count++];
    size_t at = PREFIX.size;
    memcpy(leaf->name, PREFIX.data, at);
    for (const char *c = key; *c && at + 1 < NAME_BYTES_MAX; c++)
        leaf->name[at++] = *c == '.' ? '_' : (char)toupper((unsigned char)*c);
    leaf->name[at] = 0;
    snprintf(leaf->key, sizeof(leaf->key), "%s", key);
}

/* Structs of sections do not contain themselves, so this ends. */
static void add_leaves(struct leaves *l, const struct schema_struct *s, const char *prefix)
{
    for (size_t i = 0; i < s->field_count; i++) {
        char key[NAME_BYTES_MAX];
        snprintf(key, sizeof(key), "%s.%s", prefix, s->fields[i].key);
        if (s->fields[i].of)
            add_leaves(l, s->fields[i].of, key);
        else
            add_leaf(l, key);
    }
}

static struct leaves *all_leaves(void)
{
    struct leaves *l = mem_alloc(MEM_CONFIG, sizeof(*l));
    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        const struct schema_field *f =
            schema_field_by_key(config_schema.root, slice_from(sections[i]));
        add_leaves(l, f->of, f->key);
    }
    return l;
}

static const struct leaf *find_leaf(const struct leaves *l, struct slice name)
{
    for (uint32_t i = 0; i < l->count; i++)
        if (slice_eq_cstr(name, l->leaf[i].name))
            return &l->leaf[i];
    return NULL;
}

static bool is_known(struct slice name)
{
    return slice_among(name, known, ARRAY_LEN(known)) >= 0 ||
           (slice_starts_with(name, VAR_PREFIX) && name.size > VAR_PREFIX.size);
}

static const char *warning(const struct leaves *l, struct slice name, struct arena *a)
{
    const char *names[LEAVES_MAX + ARRAY_LEN(known)];
    size_t n = 0;
    for (uint32_t i = 0; i < l->count; i++)
        names[n++] = l->leaf[i].name + PREFIX.size;
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        names[n++] = known[i] + PREFIX.size;
    /* Without the prefix, which they all share: it would make any two of them near. */
    const char *near = suggest_nearest(slice_sub(name, PREFIX.size, name.size), names, n);
    struct slice shown = slice_sub(name, 0, NAME_BYTES_MAX);
    return near ? arena_printf(a, "the variable %.*s sets nothing: did you mean "
                               "FIREBREAK_%s?", SLICE_ARG(shown), near)
                : arena_printf(a, "the variable %.*s sets nothing", SLICE_ARG(shown));
}

static int put(const struct leaf *leaf, const char *text, struct arena *a,
               struct source_set *sources, struct config_faults *faults, struct value *root)
{
    const struct source *source;
    struct config_key key;
    const char *suggestion;
    int r = source_add(sources, SOURCE_ENV, arena_strdup(a, slice_from(leaf->name)),
                       slice_from(text), &source);
    const char *key_text = arena_strdup(a, slice_from(leaf->key));
    if (r == 0)
        r = config_key_parse(slice_from(key_text), &key, NULL, &suggestion);
    if (r == 0)
        config_setting_put(a, root, &key, source, strlen(leaf->name) + 1, faults);
    return r;
}

int config_environment_read(char *const *environment, struct arena *a, struct source_set *sources,
                            struct config_faults *faults, struct value *root,
                            void (*warn)(void *ctx, const char *sentence), void *ctx)
{
    struct leaves *l = all_leaves();
    int r = 0;
    for (; environment && *environment && r == 0; environment++) {
        struct slice value = slice_from(*environment), name = slice_cut(&value, '=');
        if (!value.data || !slice_starts_with(name, PREFIX))
            continue;
        const struct leaf *leaf = find_leaf(l, name);
        if (leaf)
            r = put(leaf, *environment, a, sources, faults, root);
        else if (!is_known(name) && warn)
            warn(ctx, warning(l, name, a));
    }
    mem_free(MEM_CONFIG, l);
    return r;
}

struct slice config_environment_get(char *const *environment, struct slice name)
{
    for (; environment && *environment; environment++) {
        struct slice value = slice_from(*environment), has = slice_cut(&value, '=');
        if (value.data && slice_eq(has, name))
            return value;
    }
    return (struct slice){0};
}
