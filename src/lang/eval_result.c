/* The value of Config as a tree of model/value.h. */
#include "lang/checker.h"
#include "lang/evaluator.h"

enum { RESULT_DEPTH_MAX = 200 };

struct result {
    struct eval *e;
    struct arena *to;
    uint32_t depth;
};

static struct value *convert(struct result *r, struct cell c, struct type *type, bool keep_zero);

static struct value *bad_value(struct result *r, source_place at)
{
    return value_new(r->to, VALUE_BAD, at);
}

/* Texts of the evaluation die with it; those of the source stay. */
static struct slice keep_text(struct result *r, struct cell c)
{
    if (tree_file_of_text(r->e->p->tree, c.text))
        return cell_text(c);
    char *copy = arena_strdup(r->to, cell_text(c));
    return (struct slice){copy, copy ? c.size : 0};
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The field's name stands before its value: `Name: value`. */
static source_place key_place(struct eval *e, source_place value, const char *name)
{
    const struct tree_file *f = value ? tree_file_of(e->p->tree, value) : NULL;
    if (!f)
        return 0;
    size_t at = value - f->first, size = strlen(name);
    while (at > 0 && is_space(f->text.data[at - 1]))
        at--;
    if (at == 0 || f->text.data[at - 1] != ':')
        return 0;
    at--;
    while (at > 0 && is_space(f->text.data[at - 1]))
        at--;
    if (at < size || memcmp(f->text.data + at - size, name, size) != 0)
        return 0;
    return f->first + (source_place)(at - size);
}

void eval_result_key(struct eval *e, struct value *v, const struct schema_field *f)
{
    value_set_key(v, slice_from(f->key));
    v->key_at = key_place(e, v->at, f->name);
}

static bool is_zero(struct cell c, const struct type *under)
{
    switch (under->kind) {
    case TYPE_STRING:
        return c.size == 0;
    case TYPE_SLICE:
        return !c.view || c.view->size == 0;
    case TYPE_MAP:
        return !c.table || c.table->live == 0;
    case TYPE_FLOAT64:
    case TYPE_FLOAT32:
        return c.f == 0;
    case TYPE_STRUCT:
        return false; /* known only when all its fields are */
    default:
        return c.u == 0;
    }
}

static void add_field(struct result *r, struct value *map, const struct type_field *f,
                      struct cell c, bool bad)
{
    struct type *under = type_under(r->e->types, f->type);
    struct value *v;
    if (bad) {
        v = bad_value(r, c.at);
    } else {
        if (is_zero(c, under))
            return;
        v = convert(r, c, f->type, under->kind == TYPE_POINTER);
    }
    if (!v)
        return;
    eval_result_key(r->e, v, f->schema);
    value_append(map, v);
}

static struct value *convert_struct(struct result *r, struct cell c, struct type *under,
                                    bool keep_zero)
{
    const struct object *o = c.object;
    struct value *map = value_new(r->to, VALUE_MAP, c.at);
    if (!map || !o)
        return keep_zero ? map : NULL;
    if (o->is_bad)
        return bad_value(r, c.at);
    uint64_t mask = o->mask;
    for (uint32_t i = 0; i < o->count; i++) {
        uint32_t at = i;
        if (o->is_sparse) {
            at = (uint32_t)__builtin_ctzll(mask);
            mask &= mask - 1;
        }
        bool bad = at < 64 && (o->bad_mask >> at & 1);
        if (under->fields[at].schema)
            add_field(r, map, &under->fields[at], o->cells[i], bad);
    }
    /* Told already; so that nobody asks for what may have been meant. */
    struct value *unknown = o->has_unknown ? bad_value(r, c.at) : NULL;
    if (unknown)
        value_append(map, unknown);
    return map->count || keep_zero ? map : NULL;
}

static struct value *convert_list(struct result *r, struct cell c, struct type *under)
{
    struct value *list = value_new(r->to, VALUE_LIST, c.at);
    for (uint32_t i = 0; list && c.view && i < c.view->size; i++) {
        struct value *v = convert(r, *view_at(c.view, i), under->elem, true);
        if (v)
            value_append(list, v);
    }
    return list;
}

static struct value *convert_map(struct result *r, struct cell c, struct type *under)
{
    struct value *map = value_new(r->to, VALUE_MAP, c.at);
    struct table_entry **entries =
        c.table ? table_in_order(&r->e->heap, c.table, under->key) : NULL;
    for (uint32_t i = 0; map && entries && i < c.table->live; i++) {
        struct value *v = convert(r, entries[i]->value, under->elem, true);
        if (!v)
            continue;
        if (entries[i]->key.size > VALUE_KEY_BYTES_MAX)
            eval_limit(r->e, v->at, "key_bytes_max", VALUE_KEY_BYTES_MAX);
        value_set_key(v, keep_text(r, entries[i]->key));
        v->key_at = entries[i]->key.at;
        value_append(map, v);
    }
    return map;
}

static struct value *convert_scalar(struct result *r, struct cell c, struct type *type,
                                    struct type *under)
{
    struct value *v;
    if (type == r->e->types->duration) {
        v = value_new(r->to, VALUE_DURATION, c.at);
        if (v)
            v->integer = c.i;
    } else if (under->kind == TYPE_STRING) {
        v = value_new(r->to, VALUE_STRING, c.at);
        if (v)
            v->text = keep_text(r, c);
    } else if (under->kind == TYPE_BOOL) {
        v = value_new(r->to, VALUE_BOOL, c.at);
        if (v)
            v->boolean = c.i != 0;
    } else if (kind_is_float(under->kind)) {
        v = value_new(r->to, VALUE_FLOAT, c.at);
        if (v)
            v->number = c.f;
    } else {
        v = value_new(r->to, VALUE_INT, c.at);
        if (v)
            v->integer = c.i;
    }
    return v;
}

static struct value *convert_pointer(struct result *r, struct cell c, struct type *under)
{
    if (!c.object)
        return NULL;
    struct cell target = {.object = c.object, .at = c.at};
    if (!type_is_aggregate(r->e->types, under->elem)) {
        target = object_get(c.object, c.size);
        target.at = c.at;
    }
    return convert(r, target, under->elem, true);
}

static struct value *convert(struct result *r, struct cell c, struct type *type, bool keep_zero)
{
    struct type *under = type_under(r->e->types, type);
    struct value *v;
    if (++r->depth > RESULT_DEPTH_MAX) {
        eval_limit(r->e, c.at, "result_depth_max", RESULT_DEPTH_MAX);
        v = bad_value(r, c.at);
    } else if (under->kind == TYPE_STRUCT) {
        v = convert_struct(r, c, under, keep_zero);
    } else if (under->kind == TYPE_SLICE) {
        v = convert_list(r, c, under);
    } else if (under->kind == TYPE_MAP) {
        v = convert_map(r, c, under);
    } else if (under->kind == TYPE_POINTER) {
        v = convert_pointer(r, c, under);
    } else {
        v = convert_scalar(r, c, type, under);
    }
    r->depth--;
    return v;
}

struct value *eval_result_cell(struct eval *e, struct cell c, struct type *type, bool keep_zero)
{
    struct result r = {.e = e, .to = e->package->arena};
    if (!keep_zero && is_zero(c, type_under(e->types, type)))
        return NULL;
    return convert(&r, c, type, keep_zero);
}

/* Takes the member with that key out of the plain ones. */
static struct value *take_plain(struct eval *e, struct slice key)
{
    for (struct value **at = &e->plain; *at; at = &(*at)->next)
        if (slice_eq(value_key(*at), key)) {
            struct value *v = *at;
            *at = v->next;
            return v;
        }
    return NULL;
}

/* The members that were made before, each in its place. */
static void add_plain(struct eval *e, struct value *root, const struct type *under)
{
    struct value *made = root->first;
    root->count = 0;
    root->first = root->last = NULL;
    for (uint32_t i = 0; i < under->field_count; i++) {
        if (!under->fields[i].schema)
            continue;
        struct slice key = slice_from(under->fields[i].schema->key);
        struct value *v = take_plain(e, key);
        if (!v && made && slice_eq(value_key(made), key)) {
            v = made;
            made = made->next;
        }
        if (v)
            value_append(root, v);
    }
    if (made) /* what stands behind all fields: an unknown one */
        value_append(root, made);
}

struct value *eval_result(struct eval *e, struct cell config)
{
    struct type *type = e->p->global_types[e->p->config];
    struct result r = {.e = e, .to = e->package->arena};
    struct value *root = convert(&r, config, type, true);
    if (root && root->type == VALUE_MAP && e->plain)
        add_plain(e, root, type_under(e->types, type));
    return root;
}
