/* window.h - one value out of a series' samples. Inside of series; what each means: series.h.
 *
 * Each returns false where there is no value. The time is `now_ms`, the samples are those of
 * (now - window, now]. *ret_read is added to: how many samples were read for it. Pure. */
#ifndef FIREBREAK_SERIES_WINDOW_H
#define FIREBREAK_SERIES_WINDOW_H

#include "series/set.h"

struct window_scratch { /* all zeroes is a valid one; for quantile */
    double *values;
    size_t count, cap;
};

bool window_last(const struct series *s, int64_t now_ms, double *ret, uint64_t *ret_read);
bool window_value(const struct series *s, const struct query_node *function, int64_t now_ms,
                  struct window_scratch *scratch, double *ret, uint64_t *ret_read);
bool window_corr(const struct series *a, const struct series *b, int64_t window_ms, int64_t now_ms,
                 double *ret, uint64_t *ret_read);
void window_scratch_done(struct window_scratch *s);

#endif
