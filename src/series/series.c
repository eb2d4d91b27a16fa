#include "series/series.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "series/set.h"

struct series_set *series_set_new(const struct series_options *options)
{
    struct series_set *set = mem_alloc(MEM_SERIES, sizeof(*set));
    set->bytes_max = options->bytes_max ? options->bytes_max : SERIES_BYTES_MAX;
    set->seed = options->seed;
    set->by_hash = set->texts = set->metrics = MAP(MEM_SERIES, 0, options->seed);
    list_init(&set->all);
    return set;
}

/* ---- memory ---- */

static void *take(struct series_set *set, size_t size)
{
    set->usage.bytes += size;
    return mem_alloc(MEM_SERIES, size);
}

static void give(struct series_set *set, void *block, size_t size)
{
    set->usage.bytes -= size;
    mem_free(MEM_SERIES, block);
}

static bool has_room(const struct series_set *set, size_t size)
{
    return set->usage.bytes + size <= set->bytes_max;
}

/* ---- texts and metrics ---- */

enum { MAP_SLOT_BYTES = 48 }; /* about what an entry of a map takes */

struct series_text *series_find_text(const struct series_set *set, struct slice text)
{
    return map_get(&set->texts, text);
}

static struct series_text *text_use(struct series_set *set, struct slice text)
{
    struct series_text *t = series_find_text(set, text);
    if (!t) {
        t = take(set, sizeof(*t) + text.size + MAP_SLOT_BYTES);
        t->size = (uint32_t)text.size;
        memcpy(t->data, text.data ? text.data : "", text.size);
        map_put(&set->texts, series_text_slice(t), t, NULL);
    }
    t->uses++;
    return t;
}

static void text_drop(struct series_set *set, struct series_text *t)
{
    if (--t->uses)
        return;
    map_remove(&set->texts, series_text_slice(t));
    give(set, t, sizeof(*t) + t->size + MAP_SLOT_BYTES);
}

struct series_metric *series_find_metric(const struct series_set *set, struct slice name)
{
    return map_get(&set->metrics, name);
}

static struct series_metric *metric_use(struct series_set *set, struct slice name)
{
    struct series_metric *m = series_find_metric(set, name);
    if (m)
        return m;
    m = take(set, sizeof(*m) + MAP_SLOT_BYTES);
    m->name = text_use(set, name);
    list_init(&m->series);
    map_put(&set->metrics, series_text_slice(m->name), m, NULL);
    return m;
}

static void metric_drop(struct series_set *set, struct series_metric *m)
{
    if (!list_empty(&m->series))
        return;
    map_remove(&set->metrics, series_text_slice(m->name));
    text_drop(set, m->name);
    give(set, m, sizeof(*m) + MAP_SLOT_BYTES);
}

/* ---- finding a series ---- */

/* A sum, so that labels may come in any order. */
static uint64_t hash_of(const struct series_set *set, struct slice name,
                        const struct series_label *labels, uint32_t count)
{
    uint64_t sum = map_hash(set->seed, name.data, name.size);
    for (uint32_t i = 0; i < count; i++) {
        if (labels[i].value.size == 0)
            continue;
        struct map_seed seed = {map_hash(set->seed, labels[i].name.data, labels[i].name.size),
                                set->seed.k1 + 1};
        sum += map_hash(seed, labels[i].value.data, labels[i].value.size);
    }
    return sum;
}

static bool has_label(const struct series *s, const struct series_label *l)
{
    for (uint32_t i = 0; i < s->pair_count; i++)
        if (slice_eq(series_text_slice(s->pairs[i].name), l->name))
            return slice_eq(series_text_slice(s->pairs[i].value), l->value);
    return false;
}

static bool is_same(const struct series *s, struct slice name, const struct series_label *labels,
                    uint32_t count)
{
    uint32_t n = 0;
    if (!slice_eq(series_text_slice(s->metric->name), name))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (labels[i].value.size == 0)
            continue;
        n++;
        if (!has_label(s, &labels[i]))
            return false;
    }
    return n == s->pair_count;
}

