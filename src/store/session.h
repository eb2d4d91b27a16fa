/* session.h - a lease that is kept alive, and the moment at which it must be thought lost.
 *
 * Whoever is alive through the store (a node, a leader) holds one session and binds its keys to the
 * lease. The session sends a keep-alive every third of the TTL. Its own clock says until when the
 * lease lasts for sure: one TTL from the moment at which the last successful keep-alive was *sent*.
 * Once that has passed, or the store says that the lease is gone, the session is lost for good; its
 * owner stops what it did as an owner and opens a new one.
 *
 * Not being lost proves nothing to others: the lease may end between a look at it and a write. So
 * every write of an owner is guarded (election.h). */
#ifndef FIREBREAK_STORE_SESSION_H
#define FIREBREAK_STORE_SESSION_H

#include "rt/event.h"
#include "store/store.h"

struct store_session {
    struct store *store;
    int64_t lease, ttl_ms;             /* as granted */
    rt_time until;                     /* the lease lasts at least so long */
    struct rt_event lost;              /* waited for by whoever must stop then */
    struct rt_group group;             /* the keeper */
    uint64_t kept_total, missed_total; /* keep-alives that were answered, and that were not */
};

/* Embedded: stays where it is until store_session_close. Grants the lease, tries again until the
 * deadline. Returns 0 or why not. */
int store_session_open(struct store_session *se, struct store *s, int64_t ttl_ms, struct err *err,
                       rt_time deadline);
static inline bool store_session_alive(const struct store_session *se)
{
    return !se->lost.set && rt_now() < se->until;
}
/* A key that says who is alive is bound to a lease. One that is not was written by another program,
 * and would stand in everybody's way for ever: it is deleted, if it is still as it was seen.
 * Returns 0, also where it is not, or as store_txn. */
int store_session_clear(struct store *s, const struct store_kv *seen, struct err *err,
                        rt_time deadline);
/* Ends the keeper and, as well as it can until the deadline, the lease. */
void store_session_close(struct store_session *se, rt_time deadline);

#endif
