/* store.h - the state of the world: keys with revisions, transactions, watches and leases.
 *
 * One interface, shaped as etcd's v3 API, over three back ends: sqlite (embedded, the default),
 * etcd (a fleet) and memory (the simulator, with faults at this interface). What is promised here
 * holds for each of them, and one suite checks it.
 *
 * - The store has one revision, which grows by one with each transaction that changed something.
 *   A transaction is atomic: all of its operations have its revision, or nothing happened.
 * - Reads and writes are linearizable. A write that answered 0 is durable.
 * - A call that failed with -ETIMEDOUT, -ECANCELED, -ECONNRESET, -EIO or -ENOSPC is *in doubt*: a
 *   write may have happened, or may yet happen (a disk that is full in the middle of a commit may
 *   show it after the next power loss). Whoever repeats it compares revisions. Every other error
 *   of a write says that it did not happen.
 * - A watch tells every change of its range once, in the order of revisions, and all changes of a
 *   revision together; or says that it cannot (compacted, too slow), after which a list at a known
 *   revision begins anew. It never has a silent gap. store_follow (follow.h) does that dance.
 * - A lease is a promise, not a mutex: its keys live at least until it expires, and it expires
 *   never early; but its owner may learn that late. So each write of an owner is guarded, by a
 *   compare on the key that the lease holds (election.h).
 *
 * Keys are bytes, by convention "/registry/assets/default/db". Values are bytes, by convention
 * JSON. A store belongs to the loop that opened it and serves all tasks of it.
 *
 * Errors beside those: -EINVAL the request is not allowed; -ENOENT no such lease; -EMSGSIZE a limit
 * below; -EEXIST lease id in use; -ENODATA the revision was compacted; -ERANGE it is not there yet;
 * -ENOSPC the store is full (reads go on); -EROFS the file cannot be written; -EACCES not allowed;
 * -ENETDOWN, -ECONNREFUSED … no endpoint answers; -ENOLINK the store was closed; -EIO the disk
 * failed; -EBADMSG the peer or the file is broken. */
#ifndef FIREBREAK_STORE_STORE_H
#define FIREBREAK_STORE_STORE_H

#include <errno.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/histogram.h"
#include "rt/chan.h"

enum {
    STORE_KEY_BYTES_MAX = 1024,
    STORE_VALUE_BYTES_MAX = 1024 * 1024,
    STORE_TXN_OPS_MAX = 128,            /* compares, then and otherwise: each; etcd's default */
    STORE_TXN_BYTES_MAX = 1536 * 1024,  /* keys and values of a transaction; etcd's default */
    STORE_RANGE_LIMIT_MAX = 100 * 1000, /* of keys in one answer: page by `key` and `revision` */
    STORE_WATCHES_MAX = 10 * 1000,
    STORE_WATCH_QUEUE = 64, /* batches that wait for a slow watcher; beyond: STORE_WATCH_SLOW */
    STORE_LEASE_TTL_MIN_MS = 1000,
    STORE_LEASE_TTL_MAX_MS = 24 * 3600 * 1000,
};

/* The connection broke, or no endpoint answers: a later call may find one that does. */
static inline bool store_is_away(int r)
{
    return r == -ECONNRESET || r == -ECONNREFUSED || r == -ENETDOWN;
}

struct store;

struct store_kv {
    struct slice key, value;
    int64_t create_revision, mod_revision;
    int64_t version; /* 1 at creation; 0: the key is not there */
    int64_t lease;   /* 0: none */
};

/* ---- which keys ---- */

enum store_scope {
    STORE_KEY,    /* `key` itself */
    STORE_PREFIX, /* every key that begins with it; an empty one: all keys */
    STORE_SPAN,   /* [key, end); an empty end: to the last key */
};

struct store_keys {
    enum store_scope scope;
    struct slice key, end;
};

static inline struct store_keys store_key(struct slice key)
{
    return (struct store_keys){.scope = STORE_KEY, .key = key};
}
static inline struct store_keys store_prefix(struct slice prefix)
{
    return (struct store_keys){.scope = STORE_PREFIX, .key = prefix};
}

/* ---- reading ---- */

struct store_range {
    struct store_keys keys;
    int64_t revision; /* 0: now */
    int64_t limit;    /* 0: STORE_RANGE_LIMIT_MAX, and beyond it `more` */
    size_t bytes_max; /* 0: no bound. The answer ends, with `more`, behind the key that reaches it;
                         for store_range alone */
    bool keys_only, count_only;
};

