/* selector.h - which labels are wanted, as kubectl writes it: "app=web,tier!=db,env in (a,b),!old".
 *
 * Terms are joined by commas and must all hold: k=v (also k==v), k!=v (holds, too, where there is
 * no k), k in (v,w), k notin (v,w), k (there is one), !k (there is none). Pure. */
#ifndef FIREBREAK_MODEL_SELECTOR_H
#define FIREBREAK_MODEL_SELECTOR_H

#include "base/err.h"
#include "base/slice.h"

enum { SELECTOR_TERMS_MAX = 32, SELECTOR_VALUES_MAX = 32 };

enum selector_op { SELECTOR_IN, SELECTOR_NOT_IN, SELECTOR_EXISTS, SELECTOR_NOT_EXISTS };

struct selector_term {
    enum selector_op op;
    struct slice key;
    struct slice values; /* "a,b", blanks around each */
};

/* All zeroes selects everything. Points into the text. */
struct selector {
    struct selector_term terms[SELECTOR_TERMS_MAX];
    uint32_t count;
};

/* Returns 0 or -EINVAL with *err; an empty text selects everything. */
int selector_parse(struct slice text, struct selector *ret, struct err *err);
/* Whether a selector can name it: as a key, or as a value. */
bool selector_is_word(struct slice s);
/* `label` answers whether there is a label of that name, and its value. */
bool selector_matches(const struct selector *s,
                      bool (*label)(void *ctx, struct slice key, struct slice *ret_value),
                      void *ctx);

#endif
