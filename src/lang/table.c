/* Maps: entries in a row, found by hash; walked in the order of their keys. */
#include "base/map.h"
#include "lang/object.h"

enum { TABLE_SMALL_MAX = 8 }; /* up to this many entries a search is a walk */

/* A zero value of any type has hash 0, so that members that were never written need no visit. */
static uint64_t hash_cell(struct heap_memory *h, struct cell c, struct type *type)
{
    struct type *under = type_under(h->types, type);
    uint64_t hash = 0;
    switch (under->kind) {
    case TYPE_STRING:
        return c.size ? map_hash((struct map_seed){0}, c.text, c.size) : 0;
    case TYPE_FLOAT32:
    case TYPE_FLOAT64:
        return c.f == 0 ? 0 : c.u * 0x9e3779b97f4a7c15u;
    case TYPE_INTERFACE:
        if (!c.boxed)
            return 0;
        if (c.boxed->type == h->types->error->number)
            return c.boxed->value.u;
        return hash_cell(h, c.boxed->value, h->types->items[c.boxed->type]) + c.boxed->type;
    case TYPE_STRUCT:
        for (uint32_t i = 0; c.object && i < under->field_count; i++)
            hash += (2 * i + 31) * hash_cell(h, object_get(c.object, i), under->fields[i].type);
        return hash;
    case TYPE_ARRAY:
        for (uint32_t i = 0; i < under->length; i++)
            hash = hash * 31 +
                   hash_cell(h, c.object ? object_get(c.object, i) : (struct cell){0}, under->elem);
        return hash;
    default:
        return c.u * 0x9e3779b97f4a7c15u;
    }
}

static uint32_t hash_of(struct heap_memory *h, struct cell key, struct type *type)
{
    uint64_t hash = hash_cell(h, key, type);
    return (uint32_t)(hash ^ (hash >> 32));
}

/* An interface may hold what has no ==. */
static bool is_hashable(struct heap_memory *h, struct cell key, struct type *type)
{
    struct type *under = type_under(h->types, type);
    if (under->kind != TYPE_INTERFACE || !key.boxed)
        return true;
    return type_is_comparable(h->types, h->types->items[key.boxed->type]);
}

struct table *table_new(struct heap_memory *h, uint32_t entries)
{
    bool small = entries <= TABLE_SMALL_MAX; /* more are hashed, and grow as they come */
    uint32_t room = small ? entries : 0;
    struct table *t = heap_alloc(h, sizeof(*t) + room * sizeof(struct table_entry));
    t->entries = (struct table_entry *)(t + 1);
    t->cap = room;
    return t;
}

static struct table_entry *find_small(struct heap_memory *h, const struct table *t, struct cell key,
                                      struct type *type)
{
    for (uint32_t i = 0; i < t->count; i++) {
        struct table_entry *e = &t->entries[i];
        if (e->is_live && cell_equal(h, e->key, key, type) == 1)
            return e;
    }
    return NULL;
}

/* The table has slots. */
static struct table_entry *find(struct heap_memory *h, const struct table *t, struct cell key,
                                struct type *type, uint32_t hash)
{
    uint32_t mask = t->slot_count - 1;
    for (uint32_t at = hash & mask; t->slots[at]; at = (at + 1) & mask) {
        struct table_entry *e = &t->entries[t->slots[at] - 1];
        if (e->is_live && e->hash == hash && cell_equal(h, e->key, key, type) == 1)
            return e;
    }
    return NULL;
}

struct table_entry *table_find(struct heap_memory *h, const struct table *t, struct cell key,
                               struct type *key_type, bool *ret_bad)
{
    *ret_bad = !is_hashable(h, key, key_type);
    if (!t || *ret_bad || !t->live)
        return NULL;
    return t->slots ? find(h, t, key, key_type, hash_of(h, key, key_type))
                    : find_small(h, t, key, key_type);
}

static void put_slot(struct table *t, uint32_t entry)
{
    uint32_t mask = t->slot_count - 1, at = t->entries[entry].hash & mask;
    while (t->slots[at])
        at = (at + 1) & mask;
    t->slots[at] = entry + 1;
}

