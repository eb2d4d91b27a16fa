/* prefix.h - a store whose keys all stand below a path, so that several fleets can share one.
 * Inside of store/.
 *
 * store.c and watch.c, which every request and every answer passes, put the prefix on and take it
 * off; a back end knows nothing of it. So that "/a" does not see what is below "/ab", the keys of
 * such a store begin with a slash, and "all keys" means those that begin with the prefix and a
 * slash. Without a prefix all of these are the identity. */
#ifndef FIREBREAK_STORE_PREFIX_H
#define FIREBREAK_STORE_PREFIX_H

#include "store/backend.h"

/* In the arena, or as it was given. Returns 0; -EINVAL: the key does not begin with a slash;
 * -EMSGSIZE: too long together. */
int prefix_key(const struct store *s, struct slice *key, struct arena *arena, struct err *err);
int prefix_keys(const struct store *s, struct store_keys *keys, struct arena *arena,
                struct err *err);
/* A copy of *txn, in the arena, with its keys below the prefix. */
int prefix_txn(const struct store *s, const struct store_txn *txn, struct arena *arena,
               struct store_txn *ret, struct err *err);

/* ---- answers: their keys lose the prefix, in place ---- */

void prefix_strip(const struct store *s, struct slice *key);
void prefix_strip_range(const struct store *s, struct store_range_result *result);
void prefix_strip_txn(const struct store *s, struct store_txn_result *result);
void prefix_strip_lease(const struct store *s, struct store_lease *lease);
void prefix_strip_batch(const struct store *s, struct store_batch *b);

#endif
