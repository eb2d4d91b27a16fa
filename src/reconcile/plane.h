/* plane.h - which of the control planes on a store has an asset: one each, as long as it lives.
 *
 * A plane lives by the key "/leader/planes/NODE", under a lease. What is to be shared out (a group,
 * or an asset without one: reconciler_share_of) belongs to the living plane with the highest hash
 * of both names (rendezvous): so a plane that comes or goes moves only its own part, and all agree
 * as soon as they have seen the same keys. A plane that is dead or cut off is replaced when its
 * lease ends: within TTL + 1 s.
 *
 * Who looks at what is shared out in the same way (plane_looks): the owner, and where several
 * observers are wanted, those of the next highest hashes that can see. A plane that loses the store
 * goes on looking as it did before, until it knows better: nobody is blind because a store is away.
 *
 * Views differ for a while, so owning is no permission: what an owner does is guarded by
 * plane_guard (its own key stands, in this life) and by the record of what it does (orders.h). */
#ifndef FIREBREAK_RECONCILE_PLANE_H
#define FIREBREAK_RECONCILE_PLANE_H

#include "store/session.h"

enum { PLANES_MAX = 64 };

struct plane;

struct plane_options {
    struct store *store;
    struct slice prefix; /* Store.Prefix */
    struct slice node;   /* our name: differs from all others' */
    int64_t lease_ttl_ms;
    void (*on_change)(void *ctx); /* who owns what may have changed: plane_owns has the new answer.
                                   * Must not wait. */
    void *ctx;
};

struct plane *plane_new(const struct plane_options *options);
/* A task: lives, and follows the others, until it is cancelled. */
void plane_main(void *plane);
/* False while we do not know to live. */
bool plane_owns(const struct plane *p, const char *share);
/* Whose it is, as far as we see; NULL: nobody lives. */
const char *plane_owner(const struct plane *p, const char *share);
/* Whose it was when the store was last in reach: who says what state it is in. False until we have
 * seen it once. */
bool plane_judges(const struct plane *p, const char *share);
/* The same of looking at it, where so many look together: its owner does, and so do the first
 * `observers` in the order of hashes, of those that can see (and we, where we are among them though
 * we cannot: we must notice when we can again). 0 is 1. */
bool plane_looks(const struct plane *p, const char *share, uint32_t observers);
/* The i-th of those that looked then; NULL: there are no more. */
const char *plane_placed(const struct plane *p, uint32_t i);
/* A plane that lives says that it sees nothing, or sees again. Where it dies it is forgotten. */
void plane_set_blind(struct plane *p, struct slice node, bool blind);
/* The lease of this life, to which what we say may be bound: it goes with us. 0: we do not live. */
int64_t plane_lease(const struct plane *p);
/* To stand among the compares of what an owner writes. Returns false while we do not live. */
bool plane_guard(const struct plane *p, struct store_compare *ret);
uint32_t plane_count(const struct plane *p); /* that live */
const char *plane_node(const struct plane *p);
bool plane_lives(const struct plane *p, const char *node);
void plane_free(struct plane *p);            /* its task has ended; NULL is accepted */

#endif
