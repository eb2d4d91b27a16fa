#include "config/schema.h"

#include <errno.h>

#include "base/suggest.h"

enum { WORDS_MAX = 64 };

const char *const config_builtin_roles[] = {"viewer", "operator", "admin", NULL};

/* The field of the root that holds values of this struct. */
static const struct schema_field *root_field(const struct schema_struct *s)
{
    const struct schema_struct *root = config_schema.root;
    for (size_t i = 0; i < root->field_count; i++)
        if (root->fields[i].of == s)
            return &root->fields[i];
    return NULL;
}

const char *schema_struct_word(const struct schema_struct *s)
{
    const struct schema_field *f = root_field(s);
    return s->kind ? s->kind : f ? f->key : NULL;
}

static const struct schema_field *field_of(const struct schema_struct *s, struct slice word)
{
    for (size_t i = 0; i < s->field_count; i++)
        if (slice_eq_nocase(word, slice_from(s->fields[i].key)) ||
            slice_eq_nocase(word, slice_from(s->fields[i].name)))
            return &s->fields[i];
    return NULL;
}

static const struct schema_struct *first_of(struct slice word)
{
    const struct schema_field *f = field_of(config_schema.root, word);
    if (f)
        return f->of;
    for (size_t i = 0; config_schema.structs[i]; i++) {
        const struct schema_struct *s = config_schema.structs[i];
        const char *name = schema_struct_word(s);
        if ((name && slice_eq_nocase(word, slice_from(name))) ||
            slice_eq_nocase(word, slice_from(s->name)))
            return s;
    }
    return NULL;
}

/* Without what stands in brackets. */
static struct slice bare(struct slice word)
{
    ptrdiff_t at = slice_find_byte(word, '[');
    return at < 0 ? word : slice_sub(word, 0, (size_t)at);
}

int schema_place_find(struct slice name, struct schema_place *ret, struct slice *ret_bad)
{
    struct slice word = bare(slice_cut(&name, '.'));
    struct schema_place at = {first_of(word), NULL};
    *ret = at;
    *ret_bad = word;
    if (!at.in)
        return -ENOENT;
    while (name.data) {
        word = bare(slice_cut(&name, '.'));
        *ret_bad = word;
        if (at.field && !at.field->of)
            return -ENOENT;
        if (at.field)
            at.in = at.field->of;
        *ret = (struct schema_place){at.in, NULL};
        at.field = field_of(at.in, word);
        if (!at.field)
            return -ENOENT;
        *ret = at;
    }
    return 0;
}

/* As slice_eq_cstr, quick for what differs: most fields do. Keys of Go files are the schema's own
 * texts. */
static bool is_key(const char *key, struct slice s)
{
    if (s.size == 0 || key[0] != s.data[0])
        return false;
    return (key == s.data || strncmp(key, s.data, s.size) == 0) && key[s.size] == 0;
}

size_t schema_field_near(const struct schema_struct *s, struct slice key, size_t hint)
{
    for (size_t i = hint; i < s->field_count; i++)
        if (is_key(s->fields[i].key, key))
            return i;
    for (size_t i = 0; i < hint; i++)
        if (is_key(s->fields[i].key, key))
            return i;
    return s->field_count;
}

const char *schema_suggest(const struct schema_struct *s, struct slice word, bool go_names)
{
    const char *words[WORDS_MAX];
    size_t n = 0;
    if (s) {
        for (size_t i = 0; i < s->field_count && n < WORDS_MAX; i++)
            words[n++] = go_names ? s->fields[i].name : s->fields[i].key;
        return suggest_nearest(word, words, n);
    }
    for (size_t i = 0; config_schema.structs[i] && n < WORDS_MAX; i++) {
        const char *name = schema_struct_word(config_schema.structs[i]);
        if (name)
            words[n++] = name;
    }
    return suggest_nearest(word, words, n);
}
