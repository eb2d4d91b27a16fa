#include "app/scrapes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rt/event.h"

/* A series of the page, found by the bytes that stand there. */
struct known {
    struct slice text;     /* behind it */
    struct series *series; /* NULL: there was no room for it */
    uint64_t round;        /* of the last reading that told it */
};

struct staged {
    struct known *known;
    int64_t ms; /* 0: the reading's own */
    double value;
};

/* Those of an asset, by its name as their label has it. */
struct pages {
    struct list scrapes;
    char asset[];
};

struct scrape {
    struct list link;
    struct pages *pages; /* NULL: it is of no asset */
    struct list page_link;
    struct scrapes *all;
    struct arena arena; /* of its texts and labels */
    const char *namespace_, *name;
    struct scrape_spec spec;
    struct series_label *labels; /* of the Scrape, asset, and at last scrape */
    uint32_t label_count;        /* of all of them */
    struct pooled_observer *observer; /* not that of `up`, which trusts everybody */
    struct scraper *scraper;
    struct map known;
    struct staged *staged;
    uint32_t staged_count, staged_cap;
    uint64_t round;
    enum probe_reason reason; /* of the last reading */
    rt_time read_at;          /* the last one that says something of its target began; 0: none */
    struct series *reason_series;
    struct rt_event wake;
    bool ends, was_read;
};

struct scrapes {
    struct up *up;
    struct recent *recent;
    struct series_set *set;
    struct rt_group tasks;
    struct list list;
    struct map by_asset; /* struct pages */
    uint32_t count, unread;
    struct rt_event all_read;
    uint64_t by_reason[REASON_COUNT];
    uint64_t samples_total, bytes_total, reused_total;
};

struct scrapes *scrapes_new(struct up *u, struct recent *recent)
{
    struct scrapes *s = mem_alloc(MEM_APP, sizeof(*s));
    s->up = u;
    s->recent = recent;
    s->set = recent_series(recent);
    list_init(&s->list);
    s->by_asset = MAP(MEM_APP, 0, ((struct map_seed){rt_random(), rt_random()}));
    rt_group_init(&s->tasks, "scrapes");
    return s;
}

void scrapes_free(struct scrapes *s)
{
    if (!s)
        return;
    rt_group_done(&s->tasks); /* each frees itself */
    map_done(&s->by_asset);
    mem_free(MEM_APP, s);
}

/* ---- by asset ---- */

static void join_pages(struct scrape *s, struct slice asset)
{
    struct pages *p = map_get(&s->all->by_asset, asset);
    if (!p) {
        p = mem_alloc(MEM_APP, sizeof(*p) + asset.size + 1);
        memcpy(p->asset, asset.data, asset.size);
        list_init(&p->scrapes);
        map_put(&s->all->by_asset, slice_from(p->asset), p, NULL);
    }
    list_push_back(&p->scrapes, &s->page_link);
    s->pages = p;
}

static void leave_pages(struct scrape *s)
{
    if (!s->pages)
        return;
    list_remove(&s->page_link);
    if (!list_empty(&s->pages->scrapes))
        return;
    map_remove(&s->all->by_asset, slice_from(s->pages->asset));
    mem_free(MEM_APP, s->pages);
}

bool scrapes_away(const struct scrapes *all, const char *asset, rt_time *ret_read,
                  enum probe_reason *ret_reason)
{
    const struct pages *p = map_get(&all->by_asset, slice_from(asset));
    rt_time oldest = RT_NEVER;
    enum probe_reason reason = REASON_OK;
    if (!p)
        return false;
    list_each (it, &p->scrapes) {
        const struct scrape *s = list_entry(it, struct scrape, page_link);
        if (s->ends)
            continue;
        if (!s->read_at || s->reason == REASON_OK)
            return false;
        reason = s->read_at < oldest ? s->reason : reason;
        oldest = s->read_at < oldest ? s->read_at : oldest;
    }
    if (oldest == RT_NEVER || rt_now() - oldest > SERIES_BACK_MS * RT_MS)
        return false;
    *ret_read = oldest;
    *ret_reason = reason;
    return true;
}

/* ---- a sample of the page ---- */