/* Without the dead entries, with room for as many again. */
static void grow(struct heap_memory *h, struct table *t, struct type *key_type)
{
    uint32_t cap = t->live < 2 ? 4 : t->live * 2, count = 0;
    struct table_entry *entries = heap_alloc(h, cap * sizeof(*entries));
    for (uint32_t i = 0; i < t->count; i++)
        if (t->entries[i].is_live)
            entries[count++] = t->entries[i];
    bool had_slots = t->slots != NULL;
    t->entries = entries;
    t->count = count;
    t->cap = cap;
    t->slots = NULL;
    if (cap <= TABLE_SMALL_MAX)
        return;
    t->slot_count = 16;
    while (t->slot_count < cap * 2)
        t->slot_count *= 2;
    t->slots = heap_alloc(h, t->slot_count * sizeof(*t->slots));
    for (uint32_t i = 0; i < count; i++) {
        if (!had_slots)
            entries[i].hash = hash_of(h, entries[i].key, key_type);
        put_slot(t, i);
    }
}

struct cell *table_put(struct heap_memory *h, struct table *t, struct cell key,
                       struct type *key_type, bool *ret_bad)
{
    struct table_entry *e = table_find(h, t, key, key_type, ret_bad);
    if (e)
        return &e->value;
    if (t->count == t->cap) {
        if (!heap_has_room(h, (uint64_t)t->live * 3 * sizeof(*e)))
            *ret_bad = t->cap == 0;
        if (!h->is_full || t->cap == 0)
            grow(h, t, key_type);
        else
            return &t->entries[0].value; /* the evaluation stops: nobody reads it any more */
    }
    e = &t->entries[t->count];
    *e = (struct table_entry){.key = key, .is_live = true};
    t->count++;
    t->live++;
    if (t->slots) {
        e->hash = *ret_bad ? 0 : hash_of(h, key, key_type);
        put_slot(t, t->count - 1);
    }
    return &e->value;
}

void table_remove(struct heap_memory *h, struct table *t, struct cell key, struct type *key_type,
                  bool *ret_bad)
{
    struct table_entry *e = table_find(h, t, key, key_type, ret_bad);
    if (!e)
        return;
    e->is_live = false;
    t->live--;
}

void table_clear(struct table *t)
{
    *t = (struct table){0};
}

/* ---- in order ---- */

static void merge(struct heap_memory *h, struct table_entry **items, struct table_entry **spare,
                  uint32_t count, struct type *type)
{
    if (count < 2)
        return;
    uint32_t half = count / 2, a = 0, b = half, at = 0;
    merge(h, items, spare, half, type);
    merge(h, items + half, spare, count - half, type);
    while (a < half && b < count)
        spare[at++] =
            cell_order(h, items[b]->key, items[a]->key, type) < 0 ? items[b++] : items[a++];
    while (a < half)
        spare[at++] = items[a++];
    memcpy(items, spare, at * sizeof(*items));
}

struct table_entry **table_in_order(struct heap_memory *h, const struct table *t,
                                    struct type *key_type)
{
    struct table_entry **all;
    if (!t->live || !heap_has_room(h, 2 * (uint64_t)t->live * sizeof(*all)))
        return NULL;
    all = heap_alloc(h, 2 * (size_t)t->live * sizeof(*all));
    uint32_t count = 0;
    for (uint32_t i = 0; i < t->count; i++)
        if (t->entries[i].is_live)
            all[count++] = &t->entries[i];
    merge(h, all, all + count, count, key_type);
    return all;
}

struct cell *table_sorted(struct heap_memory *h, const struct table *t, struct type *key_type)
{
    struct table_entry **all = table_in_order(h, t, key_type);
    if (!all || !heap_has_room(h, (uint64_t)t->live * sizeof(struct cell)))
        return NULL;
    struct cell *keys = heap_alloc(h, (size_t)t->live * sizeof(*keys));
    for (uint32_t i = 0; i < t->live; i++)
        keys[i] = all[i]->key;
    return keys;
}
