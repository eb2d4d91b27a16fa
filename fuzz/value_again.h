/* value_again.h - what was read is written in every format, and read again.
 *
 * The formats differ in what they have words for (value_write.h): times are strings in JSON and
 * YAML, a number without a fraction is a whole number in JSON. Nothing else may differ. */
#ifndef FIREBREAK_FUZZ_VALUE_AGAIN_H
#define FIREBREAK_FUZZ_VALUE_AGAIN_H

#include <assert.h>
#include <errno.h>

#include "wire/json_value.h"
#include "wire/toml.h"
#include "wire/yaml.h"

enum again_format { AGAIN_JSON, AGAIN_JSON_INDENTED, AGAIN_YAML, AGAIN_TOML };

static inline bool again_same(const struct value *a, const struct value *b)
{
    if (a->type == VALUE_TIME && b->type == VALUE_STRING)
        return slice_eq(a->text, b->text);
    if (a->type == VALUE_FLOAT && b->type == VALUE_INT)
        return a->number == (double)b->integer;
    if (a->type == VALUE_FLOAT && b->type == VALUE_NUMBER)
        return true; /* 1e20 has no fraction, and more digits than an int64 */
    if (a->type != b->type || (a->type != VALUE_LIST && a->type != VALUE_MAP))
        return value_equal(a, b);
    if (a->count != b->count)
        return false;
    const struct value *y = b->first;
    for (const struct value *x = a->first; x; x = x->next, y = y ? y->next : NULL) {
        const struct value *other = a->type == VALUE_MAP ? value_get(b, value_key(x)) : y;
        if (!other || !again_same(x, other))
            return false;
    }
    return true;
}

/* Bounds that only a text which grows could pass. */
static const struct value_limits again_limits = {
    .text_bytes_max = 1 << 30, .line_bytes_max = 1 << 30, .depth_max = 2 * VALUE_DEPTH_MAX};

static inline int again_read(enum again_format format, const struct source *s, struct arena *a,
                             struct config_faults *f, struct value **ret)
{
    const struct toml_options o = {.limits = again_limits, .version = TOML_1_0};
    if (format == AGAIN_TOML)
        return toml_read(s, &o, a, f, ret);
    return format == AGAIN_YAML ? yaml_read(s, &again_limits, a, f, ret)
                                : json_value_read(s, &again_limits, a, f, ret);
}

static inline void again(const struct value *v, enum again_format format)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct buf text = BUF(MEM_TEST, 0);
    struct source_set set = {.arena = &a};
    struct config_faults faults = {.arena = &a};
    const struct source *source;
    struct value *back = NULL;
    struct err err = {0};
    int r = format == AGAIN_TOML   ? toml_write(&text, v, &err)
            : format == AGAIN_YAML ? yaml_write(&text, v, &err)
                                   : json_value_write(&text, v, format == AGAIN_JSON ? 0 : 2, &err);
    if (r == 0) {
        assert(source_add(&set, SOURCE_FILE, "again", buf_slice(&text), &source) == 0);
        assert(again_read(format, source, &a, &faults, &back) == 0);
        assert(again_same(v, back));
    } else {
        assert(r == -EINVAL && err.text[0] && text.size == 0);
    }
    arena_done(&a);
    buf_done(&text);
}

static inline void again_all(const struct value *v)
{
    again(v, AGAIN_JSON);
    again(v, AGAIN_JSON_INDENTED);
    again(v, AGAIN_YAML);
    again(v, AGAIN_TOML);
}

/* Places lie in the source, counts are right; faults have places and words. */
static inline void again_check(const struct source *s, const struct value *v)
{
    uint32_t count = 0;
    assert(v->at >= s->first && v->at - s->first <= s->text.size);
    if (v->type != VALUE_LIST && v->type != VALUE_MAP)
        return;
    for (const struct value *c = v->first; c; c = c->next, count++) {
        again_check(s, c);
        if (v->type == VALUE_MAP)
            assert(c->key_at >= s->first && c->key_at - s->first <= s->text.size);
    }
    assert(count == v->count);
}

static inline void again_check_faults(const struct source *s, const struct config_faults *f)
{
    for (uint32_t i = 0; i < f->count; i++) {
        const struct config_fault *c = &f->items[i];
        assert(c->at >= s->first && c->at - s->first <= s->text.size && c->message[0]);
        assert(c->end == 0 || (c->end > c->at && c->end - s->first <= s->text.size));
    }
}

#endif
