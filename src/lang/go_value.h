/* go_value.h - a value as Go's fmt sees it through `any`: a kind, a type's name, children.
 *
 * The evaluator owns values in whatever form it likes; it hands one out as a go_value, with a
 * table of functions that give what is inside on demand. Nothing is kept after the call. */
#ifndef FIREBREAK_LANG_GO_VALUE_H
#define FIREBREAK_LANG_GO_VALUE_H

#include "base/buf.h"
#include "base/slice.h"

enum go_kind {
    GO_NIL, /* an interface that holds nothing: no type, no value */
    GO_BOOL,
    GO_INT,
    GO_INT8,
    GO_INT16,
    GO_INT32,
    GO_INT64,
    GO_UINT,
    GO_UINT8,
    GO_UINT16,
    GO_UINT32,
    GO_UINT64,
    GO_UINTPTR,
    GO_FLOAT32,
    GO_FLOAT64,
    GO_STRING,
    GO_SLICE,
    GO_ARRAY,
    GO_MAP,
    GO_STRUCT,
    GO_POINTER,
    GO_INTERFACE, /* only inside other values: an element or a field of interface type */
    GO_FUNC,
    GO_KIND_COUNT,
};

/* What the value's method set has. */
enum go_methods {
    GO_HAS_ERROR = 1,    /* Error() string */
    GO_HAS_STRING = 2,   /* String() string */
    GO_HAS_GOSTRING = 4, /* GoString() string */
};

struct go_value;
struct go_error;

/* Each is asked only of kinds that have the thing; NULL where the owner has no such kind.
 * Functions with a result of int return 0 or a negative errno, which ends the printing. */
struct go_value_ops {
    /* Appends the type as reflect writes it: "int", "[]string", "main.Point", "*main.Point",
     * "map[string]int", "interface {}", "struct { X int }". Any kind but GO_NIL. */
    int (*append_type)(const struct go_value *v, struct buf *to);
    /* SLICE, ARRAY: element; STRUCT: field; POINTER: what it points to (at is 0); INTERFACE: what
     * it holds (GO_NIL where nothing). */
    int (*child)(const struct go_value *v, uint64_t at, struct go_value *ret);
    /* Entries in any order: they are sorted here. */
    int (*entry)(const struct go_value *v, uint64_t at, struct go_value *ret_key,
                 struct go_value *ret_value);
    struct slice (*field_name)(const struct go_value *v, uint64_t at);
    /* Calls Error, String or GoString and appends what it returns. -ECANCELED: it panicked, and
     * what was appended is the panic's text; fmt prints that as "%!v(PANIC=String method: …)". */
    int (*method)(const struct go_value *v, enum go_methods which, struct buf *to);
    /* Of errors. Go's ==, of two values with these same operations; false: or they cannot be. */
    bool (*equal)(const struct go_value *a, const struct go_value *b);
    /* What the method Unwrap gives: how many, none of them NULL. *ret_list: Unwrap() []error. */
    size_t (*unwrap)(const struct go_value *v, const struct go_error *const **ret, bool *ret_list);
    /* What the method Is says; false where there is none. */
    bool (*is)(const struct go_value *v, const struct go_error *target);
};

struct go_value {
    uint8_t kind;      /* enum go_kind */
    uint8_t elem_kind; /* of a SLICE's or ARRAY's elements, and of what a POINTER points to */
    uint8_t methods;   /* enum go_methods, or-ed */
    bool is_nil;       /* SLICE, MAP, POINTER, FUNC, INTERFACE */
    union {
        bool boolean;
        int64_t integer;  /* INT …: sign-extended */
        uint64_t natural; /* UINT …: zero-extended */
        double number;    /* FLOAT32: widened */
        struct slice text;
        uint64_t count; /* elements, fields, entries */
    };
    const struct go_value_ops *ops; /* may be NULL for unnamed scalars without methods */
    const void *type, *object;      /* the owner's; not looked at */
    /* Of an error that the library made (golib.h), so that Errorf can wrap it; else NULL. */
    const struct go_error *error;
};

static inline bool go_kind_is_signed(enum go_kind k)
{
    return k >= GO_INT && k <= GO_INT64;
}
static inline bool go_kind_is_unsigned(enum go_kind k)
{
    return k >= GO_UINT && k <= GO_UINTPTR;
}
/* "int", "string" …: the predeclared type of a scalar kind, else NULL. */
const char *go_kind_name(enum go_kind k);

#endif
