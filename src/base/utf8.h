/* utf8.h - text as characters: validation, decoding, and columns on a terminal.
 *
 * Bytes from outside are not trusted to be UTF-8. Every reader here takes any bytes and gives
 * U+FFFD for each part that is none (the longest part that could have become a character, as
 * browsers do); overlong forms, surrogates and values beyond U+10FFFF are none. Pure. */
#ifndef FIREBREAK_BASE_UTF8_H
#define FIREBREAK_BASE_UTF8_H

#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

enum {
    UTF8_REPLACEMENT = 0xfffd,
    UTF8_BYTES_MAX = 4, /* of one character */
};

/* Takes one character off *s. Returns it, or UTF8_REPLACEMENT with *ret_valid false.
 * s->size > 0; ret_valid may be NULL. */
uint32_t utf8_next(struct slice *s, bool *ret_valid);
/* How many bytes from the start are valid; s.size where all are. */
size_t utf8_valid_bytes(struct slice s);
/* Writes one character; what is no character is written as U+FFFD. Returns the bytes, 1 … 4. */
size_t utf8_encode(uint32_t c, char ret_bytes[UTF8_BYTES_MAX]);

/* Columns that a terminal gives the character: 0 (combining, joiners), 1, or 2 (CJK, emoji).
 * Control characters count 1: they must never reach a terminal, and what is shown instead is
 * U+FFFD. A small table, not the user's locale: the same on every machine. */
int utf8_width(uint32_t c);
/* Columns of the whole text. */
size_t utf8_columns(struct slice s);
/* The longest start of s that takes at most `columns`; never splits a character, and keeps
 * combining characters with their base. */
struct slice utf8_cut_columns(struct slice s, size_t columns);

/* Characters that change what a terminal does, or the order in which people see the text around
 * them: control characters (so also escape sequences), line separators, bidirectional marks. */
bool utf8_steers(uint32_t c);
/* Appends text from outside in a form that is safe to show: steering characters and invalid bytes
 * become U+FFFD.
 * Returns 0 or -EMSGSIZE (then nothing was appended). */
int utf8_append_shown(struct buf *b, struct slice s);

#endif
