/* backend.h - what a back end of the store has to do. Inside of store/.
 *
 * store.c checks each request against the limits of store.h before it calls a back end, so that
 * all answer the same to what is not allowed, and counts and times every call. */
#ifndef FIREBREAK_STORE_BACKEND_H
#define FIREBREAK_STORE_BACKEND_H

#include "store/store.h"

struct store_backend {
    const char *name;
    int (*range)(struct store *s, const struct store_range *request, struct arena *arena,
                 struct store_range_result *ret, struct err *err, rt_time deadline);
    int (*txn)(struct store *s, const struct store_txn *txn, struct arena *arena,
               struct store_txn_result *ret, struct err *err, rt_time deadline);
    /* watch_queue_open and the rest of watch.h are for the back end; `store` and `open` are set
     * here. */
    int (*watch)(struct store *s, const struct store_watch_request *request, struct store_watch *w,
                 struct err *err, rt_time deadline);
    void (*unwatch)(struct store_watch *w); /* of w->impl; the queue is ended behind it */
    int (*lease_grant)(struct store *s, int64_t id, int64_t ttl_ms, struct store_lease *ret,
                       struct err *err, rt_time deadline);
    int (*lease_keep)(struct store *s, int64_t id, struct store_lease *ret, struct err *err,
                      rt_time deadline);
    int (*lease_revoke)(struct store *s, int64_t id, struct err *err, rt_time deadline);
    int (*lease_get)(struct store *s, int64_t id, struct arena *arena, struct store_lease *ret,
                     struct err *err, rt_time deadline);
    int (*compact)(struct store *s, int64_t revision, struct err *err, rt_time deadline);
    int (*status)(struct store *s, struct store_status *ret, struct err *err, rt_time deadline);
    int (*backup)(struct store *s, const char *path, int64_t *ret_revision, struct err *err,
                  rt_time deadline); /* NULL: -EOPNOTSUPP */
    void (*close)(struct store *s);
};

/* The head of every back end's own struct. */
struct store {
    const struct store_backend *backend;
    struct store_stats stats; /* kept by store.c */
    struct slice prefix;      /* the same: prefix.h */
};

/* Whether the key is one of these. */
bool store_keys_have(const struct store_keys *keys, struct slice key);
/* Whether what compares as `order` (<0, 0, >0) stands in this relation. */
bool store_relation_holds(enum store_relation relation, int64_t order);
/* The first key behind every one that begins with `prefix`, in `room` (as large as the prefix).
 * Empty: there is none, the range has no end. */
struct slice store_prefix_end(struct slice prefix, char *room);
/* A copy whose bytes are one block, which the caller frees (MEM_STORE). */
struct store_keys store_keys_copy(const struct store_keys *keys, char **ret_bytes);
/* A copy of *kv in the arena: 0 or -ENOSPC. */
int store_kv_copy(struct arena *arena, const struct store_kv *kv, struct store_kv *ret);
/* Of the branch that was taken: whether an operation writes. */
static inline bool store_op_writes(const struct store_op *op)
{
    return op->type != STORE_READ;
}

#endif
