/* sqlite_store.h - the inside of sqlite.h, shared by its files: the queue, the watches, the leases.
 */
#ifndef FIREBREAK_STORE_SQLITE_STORE_H
#define FIREBREAK_STORE_SQLITE_STORE_H

#include "base/map.h"
#include "rt/event.h"
#include "rt/file.h"
#include "store/backend.h"
#include "store/sqlite.h"
#include "store/sqlite_db.h"
#include "store/watch.h"

RT_CHAN(sqlite_kick_chan, char);
RT_CHAN(sqlite_conn_chan, struct sdb *);

enum sqlite_work {
    SQLITE_WORK_TXN,
    SQLITE_WORK_GRANT,
    SQLITE_WORK_END, /* of a lease: revoked, or its time has come */
    SQLITE_WORK_COMPACT,
    SQLITE_WORK_NOTHING, /* a commit, to see whether one is possible */
};

/* A write on its way through the queue; on its caller's stack. */
struct sqlite_request {
    enum sqlite_work work;
    const struct store_txn *txn;
    struct arena *arena;
    struct store_txn_result *result;
    int64_t lease, ttl_ms; /* GRANT, END */
    int64_t revision;      /* COMPACT */
    struct err *err;
    int r;
    bool begun; /* it can no longer be taken back */
    struct rt_event done;
    struct list link;
};

struct sqlite_lease {
    int64_t id, ttl_ms;
    rt_time ends;
    bool ending; /* no keep-alive helps any more: its end is in the queue */
};

struct sqlite_watch {
    struct sqlite_store *s;
    struct store_watch *w;
    struct store_keys keys;
    char *key_bytes;
    int64_t next; /* the first revision that was not told */
    bool live;    /* told at each commit; before that its task reads the log */
    bool progress;
    struct list link;
    struct rt_group group;
};

struct sqlite_store {
    struct store store;
    char *path, *lock_path;
    const char *vfs; /* NULL: SQLite's own */
    int64_t history;
    struct rt_file *lock;
    struct sdb *writer;
    struct sqlite_conn_chan idle; /* connections that nobody reads with now */
    uint32_t readers;
    struct rt_group group; /* the writer, and the clock of leases */

    struct list queue;
    uint32_t queued;
    uint64_t queue_full_total;
    struct sqlite_kick_chan work_there, lease_changed;

    int64_t revision, compacted; /* as everybody was told */
    bool broken;                 /* the disk failed: opened anew before the next write */
    rt_time think_time_each;     /* of who was answered, until all of them had their turn */
    bool trim_more;              /* rows behind the compaction are left to look at */
    int trouble;                 /* of the last commit; 0: none */
    char trouble_text[ERR_TEXT_MAX + 4];

    struct list watches;
    uint32_t watch_count;
    struct map leases;
    rt_time lease_retry;           /* after a failure: no lease ends before */
    uint32_t lease_ends_under_way; /* up to STORE_SQLITE_BATCH_MAX */
};

/* Puts a write into the queue and waits for its end. Returns its result. */
int sqlite_submit(struct sqlite_store *s, struct sqlite_request *q, rt_time deadline);
/* The writer's task: arg is the store. */
void sqlite_writer(void *arg);
/* Wakes the task behind a channel. */
void sqlite_kick(struct sqlite_kick_chan *c);

/* A connection to read with; given back whatever happened. */
int sqlite_reader_get(struct sqlite_store *s, struct sdb **ret_db, struct err *err,
                      rt_time deadline);
void sqlite_reader_put(struct sqlite_store *s, struct sdb *db);

/* ---- watches (sqlite_watch.c) ---- */

int sqlite_watch_open(struct store *store, const struct store_watch_request *request,
                      struct store_watch *w, struct err *err, rt_time deadline);
void sqlite_watch_close(struct store_watch *w);
/* Tells the live watches what a commit did. `revision` is the store's behind it. */
void sqlite_watches_tell(struct sqlite_store *s, int64_t revision, const struct sdb_changes *c);
void sqlite_watches_end(struct sqlite_store *s);

/* ---- leases (sqlite_lease.c) ---- */

void sqlite_lease_add(struct sqlite_store *s, int64_t id, int64_t ttl_ms);
void sqlite_lease_clock(void *arg); /* a task: arg is the store */
int sqlite_lease_grant(struct store *store, int64_t id, int64_t ttl_ms, struct store_lease *ret,
                       struct err *err, rt_time deadline);
int sqlite_lease_keep(struct store *store, int64_t id, struct store_lease *ret, struct err *err,
                      rt_time deadline);
int sqlite_lease_revoke(struct store *store, int64_t id, struct err *err, rt_time deadline);
int sqlite_lease_get(struct store *store, int64_t id, struct arena *arena, struct store_lease *ret,
                     struct err *err, rt_time deadline);

#endif
