#include "config/key.h"

#include <errno.h>

/* Takes the next part off *text. Returns 0 or -EINVAL. */
static int next_part(struct slice *text, struct config_key_part *ret)
{
    *ret = (struct config_key_part){0};
    if (text->data[0] == '[') {
        ptrdiff_t end = slice_find_byte(*text, ']');
        if (text->size > 1 && text->data[1] == '"') {
            ptrdiff_t quote = slice_find(slice_sub(*text, 2, text->size), SLICE("\"]"));
            end = quote < 0 ? -1 : quote + 3;
        }
        if (end < 2)
            return -EINVAL;
        ret->word = slice_sub(*text, 1, (size_t)end);
        if (ret->word.data[0] == '"')
            ret->word = slice_sub(ret->word, 1, ret->word.size - 1);
        ret->element = true;
        *text = slice_sub(*text, (size_t)end + 1, text->size);
    } else {
        size_t n = 0;
        while (n < text->size && text->data[n] != '.' && text->data[n] != '[')
            n++;
        if (n == 0)
            return -EINVAL;
        ret->word = slice_sub(*text, 0, n);
        *text = slice_sub(*text, n, text->size);
    }
    if (text->size && text->data[0] == '.') {
        *text = slice_sub(*text, 1, text->size);
        return text->size ? 0 : -EINVAL;
    }
    return text->size == 0 || text->data[0] == '[' ? 0 : -EINVAL;
}

static int unknown(const struct schema_struct *s, struct slice word, struct err *err,
                   const char **ret_suggestion)
{
    *ret_suggestion = schema_suggest(s, word, false);
    const char *title = s == config_schema.root ? "a configuration" : schema_struct_word(s);
    return err_set(err, -EINVAL, "%s has no field \"%.*s\"", title ? title : s->name,
                   SLICE_ARG(word));
}

int config_key_parse(struct slice text, struct config_key *ret, struct err *err,
                     const char **ret_suggestion)
{
    const struct schema_struct *s = config_schema.root;
    const struct schema_field *f = NULL;
    bool inside = true; /* a struct's member comes next; else an element, or nothing */
    struct slice rest = text;
    *ret_suggestion = NULL;
    ret->count = 0;
    if (text.size == 0)
        return err_set(err, -EINVAL, "an empty name");
    while (rest.size) {
        struct config_key_part part;
        if (ret->count == KEY_PARTS_MAX || next_part(&rest, &part) < 0)
            return err_set(err, -EINVAL, "\"%.*s\" is no name of a field: write it like "
                           "checks[db-port].tcp.target", SLICE_ARG(text));
        bool many = f && !inside && (f->shape == SCHEMA_SLICE || f->shape == SCHEMA_TABLE);
        if (inside && !part.element) {
            f = schema_field_by_key(s, part.word);
            if (!f)
                return unknown(s, part.word, err, ret_suggestion);
        } else if (many && (part.element || f->shape == SCHEMA_TABLE)) {
            part.element = true;
        } else {
            return err_set(err, -EINVAL, "\"%.*s\": nothing stands behind \"%s\"%s",
                           SLICE_ARG(text), f ? f->key : "",
                           many ? " but an element in brackets" : "");
        }
        part.field = f;
        ret->parts[ret->count++] = part;
        bool single = part.element || f->shape == SCHEMA_ONE || f->shape == SCHEMA_POINTER;
        inside = f->type == SCHEMA_STRUCT && single;
        s = f->of;
        if (part.element && f->type != SCHEMA_STRUCT && rest.size)
            return err_set(err, -EINVAL, "\"%.*s\": an element of %s holds no fields",
                           SLICE_ARG(text), f->key);
    }
    return 0;
}

bool config_key_names(const struct value *object, struct slice word)
{
    const struct value *name = value_get(object, SLICE("name"));
    const struct value *space = value_get(object, SLICE("namespace"));
    ptrdiff_t slash = slice_find_byte(word, '/');
    struct slice wanted = slash < 0 ? SLICE("default") : slice_sub(word, 0, (size_t)slash);
    if (slash >= 0)
        word = slice_sub(word, (size_t)slash + 1, word.size);
    struct slice has = space && space->type == VALUE_STRING && space->text.size
                           ? space->text
                           : SLICE("default");
    return name && name->type == VALUE_STRING && slice_eq(name->text, word) &&
           slice_eq(has, wanted);
}

static struct value *element(struct value *list, struct slice word)
{
    uint64_t number;
    if (list->type == VALUE_MAP)
        return value_get(list, word);
    if (list->type != VALUE_LIST)
        return NULL;
    for (struct value *v = list->first; v; v = v->next)
        if (config_key_names(v, word))
            return v;
    if (slice_to_u64(word, UINT32_MAX, &number) < 0)
        return NULL;
    for (struct value *v = list->first; v; v = v->next)
        if (number-- == 0)
            return v;
    return NULL;
}

struct value *config_key_get(struct value *root, const struct config_key *key)
{
    struct value *v = root;
    for (uint32_t i = 0; v && i < key->count; i++)
        v = key->parts[i].element ? element(v, key->parts[i].word)
                                  : value_get(v, key->parts[i].word);
    return v && v->type != VALUE_NULL ? v : NULL;
}
