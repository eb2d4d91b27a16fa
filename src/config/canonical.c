#include "config/canonical.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/duration.h"
#include "config/check.h"
#include "config/schema.h"

struct canonical {
    struct arena *arena;
    bool defaults;
};

static void canonical_struct(struct canonical *c, const struct schema_struct *s, struct value *v);

static void set_duration(struct canonical *c, struct value *v, int64_t ns)
{
    char text[DURATION_TEXT_MAX];
    struct slice shown = slice_from(duration_format(ns, text));
    if (v->type != VALUE_STRING || !slice_eq(v->text, shown))
        v->text = (struct slice){arena_strdup(c->arena, shown), shown.size};
    v->type = VALUE_STRING;
}

/* Each way of writing a value becomes one. */
static void canonical_scalar(struct canonical *c, const struct schema_field *f, struct value *v)
{
    int64_t ns;
    if (f->type == SCHEMA_DURATION && v->type == VALUE_DURATION)
        set_duration(c, v, v->integer);
    else if (f->type == SCHEMA_DURATION && v->type == VALUE_INT && v->integer == 0)
        set_duration(c, v, 0);
    else if (f->type == SCHEMA_DURATION && v->type == VALUE_STRING &&
             duration_parse(v->text, &ns) == 0)
        set_duration(c, v, ns);
    if (f->type == SCHEMA_INT && v->type == VALUE_FLOAT && fabs(v->number) < 9e15) {
        v->type = VALUE_INT;
        v->integer = (int64_t)v->number;
    }
}

static void canonical_one(struct canonical *c, const struct schema_field *f, struct value *v)
{
    if (f->type != SCHEMA_STRUCT)
        canonical_scalar(c, f, v);
    else if (v->type == VALUE_MAP)
        canonical_struct(c, f->of, v);
}

static int by_key(const void *a, const void *b)
{
    const struct value *x = *(struct value *const *)a, *y = *(struct value *const *)b;
    return slice_compare(value_key(x), value_key(y));
}

/* Links the children anew, in this order. */
static void relink(struct value *v, struct value **children, uint32_t count)
{
    v->first = v->last = NULL;
    v->count = 0;
    for (uint32_t i = 0; i < count; i++)
        value_append(v, children[i]);
}

static void sort_table(struct value *table)
{
    struct value **all = mem_alloc(MEM_CONFIG, ((size_t)table->count + 1) * sizeof(struct value *));
    uint32_t n = 0;
    for (struct value *v = table->first; v; v = v->next)
        if (v->type != VALUE_NULL)
            all[n++] = v;
    qsort(all, n, sizeof(struct value *), by_key);
    relink(table, all, n);
    mem_free(MEM_CONFIG, all);
}

static void canonical_field(struct canonical *c, const struct schema_field *f, struct value *v)
{
    if (f->shape == SCHEMA_TABLE && v->type == VALUE_MAP) {
        sort_table(v);
        for (struct value *e = v->first; e; e = e->next)
            canonical_scalar(c, f, e);
    } else if (f->shape == SCHEMA_SLICE && v->type == VALUE_LIST) {
        for (struct value *e = v->first; e; e = e->next)
            canonical_one(c, f, e);
    } else {
        canonical_one(c, f, v);
    }
}

static bool zero_duration(const struct schema_field *f, const struct value *v)
{
    return f->type == SCHEMA_DURATION && v->type == VALUE_STRING &&
           slice_eq(v->text, SLICE("0s"));
}

/* The member of this field, canonical; NULL where it is left out. */
static struct value *member(struct canonical *c, const struct schema_field *f, struct value *v)
{
    bool pointer = f->shape == SCHEMA_POINTER;
    if (v && v->type == VALUE_NULL)
        v = NULL;
    if (v)
        canonical_field(c, f, v);
    if (v && !pointer && (config_is_zero(v) || (f->shape == SCHEMA_ONE && zero_duration(f, v))))
        v = NULL;
    if (v || !c->defaults)
        return v;
    if (f->shape == SCHEMA_ONE && f->type == SCHEMA_STRUCT) {
        v = value_new(c->arena, VALUE_MAP, 0);
        canonical_struct(c, f->of, v);
        v = v->count ? v : NULL;
    } else {
        v = config_default(c->arena, f);
    }
    if (v)
        value_set_key(v, slice_from(f->key));
    return v;
}

static bool duration_of(const struct value *v, int64_t *ret_ns)
{
    return v && v->type == VALUE_STRING && duration_parse(v->text, ret_ns) == 0;
}

/* A timeout that nobody chose is at most what lies between two attempts. */
static void fit_timeout(struct canonical *c, struct value *v)
{
    struct value *timeout = value_get(v, SLICE("timeout"));
    int64_t every_ns, timeout_ns;
    if (timeout && !timeout->at && duration_of(value_get(v, SLICE("every")), &every_ns) &&
        duration_of(timeout, &timeout_ns) && timeout_ns > every_ns)
        set_duration(c, timeout, every_ns);
}

static void canonical_struct(struct canonical *c, const struct schema_struct *s, struct value *v)
{
    enum { FIELDS_MAX = 64 };
    struct value *set[FIELDS_MAX] = {0};
    uint32_t n = 0;
    size_t hint = 0;
    assert(s->field_count <= FIELDS_MAX);
    for (struct value *m = v->first; m; m = m->next) {
        size_t i = schema_field_near(s, value_key(m), hint);
        if (i == s->field_count)
            continue;
        set[i] = m;
        hint = i + 1;
    }
    for (size_t i = 0; i < s->field_count; i++) {
        struct value *m = set[i] || c->defaults ? member(c, &s->fields[i], set[i]) : NULL;
        if (m)
            set[n++] = m;
    }
    relink(v, set, n);
    if (c->defaults)
        fit_timeout(c, v);
}

struct value *config_default(struct arena *a, const struct schema_field *f)
{
    if (!f->dflt || f->type == SCHEMA_STRUCT)
        return NULL;
    struct value *v = value_new(a, VALUE_STRING, 0);
    struct canonical c = {a, false};
    int64_t ns;
    v->text = slice_from(f->dflt);
    if (f->type == SCHEMA_DURATION && duration_parse(v->text, &ns) == 0) {
        set_duration(&c, v, ns);
    } else if (f->type == SCHEMA_INT) {
        v->type = VALUE_INT;
        v->integer = strtoll(f->dflt, NULL, 10);
    } else if (f->type == SCHEMA_FLOAT) {
        v->type = VALUE_FLOAT;
        v->number = strtod(f->dflt, NULL);
    } else if (f->type == SCHEMA_BOOL) {
        v->type = VALUE_BOOL;
        v->boolean = strcmp(f->dflt, "true") == 0;
    }
    return v;
}

void config_canonicalize(struct arena *a, const struct schema_struct *s, struct value *root,
                         bool defaults)
{
    struct canonical c = {a, defaults};
    if (root->type == VALUE_MAP)
        canonical_struct(&c, s, root);
}
