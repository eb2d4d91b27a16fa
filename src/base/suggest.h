/* suggest.h - "did you mean": the known word that is nearest to a misspelt one. Pure. */
#ifndef FIREBREAK_BASE_SUGGEST_H
#define FIREBREAK_BASE_SUGGEST_H

#include "base/slice.h"

enum { SUGGEST_WORD_BYTES_MAX = 64 }; /* longer words are never near anything */

/* Edits between two words: a byte inserted, removed, changed, or two neighbours swapped, no
 * part edited twice (optimal string alignment). ASCII case does not count. Stops early: any
 * distance beyond `max` is returned as max + 1. */
size_t suggest_distance(struct slice a, struct slice b, size_t max);

/* The nearest of `count` candidates, or NULL where none is near: at most one edit for each three
 * bytes of the word (words of one or two bytes: one edit), so that nonsense gets no advice.
 * Of equals the first wins. A word of three bytes or more that one single candidate starts
 * with means that one. */
const char *suggest_nearest(struct slice word, const char *const *candidates, size_t count);

#endif
