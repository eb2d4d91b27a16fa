/* yaml.h - YAML 1.2 (core schema): a reader into trees of values, through libyaml, and a writer.
 *
 * Plain words mean what the core schema of 1.2 says and nothing else: null, true, false, whole
 * numbers (decimal, 0o7, 0xF), numbers with a fraction, .inf, .nan; "no", "on" and 12:30:00 are
 * strings. Large whole numbers keep their digits as VALUE_NUMBER.
 * Anchors and aliases: an alias is a copy of what it names; one that stands inside of what it
 * names is a fault. Merge keys: `<<: *a` and `<<: [*a, *b]` add the members that the map has not
 * itself; of several the first wins. What aliases and merges make is counted (expansion_max).
 * Tags: !!str !!int !!float !!bool !!null !!seq !!map are obeyed; any other tag is passed over and
 * makes a scalar a string. A key is a scalar, taken as its text, and stands once in its map.
 *
 * libyaml reads 1.1. Its syntax differs from 1.2 at the edges: directives, bare documents, names
 * of anchors, tabs as separation, keys over several lines in flow maps, plain words that begin
 * with ':' or '?'. yaml_mend.h rewrites those for it. What remains is listed there.
 *
 * Limits, faults and the answer are those of value_read.h. A fault of syntax makes the whole
 * document a VALUE_BAD; where a key at the left margin follows, reading goes on there to tell
 * further faults. Texts may point into the source. Pure; any thread. */
#ifndef FIREBREAK_WIRE_YAML_H
#define FIREBREAK_WIRE_YAML_H

#include "wire/value_read.h"
#include "wire/value_write.h"

enum {
    YAML_DOCUMENTS_MAX = 10000,
    YAML_EDITS_MAX = 100000,                 /* of one document, for libyaml */
    YAML_RESUME_BYTES_MAX = 8 * 1024 * 1024, /* read behind faults of syntax, in one document */
};

/* One configuration: a second document is a fault, no document at all is null.
 * limits NULL: those of value_read.h. */
int yaml_read(const struct source *source, const struct value_limits *limits, struct arena *a,
              struct config_faults *faults, struct value **ret_root);
/* Every document of the stream, as elements of a list. */
int yaml_read_all(const struct source *source, const struct value_limits *limits, struct arena *a,
                  struct config_faults *faults, struct value **ret_list);

/* What a plain scalar is by the core schema: fills type and content. False: a string. Whole
 * numbers and numbers beyond int64 and double become NUMBER, in a form that JSON has, too; their
 * text is the arena's. *ret_fits false: one in base 8 or 16 that is beyond 64 bits. */
bool yaml_resolve(struct slice text, struct value_reader *r, struct value *v, bool *ret_fits);

/* Blocks, two spaces a level; strings in the plainest form that every YAML reader, also of 1.1,
 * takes for that string. Ends in a line end. */
int yaml_write(struct buf *out, const struct value *root, struct err *err);

#endif
