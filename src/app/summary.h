/* summary.h - what a run of probes came to: reasons, times by kind, and the worst.
 *
 * Each loop has its own and only its tasks write it; the reasons may be read from any thread while
 * it grows, the rest when the run is over. */
#ifndef FIREBREAK_APP_SUMMARY_H
#define FIREBREAK_APP_SUMMARY_H

#include <stdatomic.h>

#include "base/buf.h"
#include "base/quantile.h"
#include "model/probe.h"

enum { SUMMARY_WORST = 10, SUMMARY_NAME_BYTES = 256 };

struct summary_worst {
    char target[SUMMARY_NAME_BYTES]; /* cut where it is longer */
    enum probe_reason reason;
    int64_t total_ns;
};

struct summary {
    _Atomic uint64_t reasons[REASON_COUNT];
    struct quantile *kinds[PROBE_KIND_COUNT]; /* NULL: no such probe was well */
    struct summary_worst worst[SUMMARY_WORST]; /* the worst first */
    uint32_t worst_count;
};

void summary_done(struct summary *s);
void summary_take(struct summary *s, const struct probe_result *r);
/* Over all loops' summaries. */
uint64_t summary_count(const struct summary *const *all, int count, enum probe_reason reason);
/* "12 refused  3 timeout": those that occurred, `ok` first. */
void summary_reasons(const struct summary *const *all, int count, struct buf *out);
/* Some lines for a person. */
void summary_print(const struct summary *const *all, int count, double seconds, struct buf *out);

#endif
