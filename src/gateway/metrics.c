#include <stdio.h>
#include <string.h>

#include "gateway/inside.h"

static const char *const methods[GATEWAY_METHODS] = {"GET", "PUT", "DELETE", "POST", "other"};

/* ---- counting ---- */

static uint32_t method_index(struct slice method)
{
    int i = slice_among(method, methods, GATEWAY_METHODS - 1);
    if (i >= 0)
        return (uint32_t)i;
    return slice_eq(method, SLICE("HEAD")) ? 0 : GATEWAY_METHODS - 1;
}

static uint32_t status_index(struct gateway *g, uint16_t status)
{
    uint32_t i = 0;
    while (i < g->status_count && g->statuses[i] != status)
        i++;
    if (i == g->status_count && i < GATEWAY_STATUSES - 1)
        g->statuses[g->status_count++] = status;
    return i;
}

void metrics_done(void *gateway, const struct http_done *d)
{
    struct gateway *g = gateway;
    uint32_t method = method_index(d->method);
    if (d->status == 0)
        return; /* nobody asked, nobody was answered */
    g->requests[method][status_index(g, d->status)]++;
    histogram_add(&g->took[method], d->took_ns);
}

/* ---- sums by name: several groups or channels may have the same ---- */

enum { NAMES_MAX = 64 };

struct sum {
    const char *name;
    uint64_t a, b, c;
};

struct sums {
    struct sum items[NAMES_MAX];
    uint32_t count;
};

static struct sum *sum_of(struct sums *s, const char *name)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (strcmp(s->items[i].name, name) == 0)
            return &s->items[i];
    if (s->count == NAMES_MAX)
        return &s->items[NAMES_MAX - 1]; /* names are literals of the program: fewer than that */
    s->items[s->count] = (struct sum){.name = name};
    return &s->items[s->count++];
}

static void add_group(void *ctx, const struct rt_group *g)
{
    sum_of(ctx, g->name)->a += g->live;
}

static void add_chan(void *ctx, const struct rt_chan *c)
{
    struct sum *s = sum_of(ctx, c->name);
    s->a += c->len;
    s->b += c->cap;
    s->c += c->full_total;
}

/* ---- what the program is doing ---- */

static void put_alloc(struct metrics_writer *w)
{
    metrics_family(w, "firebreak_alloc_bytes", METRIC_GAUGE, "Memory held, by subsystem.");
    for (int i = 0; i < MEM_TEST; i++)
        metrics_i64(w,
                    &(struct metric_label){"subsystem",
                                           slice_from(mem_subsystem_name((enum mem_subsystem)i))},
                    1, mem_usage_of((enum mem_subsystem)i).bytes);
    metrics_family(w, "firebreak_alloc_live", METRIC_GAUGE, "Objects held, by subsystem.");
    for (int i = 0; i < MEM_TEST; i++)
        metrics_i64(w,
                    &(struct metric_label){"subsystem",
                                           slice_from(mem_subsystem_name((enum mem_subsystem)i))},
                    1, mem_usage_of((enum mem_subsystem)i).live);
}

static void put_runtime(struct metrics_writer *w, struct sums *s)
{
    struct rt_stats stats;
    rt_groups_each(add_group, s);
    metrics_family(w, "firebreak_rt_tasks", METRIC_GAUGE, "Tasks that live, by group.");
    for (uint32_t i = 0; i < s->count; i++)
        metrics_u64(w, &(struct metric_label){"group", slice_from(s->items[i].name)}, 1,
                    s->items[i].a);
    metrics_family(w, "firebreak_rt_lag_seconds", METRIC_GAUGE,
                   "How late the loop was at its last wake-up for a timer.");
    metrics_f64(w, NULL, 0, (double)rt_lag() / 1e9);
    rt_stats_read(&stats);
    metrics_one(w, "firebreak_rt_stalls", METRIC_COUNTER, "Tasks that held their loop too long.",
                stats.stalls);
}

static void put_queue_family(struct metrics_writer *w, const struct sums *s, const char *name,
                             enum metric_type type, const char *help, size_t member)
{
    metrics_family(w, name, type, help);
    for (uint32_t i = 0; i < s->count; i++)
        metrics_u64(w, &(struct metric_label){"queue", slice_from(s->items[i].name)}, 1,
                    *(const uint64_t *)((const char *)&s->items[i] + member));
}

static void put_queues(struct metrics_writer *w, struct sums *s, const struct store_status *store)
{
    rt_chans_each(add_chan, s);
    if (store && store->queued_max) {
        struct sum *writes = sum_of(s, "store_writes");
        writes->a += store->queued;
        writes->b += store->queued_max;
        writes->c += store->queue_full_total;
    }
    put_queue_family(w, s, "firebreak_queue_length", METRIC_GAUGE, "What waits in a queue now.",
                     offsetof(struct sum, a));
    put_queue_family(w, s, "firebreak_queue_limit", METRIC_GAUGE, "What a queue may hold.",
                     offsetof(struct sum, b));
    put_queue_family(w, s, "firebreak_queue_full", METRIC_COUNTER, "Sends that found a queue full.",
                     offsetof(struct sum, c));
}

