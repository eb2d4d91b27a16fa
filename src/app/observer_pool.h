/* observer_pool.h - observers that checks with equal specs share.
 *
 * An observer has a resolver and a TLS context, some hundred KB; thousands of checks mostly differ
 * in nothing but their target. One loop. All zeroes but for observer_pool_init's list is empty. */
#ifndef FIREBREAK_APP_OBSERVER_POOL_H
#define FIREBREAK_APP_OBSERVER_POOL_H

#include "base/list.h"
#include "observe/observe.h"

struct observer_pool {
    struct list shared;
};

struct pooled_observer;

void observer_pool_init(struct observer_pool *p);
/* Whether the pool's copy of such a spec is whole; else what the spec points to must live as long
 * as its observer is held. */
bool observer_pool_copies(const struct probe_spec *spec);
/* An observer for this spec. Returns 0, or as observer_open. */
int observer_pool_get(struct observer_pool *p, const struct probe_spec *spec,
                      struct pooled_observer **ret, struct err *err);
struct observer *pooled_observer_of(struct pooled_observer *o);
/* Gives it back; the last one closes it. NULL is accepted. No probe of the caller may run. */
void observer_pool_put(struct pooled_observer *o);

#endif
