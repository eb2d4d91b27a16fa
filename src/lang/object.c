#include "lang/object.h"

#include <math.h>

#include "base/fault.h"

enum {
    GRANT_BYTES_MAX = 256 * 1024, /* beyond the bound, while the evaluation winds down */
    GROW_DOUBLE_MAX = 256,        /* Go's threshold: below it capacities double */
};

void *heap_alloc(struct heap_memory *h, size_t size)
{
    if (h->arena.used + size > h->bytes_max)
        h->is_full = true;
    return arena_alloc(&h->arena, size);
}

bool heap_has_room(struct heap_memory *h, uint64_t size)
{
    if (size <= h->bytes_max && h->arena.used <= h->bytes_max - size)
        return true;
    h->is_full = true;
    return size <= GRANT_BYTES_MAX && h->arena.used <= h->bytes_max + GRANT_BYTES_MAX;
}

/* ---- objects ---- */

struct object *object_new(struct heap_memory *h, uint32_t cells)
{
    struct object *o = heap_alloc(h, sizeof(*o) + cells * sizeof(struct cell));
    o->cells = (struct cell *)(o + 1);
    o->count = o->cap = cells;
    return o;
}

struct object *object_new_sparse(struct heap_memory *h, uint32_t cells)
{
    struct object *o = object_new(h, cells);
    o->is_sparse = true;
    o->count = 0;
    return o;
}

struct object *object_zero(struct heap_memory *h, struct type *under)
{
    if (under->kind == TYPE_ARRAY) {
        if (!heap_has_room(h, (uint64_t)under->length * sizeof(struct cell)))
            return object_new(h, 0);
        return object_new(h, (uint32_t)under->length);
    }
    return under->field_count <= OBJECT_SPARSE_MAX ? object_new_sparse(h, 2)
                                                   : object_new(h, under->field_count);
}

struct cell *object_at(struct heap_memory *h, struct object *o, uint32_t at)
{
    if (!o->is_sparse)
        return at < o->count ? &o->cells[at] : &h->sink;
    uint32_t rank = (uint32_t)__builtin_popcountll(o->mask & (((uint64_t)1 << at) - 1));
    if (o->mask >> at & 1)
        return &o->cells[rank];
    if (o->count == o->cap) {
        uint32_t cap = o->cap * 2 + 2;
        struct cell *cells = heap_alloc(h, cap * sizeof(*cells));
        memcpy(cells, o->cells, o->count * sizeof(*cells));
        o->cells = cells;
        o->cap = cap;
    }
    memmove(&o->cells[rank + 1], &o->cells[rank], (o->count - rank) * sizeof(struct cell));
    o->cells[rank] = (struct cell){0};
    o->mask |= (uint64_t)1 << at;
    o->count++;
    return &o->cells[rank];
}

static struct type *member_type(struct type *under, uint32_t at)
{
    return under->kind == TYPE_ARRAY ? under->elem : under->fields[at].type;
}

struct object *object_clone(struct heap_memory *h, const struct object *o, struct type *type)
{
    struct type *under = type_under(h->types, type);
    if (!heap_has_room(h, o->count * sizeof(struct cell)))
        return object_zero(h, under);
    struct object *copy = object_new(h, o->count);
    memcpy(copy->cells, o->cells, o->count * sizeof(struct cell));
    copy->is_sparse = o->is_sparse;
    copy->mask = o->mask;
    copy->bad_mask = o->bad_mask;
    copy->is_bad = o->is_bad;
    copy->has_unknown = o->has_unknown;
    if (under->kind == TYPE_ARRAY && !type_is_aggregate(h->types, under->elem))
        return copy;
    uint64_t mask = o->mask;
    for (uint32_t i = 0; i < o->count; i++) {
        uint32_t at = i;
        if (o->is_sparse) {
            at = (uint32_t)__builtin_ctzll(mask);
            mask &= mask - 1;
        }
        copy->cells[i] = cell_copy(h, copy->cells[i], member_type(under, at));
    }
    return copy;
}

struct object *object_own(struct heap_memory *h, struct cell *c, struct type *type)
{
    if (!c->object)
        c->object = object_zero(h, type_under(h->types, type));
    else if (c->object->is_shared && !fault_mutant("lang_struct_copy_shared"))
        c->object = object_clone(h, c->object, type);
    return c->object;
}

