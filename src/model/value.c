#include "model/value.h"

struct value *value_new(struct arena *a, enum value_type type, source_place at)
{
    struct value *v = arena_new(a, struct value);
    if (!v)
        return NULL;
    v->type = (uint8_t)type;
    v->at = at;
    return v;
}

void value_append(struct value *parent, struct value *child)
{
    child->next = NULL;
    if (parent->count++ == 0)
        parent->first = child;
    else
        parent->last->next = child;
    parent->last = child;
}

struct value *value_get(const struct value *map, struct slice key)
{
    if (map->type != VALUE_MAP)
        return NULL;
    for (struct value *v = map->first; v; v = v->next)
        if (slice_eq(value_key(v), key))
            return v;
    return NULL;
}

const char *value_type_name(enum value_type type)
{
    static const char *const names[] = {
        [VALUE_NULL] = "null",           [VALUE_BOOL] = "true or false",
        [VALUE_INT] = "a whole number",  [VALUE_NUMBER] = "a number",
        [VALUE_FLOAT] = "a number",      [VALUE_STRING] = "a string",
        [VALUE_DURATION] = "a duration", [VALUE_TIME] = "a date or time",
        [VALUE_LIST] = "a list",         [VALUE_MAP] = "a map",
        [VALUE_BAD] = "a faulty value",
    };
    return names[type];
}

static bool maps_equal(const struct value *a, const struct value *b)
{
    for (const struct value *v = a->first; v; v = v->next) {
        const struct value *other = value_get(b, value_key(v));
        if (!other || !value_equal(v, other))
            return false;
    }
    return true;
}

static bool lists_equal(const struct value *a, const struct value *b)
{
    for (const struct value *v = a->first, *w = b->first; v; v = v->next, w = w->next)
        if (!value_equal(v, w))
            return false;
    return true;
}

bool value_equal(const struct value *a, const struct value *b)
{
    if (a->type != b->type)
        return false;
    switch ((enum value_type)a->type) {
    case VALUE_NULL:
    case VALUE_BAD:
        return true;
    case VALUE_BOOL:
        return a->boolean == b->boolean;
    case VALUE_INT:
    case VALUE_DURATION:
        return a->integer == b->integer;
    case VALUE_FLOAT:
        return a->number == b->number || (a->number != a->number && b->number != b->number);
    case VALUE_TIME:
        return a->time == b->time && slice_eq(a->text, b->text);
    case VALUE_NUMBER:
    case VALUE_STRING:
        return slice_eq(a->text, b->text);
    case VALUE_LIST:
        return a->count == b->count && lists_equal(a, b);
    case VALUE_MAP:
        return a->count == b->count && maps_equal(a, b);
    }
    return false;
}
