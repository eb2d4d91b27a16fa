/* slice.h - bytes that somebody else owns.
 *
 * A slice is a view: it is passed by value, never freed, and is valid as long as the memory
 * that it points into. It need not end in a NUL and may hold any byte. All zeroes is the empty
 * slice. Pure; any thread. */
#ifndef FIREBREAK_BASE_SLICE_H
#define FIREBREAK_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const char *data;
    size_t size;
};

/* A string literal as a slice. */
#define SLICE(lit) ((struct slice){"" lit, sizeof(lit) - 1})
/* For printf's "%.*s". */
#define SLICE_ARG(s) (int)((s).size), ((s).data ? (s).data : "")

static inline struct slice slice_from(const char *cstr)
{
    return (struct slice){cstr, cstr ? strlen(cstr) : 0};
}

bool slice_eq(struct slice a, struct slice b);
bool slice_eq_cstr(struct slice a, const char *b);
/* Which of these words it is, or -1; a word may be NULL: it is none. */
int slice_among(struct slice word, const char *const *words, size_t count);
/* ASCII letters compare without case; all other bytes exactly. */
bool slice_eq_nocase(struct slice a, struct slice b);
/* By bytes, as memcmp; a beginning comes before what is longer. Returns <0, 0 or >0. */
int slice_compare(struct slice a, struct slice b);
bool slice_starts_with(struct slice s, struct slice prefix);
bool slice_ends_with(struct slice s, struct slice suffix);

/* Index of the first match, or -1. */
ptrdiff_t slice_find_byte(struct slice s, char c);
ptrdiff_t slice_find(struct slice s, struct slice needle);

/* [from, to), cut to the slice's own bounds. */
struct slice slice_sub(struct slice s, size_t from, size_t to);
/* Without leading and trailing ASCII white space. */
struct slice slice_trim(struct slice s);

/* Takes the part before the first `sep` off *s and returns it; *s becomes what follows. Without
 * a `sep` the whole is returned, and *s becomes {NULL, 0}. Loop while s.data. */
struct slice slice_cut(struct slice *s, char sep);

/* Decimal digits only, no sign, no space. Returns 0, -EINVAL (empty or a foreign byte) or
 * -ERANGE (above max); *ret untouched on failure. */
int slice_to_u64(struct slice s, uint64_t max, uint64_t *ret);

#endif