void object_assign(struct heap_memory *h, struct object *to, const struct object *from,
                   struct type *type)
{
    struct type *under = type_under(h->types, type);
    uint32_t count = under->kind == TYPE_ARRAY ? (uint32_t)under->length : under->field_count;
    /* The source may lie inside the target: all is read before anything is written. */
    struct object *whole = from ? object_clone(h, from, type) : object_zero(h, under);
    for (uint32_t i = 0; i < count; i++) {
        struct cell v = object_get(whole, i);
        if (to->is_sparse && !(to->mask >> i & 1) && !(whole->mask >> i & 1))
            continue;
        cell_store(h, object_at(h, to, i), v, member_type(under, i));
    }
}

void cell_store(struct heap_memory *h, struct cell *to, struct cell v, struct type *type)
{
    if (type_is_aggregate(h->types, type) && to->object && to->object->is_pinned) {
        object_assign(h, to->object, v.object, type);
        to->at = v.at;
    } else {
        *to = v;
    }
}

/* ---- comparing ---- */

static int members_equal(struct heap_memory *h, struct cell a, struct cell b, struct type *under)
{
    uint32_t count = under->kind == TYPE_ARRAY ? (uint32_t)under->length : under->field_count;
    if (!a.object && !b.object)
        return 1;
    for (uint32_t i = 0; i < count; i++) {
        struct cell x = a.object ? object_get(a.object, i) : (struct cell){0};
        struct cell y = b.object ? object_get(b.object, i) : (struct cell){0};
        if (under->kind == TYPE_STRUCT && under->fields[i].name &&
            slice_eq(name_text(h->types->names, under->fields[i].name), SLICE("_")))
            continue;
        int r = cell_equal(h, x, y, member_type(under, i));
        if (r != 1)
            return r;
    }
    return 1;
}

static int boxes_equal(struct heap_memory *h, const struct boxed *a, const struct boxed *b)
{
    if (!a || !b)
        return a == b;
    if (a->type != b->type)
        return 0;
    struct type *t = h->types->items[a->type];
    if (t == h->types->error)
        return a->value.text == b->value.text;
    if (!type_is_comparable(h->types, t))
        return -1;
    return cell_equal(h, a->value, b->value, t);
}

int cell_equal(struct heap_memory *h, struct cell a, struct cell b, struct type *type)
{
    struct type *under = type_under(h->types, type);
    switch (under->kind) {
    case TYPE_STRING:
        return slice_eq(cell_text(a), cell_text(b));
    case TYPE_FLOAT32:
    case TYPE_FLOAT64:
        return a.f == b.f;
    case TYPE_STRUCT:
    case TYPE_ARRAY:
        return members_equal(h, a, b, under);
    case TYPE_INTERFACE:
        return boxes_equal(h, a.boxed, b.boxed);
    case TYPE_POINTER:
        return a.object == b.object &&
               (a.size == b.size || type_is_aggregate(h->types, under->elem));
    default:
        return a.u == b.u;
    }
}

