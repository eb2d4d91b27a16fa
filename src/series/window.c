#include "series/window.h"

#include <math.h>
#include <stdlib.h>

/* ---- samples in their order ---- */

struct reader {
    const struct chunk *next;
    struct chunk_reader chunk;
    int64_t until_ms;
    uint64_t *read;
};

/* From the first chunk that has one beyond `from_ms`. */
static void reader_begin(struct reader *r, const struct series *s, int64_t from_ms,
                         int64_t until_ms, uint64_t *read)
{
    *r = (struct reader){.next = s->first, .until_ms = until_ms, .read = read};
    while (r->next && r->next->last_ms <= from_ms)
        r->next = r->next->next;
}

static inline bool reader_next(struct reader *r, int64_t *ret_ms, uint64_t *ret_bits)
{
    while (!chunk_read(&r->chunk)) {
        if (!r->next)
            return false;
        chunk_read_begin(&r->chunk, r->next);
        r->next = r->next->next;
    }
    ++*r->read;
    *ret_ms = r->chunk.tail.ms;
    *ret_bits = r->chunk.tail.bits;
    return *ret_ms <= r->until_ms;
}

/* Values only: what ended, and NaN, is none. */
static inline bool reader_value(struct reader *r, int64_t from_ms, int64_t *ret_ms, double *ret)
{
    uint64_t bits;
    while (reader_next(r, ret_ms, &bits)) {
        *ret = series_value(bits);
        if (*ret_ms > from_ms && !isnan(*ret))
            return true;
    }
    return false;
}

bool window_last(const struct series *s, int64_t now_ms, double *ret, uint64_t *ret_read)
{
    uint64_t bits = s->tail.bits, next_bits;
    int64_t ms = s->tail.ms, next_ms;
    bool found = s->last != NULL;
    if (found && ms > now_ms) {
        struct reader r;
        found = false;
        reader_begin(&r, s, now_ms - SERIES_BACK_MS, now_ms, ret_read);
        while (reader_next(&r, &next_ms, &next_bits)) {
            found = true;
            ms = next_ms;
            bits = next_bits;
        }
    }
    double value = series_value(bits);
    if (!found || isnan(value) || ms <= now_ms - SERIES_BACK_MS)
        return false;
    *ret = value;
    return true;
}

/* ---- one pass ---- */

struct sums {
    uint64_t count;
    int64_t first_ms, last_ms;
    double first, last, sum, min, max, grown;
    double x, y, xx, xy; /* seconds before the end, values above the first one */
};

static void sums_add(struct sums *s, int64_t ms, double value, int64_t now_ms)
{
    if (s->count++ == 0) {
        s->first_ms = ms;
        s->first = s->last = s->min = s->max = value;
    }
    /* A counter that fell began anew at 0. */
    s->grown += value >= s->last ? value - s->last : value;
    s->last_ms = ms;
    s->last = value;
    s->sum += value;
    s->min = value < s->min ? value : s->min;
    s->max = value > s->max ? value : s->max;
    double x = (double)(ms - now_ms) / 1e3, y = value - s->first;
    s->x += x;
    s->y += y;
    s->xx += x * x;
    s->xy += x * y;
}

static bool sums_of(const struct series *s, int64_t from_ms, int64_t until_ms, struct sums *ret,
                    uint64_t *ret_read)
{
    struct reader r;
    int64_t ms;
    double value;
    *ret = (struct sums){0};
    reader_begin(&r, s, from_ms, until_ms, ret_read);
    while (reader_value(&r, from_ms, &ms, &value))
        sums_add(ret, ms, value, until_ms);
    return ret->count > 0;
}

static bool slope(const struct sums *s, double *ret)
{
    double n = (double)s->count, spread = n * s->xx - s->x * s->x;
    if (s->count < 2 || spread <= 0)
        return false;
    *ret = (n * s->xy - s->x * s->y) / spread;
    return true;
}

static bool step(const struct series *s, int64_t window_ms, int64_t now_ms, double *ret,
                 uint64_t *ret_read)
{
    struct sums before, after;
    if (!sums_of(s, now_ms - window_ms, now_ms, &after, ret_read) ||
        !sums_of(s, now_ms - 2 * window_ms, now_ms - window_ms, &before, ret_read) ||
        before.sum == 0)
        return false;
    *ret = (after.sum / (double)after.count) / (before.sum / (double)before.count);
    return true;
}

