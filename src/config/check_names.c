#include "config/check.h"

#include "base/suggest.h"
#include "config/check_walk.h"

enum {
    SUGGESTIONS_MAX = 4096,  /* names that are looked through for a near one */
    SUGGESTED_FAULTS_MAX = 100, /* faults that have one looked for */
};

struct slice checker_namespace(const struct value *object)
{
    const struct value *v =
        object->type == VALUE_MAP ? value_get(object, SLICE("namespace")) : NULL;
    return v && v->type == VALUE_STRING && v->text.size ? v->text : SLICE("default");
}

static struct slice name_of(const struct value *object)
{
    const struct value *v = object->type == VALUE_MAP ? value_get(object, SLICE("name")) : NULL;
    return v && v->type == VALUE_STRING ? v->text : (struct slice){0};
}

/* "asset\0default\0db", in the checker's arena. */
static struct slice key_of(struct checker *c, const char *kind, struct slice space,
                           struct slice name)
{
    size_t kind_size = strlen(kind), size = kind_size + space.size + name.size + 2;
    char *key = arena_alloc(&c->arena, size);
    memcpy(key, kind, kind_size);
    memcpy(key + kind_size + 1, space.data, space.size);
    if (name.size)
        memcpy(key + size - name.size, name.data, name.size);
    return (struct slice){key, size};
}

static bool builtin(const char *kind, struct slice name)
{
    for (size_t i = 0; strcmp(kind, "role") == 0 && config_builtin_roles[i]; i++)
        if (slice_eq_cstr(name, config_builtin_roles[i]))
            return true;
    return false;
}

/* ---- names ---- */

static void add_name(struct checker *c, const struct check_at *at, const char *kind)
{
    void *old = NULL;
    struct slice name = name_of(at->value), space = checker_namespace(at->value);
    if (name.size == 0)
        return;
    struct slice key = key_of(c, kind, space, name);
    if (!builtin(kind, name)) {
        map_put(&c->names, key, (void *)(uintptr_t)at->value, &old);
        if (!old)
            return;
        map_put(&c->names, key, old, NULL); /* the first one stays */
    }
    const struct value *v = value_get(at->value, SLICE("name"));
    const struct schema_field *field = schema_field_by_key(at->field->of, SLICE("name"));
    struct check_at place = {at, at->field->of, field, v, 0, false, at->depth + 1};
    checker_fault(c, &place, CONFIG_FAULT_DUPLICATE_NAME, v->at,
                old ? "there are two of the name \"%s\" among %s of namespace %.*s"
                    : "\"%s\" is a built-in name among %s of namespace %.*s: it cannot be declared",
                checker_shown(c, name), at->field->key, SLICE_ARG(space));
}

/* A fault has been told about the object or its name: it may be the one that is looked for. */
static bool name_is_bad(const struct value *object)
{
    const struct value *v = object->type == VALUE_MAP ? value_get(object, SLICE("name")) : NULL;
    return object->type == VALUE_BAD || (v && v->type == VALUE_BAD);
}

static bool is_unknown_kind(const struct checker *c, const char *kind)
{
    const struct schema_struct *root = config_schema.root;
    for (size_t i = 0; i < root->field_count; i++)
        if (root->fields[i].of->kind && strcmp(root->fields[i].of->kind, kind) == 0)
            return c->unknown_kinds >> i & 1;
    return false;
}

void checker_names(struct checker *c, const struct value *root)
{
    struct check_at at = {.in = config_schema.root, .value = root};
    for (const struct value *list = root->first; list; list = list->next) {
        const struct schema_field *f = schema_field_by_key(config_schema.root, value_key(list));
        if (!f || !f->of || !f->of->kind)
            continue;
        uint64_t bit = (uint64_t)1 << (f - config_schema.root->fields);
        if (list->type == VALUE_BAD)
            c->unknown_kinds |= bit;
        if (list->type != VALUE_LIST)
            continue;
        struct check_at in = {&at, config_schema.root, f, list, 0, false, 1};
        struct check_at element = {&in, config_schema.root, f, NULL, 0, true, 1};
        for (const struct value *v = list->first; v; v = v->next, element.index++) {
            element.value = v;
            if (name_is_bad(v))
                c->unknown_kinds |= bit;
            else
                add_name(c, &element, f->of->kind);
        }
    }
}

/* ---- references ---- */

static const char *near_name(struct checker *c, const char *kind, struct slice space,
                             struct slice name)
{
    struct arena scratch = ARENA(MEM_CONFIG, 0);
    const char **words = arena_alloc_array(&scratch, SUGGESTIONS_MAX, sizeof(*words));
    struct slice begin = key_of(c, kind, space, (struct slice){0});
    struct map_entry e;
    size_t n = 0;
    for (size_t i = 0; strcmp(kind, "role") == 0 && config_builtin_roles[i]; i++)
        words[n++] = config_builtin_roles[i];
    for (size_t at = 0; n < SUGGESTIONS_MAX && map_next(&c->names, &at, &e);)
        if (slice_starts_with(e.key, begin))
            words[n++] = arena_strdup(&scratch, slice_sub(e.key, begin.size, e.key.size));
    const char *near = suggest_nearest(name, words, n);
    if (near)
        near = arena_strdup(&c->arena, slice_from(near));
    arena_done(&scratch);
    return near;
}

/* "db" in the object's own namespace, "other/db" in another one. */
static void split_reference(const struct checker *c, struct slice text, struct slice *ret_space,
                            struct slice *ret_name)
{
    ptrdiff_t slash = slice_find_byte(text, '/');
    *ret_space = slash < 0 ? c->space : slice_sub(text, 0, (size_t)slash);
    *ret_name = slash < 0 ? text : slice_sub(text, (size_t)slash + 1, text.size);
}