static int by_name(const void *a, const void *b)
{
    const struct series_pair *x = a, *y = b;
    return slice_compare(series_text_slice(x->name), series_text_slice(y->name));
}

static size_t series_size(uint32_t pair_count)
{
    return sizeof(struct series) + pair_count * sizeof(struct series_pair) + MAP_SLOT_BYTES;
}

static struct series *series_make(struct series_set *set, uint64_t hash, struct slice name,
                                  const struct series_label *labels, uint32_t count)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < count; i++)
        n += labels[i].value.size > 0;
    struct series *s = take(set, series_size(n));
    for (uint32_t i = 0; i < count; i++) {
        if (labels[i].value.size == 0)
            continue;
        s->pairs[s->pair_count++] =
            (struct series_pair){text_use(set, labels[i].name), text_use(set, labels[i].value)};
    }
    qsort(s->pairs, n, sizeof(s->pairs[0]), by_name);
    s->hash = hash;
    s->metric = metric_use(set, name);
    list_push_back(&s->metric->series, &s->of_metric);
    list_push_back(&set->all, &s->of_set);
    s->next_same = map_get_u64(&set->by_hash, hash);
    map_put_u64(&set->by_hash, hash, s, NULL);
    set->usage.series++;
    return s;
}

int series_pin(struct series_set *set, struct slice name, const struct series_label *labels,
               uint32_t count, struct series **ret)
{
    if (count > SERIES_LABELS_MAX) {
        set->usage.refused_total++;
        return -E2BIG;
    }
    uint64_t hash = hash_of(set, name, labels, count);
    struct series *s = map_get_u64(&set->by_hash, hash);
    while (s && !is_same(s, name, labels, count))
        s = s->next_same;
    /* Names and values are mostly those of others: what counts is the series and its chunk. */
    if (!s && !has_room(set, series_size(count) + chunk_bytes(CHUNK_BYTES_MIN))) {
        set->usage.refused_total++;
        return -ENOSPC;
    }
    if (!s)
        s = series_make(set, hash, name, labels, count);
    s->pins++;
    *ret = s;
    return 0;
}

/* ---- chunks ---- */

static void drop_first(struct series_set *set, struct series *s)
{
    struct chunk *c = s->first;
    s->first = c->next;
    if (!s->first)
        s->last = NULL;
    set->usage.samples -= c->count;
    give(set, c, chunk_bytes(c->cap));
}

/* Memory of a chunk that will not grow any more is given back. */
static void close_chunk(struct series_set *set, struct series *s)
{
    struct chunk *c = s->last;
    size_t used = (c->used + 7) / 8;
    struct chunk *smaller = take(set, chunk_bytes(used));
    memcpy(smaller, c, sizeof(*c) + used);
    smaller->cap = (uint16_t)used;
    if (s->first == c) {
        s->first = smaller;
    } else {
        struct chunk *before = s->first;
        while (before->next != c)
            before = before->next;
        before->next = smaller;
    }
    s->last = smaller;
    give(set, c, chunk_bytes(c->cap));
}

static void grow_chunk(struct series_set *set, struct series *s)
{
    struct chunk *c = s->last, **at = &s->first;
    uint16_t cap = (uint16_t)(c->cap * 2);
    while (*at != c)
        at = &(*at)->next;
    struct chunk *larger = take(set, chunk_bytes(cap));
    memcpy(larger, c, chunk_bytes(c->cap));
    larger->cap = cap;
    *at = s->last = larger;
    give(set, c, chunk_bytes(c->cap));
}

/* Gives up what is oldest until there is room, but not the chunk that is written. */
static bool make_room(struct series_set *set, struct series *s, size_t size)
{
    while (!has_room(set, size) && s->first && s->first != s->last) {
        set->usage.dropped_total += s->first->count;
        drop_first(set, s);
    }
    return has_room(set, size);
}

