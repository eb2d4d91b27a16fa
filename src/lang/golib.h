/* golib.h - the pure functions of Go's standard packages, as one table.
 *
 * The checker takes signatures from here and the evaluator the C functions: what is not in the
 * table does not exist for either. A function is a pure map from arguments to results, memory for
 * which comes from the caller's arena.
 *
 * Signatures are text, one letter a parameter or result:
 *
 *     b bool      i int      j int64     u uint64   f float64  g float32
 *     s string    r rune     y byte      S []string Y []byte   v uint32
 *     d time.Duration        e error     a any
 *     p func(rune) bool      m func(rune) rune
 *     V ...string            A ...any    W ...error    (only last)
 *
 * A method has its receiver as the first parameter and the name "Duration.String". A function
 * that is generic, or takes a func of the user's, has `generic` instead: its signature in Go's
 * words, for the checker to parse, and no C function: the evaluator has it. */
#ifndef FIREBREAK_LANG_GOLIB_H
#define FIREBREAK_LANG_GOLIB_H

#include "base/arena.h"
#include "base/buf.h"
#include "lang/go_value.h"

enum {
    GOLIB_RESULTS_MAX = 4,
    GOLIB_RESULT_BYTES_MAX = 16 << 20, /* of one result, where the call sets no bound itself */
    GOLIB_PANIC_BYTES_MAX = 200,
    GO_ERROR_DEPTH_MAX = 32, /* lists of errors within lists: what lies deeper is not looked at */
};

/* An error value of the library. Identity is the pointer. */
struct go_error {
    struct slice text;
    const char *type;                      /* as reflect writes it: "*errors.errorString" */
    const struct go_error *const *wrapped; /* what Unwrap gives */
    size_t wrapped_count;
    bool is_list; /* Unwrap() []error: made by errors.Join, or by Errorf with several %w */
    struct go_value foreign; /* an error of the evaluator's own types: kind is not GO_NIL */
};

struct golib_strings {
    const struct slice *items;
    size_t count;
    bool is_nil;
};

struct golib_values {
    const struct go_value *items;
    size_t count;
};

struct golib_errors_list {
    const struct go_error *const *items;
    size_t count;
};

/* A func value that the evaluator lends. `call` returns 0, or a negative errno that ends the
 * library's function with the same. */
struct golib_rune_func {
    int (*call)(void *context, int32_t r, int32_t *ret); /* of func(rune) bool: 0 or 1 */
    void *context;
};

/* Which member counts follows from the signature. */
union golib_value {
    bool boolean;                    /* b */
    int64_t integer;                 /* i j d r */
    uint64_t natural;                /* u v y */
    double number;                   /* f g */
    struct slice text;               /* s Y */
    struct golib_strings strings;    /* S V */
    const struct go_error *error;    /* e; NULL is nil */
    const struct go_value *any;      /* a */
    struct golib_values values;      /* A */
    struct golib_errors_list errors; /* W */
    struct golib_rune_func func;     /* p m */
};

struct golib_call {
    struct arena *arena;     /* of results, and of what is computed between */
    size_t result_bytes_max; /* 0: GOLIB_RESULT_BYTES_MAX */
    /* Memory that a text may be built in, kept from call to call; NULL: each call has its own. Who
     * calls frees it at the end. */
    struct buf *spare;
    /* Set with -ECANCELED: what Go would panic with. */
    char panic[GOLIB_PANIC_BYTES_MAX];
};

/* Returns 0, or, with ret untouched:
 *   -ECANCELED  it panics: c->panic
 *   -EMSGSIZE   a result would be larger than its bound
 *   -ENOMEM     the arena is full
 *   -EOPNOTSUPP, -ELOOP  see go_print.h; any other: from go_value_ops or golib_rune_func */
typedef int golib_fn(struct golib_call *c, const union golib_value *args, union golib_value *ret);

struct golib_func {
    const char *name; /* "Contains", or "Duration.String" for a method */
    const char *params, *results;
    golib_fn *call;
    const char *generic; /* "func[S ~[]E, E cmp.Ordered](x S)", then all above is NULL */
};

enum golib_object_kind { GOLIB_CONST, GOLIB_ERROR };

/* A constant or an error variable of a package. */
struct golib_object {
    const char *name;
    enum golib_object_kind kind;
    const char *type;    /* CONST: "time.Duration", or NULL: untyped */
    const char *literal; /* CONST: a Go literal, perhaps with a '-' before it */
    const struct go_error *error;
};

/* By name each. */
struct golib_package {
    const char *path; /* the import path; its last element is the package's name */
    const struct golib_func *funcs;
    size_t func_count;
    const struct golib_object *objects;
    size_t object_count;
};

const struct golib_package *const *golib_packages(size_t *ret_count);
/* NULL: there is none. */
const struct golib_package *golib_package_find(struct slice path);
const struct golib_func *golib_find(const struct golib_package *p, struct slice name);
const struct golib_object *golib_object_find(const struct golib_package *p, struct slice name);

/* An error as fmt sees it. */
struct go_value go_error_value(const struct go_error *err);
/* errors.Is's walk: err or anything that it wraps is `target` itself. Errors of the evaluator's own
 * types are the same where their `object` is. */
bool go_error_is(const struct go_error *err, const struct go_error *target);

#endif