struct store_range_result {
    int64_t revision;     /* of the store when it was read */
    struct store_kv *kvs; /* by key, ascending */
    uint32_t count;
    int64_t total; /* keys in the range; -1 where `more`: ask with count_only */
    bool more;
};

/* Everything of *ret lies in `arena` (-ENOSPC: it is too small). */
int store_range(struct store *s, const struct store_range *request, struct arena *arena,
                struct store_range_result *ret, struct err *err, rt_time deadline);
/* One key. Returns 0 also where it is not there: then ret->version is 0. */
int store_get(struct store *s, struct slice key, struct arena *arena, struct store_kv *ret,
              struct err *err, rt_time deadline);

/* ---- writing ---- */

enum store_target {
    STORE_VERSION,
    STORE_CREATE_REVISION,
    STORE_MOD_REVISION,
    STORE_LEASE,
    STORE_VALUE,
};
enum store_relation { STORE_EQUAL, STORE_NOT_EQUAL, STORE_LESS, STORE_GREATER };

/* "the key's target is … than this". A key that is not there has 0 everywhere; a compare of its
 * value is false. */
struct store_compare {
    struct slice key;
    enum store_target target;
    enum store_relation relation;
    int64_t number;
    struct slice value; /* of STORE_VALUE */
};

enum store_op_type { STORE_PUT, STORE_DELETE, STORE_READ };

struct store_op {
    enum store_op_type type;
    struct slice key, value;  /* PUT */
    int64_t lease;            /* PUT: the key goes with it. 0: none */
    bool keep_value;          /* PUT: only the lease and revision change; -EINVAL without a key */
    struct store_keys keys;   /* DELETE */
    struct store_range range; /* READ: sees what the operations before it did */
};

struct store_txn {
    const struct store_compare *compares; /* all must hold; none: `then` */
    uint32_t compare_count;
    const struct store_op *then, *otherwise;
    uint32_t then_count, otherwise_count;
};

struct store_op_result {
    int64_t deleted;                 /* DELETE: keys that went */
    struct store_range_result range; /* READ */
};

struct store_txn_result {
    bool succeeded;   /* the compares held */
    int64_t revision; /* of the store behind it: of this transaction, where it wrote */
    struct store_op_result *ops;
    uint32_t op_count;
};

/* No key may be put twice or put and deleted in one branch: -EINVAL. `arena` and `ret` may be NULL
 * where no answer is wanted. */
int store_txn(struct store *s, const struct store_txn *txn, struct arena *arena,
              struct store_txn_result *ret, struct err *err, rt_time deadline);
/* *ret_revision may be NULL. */
int store_put(struct store *s, struct slice key, struct slice value, int64_t lease,
              int64_t *ret_revision, struct err *err, rt_time deadline);
/* Returns how many keys went. */
int64_t store_delete(struct store *s, struct store_keys keys, int64_t *ret_revision,
                     struct err *err, rt_time deadline);

/* ---- watching ---- */

enum store_event_type { STORE_EVENT_PUT, STORE_EVENT_DELETE };

struct store_event {
    enum store_event_type type;
    struct store_kv kv; /* DELETE: key and mod_revision (of the deletion), else zeroes */
};

enum store_watch_end {
    STORE_WATCH_GOES_ON,
    STORE_WATCH_COMPACTED, /* the next revision is gone: list again */
    STORE_WATCH_SLOW,      /* this watcher did not read: list again */
    STORE_WATCH_LOST,      /* the store is closed, or refuses for good: see err */
};

/* Moved to the watcher, who frees it. A batch without events is progress: everything up to its
 * revision was told. */
struct store_batch {
    struct arena arena;
    rt_time at;                 /* when it was put into the queue: how long it waited is the lag */
    int64_t revision;           /* all changes up to it have been told; grows */
    struct store_event *events; /* by revision, and in a revision by operation */
    uint32_t count;
    enum store_watch_end end; /* if not GOES_ON: the last batch; the channel then closes */
    int64_t compacted;        /* COMPACTED: the oldest revision that is left */
    struct err err;           /* LOST */
};
void store_batch_free(struct store_batch *b); /* NULL is accepted */

RT_CHAN(store_batch_chan, struct store_batch *);

struct store_watch_request {
    struct store_keys keys;
    int64_t revision; /* the first that is told; 0: the next one */
    bool progress;    /* batches without events, now and then, while nothing happens */
};

struct store_watch {
    struct store_batch_chan batches; /* the watcher receives */
    struct store *store;
    void *impl; /* the back end's; NULL once the store was closed */
    bool open;
};

