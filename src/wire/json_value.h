/* json_value.h - JSON as a configuration: a reader into a tree of values, and a writer from one.
 *
 * The reader is as strict as wire/json.h, whose scanner it uses, and stricter in one thing: a
 * member that stands twice is a fault. Unlike that one it goes on after a fault, so that all of
 * them are told. Whole numbers that an int64 holds are VALUE_INT, larger ones and those beyond
 * the range of a double keep their digits as VALUE_NUMBER, the rest are VALUE_FLOAT.
 * Limits, faults and the answer are those of value_read.h; texts may point into the source.
 *
 * The writer gives, byte for byte, what Go's encoding/json gives for the same value: compact, or
 * indented as MarshalIndent; <, >, & and U+2028 and U+2029 escaped; floats in their shortest
 * form; invalid UTF-8 as U+FFFD. Members come in the order of the tree. Its answers are those of
 * value_write.h. Pure; any thread. */
#ifndef FIREBREAK_WIRE_JSON_VALUE_H
#define FIREBREAK_WIRE_JSON_VALUE_H

#include "wire/value_read.h"
#include "wire/value_write.h"

/* limits NULL: those of value_read.h. */
int json_value_read(const struct source *source, const struct value_limits *limits, struct arena *a,
                    struct config_faults *faults, struct value **ret_root);
/* indent: spaces a level; 0: compact. No line end behind the text. */
int json_value_write(struct buf *out, const struct value *root, uint32_t indent, struct err *err);

#endif
