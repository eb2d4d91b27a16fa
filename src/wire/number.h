/* number.h - a decimal number as metrics and queries write it. Pure.
 *
 * [+-]digits[.digits][e[+-]digits], where one side of the point may be left out; inf, infinity and
 * nan in any case. No hexadecimal, no underscores, no blanks. */
#ifndef FIREBREAK_WIRE_NUMBER_H
#define FIREBREAK_WIRE_NUMBER_H

#include "base/slice.h"

enum { NUMBER_TEXT_BYTES_MAX = 200 }; /* of a number that is not taken apart digit by digit */

/* The nearest double. Returns 0 or -EINVAL (no such number, or longer than its bound); *ret is
 * untouched then. Too large is infinity, too small is zero, as strtod has it. */
int number_parse(struct slice text, double *ret);
/* Seconds as nanoseconds, cut behind the ninth digit; beyond 64 bits the nearest that there is.
 * Returns 0 or -EINVAL: no number, or not a finite one. */
int number_parse_seconds(struct slice text, int64_t *ret_ns);

#endif
