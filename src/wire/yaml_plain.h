/* yaml_plain.h - which strings need no quotes in YAML. Pure. Inside of yaml. */
#ifndef FIREBREAK_WIRE_YAML_PLAIN_H
#define FIREBREAK_WIRE_YAML_PLAIN_H

#include "base/slice.h"

/* Whether a string, as it is, is read as just that string by readers of 1.2 and of 1.1: no word
 * for true, no number in any notation of theirs, no date, no sign. Careful rather than exact. */
bool yaml_is_plain(struct slice s);

#endif
