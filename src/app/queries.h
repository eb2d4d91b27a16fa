/* queries.h - questions about recent metrics that the configuration asks: checks by expression, and
 * preconditions of remedies.
 *
 * A check fails while its query is true; the evidence is in the words. Its reason is `trend` where
 * the query looks at one (trend, step), else `threshold`. As long as nothing at all is known, no
 * page of the asset was read and no series is found, there is no verdict (`limit`); where the
 * asset's pages are read and do not have the metric, nothing is wrong. Loop 0. */
#ifndef FIREBREAK_APP_QUERIES_H
#define FIREBREAK_APP_QUERIES_H

#include "model/asset.h"
#include "model/probe.h"
#include "model/remedy.h"
#include "wire/openmetrics_write.h"

enum { QUERIES_PRECONDITIONS_MAX = 10000 }; /* that are kept ready to be asked */

struct queries;
struct recent;
struct scrapes;

/* The scrapes are waited for with --once, and may be NULL. */
struct queries *queries_new(struct recent *recent, struct scrapes *scrapes, bool once);
void queries_free(struct queries *q); /* NULL is accepted */

struct query_check;

/* Texts are copied. Any thread: patterns need more stack than a task has. Returns 0, or -EINVAL
 * with *err: no query. */
int query_check_new(const char *query, const char *asset, struct query_check **ret,
                    struct err *err);
void query_check_free(struct query_check *c); /* NULL is accepted */
/* One look, which may wait for others' turns. *ret_word is the state's reason, or NULL. */
void query_check_look(struct queries *q, struct query_check *c, struct probe_result *r,
                      const char **ret_word);

/* As struct reconcile_options has it, with the queries as its context. Does not wait. */
bool queries_precondition(void *queries, const struct asset *a, const struct remedy *m,
                          const char **ret_why);
void queries_metrics(const struct queries *q, struct metrics_writer *w);

#endif
