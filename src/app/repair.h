/* repair.h - what reconcile orders becomes tasks, and what becomes of them goes back to it.
 *
 *     reconcile -> repair_order -> reconcile/orders.h -> a task in the store -> worker
 *     samples   <- its end      <-
 *
 * Also which assets are this plane's, where several share a store (reconcile/plane.h). */
#ifndef FIREBREAK_APP_REPAIR_H
#define FIREBREAK_APP_REPAIR_H

#include "app/up.h"

struct repairs;

/* `u` has its store and its samples. */
struct repairs *repairs_new(struct up *u);
/* Begins its tasks in the group. Returns 0 or -ENOMEM. */
int repairs_start(struct repairs *r, struct rt_group *group);
/* Does not wait. One that cannot be taken is told in the log; reconcile orders it again. */
void repairs_order(struct repairs *r, const struct repair_order *o);
/* Whether the asset is this plane's. */
bool repairs_own(const struct repairs *r, const struct asset *a);
/* Whether its state is ours to say, and whether we ask its checks that have so many observers: what
 * was so when the store was last in reach. What was discovered here is ours in any case. */
bool repairs_judge(const struct repairs *r, const struct asset *a);
bool repairs_look(const struct repairs *r, const struct asset *a, uint32_t observers);
/* What several observers see; NULL: we are the only plane. */
struct views *repairs_views(const struct repairs *r);
/* Whose it is, as far as we see; NULL: nobody's. */
const char *repairs_owner(const struct repairs *r, const struct asset *a);
/* To stand among the compares of what is written about an asset of ours. Returns false: there is
 * only one plane, or it is not alive. */
bool repairs_guard(const struct repairs *r, struct store_compare *ret);
bool repairs_alone(const struct repairs *r);
/* Whose an asset is can be said: we are the only plane, or are known to live. */
bool repairs_ready(const struct repairs *r);
uint32_t repairs_waiting(const struct repairs *r);
void repairs_free(struct repairs *r); /* its tasks have ended; NULL is accepted */

#endif
