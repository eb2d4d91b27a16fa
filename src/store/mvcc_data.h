/* mvcc_data.h - the inside of mvcc.h, shared by its files. */
#ifndef FIREBREAK_STORE_MVCC_DATA_H
#define FIREBREAK_STORE_MVCC_DATA_H

#include "base/fault.h"
#include "base/map.h"
#include "store/backend.h"
#include "store/mvcc.h"

struct mvcc_item;

/* One value of a key, or its end (`deleted`). */
struct mvcc_version {
    struct mvcc_item *item;
    struct mvcc_version *older;
    int64_t create, mod, version, lease;
    bool deleted;
    size_t size;
    char value[];
};

struct mvcc_item {
    struct mvcc_version *newest; /* never NULL */
    size_t size;
    char key[];
};

struct mvcc_lease {
    int64_t id, ttl_ms, ends_ms;
};

struct mvcc {
    struct mvcc_item **items; /* by key */
    size_t item_count, item_cap;
    struct mvcc_version **log; /* by revision, and in it by operation; all above `compacted` */
    size_t log_count, log_cap;
    int64_t revision, compacted;
    int64_t keys, bytes;
    struct map leases;
    int64_t lease_last;
};

static inline struct slice mvcc_key(const struct mvcc_item *item)
{
    return (struct slice){item->key, item->size};
}
/* Index of the first item whose key is not before `key`. */
size_t mvcc_find(const struct mvcc *m, struct slice key);
/* The item of exactly this key, or NULL. */
struct mvcc_item *mvcc_item(const struct mvcc *m, struct slice key);
/* The items of these keys are [*ret_begin, *ret_end). */
void mvcc_span(const struct mvcc *m, const struct store_keys *keys, size_t *ret_begin,
               size_t *ret_end);
/* Deletes the current keys of these, at this revision. Returns how many. */
int64_t mvcc_delete(struct mvcc *m, const struct store_keys *keys, int64_t revision);
void mvcc_delete_item(struct mvcc *m, struct mvcc_item *item, int64_t revision);

#endif
