/* value_read.h - what the readers of YAML, TOML and JSON share on their way to a tree of values.
 *
 * A reader is a pure function from one source to one `struct value`. It tells every fault that it
 * can, not only the first: what could not be read is a VALUE_BAD in the tree, and reading goes on
 * where that makes sense. Keys are unique, every value and key knows its place.
 *
 * All three take the same limits and answer in the same way: the number of faults that were told
 * (0: the text is clean), or -ENOSPC where the arena's bound is reached; the tree is there in all
 * cases but the last. Limits are faults, too (code `limit`), and end the reading.
 *
 * The second half of this header is for the readers themselves. */
#ifndef FIREBREAK_WIRE_VALUE_READ_H
#define FIREBREAK_WIRE_VALUE_READ_H

#include "base/map.h"
#include "model/config_fault.h"
#include "model/value.h"

enum {
    VALUE_TEXT_BYTES_MAX = 16 * 1024 * 1024, /* of one source */
    VALUE_LINE_BYTES_MAX = 1024 * 1024,      /* of a line of YAML or TOML, of a string of JSON */
    VALUE_DEPTH_MAX = 100,                   /* of lists and maps inside each other */
    VALUE_COUNT_MAX = 2 * 1000 * 1000,       /* of values; those of aliases count each time */
    VALUE_EXPANSION_MAX = 100 * 1000,        /* of values that aliases and merges made */
    VALUE_FAULTS_MAX = 100,                  /* of one source: what follows is not read */
};

/* All zeroes: the limits above. The seed guards the tables of keys against keys that were picked
 * to collide (see map.h). */
struct value_limits {
    uint32_t text_bytes_max, line_bytes_max, depth_max, count_max, expansion_max;
    struct map_seed seed;
};

/* ---- for the readers ---- */

struct value_reader {
    const struct source *source;
    struct slice text; /* of the source; never NULL */
    struct arena *arena;
    struct config_faults *faults;
    struct value_limits limits;  /* none is 0 */
    uint32_t count;              /* of values made */
    uint32_t told;               /* faults */
    bool stopped;                /* nothing more is read: a limit */
    bool full;                   /* the arena's bound was it */
    struct config_fault unheard; /* what value_fault gives beyond VALUE_FAULTS_MAX */
};

/* Which checks of the whole text a format wants before it is read. */
enum { VALUE_CHECK_UTF8 = 1, VALUE_CHECK_LINES = 2 };

/* Begins to read; `stopped` is set where the text is beyond a limit, or not UTF-8. */
void value_reader_init(struct value_reader *r, const struct source *source,
                       const struct value_limits *limits, struct arena *a,
                       struct config_faults *faults, unsigned checks);
/* What a reader returns. *root NULL becomes a VALUE_BAD. */
int value_reader_end(struct value_reader *r, struct value *root, struct value **ret_root);
/* NULL and `stopped`: a limit was reached, which is told. */
struct value *value_make(struct value_reader *r, enum value_type type, size_t offset);
/* As value_make with memory of the caller's, zeroed: a value inside a larger struct. False: a
 * limit. */
bool value_make_in(struct value_reader *r, struct value *v, enum value_type type, size_t offset);
/* Memory of the arena; NULL and `stopped` at its bound. */
void *value_alloc(struct value_reader *r, size_t size);
/* A fault at the bytes [from, to) of the text, cut to the first one's line. */
struct config_fault *value_fault(struct value_reader *r, enum config_fault_code code, size_t from,
                                 size_t to, const char *format, ...) PRINTF_LIKE(5, 6);
/* As value_fault with code `limit`; ends the reading. */
void value_fault_limit(struct value_reader *r, size_t from, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* The line, from 1, that a byte of the text, or a place of the source, is in. */
uint32_t value_line(const struct value_reader *r, size_t offset);
uint32_t value_line_at(const struct value_reader *r, source_place at);
static inline source_place value_place(const struct value_reader *r, size_t offset)
{
    return r->source->first + (source_place)offset;
}
/* Text for a message: at most this much of it, in a form that is safe to show. */
enum { VALUE_SHOWN_BYTES_MAX = 60 };
const char *value_shown(struct value_reader *r, struct slice s);

/* Finds members by key in constant time also where a map has very many: a table is made when the
 * map has grown beyond what a walk is good for, and catches up when it is asked. */
enum { VALUE_INDEX_FROM = 16 }; /* members: fewer are walked, and need no index */

struct value_index {
    struct map map;
    struct value *last; /* that is in the table */
};

struct value *value_index_find(struct value_index *x, const struct value_reader *r,
                               const struct value *map, struct slice key);
void value_index_done(struct value_index *x);

/* Tells that a key stands twice, and where it stood first. */
void value_fault_twice(struct value_reader *r, const struct value *first, size_t from, size_t to);

#endif
