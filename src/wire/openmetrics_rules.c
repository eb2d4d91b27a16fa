#include <assert.h>
#include <errno.h>
#include <math.h>

#include "wire/number.h"
#include "wire/openmetrics_parser.h"

#define FAIL(p, at, ...) openmetrics_fail(p, at, -EBADMSG, __VA_ARGS__)

/* ---- types ---- */

enum { SUFFIXES_MAX = 5 };

/* What may stand behind a family's name; "" is the name by itself. NULL ends a list. */
static const char *const suffixes[OPENMETRICS_TYPE_COUNT][SUFFIXES_MAX] = {
    [OPENMETRICS_UNKNOWN] = {""},
    [OPENMETRICS_GAUGE] = {""},
    [OPENMETRICS_STATESET] = {""},
    [OPENMETRICS_COUNTER] = {"_total", "_created"},
    [OPENMETRICS_INFO] = {"_info"},
    [OPENMETRICS_HISTOGRAM] = {"_bucket", "_count", "_sum", "_created"},
    [OPENMETRICS_GAUGEHISTOGRAM] = {"_bucket", "_gcount", "_gsum"},
    [OPENMETRICS_SUMMARY] = {"", "_count", "_sum", "_created"},
};

/* There, a family of counters is named as its samples are. */
static const char *const older_suffixes[OPENMETRICS_TYPE_COUNT][SUFFIXES_MAX] = {
    [OPENMETRICS_UNKNOWN] = {""},
    [OPENMETRICS_GAUGE] = {""},
    [OPENMETRICS_STATESET] = {""},
    [OPENMETRICS_COUNTER] = {""},
    [OPENMETRICS_INFO] = {""},
    [OPENMETRICS_HISTOGRAM] = {"_bucket", "_count", "_sum"},
    [OPENMETRICS_GAUGEHISTOGRAM] = {"_bucket", "_gcount", "_gsum"},
    [OPENMETRICS_SUMMARY] = {"", "_count", "_sum"},
};

static const char *const *suffixes_of(const struct openmetrics *p, enum openmetrics_type type)
{
    return p->format == OPENMETRICS_1_0 ? suffixes[type] : older_suffixes[type];
}

const char *openmetrics_type_name(enum openmetrics_type type)
{
    static const char *const names[] = {
#define OPENMETRICS_TYPE_WORD(NAME, word) #word,
        OPENMETRICS_TYPE_LIST(OPENMETRICS_TYPE_WORD)
#undef OPENMETRICS_TYPE_WORD
    };
    return names[type];
}

bool openmetrics_type_of(enum openmetrics_format format, struct slice word,
                         enum openmetrics_type *ret)
{
    if (format == OPENMETRICS_PROMETHEUS_0_0_4 && slice_eq_cstr(word, "untyped")) {
        *ret = OPENMETRICS_UNKNOWN;
        return true;
    }
    for (int i = 0; i < OPENMETRICS_TYPE_COUNT; i++)
        if (slice_eq_cstr(word, openmetrics_type_name((enum openmetrics_type)i))) {
            *ret = (enum openmetrics_type)i;
            return true;
        }
    return false;
}

bool openmetrics_family_has(const struct openmetrics *p, struct slice name,
                            struct slice *ret_suffix)
{
    struct slice own = buf_slice(&p->family.name);
    if (!p->family.open || !slice_starts_with(name, own))
        return false;
    *ret_suffix = slice_sub(name, own.size, name.size);
    for (const char *const *s = suffixes_of(p, p->family.type); *s; s++)
        if (slice_eq_cstr(*ret_suffix, *s))
            return true;
    return false;
}

void openmetrics_family_begin(struct openmetrics *p, struct slice name)
{
    struct openmetrics_family *f = &p->family;
    struct buf text = f->name, unit = f->unit;
    buf_clear(&text);
    buf_clear(&unit);
    buf_append_slice(&text, name);
    *f = (struct openmetrics_family){.name = text, .unit = unit, .open = true};
}

/* ---- what was seen ---- */

/* A number for a kind of thing and its bytes; a sum, so that parts may come in any order. */
static uint64_t mark(const struct openmetrics *p, char kind, struct slice text)
{
    struct map_seed seed = p->options.seed;
    seed.k0 ^= (unsigned char)kind;
    return map_hash(seed, text.data, text.size);
}

/* Returns 0, -EEXIST, or -E2BIG where the limit is met. */
static int see(struct openmetrics *p, uint64_t number)
{
    void *old = NULL;
    if (map_put_u64(&p->seen, number, p, &old) < 0)
        return openmetrics_fail(p, p->text.data, -E2BIG, "more than %d names and series",
                                OPENMETRICS_SEEN_MAX);
    return old ? -EEXIST : 0;
}

