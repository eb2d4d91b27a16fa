/* parse.h - from one source text to its syntax tree, past every mistake in it.
 *
 * All of Go 1.22 is read. What lies outside the subset is read, too, refused by its name (code
 * not_in_subset) and left BAD in the tree; what is no Go is a fault of code syntax, one a line, and
 * reading goes on with the next statement or declaration. */
#ifndef FIREBREAK_LANG_PARSE_H
#define FIREBREAK_LANG_PARSE_H

#include "lang/scan.h"
#include "lang/tree.h"

struct lang_limits;

/* Reads tree->files[index], whose first and text are set, and fills in the rest of it.
 * Returns false where a limit ended the reading: then the tree is not to be used. */
bool parse_file(struct tree *tree, uint32_t index, struct names *names,
                const struct lang_limits *limits, struct config_faults *faults);

#endif
