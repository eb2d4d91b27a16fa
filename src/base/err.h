/* err.h - what failed, with what, and why: one error with its chain of causes.
 *
 * A function that can fail for more than one reason takes a `struct err *`, fills it where the
 * failure is understood best, and returns the negative errno. A caller that knows more puts its
 * own words before: `return err_wrap(err, "load %s", path)`. What a person reads is then
 * "load ops.yaml: line 3: unknown field 'chekcs'", outermost first.
 *
 * Fixed size, no allocation, so it can report running out of memory. NULL is accepted by every
 * function ("do not tell me why"). All zeroes is no error. Text beyond ERR_TEXT_MAX is cut at
 * the end of the chain, and the cut is shown as "...". */
#ifndef FIREBREAK_BASE_ERR_H
#define FIREBREAK_BASE_ERR_H

#include "base/defs.h"

enum { ERR_TEXT_MAX = 500 };

struct err {
    int code; /* negative errno; 0: no error */
    char text[ERR_TEXT_MAX + 4];
};

/* Replaces what *e held. Returns code, so that `return err_set(...)` reads well. code < 0. */
int err_set(struct err *e, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* As err_set, with ": " and the system's words for the code behind the text. */
int err_sys(struct err *e, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Puts text and ": " before the chain. Returns e->code (-EIO for NULL, and where it holds none). */
int err_wrap(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
void err_clear(struct err *e);
/* Thread-safe strerror without an allocation; accepts both signs. Never NULL. */
const char *err_name(int code);

#endif