/* Labels without one of them, in any order. */
static uint64_t mark_labels(const struct openmetrics *p, struct slice without)
{
    const struct openmetrics_labels *l = &p->sample.labels;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < l->count; i++) {
        if (slice_eq(l->items[i].name, without))
            continue;
        uint64_t value = mark(p, 'v', l->items[i].value);
        struct map_seed seed = {value, p->options.seed.k1};
        sum += map_hash(seed, l->items[i].name.data, l->items[i].name.size);
    }
    return sum;
}

static const struct slice *find_label(const struct openmetrics *p, struct slice name)
{
    const struct openmetrics_labels *l = &p->sample.labels;
    for (uint32_t i = 0; i < l->count; i++)
        if (slice_eq(l->items[i].name, name))
            return &l->items[i].value;
    return NULL;
}

/* ---- a histogram's samples ---- */

static int histogram_close(struct openmetrics *p)
{
    struct openmetrics_family *f = &p->family;
    struct openmetrics_histogram *h = &f->histogram;
    const char *wrong = NULL;
    if (!h->open)
        return 0;
    h->open = false;
    if (!h->has_bucket || h->bound != INFINITY)
        wrong = "there is no bucket le=\"+Inf\"";
    else if (h->has_count && h->count != h->value)
        wrong = "its count is not what its bucket le=\"+Inf\" says";
    else if (h->has_sum && !h->has_count)
        wrong = "there is a sum without a count";
    else if (h->has_count && !h->has_sum)
        wrong = "there is a count without a sum";
    else if (h->below_zero && h->has_sum && f->type == OPENMETRICS_HISTOGRAM)
        wrong = "with buckets below zero there is no sum";
    else if (!h->below_zero && h->sum_below_zero)
        wrong = "its sum is below zero, its buckets are not";
    return wrong ? openmetrics_fail_line(p, f->sample_line, "histogram %.*s: %s",
                                         SLICE_ARG(buf_slice(&f->name)), wrong)
                 : 0;
}

static int histogram_bucket(struct openmetrics *p, struct openmetrics_histogram *h)
{
    struct slice le = *find_label(p, SLICE("le"));
    double bound = 0;
    number_parse(le, &bound); /* it is one: bucket_label looked */
    if (h->has_bucket && bound <= h->bound)
        return FAIL(p, p->text.data, "buckets come in the order of their bounds");
    if (h->has_bucket && p->sample.value < h->value)
        return FAIL(p, p->text.data, "a bucket holds less than the one before it");
    h->below_zero |= bound < 0;
    h->has_bucket = true;
    h->bound = bound;
    h->value = p->sample.value;
    return 0;
}

static int histogram_sample(struct openmetrics *p, struct slice suffix, bool same)
{
    struct openmetrics_histogram *h = &p->family.histogram;
    int r = same ? 0 : histogram_close(p);
    if (r < 0)
        return r;
    if (!h->open)
        *h = (struct openmetrics_histogram){.open = true};
    if (slice_eq_cstr(suffix, "_bucket"))
        return histogram_bucket(p, h);
    if (slice_ends_with(suffix, SLICE("count"))) {
        h->has_count = true;
        h->count = p->sample.value;
    } else if (slice_ends_with(suffix, SLICE("sum"))) {
        h->has_sum = true;
        h->sum_below_zero = p->sample.value < 0;
    }
    return 0;
}

/* ---- the end of a family ---- */

static int unit_rule(struct openmetrics *p)
{
    struct openmetrics_family *f = &p->family;
    struct slice name = buf_slice(&f->name), unit = buf_slice(&f->unit);
    if (unit.size == 0)
        return 0;
    if (f->type == OPENMETRICS_INFO || f->type == OPENMETRICS_STATESET)
        return openmetrics_fail_line(p, f->unit_line, "%s has no unit",
                                     openmetrics_type_name(f->type));
    if (name.size <= unit.size || name.data[name.size - unit.size - 1] != '_' ||
        !slice_ends_with(name, unit))
        return openmetrics_fail_line(p, f->unit_line, "the name %.*s does not end in _%.*s",
                                     SLICE_ARG(name), SLICE_ARG(unit));
    return 0;
}

/* The names that a family takes for itself: its own, and with every suffix. */
static int names_rule(struct openmetrics *p)
{
    struct openmetrics_family *f = &p->family;
    size_t size = f->name.size;
    int r = see(p, mark(p, 'n', buf_slice(&f->name)));
    for (const char *const *s = suffixes_of(p, f->type); *s && r == 0; s++) {
        if (!**s)
            continue;
        buf_append_cstr(&f->name, *s);
        r = see(p, mark(p, 'n', buf_slice(&f->name)));
        if (r == 0)
            f->name.size = size;
    }
    if (r != -EEXIST)
        return r;
    return openmetrics_fail_line(p, f->sample_line,
                                 "the name %.*s is another family's, or came before",
                                 SLICE_ARG(buf_slice(&f->name)));
}

