/* sqlite.h - the embedded store: one SQLite file in the data folder, and one process that holds it.
 *
 * Writes of all tasks meet in one queue. A task takes what is there, an offload thread makes it
 * durable with one sync (group commit: a crowd of writers costs as much as one), and then everybody
 * is answered and every watch is told, in that order of revisions. Reads go to connections of their
 * own and wait for no writer. A write that is still queued at its deadline is taken back; one that
 * has begun is waited for, so that only a crash leaves a doubt.
 *
 * Where the disk is full, writes are refused, reads go on, and the next write that finds room ends
 * it: also where it was full already when the store was opened, and the log of an earlier life
 * finds no room in the file. Where the disk fails, what the file has is unknown: it is opened anew,
 * and its write-ahead log carried over and synced, before any other write is taken. */
#ifndef FIREBREAK_STORE_SQLITE_H
#define FIREBREAK_STORE_SQLITE_H

#include "store/store.h"

enum {
    STORE_SQLITE_QUEUE_MAX = 4096, /* writes that wait; beyond: -ENOBUFS */
    STORE_SQLITE_BATCH_MAX = 256,  /* writes of one commit */
    STORE_SQLITE_READERS = 4,
    STORE_SQLITE_HISTORY = 10 * 1000, /* revisions kept behind the newest, by default */
    STORE_SQLITE_WHO_BYTES_MAX = 200,
};

struct store_sqlite_options {
    const char *folder; /* store.db and store.lock stand in it; it exists */
    const char *who;    /* told to a second process that wants it: "firebreak up, pid 4711" */
    int64_t history;    /* revisions that are kept; 0: STORE_SQLITE_HISTORY; < 0: all */
};

/* -EBUSY: another process holds it, whose words are told. Else as sqlite_db.h. */
int store_sqlite_open(const struct store_sqlite_options *options, struct store **ret_store,
                      struct err *err, rt_time deadline);

#endif