static int order_of(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

static int float_order(double a, double b)
{
    if (isnan(a) || isnan(b))
        return isnan(a) ? (isnan(b) ? 0 : -1) : 1;
    return a < b ? -1 : a > b;
}

int cell_order(struct heap_memory *h, struct cell a, struct cell b, struct type *type)
{
    struct type *under = type_under(h->types, type);
    if (under->kind == TYPE_STRING) {
        size_t least = a.size < b.size ? a.size : b.size;
        int r = least ? memcmp(a.text, b.text, least) : 0;
        return r ? r : order_of(a.size, b.size);
    }
    if (kind_is_float(under->kind))
        return float_order(a.f, b.f);
    if (kind_is_unsigned(under->kind))
        return a.u < b.u ? -1 : a.u > b.u;
    if (under->kind == TYPE_INTERFACE) {
        if (!a.boxed || !b.boxed)
            return order_of(a.boxed != NULL, b.boxed != NULL);
        if (a.boxed->type != b.boxed->type)
            return order_of(a.boxed->type, b.boxed->type);
        return cell_order(h, a.boxed->value, b.boxed->value, h->types->items[a.boxed->type]);
    }
    if (!kind_is_aggregate(under->kind))
        return order_of(a.i, b.i);
    uint32_t count = under->kind == TYPE_ARRAY ? (uint32_t)under->length : under->field_count;
    for (uint32_t i = 0; i < count && (a.object || b.object); i++) {
        struct cell x = a.object ? object_get(a.object, i) : (struct cell){0};
        struct cell y = b.object ? object_get(b.object, i) : (struct cell){0};
        int r = cell_order(h, x, y, member_type(under, i));
        if (r)
            return r;
    }
    return 0;
}

/* ---- slices ---- */

struct view *view_new(struct heap_memory *h, struct object *memory, uint32_t offset, uint32_t size,
                      uint32_t cap)
{
    struct view *v = heap_alloc(h, sizeof(*v));
    *v = (struct view){.memory = memory, .offset = offset, .size = size, .cap = cap};
    return v;
}

/* To whole pages. */
static uint64_t align_up(uint64_t v, uint64_t to)
{
    return (v + to - 1) / to * to;
}

/* The sizes in which gc's allocator hands out memory; larger ones are whole pages of 8 KiB. */
static uint64_t round_to_class(uint64_t size)
{
    static const uint16_t classes[] = {
        8,     16,    24,    32,    48,    64,    80,    96,    112,   128,   144,   160,
        176,   192,   208,   224,   240,   256,   288,   320,   352,   384,   416,   448,
        480,   512,   576,   640,   704,   768,   896,   1024,  1152,  1280,  1408,  1536,
        1792,  2048,  2304,  2688,  3072,  3200,  3456,  4096,  4864,  5120,  5376,  6144,
        6528,  6784,  6912,  8192,  9472,  9728,  10240, 10880, 12288, 13568, 14336, 16384,
        18432, 19072, 20480, 21760, 24576, 27264, 28672, 32768,
    };
    if (size > 32768)
        return align_up(size, 8192);
    for (size_t i = 0; i < ARRAY_LEN(classes); i++)
        if (classes[i] >= size)
            return classes[i];
    return size;
}

static uint64_t grown_cap(struct heap_memory *h, uint64_t old, uint64_t need, struct type *elem)
{
    struct type_facts facts = type_facts(h->types, elem);
    uint64_t size = facts.bytes, cap = old;
    if (size == 0)
        return need;
    if (need > 2 * old)
        cap = need;
    else if (old < GROW_DOUBLE_MAX)
        cap = 2 * old;
    else
        while (cap < need)
            cap += (cap + 3 * GROW_DOUBLE_MAX) >> 2;
    uint64_t bytes = cap * size;
    bool header = facts.has_pointers && bytes > 512; /* such memory has a word before it */
    if (bytes <= 32768 - 8 && header)
        return (round_to_class(bytes + 8) - 8) / size;
    return round_to_class(bytes) / size;
}

struct view *view_grow(struct heap_memory *h, const struct view *v, uint64_t more,
                       struct type *elem)
{
    uint64_t size = v ? v->size : 0, old = v ? v->cap : 0, need = size + more;
    if (v && need <= old)
        return view_new(h, v->memory, v->offset, (uint32_t)need, v->cap);
    uint64_t cap = grown_cap(h, old, need, elem);
    if (cap > UINT32_MAX / 2 || !heap_has_room(h, cap * sizeof(struct cell)))
        return NULL;
    struct object *memory = object_new(h, (uint32_t)cap);
    if (size)
        memcpy(memory->cells, view_at(v, 0), size * sizeof(struct cell));
    if (type_is_aggregate(h->types, elem))
        for (uint64_t i = 0; i < size; i++)
            memory->cells[i] = object_share(h, memory->cells[i], elem);
    return view_new(h, memory, 0, (uint32_t)need, (uint32_t)cap);
}

bool view_grow_private(struct heap_memory *h, struct view *v, uint64_t more, struct type *elem)
{
    uint64_t need = v->size + more;
    if (need > v->cap) {
        uint64_t cap = grown_cap(h, v->cap, need, elem);
        if (cap > v->memory->cap) {
            /* Nobody else sees the old memory, so the elements simply move. */
            uint64_t room = cap > 2 * (uint64_t)v->size ? cap : 2 * (uint64_t)v->size;
            if (room > UINT32_MAX / 2 || !heap_has_room(h, room * sizeof(struct cell)))
                return false;
            struct object *memory = object_new(h, (uint32_t)room);
            memcpy(memory->cells, v->memory->cells, v->size * sizeof(struct cell));
            v->memory = memory;
        }
        v->cap = (uint32_t)cap;
    }
    v->size = (uint32_t)need;
    return true;
}

struct cell cell_of_bytes(struct heap_memory *h, struct slice bytes)
{
    if (!heap_has_room(h, bytes.size * sizeof(struct cell)))
        return (struct cell){0};
    uint64_t cap = round_to_class(bytes.size);
    if (bytes.size <= 32)
        cap = 32; /* gc's buffer for short ones; it may also be smaller */
    struct object *memory = object_new(h, (uint32_t)cap);
    for (size_t i = 0; i < bytes.size; i++)
        memory->cells[i].u = (unsigned char)bytes.data[i];
    return (struct cell){.view = view_new(h, memory, 0, (uint32_t)bytes.size, (uint32_t)cap)};
}
