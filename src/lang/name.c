#include "lang/name.h"

#include "lang/token.h"

enum { NAME_SLOTS_MIN = 512 };

/* Eight bytes at a time: most names are one or two steps. */
static uint32_t hash_of(struct slice s)
{
    uint64_t h = s.size * 0x9e3779b97f4a7c15u, word;
    size_t at = 0;

    for (; s.size - at >= 8; at += 8) {
        memcpy(&word, s.data + at, 8);
        h = (h ^ word) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
    }
    word = 0;
    if (s.size > at)
        memcpy(&word, s.data + at, s.size - at);
    h = (h ^ word) * 0xc4ceb9fe1a85ec53u;
    return (uint32_t)(h ^ (h >> 32));
}

void names_init(struct names *n)
{
    *n = (struct names){.cap = NAME_SLOTS_MIN / 2, .count = 1, .slot_count = NAME_SLOTS_MIN};
    n->items = mem_alloc(MEM_LANG, n->cap * sizeof(*n->items));
    n->slots = mem_alloc(MEM_LANG, n->slot_count * sizeof(*n->slots));
    for (int t = TOKEN_KEYWORD_FIRST; t <= TOKEN_KEYWORD_LAST; t++)
        name_intern(n, slice_from(token_text((enum token_kind)t)));
}

void names_done(struct names *n)
{
    mem_free(MEM_LANG, n->items);
    mem_free(MEM_LANG, n->slots);
    *n = (struct names){0};
}

/* The slot that holds the name, or the free one in which it would be. */
static uint32_t slot_of(const struct names *n, struct slice text, uint32_t hash)
{
    uint32_t mask = n->slot_count - 1, at = hash & mask;
    for (; n->slots[at]; at = (at + 1) & mask) {
        const struct name *name = &n->items[n->slots[at]];
        if (name->hash == hash && slice_eq(name->text, text))
            break;
    }
    return at;
}

static void grow(struct names *n)
{
    n->cap *= 2;
    n->items = mem_resize(MEM_LANG, n->items, n->cap * sizeof(*n->items));
    mem_free(MEM_LANG, n->slots);
    n->slot_count *= 2;
    n->slots = mem_alloc(MEM_LANG, n->slot_count * sizeof(*n->slots));
    for (uint32_t id = 1; id < n->count; id++)
        n->slots[slot_of(n, n->items[id].text, n->items[id].hash)] = id;
}

name_id name_intern(struct names *n, struct slice text)
{
    uint32_t hash = hash_of(text), at = slot_of(n, text, hash);
    if (n->slots[at])
        return n->slots[at];
    if (n->count == n->cap) {
        grow(n);
        at = slot_of(n, text, hash);
    }
    n->items[n->count] = (struct name){.text = text, .hash = hash};
    n->slots[at] = n->count;
    return n->count++;
}

name_id name_find(const struct names *n, struct slice text)
{
    return n->slots[slot_of(n, text, hash_of(text))];
}
