/* probe_counts.h - how often what was asked, how it went and how long it took, for /metrics.
 *
 * A row for each kind of check and reason that came up: both are words of the program, so there
 * are few. Kinds beyond the limit are counted as "other". All zeroes is a valid empty value.
 * Loop 0. */
#ifndef FIREBREAK_APP_PROBE_COUNTS_H
#define FIREBREAK_APP_PROBE_COUNTS_H

#include "base/histogram.h"
#include "model/sample.h"
#include "wire/openmetrics_write.h"

enum {
    PROBE_COUNTS_KINDS_MAX = 32,
    PROBE_COUNTS_REASONS_MAX = 32, /* of a kind; beyond it is the last row that counts */
};

struct probe_count {
    const char *reason;
    uint64_t total;
};

struct probe_kind_count {
    const char *kind;
    struct probe_count reasons[PROBE_COUNTS_REASONS_MAX];
    uint32_t reason_count;
    struct histogram took;
};

struct probe_counts {
    struct probe_kind_count *kinds; /* MEM_APP */
    uint32_t kind_count;
};

void probe_counts_done(struct probe_counts *c);
/* A result; its kind and word are literals. What is no result counts nothing. */
void probe_counts_add(struct probe_counts *c, const struct sample *s);
void probe_counts_metrics(const struct probe_counts *c, struct metrics_writer *w);

#endif
