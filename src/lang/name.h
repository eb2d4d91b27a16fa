/* name.h - names as small numbers: equal text, equal number.
 *
 * Keywords come first, in the order of token.h, so that a name below NAME_KEYWORD_END is one.
 * 0 is no name. Texts are not copied: they point into the source or to literals. */
#ifndef FIREBREAK_LANG_NAME_H
#define FIREBREAK_LANG_NAME_H

#include "base/arena.h"

typedef uint32_t name_id;

struct name {
    struct slice text;
    uint32_t hash;
};

struct names {
    struct name *items; /* [0] is the empty name */
    uint32_t count, cap;
    uint32_t *slots; /* 0: free, else an id; a power of two */
    uint32_t slot_count;
};

void names_init(struct names *n);
void names_done(struct names *n);
/* Never 0. */
name_id name_intern(struct names *n, struct slice text);
/* 0: nobody has said this word. */
name_id name_find(const struct names *n, struct slice text);

static inline struct slice name_text(const struct names *n, name_id id)
{
    return n->items[id].text;
}

#endif