static void *find_known(void *ctx, struct slice series)
{
    struct scrape *s = ctx;
    return map_get(&s->known, series);
}

static bool is_ours(const struct scrape *s, struct slice name)
{
    for (uint32_t i = 0; i + 1 < s->label_count; i++)
        if (slice_eq(s->labels[i].name, name))
            return true;
    return false;
}

enum { EXPORTED_BYTES_MAX = 128 };

/* The page's labels and ours. Returns how many; more than there is room for: the series is not
 * taken, as series_pin says so. */
static uint32_t join_labels(const struct scrape *s, const struct openmetrics_sample *sample,
                            struct arena *a, struct series_label *to)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < sample->labels.count; i++) {
        const struct openmetrics_label *l = &sample->labels.items[i];
        struct slice name = l->name;
        if (is_ours(s, name))
            name = slice_from(arena_printf(a, "exported_%.*s", SLICE_ARG(name)));
        to[n++] = (struct series_label){name, l->value};
    }
    for (uint32_t i = 0; i + 1 < s->label_count; i++)
        to[n++] = s->labels[i];
    return n;
}

static struct known *learn(struct scrape *s, const struct openmetrics_sample *sample)
{
    struct arena a = ARENA(MEM_APP, 0);
    struct series_label *labels =
        arena_alloc_array(&a, OPENMETRICS_LABELS_MAX + s->label_count, sizeof(*labels));
    struct known *k = mem_alloc(MEM_APP, sizeof(*k) + sample->series.size);
    char *text = (char *)(k + 1);
    uint32_t n = join_labels(s, sample, &a, labels);
    memcpy(text, sample->series.data, sample->series.size);
    k->text = (struct slice){text, sample->series.size};
    /* One that is refused is counted by the set, and asked again with the next page. */
    if (series_pin(s->all->set, sample->name, labels, n, &k->series) < 0)
        k->series = NULL;
    map_put(&s->known, k->text, k, NULL);
    arena_done(&a);
    return k;
}

static int take_sample(void *ctx, const struct openmetrics_sample *sample, struct err *err)
{
    struct scrape *s = ctx;
    struct known *k = sample->known ? sample->known : learn(s, sample);
    (void)err;
    if (s->staged_count == s->staged_cap) {
        s->staged_cap = s->staged_cap ? s->staged_cap * 2 : 64;
        s->staged = mem_resize(MEM_APP, s->staged, s->staged_cap * sizeof(*s->staged));
    }
    s->staged[s->staged_count++] = (struct staged){
        k, sample->has_timestamp ? recent_ms_of_wall(s->all->recent, sample->timestamp_ns) : 0,
        sample->value};
    return 0;
}

/* ---- a reading's end ---- */

static bool forget_if(void *ctx, const struct map_entry *e)
{
    struct scrape *s = ctx;
    struct known *k = e->value;
    if (k->series && k->round == s->round)
        return false;
    if (k->series) {
        series_end(s->all->set, k->series, recent_now_ms(s->all->recent));
        series_unpin(s->all->set, k->series);
    }
    mem_free(MEM_APP, k);
    return true;
}

static void take_staged(struct scrape *s, int64_t now)
{
    s->round++;
    for (uint32_t i = 0; i < s->staged_count; i++) {
        const struct staged *x = &s->staged[i];
        x->known->round = s->round;
        if (x->known->series)
            series_add(s->all->set, x->known->series, x->ms ? x->ms : now, x->value);
    }
    map_remove_if(&s->known, forget_if, s);
}

/* What only a page told that was not taken. */
static bool forget_untaken(void *ctx, const struct map_entry *e)
{
    struct scrape *s = ctx;
    struct known *k = e->value;
    if (k->round)
        return false;
    series_unpin(s->all->set, k->series);
    mem_free(MEM_APP, k);
    return true;
}

/* The target does not answer: nothing of it has a value from here on. */
static void end_all(struct scrape *s)
{
    struct map_entry e;
    for (size_t at = 0; map_next(&s->known, &at, &e);) {
        struct known *k = e.value;
        if (k->series)
            series_end(s->all->set, k->series, recent_now_ms(s->all->recent));
    }
}

