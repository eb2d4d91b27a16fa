/* etcd.h - the store of a fleet: etcd v3, spoken to directly.
 *
 * One store has three connections, each to whichever endpoint answers: for calls, for watches, and
 * for keep-alives, so that a lease does not die behind a large list. An endpoint that fails is
 * ejected for a while that doubles, and the next one is tried. What surely did not happen is tried
 * again, for STORE_ETCD_PATIENCE_MS; a read also where nobody knows. A write that broke after it
 * was sent is the caller's doubt (-ECONNRESET), and is never sent twice.
 *
 * A member that has lost its leader, or that a partition cut off, says so at once instead of
 * letting calls wait (etcd's "hasleader"). One that says nothing at all is noticed by a PING, or
 * by the first call that gets no answer in time.
 *
 * A watch that breaks is resumed at the revision behind the last one told. All watches share one
 * stream. A watcher that does not read has STORE_WATCH_QUEUE answers of the server before it is
 * told so, and holds up no other.
 *
 * What etcd does differently from the other back ends: leases live 2 s at least and count whole
 * seconds; the status does not know how many keys and leases there are (-1), nor what was
 * compacted. Compaction by time is etcd's own business. */
#ifndef FIREBREAK_STORE_ETCD_H
#define FIREBREAK_STORE_ETCD_H

#include "store/store.h"

enum {
    STORE_ETCD_PATIENCE_MS = 3000,
    STORE_ETCD_CONNECT_MS = 2000, /* for one endpoint */
    STORE_ETCD_EJECT_MIN_MS = 250,
    STORE_ETCD_EJECT_MAX_MS = 15 * 1000,
    STORE_ETCD_KEEP_MS = 1500, /* a keep-alive without an answer: another endpoint is tried */
    STORE_ETCD_ANSWER_BYTES_MAX = 256 * 1024 * 1024,
    STORE_ETCD_FRAGMENTS_BYTES_MAX = 64 * 1024 * 1024, /* of one watch, not yet told */
};

/* `url` as etcd_url.h says. Reads the files that it names, connects and logs in, or says why not
 * (that there is no leader is no reason: a member then still answers store_status):
 * -EINVAL the URL; -EACCES user or password; -ENETDOWN no endpoint answers, each with its reason;
 * -ENOENT, -EBADMSG a file. */
int store_etcd_open(const char *url, struct store **ret_store, struct err *err, rt_time deadline);

#endif
