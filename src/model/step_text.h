/* step_text.h - how a step of a workflow speaks of the steps before it.
 *
 *     ${steps.NAME.KEY}              in a text: what step NAME said of KEY. $${ is ${ itself; any
 *                                    other ${ is nothing of ours, and stays
 *     If: steps.look.FULL == "yes"   a condition:
 *
 *     condition  = all { "or" all }          all  = not { "and" not }
 *     not        = [ "not" ] one             one  = "(" condition ")" | compared
 *     compared   = value [ ("==" | "!=" | "<" | "<=" | ">" | ">=") value ]
 *     value      = steps.NAME.KEY | "text" | 'text' | number | true | false
 *
 * == and != compare texts; the other four compare numbers, and what is none is an error. A value by
 * itself is true where it is neither missing nor "", "0" or "false". In a condition what is missing
 * is the empty text; in a text it is an error. Sides that decide nothing are not looked at.
 *
 * A NAME may have dots: KEY is what stands behind the last one. Pure; recursion is bounded. */
#ifndef FIREBREAK_MODEL_STEP_TEXT_H
#define FIREBREAK_MODEL_STEP_TEXT_H

#include "base/buf.h"
#include "base/err.h"

enum {
    STEP_IF_DEPTH_MAX = 32, /* of brackets and nots inside each other */
    STEP_IF_BYTES_MAX = 4096,
};

/* The value of a key of a step. Returns false: there is none. */
typedef bool step_look_fn(void *ctx, struct slice step, struct slice key, struct slice *ret);

/* Each returns 0, or -EINVAL with *err: which column is wrong, and what would be right; or what
 * stops it (step_look_fn's negative results are not errors here, but missing values). */

/* Only whether it can be read; `look` is called for every key that it names, and its answers do not
 * matter. */
int step_if_check(struct slice text, step_look_fn *look, void *ctx, struct err *err);
int step_if_eval(struct slice text, step_look_fn *look, void *ctx, bool *ret, struct err *err);

bool step_text_has(struct slice text); /* anything to be put in */
int step_text_check(struct slice text, step_look_fn *look, void *ctx, struct err *err);
int step_text_expand(struct slice text, step_look_fn *look, void *ctx, struct buf *out,
                     struct err *err);

#endif
