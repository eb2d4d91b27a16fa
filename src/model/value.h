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

enum { VALUE_KEY_BYTES_MAX = (1 << 24) - 1 };

/* 48 bytes: a configuration of 100,000 resources is a million of them. */
struct value {
    uint8_t type; /* enum value_type */
    uint32_t key_size : 24;
    union {
        uint32_t count; /* of children */
        uint32_t time;  /* enum value_time, of a TIME */
    };
    source_place at; /* of its first byte */
    source_place key_at;
    const char *key_data; /* of a member: value_key */
    struct value *next;
    union {
        bool boolean;
        int64_t integer;   /* INT; DURATION: ns */
        double number;     /* FLOAT */
        struct slice text; /* STRING: decoded; NUMBER, TIME */
        struct {
            struct value *first, *last;
        };
    };
};

/* Of a member; empty where it is none, or has the empty key. */
static inline struct slice value_key(const struct value *v)
{
    return (struct slice){v->key_data, v->key_size};
}
/* `key` has at most VALUE_KEY_BYTES_MAX bytes, and is not copied. */
static inline void value_set_key(struct value *v, struct slice key)
{
    v->key_data = key.data;
    v->key_size = key.size & VALUE_KEY_BYTES_MAX;
}

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
