/* etcd_message.h - the store's requests and answers as etcd's messages (etcd.proto). Inside of
 * etcd.
 *
 * Writers append the content of one message to a buffer without a bound. Readers take a message of
 * a peer that may be broken: -EBADMSG, and -ENOSPC where the arena is too small; *ret untouched.
 * Pure. */
#ifndef FIREBREAK_STORE_ETCD_MESSAGE_H
#define FIREBREAK_STORE_ETCD_MESSAGE_H

#include "base/buf.h"
#include "store/store.h"

void etcd_put_range(struct buf *out, const struct store_range *q);
/* The content of a PutRequest (of a PUT) or a DeleteRangeRequest. */
void etcd_put_op(struct buf *out, const struct store_op *op);
void etcd_put_txn(struct buf *out, const struct store_txn *txn);

struct etcd_watch_request {
    struct store_keys keys;
    int64_t id, revision;
};
void etcd_put_watch(struct buf *out, const struct etcd_watch_request *q);
void etcd_put_unwatch(struct buf *out, int64_t id);
/* Requests of one or two numbers: the fields 1 and 2. */
void etcd_put_numbers(struct buf *out, int64_t one, int64_t two);
void etcd_put_login(struct buf *out, struct slice user, struct slice password);

/* A RangeResponse. */
int etcd_get_range(struct slice message, struct arena *arena, struct store_range_result *ret);
/* A TxnResponse, which must have an answer to each operation of the branch that was taken. */
int etcd_get_txn(struct slice message, const struct store_txn *txn, struct arena *arena,
                 struct store_txn_result *ret);
/* Whether any operation of the branch has written something: the answer's own word for it. */
bool etcd_txn_wrote(struct slice message, const struct store_txn *txn);

struct etcd_watch_response {
    int64_t id, revision, compact_revision;
    bool created, canceled, fragment;
    struct slice cancel_reason;
    uint32_t event_count;
};
int etcd_get_watch(struct slice message, struct etcd_watch_response *ret);
/* Its events from the revision `from` on. `events` has room for event_count; *ret_count is set. */
int etcd_get_events(struct slice message, int64_t from, struct arena *arena,
                    struct store_event *events, uint32_t *ret_count);

/* Every other answer: numbers and texts at known places. What was not sent is 0. */
struct etcd_answer {
    int64_t revision;    /* of the header */
    uint64_t number[16]; /* by field */
    struct slice text[16];
};
int etcd_get_answer(struct slice message, struct etcd_answer *ret);
/* The keys of a LeaseTimeToLiveResponse. */
int etcd_get_lease_keys(struct slice message, struct arena *arena, struct store_lease *ret);
/* All texts of one field, joined with ", ", cut to the room. */
int etcd_get_texts(struct slice message, uint32_t field, char *to, size_t size);

#endif
