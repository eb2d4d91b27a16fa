/* schema.h - the one schema of configurations, and dotted names in it.
 *
 * A name begins with the kind (or the section) and goes on with keys: "check", "check.tcp.target",
 * "server.listen", "remedy.do.run.argv". So it is the same for every object of a kind. Pure. */
#ifndef FIREBREAK_CONFIG_SCHEMA_H
#define FIREBREAK_CONFIG_SCHEMA_H

#include "model/schema.h"

extern const struct schema config_schema;

/* The roles that need no declaration; ends in NULL. */
extern const char *const config_builtin_roles[];

/* What a dotted name names: a struct by itself (field NULL), or one of its fields. */
struct schema_place {
    const struct schema_struct *in;
    const struct schema_field *field;
};

/* The first word of names below it: "check", "server"; NULL for structs that stand inside. */
const char *schema_struct_word(const struct schema_struct *s);
/* Words are keys or Go names, in any case: "Check.TCP.Target" and "checks[].tcp.target", too.
 * Returns 0; -ENOENT: *ret_bad is the part that is not known, *ret is as far as it went (in NULL:
 * the first word is none). */
int schema_place_find(struct slice name, struct schema_place *ret, struct slice *ret_bad);
/* The number of the field of this key, looked for from `hint` on: members mostly stand in the
 * schema's order. field_count: there is none. */
size_t schema_field_near(const struct schema_struct *s, struct slice key, size_t hint);
/* The nearest key of a struct (or first word, for NULL), or NULL. */
const char *schema_suggest(const struct schema_struct *s, struct slice word, bool go_names);

#endif
