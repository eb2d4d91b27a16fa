/* plan.h - what would be repaired now, for the gateway. */
#ifndef FIREBREAK_APP_PLAN_H
#define FIREBREAK_APP_PLAN_H

#include "base/buf.h"

/* As gateway_options.repairs; ctx is the struct up. */
void plan_repairs(void *ctx, struct buf *ret_items);

#endif
