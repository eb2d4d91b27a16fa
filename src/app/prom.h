/* prom.h - `probe -o prom`: the latest result of each target, kept until all can be written.
 *
 * A family of metrics stands in one piece, so nothing can be printed before the end; what is kept
 * is a row of numbers for each target, and names are made again when they are printed. Each row is
 * written by the loop that has its target. */
#ifndef FIREBREAK_APP_PROM_H
#define FIREBREAK_APP_PROM_H

#include "observe/observe.h"

enum { PROM_TARGETS_MAX = 1000000 };

struct prom;

/* Returns 0, or -E2BIG with *err. The set must outlive it. */
int prom_open(const struct target_set *targets, struct prom **ret, struct err *err);
void prom_close(struct prom *p); /* NULL is accepted */
void prom_take(struct prom *p, const struct probe_result *r);
/* Calls write with pieces of the page until one of them is not 0, and returns that. A name that the
 * set has more than once is told once: twice, the page would be refused. */
int prom_write(const struct prom *p, const struct probe_progress *progress, bool breakers,
               int (*write)(void *ctx, struct slice piece), void *ctx);

#endif
