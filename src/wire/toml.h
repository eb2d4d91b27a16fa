/* toml.h - TOML 1.0 and 1.1: a strict reader into a tree of values, and a writer.
 *
 * A text of TOML is a map. Whole numbers must fit an int64, other numbers a double; dates and times
 * become VALUE_TIME as RFC 3339 writes them ('T' and 'Z' large, seconds always there, fractions as
 * written). Lines of a multi-line string end in "\n", however the file ends its lines. What 1.1
 * allows beyond 1.0: line ends, comments and a last comma in inline tables, \e and \xHH, times
 * without seconds.
 *
 * Limits, faults and the answer are those of value_read.h. Texts may point into the source. Pure;
 * any thread. */
#ifndef FIREBREAK_WIRE_TOML_H
#define FIREBREAK_WIRE_TOML_H

#include "wire/value_read.h"
#include "wire/value_write.h"

enum toml_version { TOML_1_1, TOML_1_0 };

struct toml_options {
    enum toml_version version;
    struct value_limits limits;
};

/* options NULL: 1.1, and the limits of value_read.h. */
int toml_read(const struct source *source, const struct toml_options *options, struct arena *a,
              struct config_faults *faults, struct value **ret_root);

/* What every reader of TOML, also of 1.0, takes for that tree: tables below headers, lists of
 * tables as [[lists]], all else inline. The root is a map; null, and numbers beyond 64 bits, are
 * -EINVAL. Members that are no tables come first. Answers are those of value_write.h. */
int toml_write(struct buf *out, const struct value *root, struct err *err);

#endif
