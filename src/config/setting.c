#include "config/setting.h"

#include <stdlib.h>

#include "wire/json_value.h"

struct setting {
    struct arena *arena;
    const struct source *source;
    struct config_faults *faults;
    source_place at; /* of the whole text */
};

static struct value *make(struct setting *s, enum value_type type, source_place at)
{
    return value_new(s->arena, type, at);
}

static struct value *scalar(struct setting *s, const struct schema_field *f, struct slice text,
                            source_place at)
{
    struct value *v = make(s, VALUE_STRING, at);
    const char *copy = arena_strdup(s->arena, text);
    char *end = NULL;
    v->text = text;
    if (f->type == SCHEMA_BOOL &&
        (slice_eq(text, SLICE("true")) || slice_eq(text, SLICE("false")))) {
        v->type = VALUE_BOOL;
        v->boolean = text.size == 4;
    } else if (f->type == SCHEMA_INT && text.size && text.data[0] != ' ') {
        int64_t n = strtoll(copy, &end, 10);
        if (*end == 0) {
            v->type = VALUE_INT;
            v->integer = n;
        }
    } else if (f->type == SCHEMA_FLOAT && text.size && text.data[0] != ' ') {
        double n = strtod(copy, &end);
        if (*end == 0) {
            v->type = VALUE_FLOAT;
            v->number = n;
        }
    }
    return v;
}

static struct value *words(struct setting *s, const struct schema_field *f, struct slice text)
{
    bool table = f->shape == SCHEMA_TABLE;
    struct value *all = make(s, table ? VALUE_MAP : VALUE_LIST, s->at);
    const char *begin = text.data;
    while (text.data && text.size) {
        struct slice value = slice_cut(&text, ','), key = {0};
        if (table)
            key = slice_cut(&value, '=');
        if (table && !value.data)
            value = (struct slice){key.data + key.size, 0};
        struct value *v = scalar(s, f, value, s->at + (source_place)(value.data - begin));
        value_set_key(v, key);
        v->key_at = table ? s->at + (source_place)(key.data - begin) : 0;
        struct value *old = table ? value_get(all, key) : NULL;
        if (old)
            old->text = v->text; /* the last one counts */
        else
            value_append(all, v);
    }
    return all;
}

static struct value *json(struct setting *s, struct slice text)
{
    struct value *v = NULL;
    struct source part = *s->source;
    part.text = text;
    part.first = s->at;
    if (json_value_read(&part, NULL, s->arena, s->faults, &v) < 0)
        v = make(s, VALUE_BAD, s->at);
    return v;
}

static struct value *read_text(struct setting *s, const struct schema_field *f, bool element,
                               struct slice text)
{
    bool many = !element && (f->shape == SCHEMA_SLICE || f->shape == SCHEMA_TABLE);
    bool brackets = text.size && (text.data[0] == '[' || text.data[0] == '{');
    if ((many && brackets) || f->type == SCHEMA_STRUCT)
        return json(s, text);
    return many ? words(s, f, text) : scalar(s, f, text, s->at);
}

/* ---- the way there ---- */

static void set_name(struct setting *s, struct value *object, struct slice word)
{
    ptrdiff_t slash = slice_find_byte(word, '/');
    struct value *name = make(s, VALUE_STRING, s->source->first);
    value_set_key(name, SLICE("name"));
    name->text = slash < 0 ? word : slice_sub(word, (size_t)slash + 1, word.size);
    value_append(object, name);
    if (slash < 0)
        return;
    struct value *space = make(s, VALUE_STRING, s->source->first);
    value_set_key(space, SLICE("namespace"));
    space->text = slice_sub(word, 0, (size_t)slash);
    value_append(object, space);
}

static struct value *find_element(struct value *list, struct slice word)
{
    for (struct value *v = list->type == VALUE_LIST ? list->first : NULL; v; v = v->next)
        if (config_key_names(v, word))
            return v;
    return NULL;
}

/* The child of `in` that a part names; made where it is missing. */
static struct value *step(struct setting *s, struct value *in, const struct config_key_part *part,
                          enum value_type type)
{
    bool list = part->element && part->field->shape == SCHEMA_SLICE;
    if (in->type != VALUE_MAP && in->type != VALUE_LIST) { /* an earlier text made it a scalar */
        in->type = list ? VALUE_LIST : VALUE_MAP;
        in->first = in->last = NULL;
        in->count = 0;
    }
    bool named = part->element && in->type == VALUE_LIST;
    struct value *v = named ? find_element(in, part->word) : value_get(in, part->word);
    if (v)
        return v;
    v = make(s, type, s->source->first);
    v->key_at = s->source->first;
    if (named)
        set_name(s, v, part->word);
    else
        value_set_key(v, part->word);
    value_append(in, v);
    return v;
}

void config_setting_put(struct arena *a, struct value *root, const struct config_key *key,
                        const struct source *source, size_t at, struct config_faults *faults)
{
    struct setting s = {a, source, faults, source->first + (source_place)at};
    struct value *in = root;
    for (uint32_t i = 0; i + 1 < key->count; i++) {
        const struct config_key_part *next = &key->parts[i + 1];
        bool list = next->element && next->field->shape == SCHEMA_SLICE;
        in = step(&s, in, &key->parts[i], list ? VALUE_LIST : VALUE_MAP);
    }
    const struct config_key_part *last = &key->parts[key->count - 1];
    struct value *v = step(&s, in, last, VALUE_NULL);
    struct value *read = read_text(&s, last->field, last->element,
                                   slice_sub(source->text, at, source->text.size));
    struct value kept = *v;
    *v = *read;
    value_set_key(v, value_key(&kept));
    v->key_at = kept.key_at;
    v->next = kept.next;
}
