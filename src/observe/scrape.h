/* scrape.h - a page of metrics, asked for again and again over one kept connection.
 *
 * One reading is one straight line: ask, look at the head, and give each piece of the body to the
 * parser as it comes (wire/openmetrics.h): a page of any size costs one piece of memory. A page is
 * taken whole or not at all: samples are told one by one, and only a reading that ends well makes
 * them count, which is the sink's part.
 *
 * What went wrong has a probe's reason: `refused`, `timeout`, `http_status`, `too_large` (a limit
 * of the scrape), `protocol` (no page of metrics; the detail has line and column), `limit` (ours).
 *
 * Belongs to a loop. One reading at a time. */
#ifndef FIREBREAK_OBSERVE_SCRAPE_H
#define FIREBREAK_OBSERVE_SCRAPE_H

#include "model/probe.h"
#include "wire/openmetrics.h"

enum {
    SCRAPE_PIECE_BYTES = 32 * 1024,
    SCRAPE_REDIRECTS_MAX = 5,
    SCRAPE_IDLE_MS = 60 * 1000, /* added to Every: how long a connection is kept between two */
};

struct scrape_spec {
    const char *url; /* the caller's; outlives the scraper, as all of it */
    int64_t timeout_ns, every_ns;
    uint64_t body_bytes_max, samples_max;
};

struct scrape_sink {
    void *(*known)(void *ctx, struct slice series); /* as struct openmetrics_options has it */
    /* Returns 0, or negative errno with *err: the reading is given up (`limit`). Must not wait. */
    int (*sample)(void *ctx, const struct openmetrics_sample *s, struct err *err);
    void *ctx;
};

struct scrape_result {
    enum probe_reason reason;
    char detail[PROBE_DETAIL_MAX];
    uint64_t samples, body_bytes;
    int64_t total_ns;
    bool reused; /* over the connection of the reading before */
};

struct observer;
struct scraper;

/* Names, trust and proxies are those of the observer, which outlives it. */
int scraper_open(struct observer *o, const struct scrape_spec *spec, const struct scrape_sink *sink,
                 struct scraper **ret, struct err *err);
void scraper_close(struct scraper *s); /* NULL is accepted */
/* Reads the page once. `canceled` where the task was cancelled. */
void scraper_read(struct scraper *s, struct scrape_result *ret);

#endif