/* ---- quantile ---- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void scratch_add(struct window_scratch *s, double value)
{
    if (s->count == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 1024;
        s->values = mem_resize(MEM_SERIES, s->values, s->cap * sizeof(*s->values));
    }
    s->values[s->count++] = value;
}

void window_scratch_done(struct window_scratch *s)
{
    mem_free(MEM_SERIES, s->values);
    *s = (struct window_scratch){0};
}

/* Between two samples in proportion. */
static bool quantile(const struct series *s, double q, int64_t from_ms, int64_t until_ms,
                     struct window_scratch *scratch, double *ret, uint64_t *ret_read)
{
    struct reader r;
    int64_t ms;
    double value;
    scratch->count = 0;
    reader_begin(&r, s, from_ms, until_ms, ret_read);
    while (reader_value(&r, from_ms, &ms, &value))
        scratch_add(scratch, value);
    if (scratch->count == 0)
        return false;
    qsort(scratch->values, scratch->count, sizeof(*scratch->values), by_value);
    double rank = q * (double)(scratch->count - 1);
    size_t below = (size_t)rank, above = below + 1 < scratch->count ? below + 1 : below;
    double part = rank - (double)below, low = scratch->values[below];
    *ret = part == 0 ? low : low + (scratch->values[above] - low) * part;
    return true;
}

/* ---- functions ---- */

bool window_value(const struct series *s, const struct query_node *f, int64_t now_ms,
                  struct window_scratch *scratch, double *ret, uint64_t *ret_read)
{
    int64_t window_ms = f->window_ns / 1000000, from_ms = now_ms - window_ms;
    struct sums sums;
    if (f->function == QUERY_QUANTILE)
        return quantile(s, f->number, from_ms, now_ms, scratch, ret, ret_read);
    if (f->function == QUERY_STEP)
        return step(s, window_ms, now_ms, ret, ret_read);
    if (!sums_of(s, from_ms, now_ms, &sums, ret_read))
        return false;
    switch (f->function) {
    case QUERY_AVG:
        *ret = sums.sum / (double)sums.count;
        return true;
    case QUERY_MIN:
        *ret = sums.min;
        return true;
    case QUERY_MAX:
        *ret = sums.max;
        return true;
    case QUERY_TREND:
        return slope(&sums, ret);
    default: /* rate */
        if (sums.last_ms == sums.first_ms)
            return false;
        *ret = sums.grown * 1e3 / (double)(sums.last_ms - sums.first_ms);
        return true;
    }
}

/* ---- corr ---- */

struct moments { /* Welford's: stable for large values that differ little */
    double n, mean_x, mean_y, xx, yy, xy;
};

static void moments_add(struct moments *m, double x, double y)
{
    double dx = x - m->mean_x, dy = y - m->mean_y;
    m->n++;
    m->mean_x += dx / m->n;
    m->mean_y += dy / m->n;
    m->xx += dx * (x - m->mean_x);
    m->yy += dy * (y - m->mean_y);
    m->xy += dx * (y - m->mean_y);
}

/* A series that is read along with another: its value as of each time of that one. */
struct held {
    struct reader reader;
    bool more, has_next, has;
    int64_t next_ms, ms;
    uint64_t next_bits, bits;
};

static bool held_at(struct held *h, int64_t ms, double *ret)
{
    while (h->more) {
        if (!h->has_next)
            h->more = h->has_next = reader_next(&h->reader, &h->next_ms, &h->next_bits);
        if (!h->has_next || h->next_ms > ms)
            break;
        h->has = true;
        h->ms = h->next_ms;
        h->bits = h->next_bits;
        h->has_next = false;
    }
    *ret = h->has ? series_value(h->bits) : NAN;
    return h->has && !isnan(*ret) && h->ms > ms - SERIES_BACK_MS;
}

bool window_corr(const struct series *a, const struct series *b, int64_t window_ms, int64_t now_ms,
                 double *ret, uint64_t *ret_read)
{
    struct moments m = {0};
    struct reader r;
    struct held held = {.more = true};
    int64_t from_ms = now_ms - window_ms, ms;
    double x, y;
    reader_begin(&r, a, from_ms, now_ms, ret_read);
    reader_begin(&held.reader, b, from_ms - SERIES_BACK_MS, now_ms, ret_read);
    while (reader_value(&r, from_ms, &ms, &x))
        if (held_at(&held, ms, &y))
            moments_add(&m, x, y);
    if (m.n < 2 || (m.xx <= 0 && m.yy <= 0))
        return false;
    *ret = m.xx <= 0 || m.yy <= 0 ? 0 : m.xy / (sqrt(m.xx) * sqrt(m.yy));
    return !isnan(*ret);
}
