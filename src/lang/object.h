/* object.h - the memory of structs, arrays, slices and maps while a program runs: see cell.h for
 * how they are shared. Everything lies in one arena, which has the bound. */
#ifndef FIREBREAK_LANG_OBJECT_H
#define FIREBREAK_LANG_OBJECT_H

#include "lang/cell.h"
#include "lang/types.h"

struct heap_memory {
    struct arena arena;
    struct types *types;
    size_t bytes_max;
    bool is_full;     /* a bound was passed: the evaluation is to stop */
    struct cell sink; /* where is written what found no room */
};

/* Never NULL: small sizes are granted even beyond the bound, with is_full set. */
void *heap_alloc(struct heap_memory *h, size_t size);
/* Asked before anything whose size the program chooses. false: is_full. */
bool heap_has_room(struct heap_memory *h, uint64_t size);

/* ---- structs and arrays ---- */

struct object *object_new(struct heap_memory *h, uint32_t cells);
/* For `count` members of a struct to be set in rising order. */
struct object *object_new_sparse(struct heap_memory *h, uint32_t cells);
/* An object for a zero value of an aggregate type. */
struct object *object_zero(struct heap_memory *h, struct type *under);

static inline struct cell object_get(const struct object *o, uint32_t at)
{
    if (!o->is_sparse) /* an array that found no room has no cells: the evaluation is about to stop
                        */
        return at < o->count ? o->cells[at] : (struct cell){0};
    if (!(o->mask >> at & 1))
        return (struct cell){0};
    return o->cells[__builtin_popcountll(o->mask & (((uint64_t)1 << at) - 1))];
}
/* The cell itself, made where there is none. Stays valid until the next one is made. */
struct cell *object_at(struct heap_memory *h, struct object *o, uint32_t at);
/* `type` is an aggregate. */
struct object *object_clone(struct heap_memory *h, const struct object *o, struct type *type);
/* The object that a cell of an aggregate type may write into. */
struct object *object_own(struct heap_memory *h, struct cell *c, struct type *type);
/* Writes a value into an object that stays where it is. */
void object_assign(struct heap_memory *h, struct object *to, const struct object *from,
                   struct type *type);
/* A copy of a value of an aggregate type. */
static inline struct cell object_share(struct heap_memory *h, struct cell c, struct type *type)
{
    if (!c.object)
        return c;
    if (c.object->is_pinned)
        c.object = object_clone(h, c.object, type);
    else
        c.object->is_shared = true;
    return c;
}
static inline bool type_is_aggregate(struct types *t, struct type *type)
{
    return kind_is_aggregate(type_under(t, type)->kind);
}
/* A copy of a value of any type. */
static inline struct cell cell_copy(struct heap_memory *h, struct cell c, struct type *type)
{
    return type_is_aggregate(h->types, type) ? object_share(h, c, type) : c;
}
/* Writes a value of any type into a variable. */
void cell_store(struct heap_memory *h, struct cell *to, struct cell v, struct type *type);
/* Go's ==. -1: values of a type that cannot be compared lie inside an interface. */
int cell_equal(struct heap_memory *h, struct cell a, struct cell b, struct type *type);
/* An order over all comparable values, in which maps are walked: as fmt prints maps. */
int cell_order(struct heap_memory *h, struct cell a, struct cell b, struct type *type);

/* ---- slices ---- */

struct view *view_new(struct heap_memory *h, struct object *memory, uint32_t offset, uint32_t size,
                      uint32_t cap);
static inline struct cell *view_at(const struct view *v, uint32_t at)
{
    return &v->memory->cells[v->offset + at];
}
/* As append does: room for `more` behind v (NULL: nil), in place or in new memory of the capacity
 * that Go's runtime would choose. NULL: is_full. */
struct view *view_grow(struct heap_memory *h, const struct view *v, uint64_t more,
                       struct type *elem);
/* The same for a private view, which it changes: false: is_full. */
bool view_grow_private(struct heap_memory *h, struct view *v, uint64_t more, struct type *elem);
struct cell cell_of_bytes(struct heap_memory *h, struct slice bytes);

/* ---- maps ---- */

struct table_entry {
    struct cell key, value;
    uint32_t hash; /* only where the table has slots */
    bool is_live;
};

struct table {
    struct table_entry *entries; /* in the order of insertion; dead ones stay until it grows */
    uint32_t count, cap, live;
    uint32_t *slots; /* entry + 1; none while it is small */
    uint32_t slot_count;
};

/* With room for that many entries; 0: for none yet. */
struct table *table_new(struct heap_memory *h, uint32_t entries);
/* NULL: it is not in. -1 of cell_equal in *ret_bad. */
struct table_entry *table_find(struct heap_memory *h, const struct table *t, struct cell key,
                               struct type *key_type, bool *ret_bad);
/* The entry's value, new or old. */
struct cell *table_put(struct heap_memory *h, struct table *t, struct cell key,
                       struct type *key_type, bool *ret_bad);
void table_remove(struct heap_memory *h, struct table *t, struct cell key, struct type *key_type,
                  bool *ret_bad);
void table_clear(struct table *t);
/* The live entries in the order of their keys, t->live of them, in memory of the heap; NULL: there
 * are none, or is_full. They stay valid until the next put. */
struct table_entry **table_in_order(struct heap_memory *h, const struct table *t,
                                    struct type *key_type);
/* As table_in_order, only the keys: a table that changes meanwhile does not matter to them. */
struct cell *table_sorted(struct heap_memory *h, const struct table *t, struct type *key_type);

#endif
