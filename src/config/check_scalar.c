#include "config/check.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "base/duration.h"
#include "base/suggest.h"
#include "config/check_walk.h"
#include "model/cron.h"
#include "wire/query.h"

enum { WORDS_MAX = 64, NUMBER_BYTES_MAX = 48 };

static void mismatch(struct checker *c, const struct check_at *at, const char *wanted)
{
    checker_fault(c, at, CONFIG_FAULT_TYPE_MISMATCH, at->value->at, "%s is %s, not %s",
                at->field->key, wanted, value_type_name(at->value->type));
}

/* ---- ranges ---- */

/* A bound as people write it: a duration, thousandths as a decimal, or a whole number. */
static const char *bound(const struct schema_field *f, int64_t n, char text[NUMBER_BYTES_MAX])
{
    if (f->type == SCHEMA_DURATION)
        return duration_format(n, text);
    if (f->type == SCHEMA_FLOAT)
        snprintf(text, NUMBER_BYTES_MAX, "%g", (double)n / 1000);
    else
        snprintf(text, NUMBER_BYTES_MAX, "%lld", (long long)n);
    return text;
}

static void check_range(struct checker *c, const struct check_at *at, double n, const char *shown)
{
    const struct schema_field *f = at->field;
    char low[NUMBER_BYTES_MAX], high[NUMBER_BYTES_MAX];
    double scale = f->type == SCHEMA_FLOAT ? 1000 : 1;
    if ((!f->has_min || n * scale >= (double)f->min) &&
        (!f->has_max || n * scale <= (double)f->max))
        return;
    checker_fault(c, at, CONFIG_FAULT_OUT_OF_RANGE, at->value->at,
                "%s is %s: it may be from %s to %s%s%s", f->key, shown, bound(f, f->min, low),
                bound(f, f->max, high), f->unit ? " " : "", f->unit ? f->unit : "");
}

/* ---- types ---- */

static void check_bool(struct checker *c, const struct check_at *at)
{
    if (at->value->type != VALUE_BOOL)
        mismatch(c, at, "true or false");
}

static void check_int(struct checker *c, const struct check_at *at)
{
    const struct value *v = at->value;
    char shown[NUMBER_BYTES_MAX];
    if (v->type == VALUE_NUMBER) {
        checker_fault(c, at, CONFIG_FAULT_OUT_OF_RANGE, v->at,
                      "%s is %s: no whole number of 64 bits", at->field->key,
                      checker_shown(c, v->text));
    } else if (v->type == VALUE_FLOAT && v->number == trunc(v->number) && fabs(v->number) < 9e15) {
        snprintf(shown, sizeof(shown), "%.0f", v->number);
        check_range(c, at, v->number, shown);
    } else if (v->type != VALUE_INT) {
        mismatch(c, at, "a whole number");
    } else {
        snprintf(shown, sizeof(shown), "%lld", (long long)v->integer);
        check_range(c, at, (double)v->integer, shown);
    }
}

static void check_float(struct checker *c, const struct check_at *at)
{
    const struct value *v = at->value;
    char shown[NUMBER_BYTES_MAX];
    if (v->type != VALUE_FLOAT && v->type != VALUE_INT) {
        mismatch(c, at, "a number");
        return;
    }
    double n = v->type == VALUE_INT ? (double)v->integer : v->number;
    snprintf(shown, sizeof(shown), "%g", n);
    if (isfinite(n))
        check_range(c, at, n, shown);
    else
        checker_fault(c, at, CONFIG_FAULT_OUT_OF_RANGE, v->at,
                      "%s is %s: a finite number is needed", at->field->key, shown);
}

static void bare_duration(struct checker *c, const struct check_at *at, struct slice number)
{
    const char *shown = checker_shown(c, number);
    char text[NUMBER_BYTES_MAX];
    struct config_fault *f =
        checker_fault(c, at, CONFIG_FAULT_BARE_DURATION, at->value->at,
                    "%s is a duration: %s of what? Write the unit, too", at->field->key, shown);
    snprintf(text, sizeof(text), "%.40ss", shown);
    checker_suggest(c, f, text);
}

static bool is_number(struct slice s)
{
    size_t digits = 0;
    for (size_t i = 0; i < s.size; i++) {
        if (s.data[i] >= '0' && s.data[i] <= '9')
            digits++;
        else if (s.data[i] != '.' && !(i == 0 && (s.data[i] == '-' || s.data[i] == '+')))
            return false;
    }
    return digits > 0;
}

static void duration_text(struct checker *c, const struct check_at *at)
{
    const struct value *v = at->value;
    int64_t ns;
    int r = duration_parse(v->text, &ns);
    if (r == 0)
        check_range(c, at, (double)ns, checker_shown(c, v->text));
    else if (r == -ERANGE)
        checker_fault(c, at, CONFIG_FAULT_OUT_OF_RANGE, v->at, "%s is too long a time: %s",
                    at->field->key, checker_shown(c, v->text));
    else if (is_number(v->text))
        bare_duration(c, at, v->text);
    else
        checker_fault(c, at, CONFIG_FAULT_TYPE_MISMATCH, v->at,
                    "%s is a duration like 250ms, 30s or 1m30s, not \"%s\"", at->field->key,
                    checker_shown(c, v->text));
}

