/* value_write.h - what the writers of YAML, TOML and JSON share.
 *
 * A writer appends a whole tree to a buffer, or nothing: it returns 0, -EMSGSIZE (the buffer's
 * bound), -ELOOP (deeper than VALUE_WRITE_DEPTH_MAX) or -EINVAL (the format cannot say a value),
 * and *err names the value by its path.
 *
 * What was read and is written reads back equal, but for what a format has no word for: durations
 * are strings everywhere ("1m30s"), dates and times are strings in JSON and YAML, and a number
 * without a fraction is a whole number in JSON, as Go writes it. */
#ifndef FIREBREAK_WIRE_VALUE_WRITE_H
#define FIREBREAK_WIRE_VALUE_WRITE_H

#include "base/buf.h"
#include "base/err.h"
#include "model/value.h"

enum {
    VALUE_WRITE_DEPTH_MAX = 128,
    VALUE_NUMBER_BYTES_MAX = 40, /* of a double as text, with its NUL */
};

/* Where a writer stands: the chain of containers up to the root, and the element or member. */
struct value_trail {
    const struct value_trail *up; /* NULL: the root */
    const struct value *value;
    uint32_t index; /* in a list */
    uint32_t depth;
};

static inline struct value_trail value_trail_below(const struct value_trail *up,
                                                   const struct value *value, uint32_t index)
{
    return (struct value_trail){up, value, index, up->depth + 1};
}

/* Fills *err with "checks[0].tcp: " and what is wrong. Returns code. */
int value_trail_fault(const struct value_trail *t, struct err *err, int code, const char *what);
/* 0, or -ELOOP with *err where the trail is too deep. */
int value_trail_check(const struct value_trail *t, struct err *err);

/* The beginning of a writer: what was in the buffer stays when it fails. */
struct value_output {
    struct buf *out;
    struct err *err;
    size_t before;
    int result; /* once it is negative nothing is written any more */
};

struct value_output value_output_begin(struct buf *out, struct err *err);
void value_put(struct value_output *o, const char *data, size_t size);
void value_put_cstr(struct value_output *o, const char *text);
void value_put_spaces(struct value_output *o, uint32_t count);
void value_put_int(struct value_output *o, int64_t n);
/* The result, -EMSGSIZE with words of its own; what was written is taken back where it failed. */
int value_output_end(struct value_output *o);

/* The shortest digits that read back as the same double, of those the nearest, and the form of
 * Go's encoding/json: plain between 1e-6 and 1e21, else with an exponent. `number` is finite.
 * Returns the size. */
size_t value_number_text(double number, char ret_text[VALUE_NUMBER_BYTES_MAX]);
/* As value_number_text, for formats that tell 1.0 from 1: there is a '.' or an 'e' in it. */
size_t value_float_text(double number, char ret_text[VALUE_NUMBER_BYTES_MAX]);

#endif
