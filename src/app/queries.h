/* queries.h - questions about recent metrics that the configuration asks: checks by expression, and
 * preconditions of remedies.
 *
 * A check fails while its query is true; the evidence is in the words. Its reason is `trend` where
 * the query looks at one (trend, step), else `threshold`. As long as nothing at all is known, no
 * page of the asset was read and no series is found, there is no verdict (`limit`); where the
 * asset's pages are read and do not have the metric, nothing is wrong. Pages that do not answer
 * while the asset fails anyway are no sign that we cannot see: who judges is told when they were
 * read (sample.h, away_ns). Loop 0. */
#ifndef FIREBREAK_APP_QUERIES_H
#define FIREBREAK_APP_QUERIES_H

#include "model/asset.h"
#include "model/probe.h"
#include "model/remedy.h"
#include "rt/rt.h"
#include "wire/openmetrics_write.h"

enum { QUERIES_PRECONDITIONS_MAX = 10000 }; /* that are kept ready to be asked */

struct queries;
struct recent;
struct rt_event;
struct scrapes;

/* A look waits until everything is declared, this host was read, and so was each page once: what is
 * about to be known is not unknown. */
struct queries *queries_new(struct recent *recent, struct scrapes *scrapes,
                            struct rt_event *declared);
void queries_free(struct queries *q); /* NULL is accepted */

struct query_check;

/* Texts are copied. Any thread: patterns need more stack than a task has. Returns 0, or -EINVAL
 * with *err: no query. */
int query_check_new(const char *query, const char *asset, struct query_check **ret,
                    struct err *err);
void query_check_free(struct query_check *c); /* NULL is accepted */
/* One look, which may wait for others' turns. *ret_word is the state's reason, or NULL. *ret_away:
 * where nothing is known as the asset's pages do not answer, when they were read; else 0. */
void query_check_look(struct queries *q, struct query_check *c, struct probe_result *r,
                      const char **ret_word, rt_time *ret_away);

/* As struct reconcile_options has it, with the queries as its context. Does not wait. */
bool queries_precondition(void *queries, const struct asset *a, const struct remedy *m,
                          const char **ret_why);
void queries_metrics(const struct queries *q, struct metrics_writer *w);

#endif
