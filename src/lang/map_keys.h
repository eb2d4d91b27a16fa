/* map_keys.h - which constants were seen already: duplicate keys of literals and cases. */
#ifndef FIREBREAK_LANG_MAP_KEYS_H
#define FIREBREAK_LANG_MAP_KEYS_H

#include "lang/constant.h"

enum { KEY_SET_FEW = 4 };

struct key_slot {
    uint64_t hash; /* 0: free */
    uint32_t type;
    struct constant key;
};

/* Most literals have a handful of keys: those stand in a row, without hashes and without memory of
 * their own. */
struct key_set {
    struct arena *arena;
    struct key_slot *slots; /* NULL: all are in `few` */
    uint32_t count, cap;
    int64_t dense; /* 0 … dense-1 are in, too */
    struct key_slot few[KEY_SET_FEW];
};

/* false: it was in already. `type`: constants of different ones are different, as in an interface;
 * 0 where there is but one. */
bool key_set_add(struct key_set *s, const struct constant *key, uint32_t type);

#endif