/* A number that not every back end knows is left out, not made up. */
static void put_known(struct metrics_writer *w, const char *name, const char *help, int64_t v)
{
    if (v < 0)
        return;
    metrics_family(w, name, METRIC_GAUGE, help);
    metrics_i64(w, NULL, 0, v);
}

static void put_store(struct gateway *g, struct metrics_writer *w, const struct store_status *s)
{
    const struct store *store = g->options.store;
    const struct store_stats *stats = store_stats_of(store);
    struct metric_label labels[] = {{"op", {0}},
                                    {"backend", slice_from(store_backend_name(store))}};
    metrics_family(w, "firebreak_store_request_duration_seconds", METRIC_HISTOGRAM,
                   "What calls of the store took.");
    for (int i = 0; i < STORE_CALL_COUNT; i++) {
        labels[0].value = slice_from(store_call_name((enum store_call)i));
        metrics_histogram(w, labels, ARRAY_LEN(labels), &stats->took[i]);
    }
    metrics_family(w, "firebreak_store_request_failed", METRIC_COUNTER,
                   "Calls of the store that failed.");
    for (int i = 0; i < STORE_CALL_COUNT; i++) {
        labels[0].value = slice_from(store_call_name((enum store_call)i));
        metrics_u64(w, labels, ARRAY_LEN(labels), stats->failed_total[i]);
    }
    metrics_family(w, "firebreak_store_watch_lag_seconds", METRIC_HISTOGRAM,
                   "From when the store told a change to when a watcher of the API took it.");
    metrics_histogram(w, NULL, 0, &g->watch_lag);
    metrics_one(w, "firebreak_store_bad_values", METRIC_COUNTER,
                "Values that another program wrote wrongly, each time one was met.",
                g->bad_values_total);
    if (!s)
        return;
    metrics_family(w, "firebreak_store_revision", METRIC_GAUGE, "The store's revision.");
    metrics_i64(w, NULL, 0, s->revision);
    put_known(w, "firebreak_store_compacted_revision", "The revision before which history is gone.",
              s->compacted);
    put_known(w, "firebreak_store_keys", "Keys that there are.", s->keys);
    put_known(w, "firebreak_store_leases", "Leases that there are.", s->leases);
    metrics_family(w, "firebreak_store_bytes", METRIC_GAUGE, "Size on disk.");
    metrics_i64(w, NULL, 0, s->bytes);
    metrics_family(w, "firebreak_store_writable", METRIC_GAUGE, "Whether it takes writes.");
    metrics_i64(w, NULL, 0, s->writable);
}

static void put_gateway(struct gateway *g, struct metrics_writer *w)
{
    struct http_server_stats s = http_server_stats(g->server);
    metrics_family(w, "gateway_request", METRIC_COUNTER, "Requests that were answered.");
    for (uint32_t m = 0; m < GATEWAY_METHODS; m++)
        for (uint32_t i = 0; i < g->status_count + (g->status_count == GATEWAY_STATUSES - 1); i++) {
            char status[8] = "other";
            if (g->requests[m][i] == 0)
                continue;
            if (i < g->status_count)
                snprintf(status, sizeof(status), "%u", g->statuses[i]);
            struct metric_label labels[] = {{"method", slice_from(methods[m])},
                                            {"status", slice_from(status)}};
            metrics_u64(w, labels, ARRAY_LEN(labels), g->requests[m][i]);
        }
    metrics_family(w, "gateway_request_duration_seconds", METRIC_HISTOGRAM,
                   "From a request's head to its answer's end.");
    for (uint32_t m = 0; m < GATEWAY_METHODS; m++)
        if (g->took[m].count)
            metrics_histogram(w, &(struct metric_label){"method", slice_from(methods[m])}, 1,
                              &g->took[m]);
    metrics_one(w, "gateway_connections", METRIC_GAUGE, "Open connections.", s.connections);
    metrics_one(w, "gateway_connections_refused", METRIC_COUNTER,
                "Connections that were refused: there were too many.", s.refused_total);
    metrics_one(w, "gateway_watches", METRIC_GAUGE, "Watches that are being served.", g->watches);
}

void metrics_serve(struct request *q)
{
    struct gateway *g = q->g;
    const struct http1_field *accept = http1_field_find(exchange_head(q->x), "Accept", 0);
    bool openmetrics =
        accept && slice_find(accept->value, SLICE("application/openmetrics-text")) >= 0;
    struct buf out = BUF(MEM_GATEWAY, 0);
    struct metrics_writer w;
    struct store_status status;
    struct sums *groups = arena_new(&q->arena, struct sums);
    struct sums *chans = arena_new(&q->arena, struct sums);
    /* Where the store does not answer, its own numbers are missing, and the rest is there. */
    bool known = store_status(g->options.store, &status, &q->err, gateway_soon()) == 0;
    metrics_begin(&w, &out, openmetrics);
    if (g->options.collect)
        g->options.collect(g->options.ctx, &w);
    put_alloc(&w);
    put_runtime(&w, groups);
    put_queues(&w, chans, known ? &status : NULL);
    put_store(g, &w, known ? &status : NULL);
    put_gateway(g, &w);
    metrics_end(&w);
    exchange_answer(q->x, 200, openmetrics ? OPENMETRICS_MEDIA_TYPE : PROMETHEUS_TEXT_MEDIA_TYPE,
                    buf_slice(&out));
    buf_done(&out);
}
