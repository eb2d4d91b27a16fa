#include "lang/map_keys.h"

#include "base/map.h"

enum { SLOTS_MIN = 16 };

static uint64_t hash_of(const struct key_set *s, const struct constant *k, uint32_t type)
{
    int64_t i;
    double f = 0;
    uint64_t h = 0;
    switch (k->kind) {
    case CONSTANT_STRING:
        h = map_hash((struct map_seed){0}, k->text.data, k->text.size);
        break;
    case CONSTANT_BOOL:
        h = k->boolean;
        break;
    default:
        if (constant_to_i64(*k, &i))
            h = (uint64_t)i * 0x9e3779b97f4a7c15u;
        else if (constant_to_f64(s->arena, *k, &f) == 0)
            h = (uint64_t)(int64_t)(f * 1024);
    }
    h ^= h >> 29;
    return (h + type * 0x9e3779b9u) | 1;
}

static bool equal(const struct key_set *s, const struct constant *a, const struct constant *b)
{
    bool same = false;
    return a->kind == b->kind && constant_compare(s->arena, CONSTANT_EQ, *a, *b, &same) == 0 &&
           same;
}

static struct key_slot *slot_of(const struct key_set *s, const struct constant *key, uint32_t type,
                                uint64_t hash)
{
    uint32_t at = (uint32_t)hash & (s->cap - 1);
    while (s->slots[at].hash && (s->slots[at].hash != hash || s->slots[at].type != type ||
                                 !equal(s, &s->slots[at].key, key)))
        at = (at + 1) & (s->cap - 1);
    return &s->slots[at];
}

static void grow(struct key_set *s)
{
    struct key_slot *old = s->slots ? s->slots : s->few;
    uint32_t old_cap = s->slots ? s->cap : s->count;
    for (uint32_t i = 0; !s->slots && i < s->count; i++)
        s->few[i].hash = hash_of(s, &s->few[i].key, s->few[i].type);
    s->cap = s->slots ? s->cap * 2 : SLOTS_MIN;
    s->slots = arena_alloc_array(s->arena, s->cap, sizeof(*s->slots));
    for (uint32_t i = 0; i < old_cap; i++)
        if (old[i].hash)
            *slot_of(s, &old[i].key, old[i].type, old[i].hash) = old[i];
}

static bool is_among_few(const struct key_set *s, const struct constant *key, uint32_t type)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (s->few[i].type == type && equal(s, &s->few[i].key, key))
            return true;
    return false;
}

bool key_set_add(struct key_set *s, const struct constant *key, uint32_t type)
{
    int64_t i;
    if (s->dense && constant_to_i64(*key, &i) && i >= 0 && i < s->dense)
        return false;
    if (!s->slots) {
        if (is_among_few(s, key, type))
            return false;
        if (s->count < KEY_SET_FEW) {
            s->few[s->count++] = (struct key_slot){.type = type, .key = *key};
            return true;
        }
    }
    if (!s->slots || s->count * 2 >= s->cap)
        grow(s);
    uint64_t hash = hash_of(s, key, type);
    struct key_slot *slot = slot_of(s, key, type, hash);
    if (slot->hash)
        return false;
    *slot = (struct key_slot){.hash = hash, .type = type, .key = *key};
    s->count++;
    return true;
}
