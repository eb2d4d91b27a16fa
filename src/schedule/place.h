/* place.h - which node a task goes to. Pure.
 *
 * Among those that fit, the one with the highest hash of task and node: so a node that comes or
 * goes moves only its own share, and any controller chooses the same. */
#ifndef FIREBREAK_SCHEDULE_PLACE_H
#define FIREBREAK_SCHEDULE_PLACE_H

#include <stdint.h>

#include "base/slice.h"

/* The larger wins; of equal ones, none are known. */
uint64_t place_weight(struct slice task, struct slice node);

#endif
