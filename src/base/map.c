#include "base/map.h"

#include <assert.h>
#include <errno.h>

enum { MAP_FIRST_SLOTS = 16 };

/* `value` NULL marks a free slot. The whole hash is kept: growing need not read the keys, which
 * may be anywhere in memory, and a look-up compares them only where the hashes agree. */
struct map_slot {
    uint64_t hash;
    union {
        struct slice key;
        uint64_t number;
    };
    void *value;
};

struct sip {
    uint64_t a, b, c, d;
};

static uint64_t rotate(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

static inline void sip_round(struct sip *s)
{
    s->a += s->b;
    s->c += s->d;
    s->b = rotate(s->b, 13) ^ s->a;
    s->d = rotate(s->d, 16) ^ s->c;
    s->a = rotate(s->a, 32);
    s->c += s->b;
    s->a += s->d;
    s->b = rotate(s->b, 17) ^ s->c;
    s->d = rotate(s->d, 21) ^ s->a;
    s->c = rotate(s->c, 32);
}

static inline void sip_block(struct sip *s, uint64_t block)
{
    s->d ^= block;
    sip_round(s);
    s->a ^= block;
}

/* One round a block and three at the end: what a hash table needs; the longer forms are for
 * signatures. Little endian is assumed by nothing but the test's known values. */
uint64_t map_hash(struct map_seed seed, const void *data, size_t size)
{
    struct sip s = {
        seed.k0 ^ 0x736f6d6570736575, seed.k1 ^ 0x646f72616e646f6d,
        seed.k0 ^ 0x6c7967656e657261, seed.k1 ^ 0x7465646279746573,
    };
    const unsigned char *p = data;
    uint64_t block, last = (uint64_t)size << 56;

    for (; size >= 8; size -= 8, p += 8) {
        memcpy(&block, p, 8);
        sip_block(&s, block);
    }
    for (size_t i = 0; i < size; i++)
        last |= (uint64_t)p[i] << 8 * i;
    sip_block(&s, last);
    s.c ^= 0xff;
    sip_round(&s);
    sip_round(&s);
    sip_round(&s);
    return s.a ^ s.b ^ s.c ^ s.d;
}

/* ---- slots ---- */

struct lookup {
    uint64_t hash;
    bool is_number;
    struct slice key;
    uint64_t number;
};

static struct lookup lookup_slice(const struct map *m, struct slice key)
{
    return (struct lookup){.hash = map_hash(m->seed, key.data, key.size), .key = key};
}

static struct lookup lookup_number(const struct map *m, uint64_t key)
{
    return (struct lookup){
        .hash = map_hash(m->seed, &key, sizeof(key)), .is_number = true, .number = key};
}

/* The slot that holds the key, or the free one where it would go. The map has slots, and at
 * least one of them is free: that is what ends the walk. */
static struct map_slot *find(const struct map *m, const struct lookup *l)
{
    assert(m->count == 0 || m->has_numbers == l->is_number);
    for (size_t i = l->hash & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
        struct map_slot *s = &m->slots[i];
        if (!s->value)
            return s;
        if (s->hash != l->hash)
            continue;
        if (l->is_number ? s->number == l->number : slice_eq(s->key, l->key))
            return s;
    }
}

static void resize(struct map *m, size_t cap)
{
    struct map_slot *old = m->slots;
    size_t old_cap = m->cap;

    m->slots = mem_alloc(m->sub, cap * sizeof(*m->slots));
    m->cap = cap;
    for (size_t i = 0; i < old_cap; i++) {
        if (!old[i].value)
            continue;
        size_t at = old[i].hash & (cap - 1);
        while (m->slots[at].value)
            at = (at + 1) & (cap - 1);
        m->slots[at] = old[i];
    }
    mem_free(m->sub, old);
}

static size_t room_of(size_t cap)
{
    return cap / 4 * 3;
}

int map_reserve(struct map *m, size_t count)
{
    size_t cap = m->cap ? m->cap : MAP_FIRST_SLOTS;

    if ((m->count_max && count > m->count_max) || count > SIZE_MAX / 4 / sizeof(*m->slots))
        return -ENOSPC;
    while (room_of(cap) < count)
        cap *= 2;
    if (cap > m->cap)
        resize(m, cap);
    return 0;
}

static int put(struct map *m, const struct lookup *l, void *value, void **ret_old)
{
    struct map_slot *s = m->cap ? find(m, l) : NULL;
    void *old = s ? s->value : NULL;

    assert(value);
    if (!old) {
        int r = map_reserve(m, m->count + 1);
        if (r < 0)
            return r;
        s = find(m, l); /* the table may have moved */
        m->has_numbers = l->is_number;
        m->count++;
    }
    *s = (struct map_slot){.hash = l->hash, .value = value};
    if (l->is_number)
        s->number = l->number;
    else
        s->key = l->key;
    if (ret_old)
        *ret_old = old;
    return 0;
}

static void *get(const struct map *m, const struct lookup *l)
{
    return m->count ? find(m, l)->value : NULL;
}

/* Frees slot i and moves back what had been pushed behind it, so that no walk ends early. */
static void free_slot(struct map *m, size_t i)
{
    size_t mask = m->cap - 1;

    for (size_t j = (i + 1) & mask; m->slots[j].value; j = (j + 1) & mask) {
        size_t home = m->slots[j].hash & mask;
        /* May j stand at i? Only where its home is not between them. */
        if (((j - home) & mask) < ((j - i) & mask))
            continue;
        m->slots[i] = m->slots[j];
        i = j;
    }
    m->slots[i] = (struct map_slot){0};
    m->count--;
}

static void *take(struct map *m, const struct lookup *l)
{
    struct map_slot *s = m->count ? find(m, l) : NULL;
    void *value = s ? s->value : NULL;

    if (value)
        free_slot(m, (size_t)(s - m->slots));
    return value;
}

/* ---- what the header names ---- */

void map_done(struct map *m)
{
    if (!m)
        return;
    mem_free(m->sub, m->slots);
    m->slots = NULL;
    m->cap = m->count = 0;
}

int map_put(struct map *m, struct slice key, void *value, void **ret_old)
{
    struct lookup l = lookup_slice(m, key);
    return put(m, &l, value, ret_old);
}

int map_put_u64(struct map *m, uint64_t key, void *value, void **ret_old)
{
    struct lookup l = lookup_number(m, key);
    return put(m, &l, value, ret_old);
}

void *map_get(const struct map *m, struct slice key)
{
    struct lookup l = lookup_slice(m, key);
    return get(m, &l);
}

void *map_get_u64(const struct map *m, uint64_t key)
{
    struct lookup l = lookup_number(m, key);
    return get(m, &l);
}

void *map_remove(struct map *m, struct slice key)
{
    struct lookup l = lookup_slice(m, key);
    return take(m, &l);
}

void *map_remove_u64(struct map *m, uint64_t key)
{
    struct lookup l = lookup_number(m, key);
    return take(m, &l);
}

static struct map_entry entry_of(const struct map *m, const struct map_slot *s)
{
    struct map_entry e = {.value = s->value};

    if (m->has_numbers)
        e.number = s->number;
    else
        e.key = s->key;
    return e;
}

bool map_next(const struct map *m, size_t *cursor, struct map_entry *ret_entry)
{
    while (*cursor < m->cap) {
        const struct map_slot *s = &m->slots[(*cursor)++];
        if (!s->value)
            continue;
        *ret_entry = entry_of(m, s);
        return true;
    }
    return false;
}

/* The walk starts behind a free slot: entries move back only as far as the next free one before
 * them, so none can jump from the walk's future into its past or the other way. */
size_t map_remove_if(struct map *m, bool (*drop)(void *ctx, const struct map_entry *e), void *ctx)
{
    size_t mask = m->cap - 1, start = 0, before = m->count;

    if (m->count == 0)
        return 0;
    while (m->slots[start].value)
        start++;
    for (size_t step = 1; step <= mask;) {
        size_t i = (start + step) & mask;
        struct map_entry e = entry_of(m, &m->slots[i]);
        if (e.value && drop(ctx, &e))
            free_slot(m, i); /* and look again at what moved here */
        else
            step++;
    }
    return before - m->count;
}
