/* toml_parse.h - the reader of TOML at work. Inside of toml. */
#ifndef FIREBREAK_WIRE_TOML_PARSE_H
#define FIREBREAK_WIRE_TOML_PARSE_H

#include "wire/toml.h"

/* How a table came to be decides what may still be added to it. */
enum toml_made {
    TOML_IMPLICIT, /* [a.b] makes a: a header may still define it */
    TOML_HEADER,   /* by its own header, or the root */
    TOML_DOTTED,   /* a.b = 1 makes a: only dotted keys add to it, and headers below it */
    TOML_INLINE,   /* { } or [ ]: complete */
    TOML_ARRAY,    /* the list of [[a]] */
};

/* A table or an array: the value, and what reading needs to know of it. */
struct toml_node {
    struct value value;       /* first */
    struct toml_index *index; /* of a large one, else NULL */
    uint32_t depth;           /* of its members; those of the root: 2 */
    uint8_t made;             /* enum toml_made */
};

struct toml_index {
    struct value_index index;
    struct toml_index *next; /* all of them, for their end */
};

/* A part of a dotted key. */
struct toml_key {
    struct slice text;
    size_t from, to; /* in the text, with its quotes */
};

struct toml_parser {
    struct value_reader r;
    const char *at, *end, *start;
    enum toml_version version;
    struct toml_key *keys; /* depth_max of them; the key that is being read */
    uint32_t key_count;
    struct toml_index *indexes;
    struct toml_node *root, *current;
};

static inline size_t toml_offset(const struct toml_parser *p, const char *at)
{
    return (size_t)(at - p->start);
}

/* ---- toml.c ---- */

/* `depth` containers deep; NULL at a limit, which is told. */
struct toml_node *toml_node_new(struct toml_parser *p, enum value_type type, enum toml_made made,
                                const char *at, uint32_t depth);
/* Reads a key into p->keys. False: a fault, which is told. */
bool toml_key_read(struct toml_parser *p);
/* KEY = VALUE into `table`. False: a fault that leaves the line unreadable, which is told;
 * *ret_open: it stands inside the value. */
bool toml_member(struct toml_parser *p, struct toml_node *table, bool *ret_open);
void toml_skip_blank(struct toml_parser *p);
/* At a '#': up to the line's end. */
void toml_comment(struct toml_parser *p);
/* "\n" or "\r\n": taken. */
bool toml_newline(struct toml_parser *p);

/* ---- toml_value.c ---- */

/* The value at p->at, `depth` containers deep. False: a fault that leaves the line unreadable,
 * which is told; *ret_value is the value, or a VALUE_BAD, or NULL at a limit. */
bool toml_value(struct toml_parser *p, uint32_t depth, struct value **ret_value);

/* ---- toml_scalar.c ---- */

/* At a quote; multi-line only where `lines`. False: it has no end. *ret_good: no fault in it. */
bool toml_string(struct toml_parser *p, bool lines, struct slice *ret, bool *ret_good);
/* A word that is no string: true, a number, a time. Always takes the word. */
struct value *toml_word(struct toml_parser *p);

#endif
