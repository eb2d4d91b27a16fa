/* keep_print.h - what of an asset's state is worth a write: not its latencies, which always move.
 *
 * Two states with the same print need no write between them. Pure. */
#ifndef FIREBREAK_APP_KEEP_PRINT_H
#define FIREBREAK_APP_KEEP_PRINT_H

#include "base/buf.h"
#include "base/map.h"
#include "model/asset.h"

/* Of every asset, again and again: without printf, and `text` is room that is used again. */
uint64_t keep_print(const struct asset *a, struct map_seed seed, struct buf *text);
/* Another answer that is well changes nothing in its print, but by an event that is told. */
bool keep_is_steady(const struct asset *a);

#endif