static void add_own(struct scrape *s, const char *name, int64_t now, double value)
{
    struct series *series;
    if (series_pin(s->all->set, slice_from(name), s->labels, s->label_count, &series) < 0)
        return;
    series_add(s->all->set, series, now, value);
    series_unpin(s->all->set, series);
}

static void set_reason(struct scrape *s, enum probe_reason reason, int64_t now)
{
    struct series_set *set = s->all->set;
    if (s->reason_series && reason != s->reason) {
        series_end(set, s->reason_series, now);
        series_unpin(set, s->reason_series);
        s->reason_series = NULL;
    }
    if (!s->reason_series) {
        struct series_label *labels = mem_alloc(MEM_APP, (s->label_count + 1) * sizeof(*labels));
        memcpy(labels, s->labels, s->label_count * sizeof(*labels));
        labels[s->label_count] =
            (struct series_label){SLICE("reason"), slice_from(probe_reason_name(reason))};
        if (series_pin(set, SLICE("scrape_reason"), labels, s->label_count + 1, &s->reason_series) <
            0)
            s->reason_series = NULL;
        mem_free(MEM_APP, labels);
    }
    if (s->reason_series)
        series_add(set, s->reason_series, now, 1);
}

static void tell(struct scrape *s, const struct scrape_result *r)
{
    struct up *u = s->all->up;
    if (!u->app->logsink || (s->was_read && r->reason == s->reason))
        return;
    if (r->reason == REASON_OK)
        log_info(&u->app->log, "a scrape is up", log_event("scrape_up"), log_str("scrape", s->name),
                 log_u64("samples", r->samples));
    else
        log_warn(&u->app->log, "a scrape is down", log_event("scrape_down"),
                 log_str("scrape", s->name), log_str("reason", probe_reason_name(r->reason)),
                 log_str("error", r->detail));
}

static void finish(struct scrape *s, const struct scrape_result *r, int64_t now)
{
    struct scrapes *all = s->all;
    all->by_reason[r->reason]++;
    all->samples_total += r->samples;
    all->bytes_total += r->body_bytes;
    all->reused_total += r->reused;
    tell(s, r);
    if (r->reason == REASON_OK)
        take_staged(s, now);
    else if (r->reason != REASON_LIMIT)
        end_all(s);
    if (r->reason != REASON_OK)
        map_remove_if(&s->known, forget_untaken, s);
    if (r->reason != REASON_LIMIT) {
        add_own(s, "up", now, r->reason == REASON_OK);
        add_own(s, "scrape_duration_seconds", now, (double)r->total_ns / 1e9);
        add_own(s, "scrape_samples_scraped", now, (double)r->samples);
        set_reason(s, r->reason, now);
    }
    s->reason = r->reason;
    if (s->staged_count * 4 < s->staged_cap) {
        mem_free(MEM_APP, s->staged);
        s->staged = NULL;
        s->staged_cap = 0;
    }
    s->staged_count = 0;
}

/* ---- a task ---- */

static void note_read(struct scrape *s)
{
    if (s->was_read)
        return;
    s->was_read = true;
    if (--s->all->unread == 0)
        rt_event_set(&s->all->all_read);
}

static void end_own(struct scrape *s, const char *name)
{
    struct series *series;
    if (series_pin(s->all->set, slice_from(name), s->labels, s->label_count, &series) < 0)
        return;
    series_end(s->all->set, series, recent_now_ms(s->all->recent));
    series_unpin(s->all->set, series);
}

static void scrape_free(struct scrape *s)
{
    struct scrapes *all = s->all;
    note_read(s);
    s->round++; /* nothing was told in it: all is forgotten */
    map_remove_if(&s->known, forget_if, s);
    map_done(&s->known);
    if (s->reason_series)
        series_end(all->set, s->reason_series, recent_now_ms(all->recent));
    series_unpin(all->set, s->reason_series);
    end_own(s, "up");
    end_own(s, "scrape_duration_seconds");
    end_own(s, "scrape_samples_scraped");
    leave_pages(s);
    scraper_close(s->scraper);
    observer_pool_put(s->observer);
    mem_free(MEM_APP, s->staged);
    list_remove(&s->link);
    all->count--;
    arena_done(&s->arena);
    mem_free(MEM_APP, s);
}

