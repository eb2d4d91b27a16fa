/* silences.h - what people want kept quiet, as it stands in the store.
 *
 *     /config/silences/<name>   {"name","selector","until","reason","by","at"}
 *
 * A selector is over an asset's labels, and over `asset` and `namespace` as if they were labels.
 * Whoever tells receivers follows the keys, and deletes a silence that is over. */
#ifndef FIREBREAK_STORE_SILENCES_H
#define FIREBREAK_STORE_SILENCES_H

#include "store/store.h"

#define SILENCES_PREFIX "/config/silences/"

enum { SILENCE_S_MAX = 366 * 24 * 3600 };

struct silence {
    struct slice name;     /* empty, when it is added: one is made up */
    struct slice selector; /* model/selector.h */
    struct slice reason, by;
    int64_t at_ms, until_ms; /* since 1970 */
};

/* *ret_name lies in `arena`. Returns 0; -EINVAL with *err: the selector is none, or selects
 * everything without saying so; or as store_txn. */
int silence_add(struct store *s, const struct silence *silence, struct arena *arena,
                struct slice *ret_name, struct err *err, rt_time deadline);
/* Returns 0, or -ENOENT: there is none of that name. */
int silence_remove(struct store *s, struct slice name, struct err *err, rt_time deadline);
/* Texts lie in `arena` or in *kv. Returns 0; -ENOENT: the key is none of these; -EBADMSG with *err.
 */
int silence_read(const struct store_kv *kv, struct arena *arena, struct silence *ret,
                 struct err *err);

#endif
