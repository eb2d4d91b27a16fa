/* value.h - a configuration value, whatever language it was written in, and where.
 *
 * The evaluator of the configuration language and the decoders of YAML, TOML and JSON all end in
 * this tree; merging, checking and printing begin with it. Nodes and texts lie in the arena of
 * whoever built the tree; texts may point into the source. Plain data: read by anybody. */
#ifndef FIREBREAK_MODEL_VALUE_H
#define FIREBREAK_MODEL_VALUE_H

#include "model/source.h"

enum value_type {
    VALUE_NULL,
    VALUE_BOOL,
    VALUE_INT,
    VALUE_NUMBER, /* a number that no int64 or double holds exactly: as text */
    VALUE_FLOAT,
    VALUE_STRING,
    VALUE_DURATION, /* ns; only typed languages have it: elsewhere a duration is a string */
    VALUE_TIME,     /* a TOML or YAML date or time, as RFC 3339 text */
    VALUE_LIST,
    VALUE_MAP, /* members in the order in which they were written; keys are unique */
    VALUE_BAD, /* a fault was already told about it: nothing more is asked of it */
};

enum value_time { VALUE_TIME_OFFSET, VALUE_TIME_LOCAL, VALUE_DATE_LOCAL, VALUE_CLOCK_LOCAL };

struct value {
    uint8_t type;      /* enum value_type */
    uint8_t time;      /* enum value_time, of a TIME */
    uint32_t count;    /* of children */
    source_place at;   /* of its first byte */
    source_place key_at;
    struct slice key;  /* of a member */
    struct value *next;
    union {
        bool boolean;
        int64_t integer; /* INT; DURATION: ns */
        double number;   /* FLOAT */
        struct slice text; /* STRING: decoded; NUMBER, TIME */
        struct {
            struct value *first, *last;
        };
    };
};

/* NULL only where the arena's bound is reached. */
struct value *value_new(struct arena *a, enum value_type type, source_place at);
/* At the end of a list or map; `child` is in no other. A map's member has its key set before. */
void value_append(struct value *parent, struct value *child);
/* Member by key, or NULL. Linear: maps of configurations are small, and big ones are walked. */
struct value *value_get(const struct value *map, struct slice key);
/* "a string", "a list" …: for messages. */
const char *value_type_name(enum value_type type);
/* Deep equality; members in any order; places do not count. */
bool value_equal(const struct value *a, const struct value *b);

#endif
