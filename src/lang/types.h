/* types.h - Go's types: one object for each, so that identical types are equal pointers.
 *
 * Unnamed types are interned when they are made; a named type is what it was declared as. All live
 * in the arena of their table. A type's number is its index there, and fits a tree node. */
#ifndef FIREBREAK_LANG_TYPES_H
#define FIREBREAK_LANG_TYPES_H

#include "base/buf.h"
#include "lang/name.h"
#include "model/schema.h"

/* From INT to STRING in the order of enum constant_type. */
enum type_kind {
    TYPE_BAD, /* already told about: goes with everything */
    TYPE_INT,
    TYPE_INT8,
    TYPE_INT16,
    TYPE_INT32,
    TYPE_INT64,
    TYPE_UINT,
    TYPE_UINT8,
    TYPE_UINT16,
    TYPE_UINT32,
    TYPE_UINT64,
    TYPE_UINTPTR,
    TYPE_FLOAT32,
    TYPE_FLOAT64,
    TYPE_BOOL,
    TYPE_STRING,
    TYPE_UNTYPED_BOOL,
    TYPE_UNTYPED_INT,
    TYPE_UNTYPED_RUNE,
    TYPE_UNTYPED_FLOAT,
    TYPE_UNTYPED_STRING,
    TYPE_UNTYPED_NIL,
    TYPE_SLICE,
    TYPE_ARRAY,
    TYPE_STRUCT,
    TYPE_MAP,
    TYPE_POINTER,
    TYPE_FUNC,
    TYPE_INTERFACE, /* any, or error */
    TYPE_TUPLE,     /* results of a call: none, or several */
    TYPE_NAMED,
    TYPE_KIND_COUNT,
};

struct symbol;
struct type;

struct type_field {
    name_id name; /* of a parameter it may be 0 */
    bool is_embedded;
    struct type *type;
    const struct schema_field *schema;
    struct slice tag;
};

struct type_method {
    struct type_method *next;
    name_id name;
    struct symbol *func;
    bool by_pointer;
};

struct type {
    uint8_t kind;      /* enum type_kind */
    bool is_variadic;  /* FUNC */
    bool has_facts;    /* known once everything inside is complete */
    struct type_facts {
        uint64_t bytes; /* in gc's memory, on 64 bits: what capacities depend on */
        uint8_t alignment;
        bool is_comparable; /* == is defined (of interfaces it is, and may panic) */
        bool has_pointers;  /* gc's collector looks into it */
    } facts;
    uint32_t visit; /* of the last walk that looked for a cycle */
    uint32_t number;
    name_id name;              /* NAMED, and basic types */
    const char *package;       /* NAMED: "firebreak", "time"; NULL: declared here */
    struct type *elem;         /* SLICE, ARRAY, MAP, POINTER; FUNC: its results, a TUPLE */
    struct type *key;          /* MAP */
    struct type *under;        /* NAMED */
    struct type *after;        /* NAMED like one that is still being declared: its `under` comes */
    int64_t length;            /* ARRAY */
    struct type_field *fields; /* STRUCT, TUPLE; FUNC: parameters, a variadic one as its slice */
    uint32_t field_count;
    uint32_t hash;
    struct type_method *methods; /* NAMED */
    const struct schema_struct *schema;
    struct type *slice_of, *pointer_to; /* made once */
    struct type *chain;                 /* in the table's slots */
};

enum { TYPE_SLOTS = 256 };

struct types {
    struct arena *arena;
    struct names *names;
    struct type **items;
    uint32_t count, cap;
    struct type *slots[TYPE_SLOTS];
    struct type *basic[TYPE_KIND_COUNT];
    struct type *any, *error, *empty_tuple;
    struct type *duration; /* time.Duration */
    const struct schema *schema;
    uint32_t walks;             /* that looked for cycles */
    struct type **schema_types; /* by position in schema->structs; made on demand */
};

void types_init(struct types *t, struct arena *arena, struct names *names,
                const struct schema *schema);

struct type *type_slice(struct types *t, struct type *elem);
struct type *type_pointer(struct types *t, struct type *elem);
struct type *type_array(struct types *t, struct type *elem, int64_t length);
struct type *type_map(struct types *t, struct type *key, struct type *elem);
/* `fields` are taken over: they lie in the arena. */
struct type *type_struct(struct types *t, struct type_field *fields, uint32_t count);
struct type *type_tuple(struct types *t, struct type_field *fields, uint32_t count);
struct type *type_func(struct types *t, struct type_field *params, uint32_t count,
                       struct type *results, bool variadic);
struct type *type_named(struct types *t, name_id name, const char *package);
/* The type of package firebreak with that name; NULL: there is none. */
struct type *type_of_schema(struct types *t, struct slice name);

/* What it is made of: never NAMED. */
struct type *type_under(struct types *t, struct type *type);
static inline struct type *type_of_number(const struct types *t, uint32_t number)
{
    return t->items[number];
}

static inline bool kind_is_signed(int k)
{
    return k >= TYPE_INT && k <= TYPE_INT64;
}
static inline bool kind_is_unsigned(int k)
{
    return k >= TYPE_UINT && k <= TYPE_UINTPTR;
}
static inline bool kind_is_integer(int k)
{
    return (k >= TYPE_INT && k <= TYPE_UINTPTR) || k == TYPE_UNTYPED_INT || k == TYPE_UNTYPED_RUNE;
}
static inline bool kind_is_float(int k)
{
    return k == TYPE_FLOAT32 || k == TYPE_FLOAT64 || k == TYPE_UNTYPED_FLOAT;
}
static inline bool kind_is_number(int k)
{
    return kind_is_integer(k) || kind_is_float(k);
}
static inline bool kind_is_string(int k)
{
    return k == TYPE_STRING || k == TYPE_UNTYPED_STRING;
}
static inline bool kind_is_bool(int k)
{
    return k == TYPE_BOOL || k == TYPE_UNTYPED_BOOL;
}
static inline bool kind_is_untyped(int k)
{
    return k >= TYPE_UNTYPED_BOOL && k <= TYPE_UNTYPED_NIL;
}
static inline bool kind_is_basic(int k)
{
    return k >= TYPE_INT && k <= TYPE_STRING;
}
/* Values of these are copied by assignment, member by member. */
static inline bool kind_is_aggregate(int k)
{
    return k == TYPE_ARRAY || k == TYPE_STRUCT;
}
/* 8 … 64 of a whole number. */
unsigned kind_bits(int kind);

/* What is not complete yet counts as a comparable type without a size. Each type is looked into
 * once: types that hold others twice over and over are as large as 2 to the power of their depth.
 */
struct type_facts type_facts(struct types *t, struct type *type);
static inline bool type_is_comparable(struct types *t, struct type *type)
{
    return type_facts(t, type).is_comparable;
}
/* What an untyped constant becomes where nothing else is asked. */
struct type *type_default(struct types *t, struct type *type);
/* As messages write it. NULL-terminated, in the arena. */
const char *type_text(struct types *t, struct type *type);
/* As reflect writes it: `package` is the name of the package being evaluated. */
int type_append(struct types *t, struct type *type, const char *package, struct buf *to);

#endif
