/* unicode.h - classes and cases of characters, of the Unicode edition that Go has.
 *
 * Tables are generated from Go's by tools/lang-unicode.go. Any uint32_t may be asked; what is no
 * character has no class and is its own case. Pure. */
#ifndef FIREBREAK_LANG_UNICODE_H
#define FIREBREAK_LANG_UNICODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* Takes one character off *s as Go does: a byte that begins none is U+FFFD by itself (utf8_next
 * takes more). *ret_valid may be NULL. s->size > 0. */
uint32_t unicode_next(struct slice *s, bool *ret_valid);
/* The same from the end. */
uint32_t unicode_last(struct slice *s, bool *ret_valid);
/* Characters in s, each wrong byte counted as one. */
size_t unicode_count(struct slice s);

bool unicode_is_letter(uint32_t c); /* also what may begin an identifier, with '_' */
bool unicode_is_digit(uint32_t c);  /* Nd: what may follow in an identifier */
bool unicode_is_number(uint32_t c);
bool unicode_is_space(uint32_t c);
bool unicode_is_upper(uint32_t c);
bool unicode_is_lower(uint32_t c);
bool unicode_is_title(uint32_t c);
bool unicode_is_punct(uint32_t c);
bool unicode_is_control(uint32_t c);
bool unicode_is_graphic(uint32_t c);
bool unicode_is_print(uint32_t c); /* as unicode.IsPrint and strconv.IsPrint, which agree */

uint32_t unicode_to_upper(uint32_t c);
uint32_t unicode_to_lower(uint32_t c);
uint32_t unicode_to_title(uint32_t c);
/* The next larger character that is equal but for case, or the smallest: a ring. */
uint32_t unicode_simple_fold(uint32_t c);

#endif
