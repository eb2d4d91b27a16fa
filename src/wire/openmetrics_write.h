/* openmetrics_write.h - numbers as Prometheus reads them: OpenMetrics 1.0, or the older text.
 *
 * Both forms are made by the same calls; they differ in a counter's family (OpenMetrics leaves
 * its "_total" out), in types, and in the last line. A family's samples follow its head, all of
 * them before the next family's. Names are the program's own. Pure; any thread. */
#ifndef FIREBREAK_WIRE_OPENMETRICS_WRITE_H
#define FIREBREAK_WIRE_OPENMETRICS_WRITE_H

#include "base/buf.h"
#include "base/histogram.h"

#define OPENMETRICS_MEDIA_TYPE     "application/openmetrics-text; version=1.0.0; charset=utf-8"
#define PROMETHEUS_TEXT_MEDIA_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM, METRIC_INFO };

struct metric_label {
    const char *name;
    struct slice value; /* any bytes: what is no UTF-8 becomes U+FFFD */
};

struct metrics_writer {
    struct buf *out;
    bool openmetrics;
    const char *name; /* of the family under way, without "_total" and "_info" */
    enum metric_type type;
    bool failed;
};

void metrics_begin(struct metrics_writer *w, struct buf *out, bool openmetrics);
/* `name` is a literal, without the "_total" of a counter and the "_info" of an info. */
void metrics_family(struct metrics_writer *w, const char *name, enum metric_type type,
                    const char *help);
/* A sample of the family; `labels` may be NULL with 0. An info's value is 1. */
void metrics_u64(struct metrics_writer *w, const struct metric_label *labels, uint32_t count,
                 uint64_t value);
void metrics_i64(struct metrics_writer *w, const struct metric_label *labels, uint32_t count,
                 int64_t value);
void metrics_f64(struct metrics_writer *w, const struct metric_label *labels, uint32_t count,
                 double value);
/* A family of one sample without labels, the most frequent kind. */
void metrics_one(struct metrics_writer *w, const char *name, enum metric_type type,
                 const char *help, uint64_t value);
/* In seconds: every bucket, the sum and the count. */
void metrics_histogram(struct metrics_writer *w, const struct metric_label *labels, uint32_t count,
                       const struct histogram *h);
/* Returns 0 or -EMSGSIZE (the buffer's bound was met on the way: then it is not complete). */
int metrics_end(struct metrics_writer *w);

#endif
