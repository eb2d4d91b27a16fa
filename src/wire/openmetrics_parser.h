/* openmetrics_parser.h - what the parts of the parser share. Inside of openmetrics. */
#ifndef FIREBREAK_WIRE_OPENMETRICS_PARSER_H
#define FIREBREAK_WIRE_OPENMETRICS_PARSER_H

#include "base/buf.h"
#include "wire/openmetrics.h"

/* Buckets and their like, from the first to the last sample of one group at one time. */
struct openmetrics_histogram {
    bool open;
    bool has_count, has_sum, has_bucket;
    bool below_zero, sum_below_zero; /* a bound, the sum */
    double count, bound, value;
};

/* The family that lines are about now. */
struct openmetrics_family {
    struct buf name, unit;
    enum openmetrics_type type;
    bool open, has_type, has_help, has_unit;
    uint64_t samples;
    uint64_t unit_line, sample_line; /* for what turns out wrong at its end */
    bool has_group, has_timestamp;   /* of the last sample */
    uint64_t group;
    int64_t timestamp_ns;
    struct openmetrics_histogram histogram;
};

struct openmetrics {
    struct openmetrics_options options;
    enum openmetrics_format format;
    struct buf held;    /* the beginning of a line that a piece cut */
    struct buf scratch; /* values without their escapes */
    uint64_t line, column;
    struct slice text; /* the line */
    const char *at;    /* how far it is read */
    bool eof;
    struct err *err;
    struct openmetrics_family family;
    struct map seen;
    struct openmetrics_sample sample;
};

/* -EBADMSG (or `code`) with "line 3, column 7: …"; at is a place in the line. */
int openmetrics_fail(struct openmetrics *p, const char *at, int code, const char *format, ...)
    PRINTF_LIKE(4, 5);
/* At another line: what is wrong with it is seen late. */
int openmetrics_fail_line(struct openmetrics *p, uint64_t line, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* ---- rules about several lines; each 0 or an error ---- */

enum openmetrics_keyword { OPENMETRICS_HELP, OPENMETRICS_KEYWORD_TYPE, OPENMETRICS_UNIT };

/* A line "# KEYWORD name text"; `name` lies in the line. */
int openmetrics_rule_metadata(struct openmetrics *p, enum openmetrics_keyword keyword,
                              struct slice name, struct slice text);
int openmetrics_rule_sample(struct openmetrics *p);
/* The last family ends. */
int openmetrics_rule_end(struct openmetrics *p);
/* Whether the family has samples of this name; then *ret_suffix is what is behind its own. */
bool openmetrics_family_has(const struct openmetrics *p, struct slice name,
                            struct slice *ret_suffix);
/* The family of this name begins. */
void openmetrics_family_begin(struct openmetrics *p, struct slice name);
/* Returns false where the word is none of the format's. */
bool openmetrics_type_of(enum openmetrics_format format, struct slice word,
                         enum openmetrics_type *ret);

#endif
