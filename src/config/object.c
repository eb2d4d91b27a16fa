#include "config/object.h"

#include <assert.h>
#include <stdlib.h>

#include "base/duration.h"
#include "config/check.h"

static const struct schema_field *field(const struct config_object *o, const char *key,
                                        enum schema_type type)
{
    const struct schema_field *f = schema_field_by_key(o->of, slice_from(key));
    assert(f && f->type == type);
    return f;
}

/* What was said of a field, or NULL. */
static const struct value *said(const struct config_object *o, const struct schema_field *f)
{
    const struct value *v =
        o->value && o->value->type == VALUE_MAP ? value_get(o->value, slice_from(f->key)) : NULL;
    if (!v || v->type == VALUE_NULL || (f->shape != SCHEMA_POINTER && config_is_zero(v)))
        return NULL;
    return v;
}

struct config_object config_object_root(const struct value *root)
{
    return (struct config_object){config_schema.root, root};
}

bool config_has(const struct config_object *o, const char *key)
{
    const struct schema_field *f = schema_field_by_key(o->of, slice_from(key));
    assert(f);
    return said(o, f) != NULL;
}

struct slice config_string(const struct config_object *o, const char *key)
{
    const struct schema_field *f = field(o, key, SCHEMA_STRING);
    const struct value *v = said(o, f);
    return v && v->type == VALUE_STRING ? v->text : slice_from(f->dflt);
}

int64_t config_int(const struct config_object *o, const char *key)
{
    const struct schema_field *f = field(o, key, SCHEMA_INT);
    const struct value *v = said(o, f);
    if (v && v->type == VALUE_FLOAT)
        return (int64_t)v->number;
    if (v && v->type == VALUE_INT)
        return v->integer;
    return f->dflt ? strtoll(f->dflt, NULL, 10) : 0;
}

int64_t config_duration(const struct config_object *o, const char *key)
{
    const struct schema_field *f = field(o, key, SCHEMA_DURATION);
    const struct value *v = said(o, f);
    int64_t ns = 0;
    if (v && v->type == VALUE_DURATION)
        return v->integer;
    if (v && v->type == VALUE_STRING && duration_parse(v->text, &ns) == 0 && ns != 0)
        return ns;
    if (f->dflt)
        duration_parse(slice_from(f->dflt), &ns);
    return ns;
}

double config_float(const struct config_object *o, const char *key)
{
    const struct schema_field *f = field(o, key, SCHEMA_FLOAT);
    const struct value *v = said(o, f);
    if (v && v->type == VALUE_FLOAT)
        return v->number;
    if (v && v->type == VALUE_INT)
        return (double)v->integer;
    return f->dflt ? strtod(f->dflt, NULL) : 0;
}

bool config_bool(const struct config_object *o, const char *key)
{
    const struct value *v = said(o, field(o, key, SCHEMA_BOOL));
    return v && v->type == VALUE_BOOL && v->boolean;
}

struct config_object config_struct(const struct config_object *o, const char *key)
{
    const struct schema_field *f = field(o, key, SCHEMA_STRUCT);
    return (struct config_object){f->of, said(o, f)};
}

const struct value *config_next(const struct config_object *o, const char *key,
                                const struct value *before)
{
    const struct schema_field *f = schema_field_by_key(o->of, slice_from(key));
    assert(f && (f->shape == SCHEMA_SLICE || f->shape == SCHEMA_TABLE));
    if (before)
        return before->next;
    const struct value *v = said(o, f);
    return v && (v->type == VALUE_LIST || v->type == VALUE_MAP) ? v->first : NULL;
}

bool config_next_object(const struct config_object *o, const char *key,
                        struct config_object *element)
{
    const struct schema_field *f = field(o, key, SCHEMA_STRUCT);
    *element = (struct config_object){f->of, config_next(o, key, element->value)};
    return element->value != NULL;
}

const struct schema_field *config_choice(const struct config_object *o)
{
    for (size_t i = 0; i < o->of->field_count; i++)
        if (o->of->fields[i].one_of && said(o, &o->of->fields[i]))
            return &o->of->fields[i];
    return NULL;
}
