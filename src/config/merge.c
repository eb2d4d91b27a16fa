#include "config/merge.h"

#include "base/fault.h"
#include "base/map.h"

struct merge {
    struct arena *arena;
};

static struct value *merge_struct(struct merge *m, const struct schema_struct *s,
                                  const struct value *low, const struct value *high);

static struct value *copy(struct merge *m, const struct value *v)
{
    struct value *c = arena_new(m->arena, struct value);
    *c = *v;
    c->next = NULL;
    return c;
}

/* An empty list or map that stands where `like` stood. */
static struct value *empty_like(struct merge *m, const struct value *like)
{
    struct value *v = copy(m, like);
    v->first = v->last = NULL;
    v->count = 0;
    return v;
}

static struct value *merge_table(struct merge *m, const struct value *low,
                                 const struct value *high)
{
    struct value *all = empty_like(m, high);
    for (const struct value *v = low->first; v; v = v->next) {
        const struct value *wins = value_get(high, value_key(v));
        value_append(all, copy(m, wins ? wins : v));
    }
    for (const struct value *v = high->first; v; v = v->next)
        if (!value_get(low, value_key(v)))
            value_append(all, copy(m, v));
    return all;
}

static struct value *append(struct merge *m, const struct value *low, const struct value *high)
{
    struct value *all = empty_like(m, high);
    for (const struct value *v = low->first; v; v = v->next)
        value_append(all, copy(m, v));
    for (const struct value *v = high->first; v; v = v->next)
        value_append(all, copy(m, v));
    return all;
}

/* ---- lists of objects ---- */

static struct slice text_of(const struct value *object, struct slice key, struct slice dflt)
{
    const struct value *v = object->type == VALUE_MAP ? value_get(object, key) : NULL;
    return v && v->type == VALUE_STRING && v->text.size ? v->text : dflt;
}

/* Namespace and name; empty where it has no name. */
static struct slice object_key(struct merge *m, const struct value *object)
{
    struct slice name = text_of(object, SLICE("name"), (struct slice){0});
    struct slice space = text_of(object, SLICE("namespace"), SLICE("default"));
    if (name.size == 0)
        return name;
    char *key = arena_alloc(m->arena, space.size + 1 + name.size);
    memcpy(key, space.data, space.size);
    memcpy(key + space.size + 1, name.data, name.size);
    return (struct slice){key, space.size + 1 + name.size};
}

/* Of equal names inside one source only the first one merges: the others stay, so that the checker
 * sees them. */
static struct value *merge_objects(struct merge *m, const struct schema_struct *s,
                                   const struct value *low, const struct value *high)
{
    struct map highs = {0};
    struct value *all = empty_like(m, high);
    for (const struct value *v = high->first; v; v = v->next) {
        struct slice key = object_key(m, v);
        if (key.size && !map_get(&highs, key))
            map_put(&highs, key, (void *)(uintptr_t)v, NULL);
    }
    struct map merged = {0};
    for (const struct value *v = low->first; v; v = v->next) {
        struct slice key = object_key(m, v);
        struct value *other = key.size ? map_remove(&highs, key) : NULL;
        value_append(all, other ? merge_struct(m, s, v, other) : copy(m, v));
        if (other)
            map_put_u64(&merged, (uintptr_t)other, other, NULL);
    }
    for (const struct value *v = high->first; v; v = v->next)
        if (!map_get_u64(&merged, (uintptr_t)v))
            value_append(all, copy(m, v));
    map_done(&highs);
    map_done(&merged);
    return all;
}

/* ---- fields ---- */

static struct value *merge_field(struct merge *m, const struct schema_field *f,
                                 const struct value *low, const struct value *high)
{
    bool maps = low->type == VALUE_MAP && high->type == VALUE_MAP;
    bool lists = low->type == VALUE_LIST && high->type == VALUE_LIST;
    if (!f)
        return copy(m, high);
    if (maps && f->shape == SCHEMA_TABLE)
        return merge_table(m, low, high);
    if (maps && f->of && f->shape != SCHEMA_SLICE)
        return merge_struct(m, f->of, low, high);
    if (lists && f->merge == SCHEMA_MERGE_BY_KEY)
        return merge_objects(m, f->of, low, high);
    if (lists && f->merge == SCHEMA_APPEND)
        return append(m, low, high);
    return copy(m, high);
}

static bool chooses(const struct schema_struct *s, const struct value *map)
{
    for (size_t i = 0; i < s->field_count; i++) {
        const struct value *v =
            s->fields[i].one_of ? value_get(map, slice_from(s->fields[i].key)) : NULL;
        if (v && v->type != VALUE_NULL)
            return true;
    }
    return false;
}

static struct value *merge_struct(struct merge *m, const struct schema_struct *s,
                                  const struct value *low, const struct value *high)
{
    bool chosen = chooses(s, high);
    struct value *all = empty_like(m, high);
    for (const struct value *v = low->first; v; v = v->next) {
        const struct schema_field *f = schema_field_by_key(s, value_key(v));
        const struct value *other = value_get(high, value_key(v));
        if (other)
            value_append(all, merge_field(m, f, v, other));
        else if (!(chosen && f && f->one_of))
            value_append(all, copy(m, v));
    }
    for (const struct value *v = high->first; v; v = v->next)
        if (!value_get(low, value_key(v)))
            value_append(all, copy(m, v));
    return all;
}

struct value *config_merge(struct arena *a, const struct schema_struct *s, struct value *low,
                           struct value *high)
{
    struct merge m = {a};
    if (!low || !high)
        return low ? low : high;
    if (low->type == VALUE_NULL || high->type == VALUE_NULL)
        return low->type == VALUE_NULL ? high : low; /* an empty file says nothing */
    if (low->type != VALUE_MAP || high->type != VALUE_MAP)
        return high->type == VALUE_MAP ? low : high; /* the fault is shown */
    if (fault_mutant("config_low_wins"))
        return merge_struct(&m, s, high, low);
    return merge_struct(&m, s, low, high);
}
