/* eval.h - runs a checked program.
 *
 * Evaluation ends in a value, a panic (one fault), or a limit (one fault). A panic or a BAD piece
 * inside a literal marks the member it stands for and evaluation goes on behind it, so that the
 * schema's checker still sees all the rest. */
#ifndef FIREBREAK_LANG_EVAL_H
#define FIREBREAK_LANG_EVAL_H

#include "lang/lang.h"
#include "lang/program.h"

/* Initialises the package and, with run_main, runs func main. *ret_config, in package->arena, may
 * be NULL: then it is not asked for; also where the program has no Config. */
void eval_program(const struct lang_package *package, const struct program *p, bool run_main,
                  struct value **ret_config);

#endif
