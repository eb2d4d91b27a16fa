/* check_walk.h - what the parts of the checker share. Inside of config. */
#ifndef FIREBREAK_CONFIG_CHECK_WALK_H
#define FIREBREAK_CONFIG_CHECK_WALK_H

#include "base/buf.h"
#include "base/map.h"
#include "config/check.h"
#include "config/pattern.h"
#include "config/schema.h"
#include "config/zones.h"

/* Where the walk is: a chain on the stack, from the innermost to the root. */
struct check_at {
    const struct check_at *up;
    const struct schema_struct *in;    /* that `field` is of */
    const struct schema_field *field;  /* NULL: the root */
    const struct value *value;
    uint32_t index; /* of an element */
    bool element;   /* of a list or table */
    uint32_t depth;
};

struct checker {
    struct config_faults *faults;
    struct pattern_cache patterns;
    struct map names;     /* "asset\0default\0db" -> its value */
    struct arena arena;   /* keys of names; what the checker needs by itself */
    struct zones *zones;  /* NULL: names of time zones are not looked up */
    struct slice space;   /* namespace of the object that the walk is in */
    uint32_t told;
    uint32_t suggested; /* references for which a near name was looked for */
    bool incomplete;
    uint64_t unknown_kinds; /* by number of the root's field: some names are not known */
};

/* Adds a fault with the path and the schema's name of `at`. */
struct config_fault *checker_fault(struct checker *c, const struct check_at *at,
                                 enum config_fault_code code, source_place place,
                                 const char *format, ...) PRINTF_LIKE(5, 6);
/* The suggestion of a fault; NULL is none. */
void checker_suggest(struct checker *c, struct config_fault *f, const char *word);
/* Text of a value for a message: short, and safe to show. Lies in the checker's arena. */
const char *checker_shown(struct checker *c, struct slice s);

/* A string, number, bool or duration against its field's rules. */
void checker_scalar(struct checker *c, const struct check_at *at);

/* Registers the names of all objects, and tells those that stand twice. */
void checker_names(struct checker *c, const struct value *root);
/* The object of that kind which `text`, a field's, names; NULL: it is not known here. */
const struct value *checker_named(struct checker *c, const char *kind, struct slice text);
/* A name that refers to an object. */
void checker_reference(struct checker *c, const struct check_at *at);
/* References that lead back to where they began. */
void checker_cycles(struct checker *c, const struct value *root);
/* Rules of single structs that no table says. */
void checker_rules(struct checker *c, const struct check_at *at, const struct schema_struct *s);

struct slice checker_namespace(const struct value *object);

/* ---- circles ---- */

struct check_edge {
    uint32_t from, to;
    source_place at;
};

/* Calls `found` for each edge that closes a circle: way[0 … count - 1] are the nodes on it, and the
 * edge leads from the last to the first. Edges are sorted by `from`. Not more than one for a node.
 */
void checker_circles(struct arena *arena, const struct check_edge *edges, uint32_t edge_count,
                   uint32_t node_count,
                   void (*found)(void *ctx, const struct check_edge *closing, const uint32_t *way,
                                 uint32_t count),
                   void *ctx);

#endif
