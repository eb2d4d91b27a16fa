/* cell.h - a Go value while a program runs: 16 bytes, whatever its type.
 *
 * What the cell's type is, the checker knows; nothing here says it. All zeroes is the zero value
 * of every type. Structs and arrays lie in an object that the cell points to (none: all zero), and
 * are copied lazily:
 *
 *  - a copy of a value shares its object, which is then `is_shared`; whoever writes into a shared
 *    object through a cell first gives that cell an object of its own;
 *  - an object that a pointer points into is `is_pinned`: it is never shared (a copy is made at
 *    once) and never replaced (an assignment writes into it), so the pointer and the variable
 *    stay one.
 *
 * So passing and returning structs costs nothing, and still no two variables ever see each
 * other's writes. Every cell carries the place of the expression that wrote it into a literal. */
#ifndef FIREBREAK_LANG_CELL_H
#define FIREBREAK_LANG_CELL_H

#include "base/arena.h"
#include "model/source.h"

struct object;
struct view;
struct table;
struct closure;
struct boxed;
struct go_error;

struct cell {
    union {
        int64_t i;  /* signed numbers; bool: 0 or 1 */
        uint64_t u; /* unsigned numbers */
        double f;
        const char *text;
        struct object *object;   /* STRUCT, ARRAY, POINTER */
        struct view *view;       /* SLICE */
        struct table *table;     /* MAP */
        struct closure *closure; /* FUNC */
        struct boxed *boxed;     /* INTERFACE */
    };
    uint32_t size;   /* STRING: bytes; POINTER to no aggregate: the cell in the object */
    source_place at; /* 0: none */
};

/* A struct, an array, or the memory behind a slice. A struct has only the members that were ever
 * written: bit i of the mask says that it has member i, and members lie in their order. */
struct object {
    bool is_shared, is_pinned;
    bool is_sparse;
    bool is_bad;      /* a whole element whose evaluation failed */
    bool has_unknown; /* a field was written that the type does not have */
    uint32_t count;   /* cells in use */
    uint32_t cap;
    uint64_t mask;     /* of a sparse one */
    uint64_t bad_mask; /* members whose evaluation failed */
    struct cell *cells;
};

enum { OBJECT_SPARSE_MAX = 64 }; /* structs with more members have a cell for each */

/* A slice: never changes, so that a copy of the cell is a copy of the slice. But one that an
 * append in place made belongs to one variable alone, and grows with it: its memory may then be
 * larger than the capacity that the program sees. */
struct view {
    struct object *memory;
    uint32_t offset, size, cap;
    bool is_private;
};

struct boxed {
    uint32_t type; /* number */
    struct cell value;
};

struct closure {
    uint32_t function;
    uint32_t count;
    const struct golib_func *library; /* a function of a package as a value, or NULL */
    bool has_receiver;                /* cells[0] goes before the arguments */
    struct cell cells[];              /* captured boxes, in the order of the function's captures */
};

static inline struct slice cell_text(struct cell c)
{
    return (struct slice){c.text, c.size};
}
static inline struct cell cell_of_text(struct slice s)
{
    return (struct cell){.text = s.data, .size = (uint32_t)s.size};
}
static inline struct cell cell_of_int(int64_t i)
{
    return (struct cell){.i = i};
}

#endif