static void check_duration(struct checker *c, const struct check_at *at)
{
    const struct value *v = at->value;
    char text[NUMBER_BYTES_MAX];
    if (v->type == VALUE_STRING) {
        duration_text(c, at);
    } else if (v->type == VALUE_DURATION) {
        check_range(c, at, (double)v->integer, duration_format(v->integer, text));
    } else if (v->type == VALUE_INT) {
        snprintf(text, sizeof(text), "%lld", (long long)v->integer);
        bare_duration(c, at, slice_from(text));
    } else if (v->type == VALUE_FLOAT) {
        snprintf(text, sizeof(text), "%g", v->number);
        bare_duration(c, at, slice_from(text));
    } else {
        mismatch(c, at, "a duration");
    }
}

/* ---- strings ---- */

static void bad_word(struct checker *c, const struct check_at *at)
{
    const struct schema_field *f = at->field;
    struct buf all = BUF(MEM_CONFIG, 0);
    size_t n = 0;
    for (; f->words[n]; n++)
        buf_printf(&all, "%s%s", n == 0 ? "" : ", ", f->words[n]);
    struct config_fault *fault =
        checker_fault(c, at, CONFIG_FAULT_BAD_ENUM, at->value->at, "%s is \"%s\": it may be %s",
                    f->key, checker_shown(c, at->value->text), all.data);
    checker_suggest(c, fault, suggest_nearest(at->value->text, f->words, n));
    buf_done(&all);
}

static void check_cron(struct checker *c, const struct check_at *at)
{
    struct cron cron;
    struct cron_fault f;
    if (cron_parse(at->value->text, &cron, &f) == 0)
        return;
    struct config_fault *fault = checker_fault(
        c, at, CONFIG_FAULT_BAD_PATTERN, at->value->at, "%s is \"%s\": at its column %u: %s",
        at->field->key, checker_shown(c, at->value->text), f.column, f.message);
    checker_suggest(c, fault, f.suggestion[0] ? f.suggestion : NULL);
}

static void check_zone(struct checker *c, const struct check_at *at)
{
    const struct zone *zone;
    struct err err = {0};
    int r = c->zones ? zones_find(c->zones, at->value->text, &zone, &err) : 0;
    if (r == 0)
        return;
    struct config_fault *fault = checker_fault(c, at, CONFIG_FAULT_UNRESOLVED_REFERENCE,
                                               at->value->at, "%s: %s", at->field->key, err.text);
    if (r == -ENOENT)
        checker_suggest(c, fault, zones_suggest(c->zones, at->value->text));
}

static void check_query(struct checker *c, const struct check_at *at)
{
    const struct query *q;
    struct err err = {0};
    if (query_parse(at->value->text, &c->arena, &q, NULL, &err) < 0)
        checker_fault(c, at, CONFIG_FAULT_BAD_PATTERN, at->value->at,
                      "%s is no query: %s", at->field->key, err.text);
}

static void check_text(struct checker *c, const struct check_at *at)
{
    const struct schema_field *f = at->field;
    struct slice text = at->value->text;
    struct err err = {0};
    if (f->words) {
        for (size_t i = 0; f->words[i]; i++)
            if (slice_eq_cstr(text, f->words[i]))
                return;
        bad_word(c, at);
    } else if (f->is_cron) {
        check_cron(c, at);
    } else if (f->pattern && !pattern_matches(&c->patterns, f->pattern, text)) {
        checker_fault(c, at, CONFIG_FAULT_BAD_PATTERN, at->value->at, "%s is \"%s\": it must be %s",
                    f->key, checker_shown(c, text), f->pattern_help);
    } else if (f->is_zone) {
        check_zone(c, at);
    } else if (f->is_query) {
        check_query(c, at);
    } else if (f->is_regex && pattern_check(text, &err) < 0) {
        checker_fault(c, at, CONFIG_FAULT_BAD_PATTERN, at->value->at,
                    "%s is no regular expression: %s", f->key, err.text);
    }
}

static void check_string(struct checker *c, const struct check_at *at)
{
    if (at->value->type == VALUE_STRING) {
        check_text(c, at);
        return;
    }
    const struct value *v = at->value;
    bool scalar = v->type != VALUE_LIST && v->type != VALUE_MAP && v->type != VALUE_NULL;
    checker_fault(c, at, CONFIG_FAULT_TYPE_MISMATCH, v->at, "%s is a string, not %s%s",
                at->field->key, value_type_name(v->type), scalar ? ": put it in quotes" : "");
}

void checker_scalar(struct checker *c, const struct check_at *at)
{
    switch (at->field->type) {
    case SCHEMA_STRING:
        check_string(c, at);
        return;
    case SCHEMA_BOOL:
        check_bool(c, at);
        return;
    case SCHEMA_INT:
        check_int(c, at);
        return;
    case SCHEMA_FLOAT:
        check_float(c, at);
        return;
    case SCHEMA_DURATION:
        check_duration(c, at);
        return;
    case SCHEMA_STRUCT:
        return;
    }
}
