/* canonical.h - a checked configuration in the one form in which it is shown and compared.
 *
 * Members stand in the schema's order and tables in the order of their keys; nulls, zeroes and
 * empty structs that are no pointers are gone; durations are strings as Go prints them. It is what
 * the generated Go package prints of the same configuration. */
#ifndef FIREBREAK_CONFIG_CANONICAL_H
#define FIREBREAK_CONFIG_CANONICAL_H

#include "model/schema.h"
#include "model/value.h"

/* Changes the tree in place: what shares nodes with it (the sources of a merge) is not to be walked
 * any more. `defaults` adds the fields that have one. Fields that the schema does not know are
 * dropped. */
void config_canonicalize(struct arena *a, const struct schema_struct *s, struct value *root,
                         bool defaults);
/* The default of a field as a value without a place, or NULL. */
struct value *config_default(struct arena *a, const struct schema_field *f);

#endif
