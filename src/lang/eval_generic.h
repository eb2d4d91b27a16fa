/* eval_generic.h - what the functions of slices, maps and sort share. */
#ifndef FIREBREAK_LANG_EVAL_GENERIC_H
#define FIREBREAK_LANG_EVAL_GENERIC_H

#include "lang/evaluator.h"

struct generic_call {
    struct eval *e;
    source_place at;
    const struct node *n;
    struct cell args[4];
    struct cell *rest; /* of a variadic one */
    uint32_t rest_count;
    struct type *slice; /* of the first argument, or its map */
    struct type *elem;
    struct cell second; /* the second result */
};

typedef struct cell generic_fn(struct generic_call *g);

/* The functions of slices and maps; NULL: there is none of that name. */
generic_fn *slices_function(const char *name);
generic_fn *maps_function(const char *name);
struct cell slices_sort(struct generic_call *g);
struct cell slices_is_sorted(struct generic_call *g);
struct cell slices_binary_search(struct generic_call *g);

static inline uint32_t generic_size(struct cell s)
{
    return s.view ? s.view->size : 0;
}
/* The elements [low, high) as copies, in new memory; NULL: told that there is none. */
struct cell *generic_copies(struct generic_call *g, struct cell s, uint32_t low, uint32_t high);
struct cell generic_call1(struct generic_call *g, struct cell f, struct cell a);
struct cell generic_call2(struct generic_call *g, struct cell f, struct cell a, struct cell b);

#endif
