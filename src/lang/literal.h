/* literal.h - Go's literals: where one ends, whether it is one, and what it spells.
 *
 * The scanner takes the longest text that can belong to the literal, as Go's does, so that a
 * mistake inside ("0x_", "089", "'ab'") is one fault about the whole and not a row of odd tokens.
 * Words of the faults are the Go compiler's. Bytes that are not UTF-8 are the lexer's to refuse.
 * Pure; decoded text lies in the caller's arena. */
#ifndef FIREBREAK_LANG_LITERAL_H
#define FIREBREAK_LANG_LITERAL_H

#include "base/arena.h"
#include "base/slice.h"

enum literal_kind {
    LITERAL_INT,
    LITERAL_FLOAT,
    LITERAL_IMAGINARY,
    LITERAL_RUNE,
    LITERAL_STRING,
};

enum {
    LITERAL_NUMBER_BYTES_MAX = 10000, /* of a number; longer ones are refused as gc does */
    LITERAL_FAULT_BYTES_MAX = 100,
};

struct literal {
    enum literal_kind kind;
    size_t size; /* bytes that belong to it, also where it is wrong; at least 1 */
    /* What is wrong first, or ""; and the byte inside the literal at which it shows. */
    char fault[LITERAL_FAULT_BYTES_MAX];
    size_t fault_at;
};

/* The number at the start of `text`, which begins with a digit, or with '.' and a digit.
 * Returns 0, or -EINVAL with ret->fault. */
int literal_scan_number(struct slice text, struct literal *ret);
/* The rune at the start, which begins with '. Ends at a line's end at the latest. */
int literal_scan_rune(struct slice text, struct literal *ret);
/* The string at the start, which begins with " or `. An interpreted one ends at a line's end. */
int literal_scan_string(struct slice text, struct literal *ret);

/* The value of a rune literal with its quotes. Returns 0 or -EINVAL. */
int literal_rune(struct slice literal, int32_t *ret);
/* The bytes that a string literal with its quotes spells: escapes resolved; of a raw string
 * without carriage returns. May point into `literal`. Returns 0, -EINVAL or -ENOMEM (arena). */
int literal_string(struct slice literal, struct arena *a, struct slice *ret);

#endif
