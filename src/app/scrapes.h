/* scrapes.h - a task for each Scrape that is declared: its page, again and again, into the series.
 *
 * A page's samples are put by until its end was read, and then taken together, at the time at which
 * the page was asked for. Series that it does not tell any more end; all of them do when the target
 * does not answer. To each sample are added the labels of the Scrape and `asset`; a label of the
 * page that has one of these names is kept as "exported_NAME".
 *
 * Every reading leaves, with the labels of the Scrape, `asset` and `scrape`: `up` (1 or 0),
 * `scrape_reason{reason}` (1, for the word that says why; a word that no longer holds ends),
 * `scrape_duration_seconds`, `scrape_samples_scraped`. A reading that failed for a want of ours
 * (`limit`) says nothing of the target, and leaves everything as it is.
 *
 * Readings are spread over Every by their names; where there are few of them, over its first
 * second. Loop 0. */
#ifndef FIREBREAK_APP_SCRAPES_H
#define FIREBREAK_APP_SCRAPES_H

#include "app/recent.h"
#include "app/up.h"
#include "config/object.h"

enum {
    SCRAPES_MAX = 20000,
    SCRAPES_FEW = 200, /* so many begin within a second */
};

struct scrapes;

/* `up` is asked for its observers and its log. */
struct scrapes *scrapes_new(struct up *u, struct recent *recent);
/* Ends every task. NULL is accepted. */
void scrapes_free(struct scrapes *s);
/* Of one that is declared already: it goes on in the new way. */
void scrapes_declare(struct scrapes *s, const struct config_object *scrape);
void scrapes_undeclare(struct scrapes *s, struct slice namespace_, struct slice name);
/* Waits until each that is declared was read once, or until the deadline. */
void scrapes_wait_first(struct scrapes *s, rt_time deadline);
/* Whether pages of the asset are declared, each was read within SERIES_BACK_MS, and none of them
 * answered the last time. Then *ret_read is when the oldest of these readings began, and
 * *ret_reason why it failed. */
bool scrapes_away(const struct scrapes *s, const char *asset, rt_time *ret_read,
                  enum probe_reason *ret_reason);
void scrapes_metrics(const struct scrapes *s, struct metrics_writer *w);

#endif
