/* setting.h - one key and one text as a source: flags (--set KEY=VALUE) and variables.
 *
 * The text is read by the type of the field: a list is JSON or words divided by commas, a table
 * JSON or NAME=VALUE divided by commas, a struct JSON; anything else is the value as it stands.
 * What the text is not good for is found by the checker, at its place. */
#ifndef FIREBREAK_CONFIG_SETTING_H
#define FIREBREAK_CONFIG_SETTING_H

#include "config/key.h"
#include "model/config_fault.h"

/* Sets the value at a key of *root, a map, making what is missing on the way. `source` is where
 * the text stands, `at` the text's offset in it. */
void config_setting_put(struct arena *a, struct value *root, const struct config_key *key,
                        const struct source *source, size_t at, struct config_faults *faults);

#endif
