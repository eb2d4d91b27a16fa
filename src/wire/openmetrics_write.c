#include "wire/openmetrics_write.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "wire/json.h"

void metrics_begin(struct metrics_writer *w, struct buf *out, bool openmetrics)
{
    *w = (struct metrics_writer){.out = out, .openmetrics = openmetrics};
}

static void put(struct metrics_writer *w, struct slice s)
{
    w->failed = buf_append_slice(w->out, s) < 0 || w->failed;
}

static void put_cstr(struct metrics_writer *w, const char *s)
{
    put(w, slice_from(s));
}

/* A line break, a quote and a backslash would end the text; other bytes stand for themselves. */
static void put_escaped(struct metrics_writer *w, struct slice s, bool quotes)
{
    static const char replacement[] = "\xef\xbf\xbd";
    while (s.size) {
        size_t n = json_utf8_sequence(s);
        char c = s.data[0];
        if (n == 0)
            put_cstr(w, replacement);
        else if (c == '\n')
            put_cstr(w, "\\n");
        else if (c == '\\')
            put_cstr(w, "\\\\");
        else if (c == '"' && quotes)
            put_cstr(w, "\\\"");
        else
            put(w, slice_sub(s, 0, n));
        s = slice_sub(s, n ? n : 1, s.size);
    }
}

/* ---- families ---- */

static const char *type_word(const struct metrics_writer *w)
{
    switch (w->type) {
    case METRIC_COUNTER:
        return "counter";
    case METRIC_HISTOGRAM:
        return "histogram";
    case METRIC_INFO:
        return w->openmetrics ? "info" : "gauge";
    case METRIC_GAUGE:
        break;
    }
    return "gauge";
}

/* What a sample's name has behind its family's. */
static const char *suffix(const struct metrics_writer *w)
{
    return w->type == METRIC_COUNTER ? "_total" : w->type == METRIC_INFO ? "_info" : "";
}

static void put_family(struct metrics_writer *w, const char *keyword)
{
    put_cstr(w, keyword);
    put_cstr(w, w->name);
    if (!w->openmetrics)
        put_cstr(w, suffix(w)); /* there, a family is named as its samples are */
    put_cstr(w, " ");
}

void metrics_family(struct metrics_writer *w, const char *name, enum metric_type type,
                    const char *help)
{
    w->name = name;
    w->type = type;
    put_family(w, "# HELP ");
    put_escaped(w, slice_from(help), w->openmetrics);
    put_cstr(w, "\n");
    put_family(w, "# TYPE ");
    put_cstr(w, type_word(w));
    put_cstr(w, "\n");
}

/* ---- samples ---- */

static void put_label(struct metrics_writer *w, const char *name, struct slice value, bool first)
{
    put_cstr(w, first ? "{" : ",");
    put_cstr(w, name);
    put_cstr(w, "=\"");
    put_escaped(w, value, true);
    put_cstr(w, "\"");
}

/* `le`, which may be NULL, is a histogram's own label. */
static void put_name(struct metrics_writer *w, const char *behind,
                     const struct metric_label *labels, uint32_t count, const char *le)
{
    assert(w->name);
    put_cstr(w, w->name);
    put_cstr(w, behind);
    for (uint32_t i = 0; i < count; i++)
        put_label(w, labels[i].name, labels[i].value, i == 0);
    if (le)
        put_label(w, "le", slice_from(le), count == 0);
    put_cstr(w, count || le ? "} " : " ");
}

enum { NUMBER_BYTES = 40 };

/* Shortest text that reads back as the same number. */
static const char *number(double v, char text[NUMBER_BYTES])
{
    if (isnan(v))
        return "NaN";
    if (isinf(v))
        return v > 0 ? "+Inf" : "-Inf";
    if (v == trunc(v) && fabs(v) < 1e15) {
        snprintf(text, NUMBER_BYTES, "%.0f", v);
        return text;
    }
    for (int digits = 1; digits <= 17; digits++) {
        char *end;
        snprintf(text, NUMBER_BYTES, "%.*g", digits, v);
        if (strtod(text, &end) == v)
            break;
    }
    return text;
}

static void put_line(struct metrics_writer *w, const char *value)
{
    put_cstr(w, value);
    put_cstr(w, "\n");
}

void metrics_u64(struct metrics_writer *w, const struct metric_label *labels, uint32_t count,
                 uint64_t value)
{
    char text[NUMBER_BYTES];
    put_name(w, suffix(w), labels, count, NULL);
    snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    put_line(w, text);
}

void metrics_i64(struct metrics_writer *w, const struct metric_label *labels, uint32_t count,
                 int64_t value)
{
    char text[NUMBER_BYTES];
    put_name(w, suffix(w), labels, count, NULL);
    snprintf(text, sizeof(text), "%lld", (long long)value);
    put_line(w, text);
}

void metrics_f64(struct metrics_writer *w, const struct metric_label *labels, uint32_t count,
                 double value)
{
    char text[NUMBER_BYTES];
    put_name(w, suffix(w), labels, count, NULL);
    put_line(w, number(value, text));
}

void metrics_one(struct metrics_writer *w, const char *name, enum metric_type type,
                 const char *help, uint64_t value)
{
    metrics_family(w, name, type, help);
    metrics_u64(w, NULL, 0, value);
}

void metrics_histogram(struct metrics_writer *w, const struct metric_label *labels, uint32_t count,
                       const struct histogram *h)
{
    char text[NUMBER_BYTES];
    uint64_t below = 0;
    for (int i = 0; i <= HISTOGRAM_BOUNDS; i++) {
        const char *le = "+Inf";
        if (i < HISTOGRAM_BOUNDS)
            le = number((double)histogram_bounds_ns[i] / 1e9, text);
        below += h->counts[i];
        put_name(w, "_bucket", labels, count, le);
        snprintf(text, sizeof(text), "%llu", (unsigned long long)below);
        put_line(w, text);
    }
    put_name(w, "_sum", labels, count, NULL);
    put_line(w, number((double)h->sum_ns / 1e9, text));
    put_name(w, "_count", labels, count, NULL);
    snprintf(text, sizeof(text), "%llu", (unsigned long long)h->count);
    put_line(w, text);
}

int metrics_end(struct metrics_writer *w)
{
    if (w->openmetrics)
        put_cstr(w, "# EOF\n");
    return w->failed ? -EMSGSIZE : 0;
}
