/* duration.h - spans of time as people write them: "1m30s", "250ms", "1.5h".
 *
 * The grammar and the printed form are those of Go's time.Duration. Pure. */
#ifndef FIREBREAK_BASE_DURATION_H
#define FIREBREAK_BASE_DURATION_H

#include "base/slice.h"

enum { DURATION_TEXT_MAX = 32 };

/* What is wrong with a text that is no duration, for messages. */
enum duration_fault {
    DURATION_FINE,
    DURATION_INVALID,      /* no number where one should be, or too large */
    DURATION_UNIT_MISSING, /* 30 what? */
    DURATION_UNIT_UNKNOWN,
};

/* Signed numbers with a unit each (ns us µs ms s m h), or "0". Returns 0, -EINVAL (also for a bare
 * number) or -ERANGE; *ret_ns untouched on failure. */
int duration_parse(struct slice text, int64_t *ret_ns);
/* The same, and what is wrong; *ret_unit is the unit that is unknown. Both may be NULL. */
int duration_parse_why(struct slice text, int64_t *ret_ns, enum duration_fault *ret_fault,
                       struct slice *ret_unit);
/* "1m30s", "1.5s", "250ms", "0s". `text` has DURATION_TEXT_MAX bytes; returned. */
const char *duration_format(int64_t ns, char *text);

#endif
