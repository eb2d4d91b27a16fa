#include "model/schema.h"

const struct schema_field *schema_field_by_name(const struct schema_struct *s, struct slice name)
{
    for (size_t i = 0; i < s->field_count; i++)
        if (slice_eq_cstr(name, s->fields[i].name))
            return &s->fields[i];
    return NULL;
}

const struct schema_field *schema_field_by_key(const struct schema_struct *s, struct slice key)
{
    for (size_t i = 0; i < s->field_count; i++)
        if (slice_eq_cstr(key, s->fields[i].key))
            return &s->fields[i];
    return NULL;
}
