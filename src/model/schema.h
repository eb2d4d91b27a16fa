/* schema.h - what a configuration may say: structs, fields, and the rules of each, as data.
 *
 * One table (in config/) of these structs is the source for everything: the language's types, the
 * checker of YAML, TOML and JSON, environment and flags, the Go package for editors, JSON Schema,
 * `explain`, and the field reference. Read-only; lives as long as the program. */
#ifndef FIREBREAK_MODEL_SCHEMA_H
#define FIREBREAK_MODEL_SCHEMA_H

#include "base/defs.h"
#include "base/slice.h"

enum schema_type {
    SCHEMA_STRING,
    SCHEMA_BOOL,
    SCHEMA_INT,
    SCHEMA_FLOAT,
    SCHEMA_DURATION,
    SCHEMA_STRUCT, /* `of` */
};

enum schema_shape {
    SCHEMA_ONE,
    SCHEMA_POINTER, /* in Go *T: absent is told from zero */
    SCHEMA_SLICE,
    SCHEMA_TABLE, /* in Go map[string]T; T is a scalar */
};

enum schema_merge {
    SCHEMA_REPLACE,      /* of a list: the higher source wins whole */
    SCHEMA_APPEND,       /* of a list: the higher source's elements follow */
    SCHEMA_MERGE_BY_KEY, /* of structs: equal `name` (and namespace) merge, others follow */
};

struct schema_struct;

struct schema_field {
    const char *name; /* in Go: "AgentListen" */
    const char *key;  /* elsewhere: "agent_listen" */
    enum schema_type type;
    enum schema_shape shape;
    const struct schema_struct *of; /* of a STRUCT */
    const char *dflt;  /* as YAML would write it; NULL: none. Never the zero value */
    const char *unit;  /* "bytes", "days"; NULL */
    bool required;
    bool has_min, has_max;
    int64_t min, max;  /* INT; DURATION: ns; FLOAT: thousandths; of a list: its elements */
    const char *const *words; /* of a string: the only ones allowed; ends in NULL */
    const char *pattern;      /* of a string: PCRE2, anchored at both ends */
    const char *pattern_help; /* that pattern in words: "an address HOST:PORT" */
    bool is_regex;            /* its value is itself a regular expression, compiled to check it */
    bool is_query;            /* its value is a question about metrics (wire/query.h) */
    bool is_cron, is_zone;    /* a cron expression, the name of a time zone: told in their words,
                                 where the pattern is only for readers of the schema */
    const char *ref;   /* of a string: it names an object of this kind ("asset") */
    enum schema_merge merge;
    bool one_of; /* of a struct's fields that have this mark exactly one is set; mostly pointers */
    const char *help; /* sentences; the first one is the short form */
};

struct schema_struct {
    const char *name; /* in Go: "Check" */
    const char *help;
    const struct schema_field *fields;
    size_t field_count;
    const char *kind; /* "check": its values are named objects of this kind; NULL */
    bool one_of;      /* exactly one of its one_of fields; false with such fields: at most one */
};

struct schema {
    const struct schema_struct *root;           /* Config */
    const struct schema_struct *const *structs; /* all, root first; ends in NULL */
};

/* By Go name or by key, or NULL. */
const struct schema_field *schema_field_by_name(const struct schema_struct *s, struct slice name);
const struct schema_field *schema_field_by_key(const struct schema_struct *s, struct slice key);

#endif
