/* log_text.h - how log.c writes text, numbers and times into a line. Private to log*.c. */
#ifndef FIREBREAK_BASE_LOG_TEXT_H
#define FIREBREAK_BASE_LOG_TEXT_H

#include "base/slice.h"

enum { LOG_ESCAPED_BYTES_MAX = 6 }; /* \u001b; U+FFFD for an invalid byte takes three */

/* A line under way. The caller makes sure that scalars fit before `end`; text is cut there,
 * and behind it there is still room to close the line. */
struct log_out {
    char *at, *end;
    bool cut;
};

static inline void log_put(struct log_out *o, const char *bytes, size_t size)
{
    memcpy(o->at, bytes, size);
    o->at += size;
}
/* Two lower-case digits a byte. */
void log_put_hex(struct log_out *o, struct slice bytes);
void log_put_u64(struct log_out *o, uint64_t v);
void log_put_i64(struct log_out *o, int64_t v);
/* Nanoseconds as milliseconds with as many decimals as they have. */
void log_put_ms(struct log_out *o, int64_t ns);
/* Escaped as inside a JSON string, without the quotes. What does not fit is cut at a
 * character's end, marked with "…", and sets o->cut. */
void log_put_text(struct log_out *o, struct slice s);

#endif
