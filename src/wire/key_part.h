/* key_part.h - a name as one part of a key of the store.
 *
 * A slash, a percent sign and control bytes are percent-encoded; url_unescape reads it back. Pure.
 */
#ifndef FIREBREAK_WIRE_KEY_PART_H
#define FIREBREAK_WIRE_KEY_PART_H

#include "base/buf.h"

void key_part_append(struct buf *key, struct slice name);

#endif
