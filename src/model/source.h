/* source.h - the texts that a configuration was read from, and places inside them.
 *
 * A place is one number for the file, the line and the column together: texts are laid end to
 * end, and a place is an offset into that line of bytes. So every value can carry where it came
 * from at the price of four bytes, and lines are counted only for the places that a person asks
 * about. 0 is no place.
 *
 * A set does not copy: texts and names outlive it. Flags and the environment are sources, too:
 * their text is the assignment as it was written. Not thread-safe while sources are added; reading
 * is. */
#ifndef FIREBREAK_MODEL_SOURCE_H
#define FIREBREAK_MODEL_SOURCE_H

#include "base/arena.h"

enum {
    SOURCES_MAX = 4096,
    SOURCE_BYTES_MAX = 64 * 1024 * 1024, /* of all texts of a set together */
};

typedef uint32_t source_place; /* 0: none */

enum source_kind { SOURCE_DEFAULT, SOURCE_FILE, SOURCE_ENV, SOURCE_FLAG };

struct source {
    enum source_kind kind;
    const char *name; /* a path as the user gave it, a variable's name, a flag */
    struct slice text;
    source_place first; /* the place of text.data[0]; text.data[i] is at first + i */
};

struct source_set {
    struct source *items; /* in the arena; grows */
    uint32_t count, cap;
    uint32_t bytes;
    struct arena *arena;
};

/* A place as people count it: from 1, columns in bytes. */
struct source_point {
    const struct source *source;
    uint32_t line, column;
    struct slice text; /* the whole line, without its end */
};

/* Returns 0; -ENOSPC where a bound is reached. *ret stays valid until the next add: keep its
 * `first`, not the pointer. */
int source_add(struct source_set *set, enum source_kind kind, const char *name, struct slice text,
               const struct source **ret);
/* The source that a place lies in, or NULL. One behind a text's last byte is still in it. */
const struct source *source_of(const struct source_set *set, source_place at);
/* Returns 0, or -ENOENT for no place. */
int source_point(const struct source_set *set, source_place at, struct source_point *ret);
/* "file", "env" …: the public word. */
const char *source_kind_name(enum source_kind kind);

#endif
