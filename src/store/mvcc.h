/* mvcc.h - keys with all their versions since the last compaction, in memory.
 *
 * The revisioned map itself, without a clock, without waiting and without anybody who watches: the
 * memory back end puts those around it. Keys stand in one sorted array; each has a chain of its
 * versions, newest first, and the versions of all keys stand once more in the order in which they
 * were written. That second order is the log that watches catch up from.
 *
 * A transaction that cannot be answered (the caller's arena is full) is taken back as a whole.
 * Pure; one owner. Errors as store.h. */
#ifndef FIREBREAK_STORE_MVCC_H
#define FIREBREAK_STORE_MVCC_H

#include "store/store.h"

struct mvcc;

struct mvcc *mvcc_new(void);
void mvcc_free(struct mvcc *m); /* NULL is accepted */

int64_t mvcc_revision(const struct mvcc *m);
int64_t mvcc_compacted(const struct mvcc *m);
int64_t mvcc_keys(const struct mvcc *m);
int64_t mvcc_bytes(const struct mvcc *m); /* of keys and values, old versions too */

int mvcc_range(const struct mvcc *m, const struct store_range *q, struct arena *arena,
               struct store_range_result *ret, struct err *err);
int mvcc_txn(struct mvcc *m, const struct store_txn *txn, struct arena *arena,
             struct store_txn_result *ret, struct err *err);
/* Changes of these keys with a revision of at least `from`, at most `to`, copied into the arena. */
int mvcc_events(const struct mvcc *m, const struct store_keys *keys, int64_t from, int64_t to,
                struct arena *arena, struct store_event **ret_events, uint32_t *ret_count);
int mvcc_compact(struct mvcc *m, int64_t revision, struct err *err);

/* ---- leases; times are the caller's, in ms ---- */

int mvcc_lease_grant(struct mvcc *m, int64_t id, int64_t ttl_ms, int64_t now_ms,
                     struct store_lease *ret, struct err *err);
int mvcc_lease_keep(struct mvcc *m, int64_t id, int64_t now_ms, struct store_lease *ret,
                    struct err *err);
int mvcc_lease_revoke(struct mvcc *m, int64_t id, struct err *err);
int mvcc_lease_get(const struct mvcc *m, int64_t id, int64_t now_ms, struct arena *arena,
                   struct store_lease *ret);
/* Ends every lease whose time has come. Returns when the next one comes; INT64_MAX: none. */
int64_t mvcc_lease_expire(struct mvcc *m, int64_t now_ms);
int64_t mvcc_leases(const struct mvcc *m);

#endif
