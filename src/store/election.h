/* election.h - one of many leads, and what it writes is guarded.
 *
 * The leader of a role is whoever created the key "PREFIX/leader/ROLE", bound to its session's
 * lease. Candidates wait for that key to go. While the key stands, no other can create it; and
 * every write of the leader compares the key's creation revision with its own. So a leader that was
 * replaced, without having noticed, changes nothing any more: its compare fails.
 *
 * A key without a lease is nobody's claim, whoever wrote it: a candidate deletes it. */
#ifndef FIREBREAK_STORE_ELECTION_H
#define FIREBREAK_STORE_ELECTION_H

#include "store/session.h"

struct election {
    struct store *store;
    char key[STORE_KEY_BYTES_MAX];
    int64_t lease;
    int64_t create_revision; /* of the key, while we lead */
};

/* Waits until the session leads the role. `value` names the candidate: its node's name. `prefix` is
 * Store.Prefix, maybe empty. Returns 0; -ENOLINK: the session is lost; -EMSGSIZE: too long a name;
 * or why not. */
int election_campaign(struct election *e, struct store_session *se, struct slice prefix,
                      struct slice role, struct slice value, struct err *err, rt_time deadline);
/* To stand among the compares of each of the leader's writes. Points into *e. */
struct store_compare election_guard(const struct election *e);
/* Who leads: version 0 where nobody does. */
int election_observe(struct store *s, struct slice prefix, struct slice role, struct arena *arena,
                     struct store_kv *ret, struct err *err, rt_time deadline);
/* Gives it up. Returns 0, also where it was lost before. */
int election_resign(struct election *e, struct err *err, rt_time deadline);

#endif