int openmetrics_rule_end(struct openmetrics *p)
{
    struct openmetrics_family *f = &p->family;
    if (!f->open)
        return 0;
    f->open = false;
    int r = unit_rule(p);
    if (r == 0)
        r = histogram_close(p);
    return r < 0 ? r : names_rule(p);
}

/* ---- metadata ---- */

static int take_type(struct openmetrics *p, struct slice text)
{
    struct openmetrics_family *f = &p->family;
    if (f->has_type)
        return FAIL(p, p->text.data, "the type stands twice");
    if (!openmetrics_type_of(p->format, text, &f->type))
        return FAIL(p, text.data,
                    "no type: counter, gauge, histogram, gaugehistogram, summary, "
                    "info, stateset or unknown");
    f->has_type = true;
    return 0;
}

static int take_unit(struct openmetrics *p, struct slice text)
{
    struct openmetrics_family *f = &p->family;
    if (f->has_unit)
        return FAIL(p, p->text.data, "the unit stands twice");
    for (size_t i = 0; i < text.size; i++)
        if (!openmetrics_is_name_part(text.data[i], true))
            return FAIL(p, text.data + i, "a unit is one word");
    f->has_unit = true;
    f->unit_line = p->line;
    buf_append_slice(&f->unit, text);
    return 0;
}

static int take_help(struct openmetrics *p)
{
    if (p->family.has_help)
        return FAIL(p, p->text.data, "the help stands twice");
    p->family.has_help = true;
    return 0;
}

int openmetrics_rule_metadata(struct openmetrics *p, enum openmetrics_keyword keyword,
                              struct slice name, struct slice text)
{
    struct openmetrics_family *f = &p->family;
    if (!f->open || !slice_eq(name, buf_slice(&f->name))) {
        int r = openmetrics_rule_end(p);
        if (r < 0)
            return r;
        openmetrics_family_begin(p, name);
    }
    /* The older format puts only the type first. */
    if (f->samples && (p->format == OPENMETRICS_1_0 || keyword == OPENMETRICS_KEYWORD_TYPE))
        return FAIL(p, p->text.data, "what is said about a metric stands before its samples");
    if (!f->samples)
        f->sample_line = p->line;
    if (keyword == OPENMETRICS_KEYWORD_TYPE)
        return take_type(p, text);
    return keyword == OPENMETRICS_UNIT ? take_unit(p, text) : take_help(p);
}

/* ---- samples ---- */

static int bucket_label(struct openmetrics *p)
{
    const struct slice *le = find_label(p, SLICE("le"));
    double bound;
    if (!le || number_parse(*le, &bound) < 0 || isnan(bound))
        return FAIL(p, p->text.data, "a bucket needs a label le with its bound");
    if (p->format == OPENMETRICS_1_0 && bound == INFINITY && !slice_eq_cstr(*le, "+Inf"))
        return FAIL(p, le->data, "the last bound is written +Inf");
    return 0;
}

static int quantile_label(struct openmetrics *p)
{
    const struct slice *q = find_label(p, SLICE("quantile"));
    double value;
    if (!q || number_parse(*q, &value) < 0 ||
        (p->format == OPENMETRICS_1_0 && !(value >= 0 && value <= 1)))
        return FAIL(p, p->text.data, "a summary needs a label quantile from 0 to 1");
    return 0;
}

/* Labels that a type asks for. */
static int labels_rule(struct openmetrics *p, struct slice suffix)
{
    switch (p->family.type) {
    case OPENMETRICS_HISTOGRAM:
    case OPENMETRICS_GAUGEHISTOGRAM:
        return slice_eq_cstr(suffix, "_bucket") ? bucket_label(p) : 0;
    case OPENMETRICS_SUMMARY:
        return suffix.size == 0 ? quantile_label(p) : 0;
    case OPENMETRICS_STATESET:
        if (!find_label(p, buf_slice(&p->family.name)))
            return FAIL(p, p->text.data, "a stateset needs a label of its own name");
        return 0;
    default:
        return 0;
    }
}

static int value_rule(struct openmetrics *p, struct slice suffix)
{
    enum openmetrics_type type = p->family.type;
    double v = p->sample.value;
    if (type == OPENMETRICS_STATESET && v != 0 && v != 1)
        return FAIL(p, p->text.data, "the value of a stateset is 0 or 1");
    if (type == OPENMETRICS_INFO && v != 1)
        return FAIL(p, p->text.data, "the value of an info is 1");
    if (type == OPENMETRICS_SUMMARY && suffix.size == 0 && v < 0)
        return FAIL(p, p->text.data, "the value of a quantile is not below zero");
    bool counts = slice_eq_cstr(suffix, "_total") || slice_eq_cstr(suffix, "_bucket") ||
                  slice_ends_with(suffix, SLICE("count")) || slice_ends_with(suffix, SLICE("sum"));
    if (counts && isnan(v))
        return FAIL(p, p->text.data, "what counts is not NaN");
    if (counts && v < 0 && !slice_eq_cstr(suffix, "_gsum"))
        return FAIL(p, p->text.data, "what counts is not below zero");
    bool whole = slice_eq_cstr(suffix, "_bucket") || slice_ends_with(suffix, SLICE("count"));
    if (whole && v != floor(v))
        return FAIL(p, p->text.data, "what counts observations is a whole number");
    return 0;
}

