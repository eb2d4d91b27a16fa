/* reference.h - the schema in words: `firebreak explain`, and the reference in docs/. Pure. */
#ifndef FIREBREAK_CONFIG_REFERENCE_H
#define FIREBREAK_CONFIG_REFERENCE_H

#include "base/buf.h"
#include "config/schema.h"

/* "string", "list of Step", "table of strings", "duration". */
void schema_type_words(const struct schema_field *f, struct buf *out);
/* "Required.", "Default 10s.", "From 10ms to 744h0m0s.", "One of a, b." … behind each other with
 * spaces between; nothing where there are no rules. */
void schema_rule_words(const struct schema_field *f, struct buf *out);

/* Text for a terminal, lines of at most `columns`. `name` is what was asked for. */
void explain_text(const char *name, const struct schema_place *at, size_t columns, bool color,
                  struct buf *out);
/* One object, no line end. */
void explain_json(const char *name, const struct schema_place *at, struct buf *out);
/* Every kind and field, Markdown. */
void reference_markdown(struct buf *out);

#endif