static rt_time first_due(const struct scrape *s)
{
    uint64_t within = (uint64_t)s->spec.every_ns;
    if (s->all->up->once)
        return rt_now();
    if (s->all->count <= SCRAPES_FEW && within > (uint64_t)RT_SEC)
        within = (uint64_t)RT_SEC;
    uint64_t hash = map_hash((struct map_seed){0}, s->name, strlen(s->name));
    return rt_now() + (rt_time)(hash % within);
}

static void scrape_main(void *arg)
{
    struct scrape *s = arg;
    struct scrape_result *r = mem_alloc(MEM_APP, sizeof(*r));
    rt_time due = first_due(s);
    while (!s->ends && rt_event_wait(&s->wake, due) == -ETIMEDOUT) {
        int64_t now = recent_now_ms(s->all->recent);
        rt_time began = rt_now();
        scraper_read(s->scraper, r);
        if (r->reason == REASON_CANCELED || s->ends)
            break;
        s->read_at = r->reason != REASON_LIMIT ? began : s->read_at;
        finish(s, r, now);
        note_read(s);
        if (s->all->up->once)
            break;
        do
            due += s->spec.every_ns;
        while (due <= rt_now());
    }
    mem_free(MEM_APP, r);
    if (s->all->up->once && !s->ends)
        rt_event_wait(&s->wake, RT_NEVER); /* what it read stays until it is asked about */
    scrape_free(s);
}

/* ---- what is declared ---- */

static void add_label(struct scrape *s, struct slice name, struct slice value)
{
    s->labels[s->label_count++] = (struct series_label){
        {arena_strdup(&s->arena, name), name.size}, {arena_strdup(&s->arena, value), value.size}};
}

static struct slice behind_slash(struct slice s)
{
    ptrdiff_t slash = slice_find_byte(s, '/');
    return slash < 0 ? s : slice_sub(s, (size_t)slash + 1, s.size);
}

static void set_labels(struct scrape *s, const struct config_object *o)
{
    uint32_t count = 2;
    struct slice asset = behind_slash(config_string(o, "asset"));
    for (const struct value *v = NULL; (v = config_next(o, "labels", v));)
        count++;
    s->labels = arena_alloc_array(&s->arena, count, sizeof(*s->labels));
    for (const struct value *v = NULL; (v = config_next(o, "labels", v));)
        if (!slice_eq_cstr(value_key(v), "asset") && !slice_eq_cstr(value_key(v), "scrape"))
            add_label(s, value_key(v), v->text);
    if (asset.size) {
        add_label(s, SLICE("asset"), asset);
        join_pages(s, asset);
    }
    add_label(s, SLICE("scrape"), config_string(o, "name"));
}

static const char *text_of(struct scrape *s, const struct config_object *o, const char *key)
{
    struct slice v = config_string(o, key);
    return v.size ? arena_strdup(&s->arena, v) : NULL;
}

/* Who asks, and whom it trusts. Returns 0, or -E2BIG with *err. */
static int set_login(struct scrape *s, const struct config_object *o, struct err *err)
{
    struct scrape_spec *spec = &s->spec;
    spec->username = text_of(s, o, "username");
    spec->password_file = text_of(s, o, "password_file");
    spec->token_file = text_of(s, o, "token_file");
    spec->ca_file = text_of(s, o, "ca_file");
    spec->server_name = text_of(s, o, "server_name");
    spec->cert_file = text_of(s, o, "cert_file");
    spec->key_file = text_of(s, o, "key_file");
    spec->insecure = config_bool(o, "insecure");
    for (const struct value *v = NULL; (v = config_next(o, "header", v));) {
        if (spec->header_count == SCRAPE_HEADERS_MAX)
            return err_set(err, -E2BIG, "header: more than %d of them", SCRAPE_HEADERS_MAX);
        spec->headers[spec->header_count++] =
            (struct http1_field){slice_from(arena_strdup(&s->arena, value_key(v))),
                                 slice_from(arena_strdup(&s->arena, v->text))};
    }
    return 0;
}

