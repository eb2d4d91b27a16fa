/* json_schema.h - the schema as JSON Schema 2020-12, for editors and other validators.
 *
 * It says what can be said in it: types, words, patterns, ranges of numbers, what is required, and
 * that exactly one choice is made. References, names that stand twice, ranges of durations and
 * circles are the checker's alone; nulls and zeroes, which equal a field left out, are not in it.
 */
#ifndef FIREBREAK_CONFIG_JSON_SCHEMA_H
#define FIREBREAK_CONFIG_JSON_SCHEMA_H

#include "base/buf.h"

/* Indented, with a line end. */
void json_schema_write(struct buf *out);

#endif
