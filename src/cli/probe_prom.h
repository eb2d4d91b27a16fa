/* probe_prom.h - results of probes in Prometheus' text format, as node_exporter's textfile
 * collector and promtool read it. Pure. */
#ifndef FIREBREAK_CLI_PROBE_PROM_H
#define FIREBREAK_CLI_PROBE_PROM_H

#include "base/buf.h"
#include "model/probe.h"

/* The two lines before a family's samples: a family stands in one piece. */
void probe_prom_success_head(struct buf *out);
void probe_prom_duration_head(struct buf *out);
void probe_prom_breakers_head(struct buf *out);
void probe_prom_success(struct slice target, bool ok, struct buf *out);
/* Nothing for PROBE_NONE: a phase that did not happen has no duration. */
void probe_prom_duration(struct slice target, const char *phase, int64_t ns, struct buf *out);
void probe_prom_breakers(enum probe_breaker state, int64_t count, struct buf *out);

#endif