static struct scrape *scrape_new(struct scrapes *all, const struct config_object *o)
{
    struct scrape *s = mem_alloc(MEM_APP, sizeof(*s));
    s->all = all;
    s->arena = ARENA(MEM_APP, 0);
    s->known = MAP(MEM_APP, 0, ((struct map_seed){rt_random(), rt_random()}));
    s->name = arena_strdup(&s->arena, config_string(o, "name"));
    s->namespace_ = arena_strdup(&s->arena, config_string(o, "namespace"));
    s->spec.url = arena_strdup(&s->arena, config_string(o, "url"));
    s->spec.every_ns = config_duration(o, "every");
    s->spec.timeout_ns = config_duration(o, "timeout");
    if (s->spec.timeout_ns > s->spec.every_ns)
        s->spec.timeout_ns = s->spec.every_ns;
    s->spec.body_bytes_max = (uint64_t)config_int(o, "body_bytes_max");
    s->spec.samples_max = (uint64_t)config_int(o, "samples_max");
    set_labels(s, o);
    list_push_back(&all->list, &s->link);
    all->count++;
    all->unread++;
    rt_event_clear(&all->all_read);
    return s;
}

static void stop(struct scrape *s)
{
    s->ends = true;
    rt_event_set(&s->wake);
}

void scrapes_undeclare(struct scrapes *all, struct slice namespace_, struct slice name)
{
    list_each (it, &all->list) {
        struct scrape *s = list_entry(it, struct scrape, link);
        if (!s->ends && slice_eq_cstr(name, s->name) && slice_eq_cstr(namespace_, s->namespace_))
            stop(s);
    }
}

static void cannot(struct scrapes *all, struct slice name, const char *why)
{
    if (all->up->app->logsink)
        log_warn(&all->up->app->log, "a scrape is not read", log_event("scrape_not_read"),
                 log_slice("scrape", name), log_str("error", why));
}

/* Its spec is larger than what a task should keep on its stack. */
static int take_observer(struct scrape *s, struct err *err)
{
    struct probe_spec *spec = mem_alloc(MEM_APP, sizeof(*spec));
    spec->timeout_ns = s->spec.timeout_ns;
    spec->method = "GET";
    int r = observer_pool_get(&s->all->up->observers, spec, &s->observer, err);
    mem_free(MEM_APP, spec);
    return r;
}

void scrapes_declare(struct scrapes *all, const struct config_object *o)
{
    struct scrape_sink sink = {.known = find_known, .sample = take_sample};
    struct err err = {0};
    scrapes_undeclare(all, config_string(o, "namespace"), config_string(o, "name"));
    if (all->count >= SCRAPES_MAX) {
        cannot(all, config_string(o, "name"), "there are too many scrapes");
        return;
    }
    struct scrape *s = scrape_new(all, o);
    sink.ctx = s;
    int r = set_login(s, o, &err);
    if (r == 0)
        r = take_observer(s, &err);
    if (r == 0)
        r = scraper_open(pooled_observer_of(s->observer), &s->spec, &sink, &s->scraper, &err);
    if (r == 0)
        r = rt_go(&all->tasks, scrape_main, s);
    if (r == 0)
        return;
    cannot(all, config_string(o, "name"), err.code ? err.text : err_name(r));
    scrape_free(s);
}

void scrapes_wait_first(struct scrapes *s, rt_time deadline)
{
    if (s->unread)
        rt_event_wait(&s->all_read, deadline);
}

void scrapes_metrics(const struct scrapes *s, struct metrics_writer *w)
{
    metrics_family(w, "firebreak_scrape", METRIC_COUNTER, "Pages of metrics read, by outcome.");
    for (int i = 0; i < REASON_COUNT; i++)
        if (s->by_reason[i])
            metrics_u64(w,
                        &(struct metric_label){"reason",
                                               slice_from(probe_reason_name((enum probe_reason)i))},
                        1, s->by_reason[i]);
    metrics_one(w, "firebreak_scrape_samples", METRIC_COUNTER, "Samples on these pages.",
                s->samples_total);
    metrics_one(w, "firebreak_scrape_body_bytes", METRIC_COUNTER, "Bytes of these pages.",
                s->bytes_total);
    metrics_one(w, "firebreak_scrape_reused", METRIC_COUNTER,
                "Pages that came over a connection of before.", s->reused_total);
}
