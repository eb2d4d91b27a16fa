/* openmetrics.h - metrics as programs tell them: OpenMetrics 1.0 and Prometheus' text 0.0.4.
 *
 * A page comes in pieces of any size, as a connection gives them; one line at a time is looked at,
 * where it lies, and only a line that a piece cuts is copied. So a parser takes the same memory
 * for a page of any size: a line, and with `strict` a number for each name, group and series.
 *
 *     openmetrics_begin(p, OPENMETRICS_1_0);
 *     while ((n = read(piece)) > 0)
 *         while ((r = openmetrics_next(p, &piece, &sample, &err)) > 0)
 *             use(sample);
 *     r = openmetrics_end(p, &err);
 *
 * Two readers want two things. A checker (`strict`) wants every rule of the specification: which
 * names a type allows, that groups stand together, that buckets add up. A scraper wants each line
 * right and otherwise what Prometheus takes: pages that break a rule about several lines are
 * common, and their numbers are good. What a line says is checked for both.
 *
 * A scraper also sees the same series every few seconds. `known` is asked for each sample with the
 * bytes of its name and labels; where it knows them, they are not taken apart again.
 *
 * Errors name line and column, from 1, in bytes. Pure; not thread-safe. */
#ifndef FIREBREAK_WIRE_OPENMETRICS_H
#define FIREBREAK_WIRE_OPENMETRICS_H

#include "base/err.h"
#include "base/map.h"

enum {
    OPENMETRICS_LINE_BYTES_MAX = 64 * 1024, /* -EMSGSIZE beyond */
    OPENMETRICS_LABELS_MAX = 64,            /* of a sample: -E2BIG beyond */
    OPENMETRICS_EXEMPLAR_CHARS_MAX = 128,   /* of names and values together: the specification's */
    OPENMETRICS_SEEN_MAX = 4 * 1000 * 1000, /* names, groups and series, with `strict`: -E2BIG */
};

#define OPENMETRICS_TYPE_LIST(X)                                            \
    X(UNKNOWN, unknown)                                                     \
    X(GAUGE, gauge) X(COUNTER, counter) X(STATESET, stateset) X(INFO, info) \
        X(HISTOGRAM, histogram) X(GAUGEHISTOGRAM, gaugehistogram) X(SUMMARY, summary)

enum openmetrics_type {
#define OPENMETRICS_TYPE_ENUM(NAME, word) OPENMETRICS_##NAME,
    OPENMETRICS_TYPE_LIST(OPENMETRICS_TYPE_ENUM)
#undef OPENMETRICS_TYPE_ENUM
        OPENMETRICS_TYPE_COUNT
};

enum openmetrics_format { OPENMETRICS_1_0, OPENMETRICS_PROMETHEUS_0_0_4 };

struct openmetrics_label {
    struct slice name, value; /* the value without its escapes */
};

struct openmetrics_labels {
    struct openmetrics_label items[OPENMETRICS_LABELS_MAX];
    uint32_t count;
};

/* Lies in the parser; valid until the next call. */
struct openmetrics_sample {
    struct slice series; /* the bytes of name and labels, as they stand */
    void *known;         /* what `known` said of them; else NULL, and these are set: */
    struct slice name;
    struct openmetrics_labels labels;
    enum openmetrics_type type; /* of its family; UNKNOWN where none is declared */
    double value;
    bool has_timestamp, has_exemplar;
    int64_t timestamp_ns;
    struct openmetrics_labels exemplar;
    double exemplar_value;
    bool exemplar_has_timestamp;
    int64_t exemplar_timestamp_ns;
};

struct openmetrics_options {
    bool strict;
    void *(*known)(void *ctx, struct slice series); /* may be NULL; not asked with `strict` */
    void *ctx;
    struct map_seed seed; /* of what `strict` remembers */
};

struct openmetrics;

struct openmetrics *openmetrics_new(const struct openmetrics_options *options);
/* NULL is accepted. */
void openmetrics_free(struct openmetrics *p);
/* A page begins: all of the one before is forgotten. */
void openmetrics_begin(struct openmetrics *p, enum openmetrics_format format);
/* Takes lines off the front of *in until one is a sample. Returns 1: *ret_sample; 0: *in is used
 * up; -EBADMSG: what is wrong and where is in *err; -EMSGSIZE, -E2BIG: a limit. After an error only
 * openmetrics_begin is left. */
int openmetrics_next(struct openmetrics *p, struct slice *in,
                     const struct openmetrics_sample **ret_sample, struct err *err);
/* The page ended. Returns 0 or -EBADMSG: it is not whole. */
int openmetrics_end(struct openmetrics *p, struct err *err);
/* Where the last error is. */
uint64_t openmetrics_line(const struct openmetrics *p);
uint64_t openmetrics_column(const struct openmetrics *p);
/* "counter": the word of the format. */
const char *openmetrics_type_name(enum openmetrics_type type);
/* Which of both a Content-Type names; without one it is the older. */
enum openmetrics_format openmetrics_format_of(struct slice content_type);

/* ---- names, also for queries ---- */

bool openmetrics_is_name_start(char c, bool colon);
bool openmetrics_is_name_part(char c, bool colon);

#endif
