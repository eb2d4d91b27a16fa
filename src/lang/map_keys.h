/* map_keys.h - which constants were seen already: duplicate keys of literals and cases. */
#ifndef FIREBREAK_LANG_MAP_KEYS_H
#define FIREBREAK_LANG_MAP_KEYS_H

#include "lang/constant.h"

struct key_slot;

struct key_set {
    struct arena *arena;
    struct key_slot *slots;
    uint32_t count, cap;
    int64_t dense; /* 0 … dense-1 are in, too */
};

/* false: it was in already. `type`: constants of different ones are different, as in an interface;
 * 0 where there is but one. */
bool key_set_add(struct key_set *s, const struct constant *key, uint32_t type);

#endif
