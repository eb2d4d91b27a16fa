/* series.h - the recent past, bounded: samples of the last two hours, and questions about them.
 *
 * A series is a name and labels; an empty label is none. Samples are kept as they came, compressed
 * (chunk.h), for SERIES_KEEP_MS. Times are milliseconds of one clock that the caller keeps, and
 * that does not go back.
 *
 * All of it holds at most `bytes_max`. Where that is reached, the newest wins inside of what is
 * known: a series gives up its own oldest samples for its next ones; a series that is new is
 * refused. Both are counted. `series_expire` makes room of what is too old.
 *
 * A series that ended (its target is gone, or does not tell it any more) has a marker as its last
 * sample: it has no value from there on, while one that only misses a sample keeps its last value
 * for SERIES_BACK_MS.
 *
 * What a question means (the language is wire/query.h):
 *  - A selector finds series; each has its latest value. A function makes one value of each: over
 *    the samples in (now - D, now].
 *      rate   what a counter grew, per second, from the first sample to the last; where it fell it
 *             began anew at 0. avg, min, max, quantile: of the samples.
 *      trend  the slope of the least squares line, per second.
 *      step   the mean over the last D, divided by the mean over the D before it.
 *      corr   Pearson's r of two series: for each sample of the first, the value that the second
 *             had then. Where just one of both does not move at all it is 0: what stands still
 *             explains nothing.
 *  - Missing data is no evidence: a series without samples (rate, trend and corr need two), a
 *    division by zero, a mean of zero to be divided by, NaN: there is no value then, and what is
 *    not there is neither true nor false.
 *  - Two sides of an operator are joined: two series go together where each label that both have
 *    has the same value. So `used / size` finds the size of each disk, a number goes with every
 *    series, and metrics of one asset go together also where one of them has more labels. The
 *    result has the labels of both.
 *  - A comparison keeps what it holds for, with the value of its left side. `and` keeps of the left
 *    what goes together with anything on the right; `or` takes both. What is no comparison is
 *    true where it is not 0.
 *  - The whole is true where anything is left: that is its evidence. With `for D`, what has been
 *    left all through the last D: the question is asked again for up to SERIES_FOR_STEPS moments
 *    of it, from the newest on, until one of them is without.
 *
 * Pure: no clock, no I/O. One loop owns it. */
#ifndef FIREBREAK_SERIES_SERIES_H
#define FIREBREAK_SERIES_SERIES_H

#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include "wire/query.h"

enum {
    SERIES_KEEP_MS = QUERY_BACK_H_MAX * 60 * 60 * 1000,
    SERIES_BACK_MS = 5 * 60 * 1000, /* how long a value holds without a newer one */
    SERIES_BYTES_MAX = 128 * 1024 * 1024,
    SERIES_LABELS_MAX = 64,
    SERIES_FOR_STEPS = 30,
    SERIES_EVIDENCE_MAX = 16,              /* told of an answer; the rest is counted */
    SERIES_ELEMENTS_MAX = 200 * 1000,      /* on any side of an operator: -E2BIG beyond */
    SERIES_SAMPLES_MAX = 50 * 1000 * 1000, /* read for one answer: -E2BIG beyond */
};

struct series_set;
struct series;

struct series_options {
    size_t bytes_max; /* 0: SERIES_BYTES_MAX */
    struct map_seed seed;
};

struct series_label {
    struct slice name, value;
};

struct series_set *series_set_new(const struct series_options *options);
/* NULL is accepted. Pins are gone with it. */
void series_set_free(struct series_set *set);

/* The series of this name and these labels, in any order; it is made where there is none. It is
 * pinned: it stays until series_unpin, also without samples.
 * Returns 0; -E2BIG: too many labels; -ENOSPC: it is new, and there is no room. */
int series_pin(struct series_set *set, struct slice name, const struct series_label *labels,
               uint32_t count, struct series **ret);
void series_unpin(struct series_set *set, struct series *s); /* NULL is accepted */
/* Returns 0; -EALREADY: it is not newer than the last sample (counted); -ENOSPC: no room, not even
 * for what it would give up (counted). */
int series_add(struct series_set *set, struct series *s, int64_t ms, double value);
/* It has no value from here on; a later sample begins it anew. */
void series_end(struct series_set *set, struct series *s, int64_t ms);
/* Forgets what is older than SERIES_KEEP_MS, and series without samples that nobody pins. */
void series_expire(struct series_set *set, int64_t now_ms);

struct series_usage {
    uint64_t bytes, series, samples; /* now */
    uint64_t added_total;
    uint64_t dropped_total; /* samples given up for newer ones, or for want of room */
    uint64_t refused_total; /* series that were new, or had too many labels */
    uint64_t old_total;     /* samples that were not newer */
};
struct series_usage series_usage(const struct series_set *set);

/* ---- questions ---- */

/* A query that is ready to be asked, again and again. */
struct series_question;

/* Returns 0, or -EINVAL with *err as query_parse has it. */
int series_question_new(struct slice query, struct series_question **ret, struct err *err);
void series_question_free(struct series_question *q); /* NULL is accepted */
const struct query *series_question_query(const struct series_question *q);

/* One that is true: `{asset="db",…} = 0.93`. Texts lie in the answer's arena. */
struct series_evidence {
    const char *labels; /* `name{…}`, without a name where it is computed */
    double value;
};

struct series_answer {
    bool is_true;
    bool has_data;  /* a selector found a series with a value, or there is none: else unknown */
    uint64_t count; /* of what is true */
    struct series_evidence evidence[SERIES_EVIDENCE_MAX];
    uint64_t samples; /* that were read */
};

/* Called between two series: may let others have a turn, who may do anything to the set but free
 * it. NULL: nobody waits. */
typedef void series_pause_fn(void *ctx);

/* Asks as of `now_ms`, which may lie in the past. `arena` takes the evidence's texts and what is
 * computed on the way. Returns 0; -E2BIG or -ENOSPC with *err: a limit. */
int series_ask(struct series_set *set, const struct series_question *q, int64_t now_ms,
               series_pause_fn *pause, void *ctx, struct arena *arena,
               struct series_answer *ret_answer, struct err *err);

#endif
