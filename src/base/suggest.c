#include "base/suggest.h"

enum { PREFIX_BYTES_MIN = 3 };

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Row i of the table of distances, from the two rows before it; returns its smallest value. */
static size_t fill_row(struct slice a, struct slice b, size_t i,
                       uint8_t rows[3][SUGGEST_WORD_BYTES_MAX + 2])
{
    const uint8_t *up = rows[(i - 1) % 3], *up2 = rows[(i + 1) % 3];
    uint8_t *row = rows[i % 3];
    char c = lower(a.data[i - 1]);
    size_t least = row[0] = (uint8_t)i;

    for (size_t j = 1; j <= b.size; j++) {
        char d = lower(b.data[j - 1]);
        size_t best = min(min(up[j], row[j - 1]) + (size_t)1, up[j - 1] + (size_t)(c != d));
        bool swapped = i > 1 && j > 1 && c == lower(b.data[j - 2]) && lower(a.data[i - 2]) == d;
        if (swapped)
            best = min(best, up2[j - 2] + (size_t)1);
        row[j] = (uint8_t)best;
        least = min(least, best);
    }
    return least;
}

size_t suggest_distance(struct slice a, struct slice b, size_t max)
{
    uint8_t rows[3][SUGGEST_WORD_BYTES_MAX + 2] = {0};

    if (a.size > SUGGEST_WORD_BYTES_MAX || b.size > SUGGEST_WORD_BYTES_MAX)
        return max + 1;
    if (a.size + max < b.size || b.size + max < a.size)
        return max + 1;
    for (size_t j = 0; j <= b.size; j++)
        rows[0][j] = (uint8_t)j;
    size_t least = 0;
    for (size_t i = 1; i <= a.size; i++) {
        /* A swap reaches back two rows, so one row beyond max does not yet end it. */
        size_t before = least;
        least = fill_row(a, b, i, rows);
        if (least > max && before > max)
            return max + 1;
    }
    return min(rows[a.size % 3][b.size], max + 1);
}

static const char *only_one_that_starts_with(struct slice word, const char *const *candidates,
                                             size_t count)
{
    const char *found = NULL;

    if (word.size < PREFIX_BYTES_MIN)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        struct slice start = slice_sub(slice_from(candidates[i]), 0, word.size);
        if (!slice_eq_nocase(start, word))
            continue;
        if (found)
            return NULL;
        found = candidates[i];
    }
    return found;
}

const char *suggest_nearest(struct slice word, const char *const *candidates, size_t count)
{
    size_t max = word.size < 3 ? 1 : word.size / 3;
    const char *nearest = NULL;

    if (word.size == 0)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        struct slice candidate = slice_from(candidates[i]);
        size_t d = suggest_distance(word, candidate, max);
        /* Every byte changed is another word, not a misspelt one. */
        if (d > max || d >= candidate.size)
            continue;
        nearest = candidates[i];
        if (d == 0)
            return nearest;
        max = d - 1; /* from here on only nearer ones count */
    }
    return nearest ? nearest : only_one_that_starts_with(word, candidates, count);
}
