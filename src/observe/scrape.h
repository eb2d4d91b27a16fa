/* scrape.h - a page of metrics, asked for again and again over one kept connection.
 *
 * One reading is one straight line: ask, look at the head, and give each piece of the body to the
 * parser as it comes (wire/openmetrics.h): a page of any size costs one piece of memory. A page is
 * taken whole or not at all: samples are told one by one, and only a reading that ends well makes
 * them count, which is the sink's part.
 *
 * What went wrong has a probe's reason: `refused`, `timeout`, `http_status`, `too_large` (a limit
 * of the scrape), `protocol` (no page of metrics; the detail has line and column), `limit` (ours).
 * A secret or a certificate that cannot be read has the word of its file: the page is not asked.
 *
 * Belongs to a loop. One reading at a time. */
#ifndef FIREBREAK_OBSERVE_SCRAPE_H
#define FIREBREAK_OBSERVE_SCRAPE_H

#include "model/probe.h"
#include "wire/http1.h"
#include "wire/openmetrics.h"

enum {
    SCRAPE_PIECE_BYTES = 32 * 1024,
    SCRAPE_REDIRECTS_MAX = 5,
    SCRAPE_IDLE_MS = 60 * 1000, /* added to Every: how long a connection is kept between two */
    SCRAPE_FILES_MS = 5000, /* for roots and secrets, which are no part of a target's time */
    SCRAPE_HEADERS_MAX = 32,
    SCRAPE_SECRET_BYTES_MAX = 8192, /* of a password or a token */
};

struct scrape_spec {
    const char *url; /* the caller's; outlives the scraper, as all of it */
    int64_t timeout_ns, every_ns;
    uint64_t body_bytes_max, samples_max;
    struct http1_field headers[SCRAPE_HEADERS_MAX];
    uint32_t header_count;
    /* Files are read anew: those of secrets for each reading, those of TLS behind one that TLS
     * made fail. NULL: none. */
    const char *username, *password_file, *token_file;
    const char *ca_file, *server_name, *cert_file, *key_file;
    bool insecure;
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

/* Names and proxies are those of the observer, which outlives it and has the same timeout_ns; so is
 * trust, unless the spec has a word on it. Returns 0, or -EINVAL with *err: it is no URL. */
int scraper_open(struct observer *o, const struct scrape_spec *spec, const struct scrape_sink *sink,
                 struct scraper **ret, struct err *err);
void scraper_close(struct scraper *s); /* NULL is accepted */
/* Reads the page once. `canceled` where the task was cancelled. */
void scraper_read(struct scraper *s, struct scrape_result *ret);

#endif
