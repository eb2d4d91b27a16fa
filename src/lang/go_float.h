/* go_float.h - floats as text and back, as Go's strconv does it.
 *
 * Pure; the C locale is assumed (the product never sets another). */
#ifndef FIREBREAK_LANG_GO_FLOAT_H
#define FIREBREAK_LANG_GO_FLOAT_H

#include "base/buf.h"
#include "base/slice.h"

/* strconv.FormatFloat: format is one of b e E f g G x X; precision -1 is the fewest digits that
 * read back as the same value of `bits` (32 or 64). Any other format appends '%' and it.
 * Returns 0 or -EMSGSIZE. */
int go_float_append(struct buf *to, double v, char format, int precision, int bits);
/* strconv.ParseFloat: decimal and hexadecimal, '_' where base prefixes allow it, inf, infinity,
 * nan in any case. Nearest of `bits`, ties to even.
 * Returns 0, -EINVAL (invalid syntax; *ret untouched) or -ERANGE (*ret is an infinity). */
int go_float_parse(struct slice text, int bits, double *ret);

#endif