static int exemplar_rule(struct openmetrics *p, struct slice suffix)
{
    enum openmetrics_type type = p->family.type;
    bool bucket = (type == OPENMETRICS_HISTOGRAM || type == OPENMETRICS_GAUGEHISTOGRAM) &&
                  slice_eq_cstr(suffix, "_bucket");
    bool total = type == OPENMETRICS_COUNTER && slice_eq_cstr(suffix, "_total");
    if (p->sample.has_exemplar && !bucket && !total)
        return FAIL(p, p->text.data, "only buckets and the totals of counters have exemplars");
    return 0;
}

/* Samples with the same labels, but for those that tell the samples of one point apart. */
static uint64_t group_of(const struct openmetrics *p, struct slice suffix)
{
    struct slice without = {0};
    switch (p->family.type) {
    case OPENMETRICS_INFO:
        return 0; /* each label may be part of the information */
    case OPENMETRICS_SUMMARY:
        without = suffix.size == 0 ? SLICE("quantile") : without;
        break;
    case OPENMETRICS_STATESET:
        without = buf_slice(&p->family.name);
        break;
    case OPENMETRICS_HISTOGRAM:
    case OPENMETRICS_GAUGEHISTOGRAM:
        without = slice_eq_cstr(suffix, "_bucket") ? SLICE("le") : without;
        break;
    default:
        break;
    }
    return mark_labels(p, without);
}

static int timestamps_rule(struct openmetrics *p)
{
    struct openmetrics_family *f = &p->family;
    const struct openmetrics_sample *s = &p->sample;
    if (s->has_timestamp != f->has_timestamp)
        return FAIL(p, p->text.data,
                    "of samples that belong together all or none have a timestamp");
    if (s->has_timestamp && s->timestamp_ns < f->timestamp_ns && f->type != OPENMETRICS_INFO)
        return FAIL(p, p->text.data, "timestamps go backwards");
    return 0;
}

static int twice_rule(struct openmetrics *p)
{
    uint64_t series = mark(p, 's', p->sample.name) + mark_labels(p, (struct slice){0});
    int r = see(p, series);
    return r == -EEXIST ? FAIL(p, p->text.data, "this series stands twice") : r;
}

/* OpenMetrics: groups stand together, times grow. */
static int group_rule(struct openmetrics *p, struct slice suffix)
{
    struct openmetrics_family *f = &p->family;
    const struct openmetrics_sample *s = &p->sample;
    uint64_t group = group_of(p, suffix);
    bool same_group = f->has_group && f->group == group;
    bool same_time = f->has_timestamp == s->has_timestamp &&
                     (!s->has_timestamp || f->timestamp_ns == s->timestamp_ns);
    int r = 0;
    if (same_group)
        r = timestamps_rule(p);
    else if (see(p, mark(p, 'g', buf_slice(&f->name)) + group) == -EEXIST)
        r = FAIL(p, p->text.data, "samples with the same labels stand together");
    if (r == 0 && !s->has_timestamp)
        r = twice_rule(p);
    if (r == 0 && (f->type == OPENMETRICS_HISTOGRAM || f->type == OPENMETRICS_GAUGEHISTOGRAM))
        r = histogram_sample(p, suffix, same_group && same_time);
    f->has_group = true;
    f->group = group;
    f->has_timestamp = s->has_timestamp;
    f->timestamp_ns = s->timestamp_ns;
    return r;
}

int openmetrics_rule_sample(struct openmetrics *p)
{
    struct openmetrics_family *f = &p->family;
    struct slice suffix = {0};
    int r = 0;
    if (!openmetrics_family_has(p, p->sample.name, &suffix)) {
        r = openmetrics_rule_end(p);
        if (r == 0)
            openmetrics_family_begin(p, p->sample.name);
        suffix = (struct slice){0};
    }
    f->samples++;
    f->sample_line = p->line;
    if (r == 0)
        r = labels_rule(p, suffix);
    if (r < 0 || p->format != OPENMETRICS_1_0)
        return r < 0 ? r : twice_rule(p);
    r = value_rule(p, suffix);
    if (r == 0)
        r = exemplar_rule(p, suffix);
    return r < 0 ? r : group_rule(p, suffix);
}
