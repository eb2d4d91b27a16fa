#include "config/origin.h"

#include <errno.h>

#include "config/canonical.h"
#include "config/check.h"

/* As config_key_get, which takes a null for nothing. */
static const struct value *claim_of(struct value *root, const struct config_key *key)
{
    struct config_key up = *key;
    const struct config_key_part *last = &key->parts[key->count - 1];
    struct value *v = config_key_get(root, key);
    if (v || last->element)
        return v;
    up.count--;
    struct value *in = up.count ? config_key_get(root, &up) : root;
    return in ? value_get(in, last->word) : NULL;
}

/* Elements that merge by their names stand elsewhere in each source: a number is one of the
 * result, and becomes the name of what stands there. */
static void name_elements(struct config *c, struct config_key *key)
{
    uint32_t count = key->count;
    for (uint32_t i = 0; i < count; i++) {
        struct config_key_part *part = &key->parts[i];
        if (!part->element || part->field->merge != SCHEMA_MERGE_BY_KEY)
            continue;
        key->count = i + 1;
        const struct value *v = config_key_get(c->root, key);
        key->count = count;
        const struct value *name = v ? value_get(v, SLICE("name")) : NULL;
        const struct value *space = v ? value_get(v, SLICE("namespace")) : NULL;
        bool named = name && name->type == VALUE_STRING && name->text.size;
        bool spaced = space && space->type == VALUE_STRING && space->text.size;
        if (named)
            part->word = slice_from(arena_printf(&c->arena, "%.*s%s%.*s",
                                                 spaced ? (int)space->text.size : 0,
                                                 spaced ? space->text.data : "", spaced ? "/" : "",
                                                 SLICE_ARG(name->text)));
    }
}

static bool elements_exist(struct config *c, const struct config_key *key)
{
    for (uint32_t i = 0; i < key->count; i++) {
        struct config_key part = *key;
        part.count = i + 1;
        if (key->parts[i].element && key->parts[i].field->shape == SCHEMA_SLICE &&
            !config_key_get(c->root, &part))
            return false;
    }
    return true;
}

static bool zero_of(const struct schema_field *f, const struct value *v)
{
    return v->type == VALUE_NULL || (f->shape == SCHEMA_ONE && !f->of && config_is_zero(v));
}

int config_origin_find(struct config *c, const struct config_key *asked, struct config_origin *ret)
{
    struct config_key *key = arena_new(&c->arena, struct config_key);
    *key = *asked;
    const struct config_key_part *last = &key->parts[key->count - 1];
    struct config_claim claims[ORIGIN_CLAIMS_MAX];
    uint32_t n = 0, first = 0;
    if (!elements_exist(c, key))
        return -ENOENT;
    name_elements(c, key);
    for (size_t i = c->layer_count; i > 0 && n + 1 < ORIGIN_CLAIMS_MAX; i--) {
        const struct value *v = claim_of(c->layers[i - 1].root, key);
        if (v)
            claims[n++] = (struct config_claim){v, c->layers[i - 1].kind};
    }
    struct value *dflt = last->element ? NULL : config_default(&c->arena, last->field);
    /* What was said may also be gone because a higher source chose another of its kind. */
    bool nothing = n == 0 || zero_of(last->field, claims[0].value) || !config_key_get(c->root, key);
    if (dflt)
        claims[n++] = (struct config_claim){dflt, SOURCE_DEFAULT};
    *ret = (struct config_origin){0};
    if (n == 0)
        return 0;
    /* A zero or null at the top: the default holds, if there is one. */
    if (nothing && dflt)
        first = n - 1;
    if (!nothing || dflt)
        ret->winner = claims[first];
    for (uint32_t i = 0; i < n; i++)
        if (!ret->winner.value || i != first)
            ret->lost[ret->lost_count++] = claims[i];
    ret->value = ret->winner.kind == SOURCE_DEFAULT ? ret->winner.value
                                                    : config_key_get(c->root, key);
    return 0;
}
