/* check.h - everything that Go's compiler refuses, and what the schema adds to it.
 *
 * The check resolves names, types every expression, folds constants, and turns the tree into a
 * program. It never stops at a fault: a faulty expression becomes BAD, of TYPE_BAD, which goes with
 * everything, so that one mistake is told once. */
#ifndef FIREBREAK_LANG_CHECK_H
#define FIREBREAK_LANG_CHECK_H

#include "lang/lang.h"
#include "lang/program.h"

/* The files are parsed. `arena` keeps what the program needs; has_syntax_faults: then faults that
 * a missing piece of the text may have caused are not told. */
void check_package(const struct lang_package *package, struct tree *tree, struct names *names,
                   struct arena *arena, bool has_syntax_faults, bool wants_config,
                   struct program *ret);

#endif