const struct value *checker_named(struct checker *c, const char *kind, struct slice text)
{
    struct slice space, name;
    split_reference(c, text, &space, &name);
    return map_get(&c->names, key_of(c, kind, space, name));
}

void checker_reference(struct checker *c, const struct check_at *at)
{
    const struct schema_field *f = at->field;
    struct slice space, name;
    split_reference(c, at->value->text, &space, &name);
    if (name.size == 0 || builtin(f->ref, name) ||
        (f->pattern && !pattern_matches(&c->patterns, f->pattern, at->value->text)))
        return; /* the pattern has told it */
    if (map_get(&c->names, key_of(c, f->ref, space, name)) || c->incomplete ||
        is_unknown_kind(c, f->ref))
        return;
    struct config_fault *fault =
        checker_fault(c, at, CONFIG_FAULT_UNRESOLVED_REFERENCE, at->value->at,
                    "%s names the %s \"%s\", which is not declared in namespace %.*s", f->key,
                    f->ref, checker_shown(c, name), SLICE_ARG(space));
    if (c->suggested++ < SUGGESTED_FAULTS_MAX)
        checker_suggest(c, fault, near_name(c, f->ref, space, name));
}

/* ---- circles among objects ---- */

struct circle {
    struct checker *checker;
    const struct check_at *list; /* of the objects */
    const struct schema_field *field;
    const struct value **objects;
};

static void told_circle(void *ctx, const struct check_edge *closing, const uint32_t *way,
                        uint32_t count)
{
    enum { SHOWN_MAX = 8 };
    struct circle *x = ctx;
    struct checker *c = x->checker;
    struct buf text = BUF(MEM_CONFIG, 0);
    for (uint32_t i = 0; i < count && i < SHOWN_MAX; i++)
        buf_printf(&text, "%s -> ", checker_shown(c, name_of(x->objects[way[i]])));
    if (count > SHOWN_MAX)
        buf_printf(&text, "… (%u more) -> ", count - SHOWN_MAX);
    buf_append_cstr(&text, checker_shown(c, name_of(x->objects[way[0]])));
    const struct value *object = x->objects[closing->from];
    struct check_at element = {x->list, x->list->in, x->list->field, object, 0, true, 1};
    struct check_at at = {&element, x->list->field->of, x->field, object, 0, false, 2};
    checker_fault(c, &at, CONFIG_FAULT_REFERENCE_CYCLE, closing->at, "%s leads in a circle: %s",
                x->field->key, text.data);
    buf_done(&text);
}

/* Edges of one reference: to whom a name leads; numbers are those of the list. */
static void add_edge(struct checker *c, const struct schema_field *f, const struct map *numbers,
                     uint32_t from, const struct value *ref, struct check_edge *edges,
                     uint32_t *count)
{
    struct slice space, name;
    if (ref->type != VALUE_STRING)
        return;
    split_reference(c, ref->text, &space, &name);
    void *to = map_get(&c->names, key_of(c, f->ref, space, name));
    uintptr_t number = to ? (uintptr_t)map_get_u64(numbers, (uintptr_t)to) : 0;
    if (number)
        edges[(*count)++] = (struct check_edge){from, (uint32_t)number - 1, ref->at};
}

static uint32_t count_references(const struct value *list, struct slice key)
{
    uint32_t n = 0;
    for (const struct value *v = list->first; v; v = v->next) {
        const struct value *refs = value_get(v, key);
        if (refs)
            n += refs->type == VALUE_LIST ? refs->count : 1;
    }
    return n;
}

static void circles_of(struct checker *c, const struct value *root, const char *list_key,
                       const char *field_key)
{
    const struct schema_field *lf = schema_field_by_key(config_schema.root, slice_from(list_key));
    const struct schema_field *f = schema_field_by_key(lf->of, slice_from(field_key));
    const struct value *list = value_get(root, slice_from(list_key));
    uint32_t edge_max, edge_count = 0, n = 0;
    if (!list || list->type != VALUE_LIST ||
        (edge_max = count_references(list, slice_from(field_key))) == 0)
        return;
    struct map numbers = {0};
    struct check_edge *edges = arena_alloc_array(&c->arena, edge_max, sizeof(*edges));
    const struct value **objects = arena_alloc_array(&c->arena, list->count, sizeof(*objects));
    for (const struct value *v = list->first; v; v = v->next) {
        objects[n++] = v;
        map_put_u64(&numbers, (uintptr_t)v, (void *)(uintptr_t)n, NULL);
    }
    for (uint32_t i = 0; i < n; i++) {
        const struct value *refs = value_get(objects[i], slice_from(field_key));
        c->space = checker_namespace(objects[i]);
        if (refs && (refs->type == VALUE_LIST) != (f->shape == SCHEMA_SLICE))
            continue; /* told as a wrong type */
        if (refs && refs->type == VALUE_LIST)
            for (const struct value *v = refs->first; v; v = v->next)
                add_edge(c, f, &numbers, i, v, edges, &edge_count);
        else if (refs)
            add_edge(c, f, &numbers, i, refs, edges, &edge_count);
    }
    struct check_at at = {.in = config_schema.root, .value = root};
    struct check_at list_at = {&at, config_schema.root, lf, list, 0, false, 1};
    struct circle x = {c, &list_at, f, objects};
    checker_circles(&c->arena, edges, edge_count, n, told_circle, &x);
    map_done(&numbers);
}

void checker_cycles(struct checker *c, const struct value *root)
{
    circles_of(c, root, "assets", "depends_on");
    circles_of(c, root, "remedies", "then");
}
