/* query.h - a question about recent metrics, as a tree: `EXPR [for D]`.
 *
 *     node_load1 > 4 for 2m
 *     rate(http_errors_total{job="web"}, 5m) / rate(http_total{job="web"}, 5m) > 0.05
 *     trend(process_resident_memory_bytes, 10m) > 0 and up{asset=~"web-.*"} == 1
 *
 * From the loosest to the tightest: or; and; == != < <= > >= (not one behind another); + -; * / %;
 * a sign. Selectors are a name and matchers = != =~ !~; a pattern is PCRE2 and has to match the
 * whole value. Functions take selectors and a span:
 *     rate avg min max trend step (m, D)     quantile(Q, m, D)     corr(m1, m2, D)
 * What they mean is said where they are computed (series/series.h).
 *
 * Pure. Texts of a tree point into the query or lie in the arena. */
#ifndef FIREBREAK_WIRE_QUERY_H
#define FIREBREAK_WIRE_QUERY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum {
    QUERY_BYTES_MAX = 4096,
    QUERY_BACK_H_MAX = 2,    /* hours that a query looks back: so long samples are kept */
    QUERY_NESTING_MAX = 16,  /* of brackets and signs inside each other */
    QUERY_DEPTH_MAX = 64,    /* of the tree: a + b + c is three deep */
    QUERY_MATCHERS_MAX = 16, /* of a selector */
    QUERY_PATTERN_NESTING_MAX = 20, /* of brackets in a pattern: so it needs no more stack than a
                                     * task has */
};

#define QUERY_FUNCTION_LIST(X)                                                              \
    X(RATE, rate)                                                                           \
    X(AVG, avg) X(MIN, min) X(MAX, max) X(QUANTILE, quantile) X(TREND, trend) X(STEP, step) \
        X(CORR, corr)

enum query_function {
#define QUERY_FUNCTION_ENUM(NAME, word) QUERY_##NAME,
    QUERY_FUNCTION_LIST(QUERY_FUNCTION_ENUM)
#undef QUERY_FUNCTION_ENUM
        QUERY_FUNCTION_COUNT
};

enum query_op {
    QUERY_OR,
    QUERY_AND,
    QUERY_EQ,
    QUERY_NE,
    QUERY_LT,
    QUERY_LE,
    QUERY_GT,
    QUERY_GE,
    QUERY_ADD,
    QUERY_SUB,
    QUERY_MUL,
    QUERY_DIV,
    QUERY_MOD,
};

enum query_match { QUERY_IS, QUERY_IS_NOT, QUERY_MATCHES, QUERY_MATCHES_NOT };

struct query_matcher {
    enum query_match match;
    struct slice name, value;
};

struct query_selector {
    struct slice name;
    struct query_matcher *matchers;
    uint32_t matcher_count;
    uint32_t number; /* of the query's selectors, from 0: for what is prepared once for each */
    struct query_selector *next;
};

enum query_type { QUERY_NUMBER, QUERY_SELECTOR, QUERY_FUNCTION, QUERY_BINARY, QUERY_NEGATE };

struct query_node {
    enum query_type type;
    uint32_t at;    /* where it begins, in bytes from 0 */
    uint32_t depth; /* of the tree below it, itself included */
    double number;  /* a NUMBER; the Q of quantile */
    enum query_op op;
    enum query_function function;
    struct query_selector *selector, *second; /* the second: of corr */
    int64_t window_ns;                        /* of a FUNCTION */
    struct query_node *left, *right;          /* of a BINARY; NEGATE has a left one */
};

struct query {
    const struct query_node *root;
    int64_t for_ns;  /* 0: there is no `for` */
    int64_t back_ns; /* the longest span that is looked back over, without `for` */
    const struct query_selector *selectors;
    uint32_t selector_count;
};

/* Returns 0; -EINVAL with *err ("column 5: …", from 1) and *ret_at (may be NULL), the place in
 * bytes from 0; -ENOSPC: the arena's bound. */
int query_parse(struct slice text, struct arena *a, const struct query **ret, size_t *ret_at,
                struct err *err);
/* Whether it is true or false by itself: a comparison, or what `and` and `or` make. */
bool query_is_condition(const struct query_node *n);
/* A matcher's pattern, which has to match the whole value: the caller's to free by PCRE2. NULL with
 * *err where it is none. */
struct pcre2_real_code_8;
struct pcre2_real_code_8 *query_pattern_compile(struct slice pattern, struct err *err);
const char *query_function_name(enum query_function f);
/* Appends the query in its one form: brackets only where they are needed. */
int query_print(const struct query *q, struct buf *out);

#endif