static int ready_chunk(struct series_set *set, struct series *s)
{
    struct chunk *c = s->last;
    if (c && chunk_has_room(c))
        return 0;
    if (c && c->count < CHUNK_SAMPLES_MAX && c->cap < CHUNK_BYTES_MAX &&
        make_room(set, s, chunk_bytes(2u * c->cap))) {
        grow_chunk(set, s);
        return 0;
    }
    if (c)
        close_chunk(set, s);
    size_t size = chunk_bytes(CHUNK_BYTES_MIN);
    if (!make_room(set, s, size)) {
        if (!s->first)
            return -ENOSPC;
        set->usage.dropped_total += s->first->count; /* the only one: it is begun anew */
        drop_first(set, s);
    }
    c = take(set, size);
    c->cap = CHUNK_BYTES_MIN;
    if (s->last)
        s->last->next = c;
    else
        s->first = c;
    s->last = c;
    return 0;
}

static int add_bits(struct series_set *set, struct series *s, int64_t ms, uint64_t bits)
{
    if (s->last && ms <= s->tail.ms && !fault_mutant("series_out_of_order")) {
        set->usage.old_total++;
        return -EALREADY;
    }
    int r = ready_chunk(set, s);
    if (r < 0) {
        set->usage.dropped_total++;
        return r;
    }
    chunk_add(s->last, &s->tail, ms, bits);
    set->usage.samples++;
    set->usage.added_total++;
    return 0;
}

int series_add(struct series_set *set, struct series *s, int64_t ms, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return add_bits(set, s, ms, bits);
}

void series_end(struct series_set *set, struct series *s, int64_t ms)
{
    if (!s->last || s->tail.bits == SERIES_END_BITS)
        return;
    add_bits(set, s, ms > s->tail.ms ? ms : s->tail.ms + 1, SERIES_END_BITS);
}

/* ---- what goes ---- */

static void forget_hash(struct series_set *set, struct series *s)
{
    struct series *first = map_get_u64(&set->by_hash, s->hash), **at = &first;
    while (*at != s)
        at = &(*at)->next_same;
    *at = s->next_same;
    if (first)
        map_put_u64(&set->by_hash, s->hash, first, NULL);
    else
        map_remove_u64(&set->by_hash, s->hash);
}

static void series_free(struct series_set *set, struct series *s)
{
    while (s->first)
        drop_first(set, s);
    forget_hash(set, s);
    for (uint32_t i = 0; i < s->pair_count; i++) {
        text_drop(set, s->pairs[i].name);
        text_drop(set, s->pairs[i].value);
    }
    list_remove(&s->of_metric);
    list_remove(&s->of_set);
    metric_drop(set, s->metric);
    set->usage.series--;
    give(set, s, series_size(s->pair_count));
}

void series_unpin(struct series_set *set, struct series *s)
{
    if (!s)
        return;
    assert(s->pins > 0);
    if (--s->pins == 0 && !s->first)
        series_free(set, s);
}

void series_expire(struct series_set *set, int64_t now_ms)
{
    list_each_safe (it, &set->all) {
        struct series *s = list_entry(it, struct series, of_set);
        while (s->first && s->first->last_ms < now_ms - SERIES_KEEP_MS)
            drop_first(set, s);
        if (!s->first && s->pins == 0)
            series_free(set, s);
    }
}

void series_set_free(struct series_set *set)
{
    if (!set)
        return;
    list_each_safe (it, &set->all) {
        series_free(set, list_entry(it, struct series, of_set));
    }
    map_done(&set->by_hash);
    map_done(&set->texts);
    map_done(&set->metrics);
    mem_free(MEM_SERIES, set);
}

struct series_usage series_usage(const struct series_set *set)
{
    return set->usage;
}
