/* plane.h - which of the control planes on a store has an asset: one each, as long as it lives.
 *
 * A plane lives by the key "/leader/planes/NODE", under a lease. What is to be shared out (a group,
 * or an asset without one: reconciler_share_of) belongs to the living plane with the highest hash
 * of both names (rendezvous): so a plane that comes or goes moves only its own part, and all agree
 * as soon as they have seen the same keys. A plane that is dead or cut off is replaced when its
 * lease ends: within TTL + 1 s.
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
/* To stand among the compares of what an owner writes. Returns false while we do not live. */
bool plane_guard(const struct plane *p, struct store_compare *ret);
uint32_t plane_count(const struct plane *p); /* that live */
const char *plane_node(const struct plane *p);
bool plane_lives(const struct plane *p, const char *node);
void plane_free(struct plane *p);            /* its task has ended; NULL is accepted */

#endif