/* Returns 0 once the watch stands: what is written after this is told. *w is the caller's and stays
 * where it is until store_unwatch. A lost connection is mended behind it: the watch resumes at the
 * revision behind the last one told. */
int store_watch(struct store *s, const struct store_watch_request *request, struct store_watch *w,
                struct err *err, rt_time deadline);
/* Ends it and frees the batches left; the store may be closed already. Nobody receives any more.
 * All zeroes is accepted. */
void store_unwatch(struct store_watch *w);

/* ---- leases ---- */

struct store_lease {
    int64_t id;
    int64_t ttl_ms;     /* as granted, maybe more than asked */
    int64_t left_ms;    /* time to live, when it was asked; < 0: there is no such lease */
    struct slice *keys; /* that are bound to it, when they were asked for */
    uint32_t key_count;
};

/* id 0: the store chooses. A remote store counts whole seconds, rounded up. */
int store_lease_grant(struct store *s, int64_t id, int64_t ttl_ms, struct store_lease *ret,
                      struct err *err, rt_time deadline);
/* Begins its time anew. Returns 0, or -ENOENT: it has expired, and its keys are gone. */
int store_lease_keep(struct store *s, int64_t id, struct store_lease *ret, struct err *err,
                     rt_time deadline);
/* Deletes its keys. -ENOENT as above. */
int store_lease_revoke(struct store *s, int64_t id, struct err *err, rt_time deadline);
/* Returns 0 also for a lease that is gone (left_ms < 0). arena NULL: without the keys. */
int store_lease_get(struct store *s, int64_t id, struct arena *arena, struct store_lease *ret,
                    struct err *err, rt_time deadline);

/* ---- the store itself ---- */

/* Forgets what was overwritten or deleted before this revision: reads and watches behind it answer
 * -ENODATA or COMPACTED. Current values stay. */
int store_compact(struct store *s, int64_t revision, struct err *err, rt_time deadline);

struct store_status {
    const char *backend; /* "sqlite", "etcd", "memory": a literal */
    char version[64];    /* of the library or server */
    char where[256];     /* file or endpoint in use */
    int64_t revision;
    int64_t compacted; /* the oldest that is left; 0: all of them. -1, as the next: not known */
    int64_t keys;      /* current, below the prefix; -1: we may not read them */
    int64_t bytes;     /* on disk; memory: held */
    int64_t bytes_max; /* 0: no bound */
    int64_t leases; /* -1: not known */
    bool writable;
    char trouble[ERR_TEXT_MAX + 4]; /* why it is not writable, or what else is not well */
    uint32_t queued, queued_max;    /* writes that wait, and how many may; 0, 0: no such queue */
    uint64_t queue_full_total;      /* writes that found it full */
    uint64_t leader;                /* etcd: the member's id; else 0 */
    uint32_t watches;
};
int store_status(struct store *s, struct store_status *ret, struct err *err, rt_time deadline);

enum store_call {
    STORE_CALL_RANGE,
    STORE_CALL_TXN,
    STORE_CALL_WATCH, /* until it stands */
    STORE_CALL_LEASE,
    STORE_CALL_COMPACT,
    STORE_CALL_STATUS,
    STORE_CALL_BACKUP,
    STORE_CALL_COUNT,
};

/* What the calls took, from the caller's side: waiting in queues counts. */
struct store_stats {
    struct histogram took[STORE_CALL_COUNT];
    uint64_t failed_total[STORE_CALL_COUNT];
};
const struct store_stats *store_stats_of(const struct store *s);
const char *store_backend_name(const struct store *s); /* "sqlite" … */
const char *store_call_name(enum store_call call);     /* "range" … */

/* A consistent copy as a file of the sqlite back end; -EOPNOTSUPP elsewhere (etcdctl has its own).
 * The file must not exist. *ret_revision is that of the copy. */
int store_backup(struct store *s, const char *path, int64_t *ret_revision, struct err *err,
                 rt_time deadline);

/* From now on every key stands below this path ("/fleet-a"), as Store.Prefix has it: others in the
 * same store are not seen, and keys begin with a slash. Before the first call and watch; once.
 * Returns 0, or -EINVAL: it does not begin with a slash, ends with one, or is too long. */
int store_set_prefix(struct store *s, struct slice prefix, struct err *err);

/* Ends every watch (LOST), waits for the disk. No other call is under way. NULL is accepted. */
void store_close(struct store *s);

#endif
