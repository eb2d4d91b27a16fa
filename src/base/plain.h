/* plain.h - copies text that a JSON string may hold as it is, eight bytes at a time. Pure. */
#ifndef FIREBREAK_BASE_PLAIN_H
#define FIREBREAK_BASE_PLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (b))

/* Whether none of the eight bytes needs care: no control character, DEL, quote, backslash, or part
 * of a longer character. A byte gets its top bit where a subtraction wraps; a borrow out of it can
 * only follow such a byte, so the answer for all eight is exact. */
static inline bool plain_word(uint64_t w)
{
    uint64_t control = w - EACH_BYTE(0x20);
    uint64_t quote = (w ^ EACH_BYTE('"')) - EACH_BYTE(1);
    uint64_t backslash = (w ^ EACH_BYTE('\\')) - EACH_BYTE(1);
    uint64_t del = (w ^ EACH_BYTE(0x7f)) - EACH_BYTE(1);

    return ((w | control | quote | backslash | del) & EACH_BYTE(0x80)) == 0;
}

/* Copies eight bytes at a time and the last ones again with their neighbours: most text is keys
 * and words that need nothing else. Returns false, with rubbish in `to`, where it does. */
static inline bool plain_copy(char *to, const char *from, size_t size)
{
    uint64_t w;

    if (size >= 8) {
        for (size_t i = 0; i + 8 < size; i += 8) {
            memcpy(&w, from + i, 8);
            if (!plain_word(w))
                return false;
            memcpy(to + i, &w, 8);
        }
        memcpy(&w, from + size - 8, 8);
        if (!plain_word(w))
            return false;
        memcpy(to + size - 8, &w, 8);
        return true;
    }
    w = EACH_BYTE('x');
    if (size >= 4) {
        uint32_t first, last;
        memcpy(&first, from, 4);
        memcpy(&last, from + size - 4, 4);
        memcpy(to, &first, 4);
        memcpy(to + size - 4, &last, 4);
        w = (uint64_t)first << 32 | last;
        return plain_word(w);
    }
    for (size_t i = 0; i < size; i++) {
        to[i] = from[i];
        w = w << 8 | (unsigned char)from[i];
    }
    return plain_word(w);
}

#endif
