/* kind.h - the kinds of resources, as people name them: singular or plural, in any case.
 *
 * One table for commands, the API and the keys of the store. Pure. */
#ifndef FIREBREAK_MODEL_KIND_H
#define FIREBREAK_MODEL_KIND_H

#include "base/err.h"
#include "base/slice.h"

enum { KIND_NAME_BYTES_MAX = 128, KIND_COUNT = 14 };

struct kind {
    const char *name, *plural; /* "asset", "assets": public words */
};

/* In the order in which they are shown. */
extern const struct kind kinds[KIND_COUNT];

/* NULL: there is no such kind. */
const struct kind *kind_find(struct slice word);
/* The nearest kind's name to a misspelt one, or NULL. */
const char *kind_suggest(struct slice word);

/* What people write for a kind, or for one resource in one word, as `why` and -o name have it:
 * "assets", "asset/web". *ret_name is the end of `word`, or NULL where that names a kind
 * only. Returns 0, or -EINVAL with *err: there is no such kind, or no name behind the '/'. */
int kind_parse(const char *word, const struct kind **ret_kind, const char **ret_name,
               struct err *err);
/* The same where one of `kind` is wanted: "web" and "asset/web" both give "web". Any other kind
 * before a '/' is -EINVAL, as no name has one. */
int kind_parse_name(const struct kind *kind, const char *word, const char **ret_name,
                    struct err *err);

/* What a resource or a namespace may be called: letters, digits, '-', '_', '.' and ':', up to
 * KIND_NAME_BYTES_MAX bytes, beginning with a letter or digit; so a name is one part of a key, a
 * path and a label. */
bool kind_name_ok(struct slice name);

#endif
