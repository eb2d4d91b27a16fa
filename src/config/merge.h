/* merge.h - two sources become one: the higher one wins where both speak.
 *
 * Structs and tables merge member by member, lists by the rule of their field. A null takes back
 * what a lower source said. Where the higher source makes another choice (http instead of tcp),
 * the lower one's choice goes. The result shares nodes with both, which stay as they are. Pure. */
#ifndef FIREBREAK_CONFIG_MERGE_H
#define FIREBREAK_CONFIG_MERGE_H

#include "model/schema.h"
#include "model/value.h"

/* Either may be NULL. NULL only where both are. */
struct value *config_merge(struct arena *a, const struct schema_struct *s, struct value *low,
                           struct value *high);

#endif
