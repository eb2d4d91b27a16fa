#include "app/recent.h"

#include <errno.h>

#include "app/up.h"
#include "host/metrics.h"
#include "rt/event.h"

struct recent {
    struct series_set *set;
    int64_t began_wall_ms;
    rt_time began;
    struct rt_event was_read, wake;
    bool asked;
};

struct recent *recent_new(void)
{
    struct recent *r = mem_alloc(MEM_APP, sizeof(*r));
    struct series_options options = {.seed = {rt_random(), rt_random()}};
    r->set = series_set_new(&options);
    r->began = rt_now();
    r->began_wall_ms = rt_wall_now() / RT_MS;
    return r;
}

void recent_free(struct recent *r)
{
    if (!r)
        return;
    series_set_free(r->set);
    mem_free(MEM_APP, r);
}

struct series_set *recent_series(struct recent *r)
{
    return r->set;
}

int64_t recent_now_ms(const struct recent *r)
{
    return r->began_wall_ms + (rt_now() - r->began) / RT_MS;
}

int64_t recent_ms_of_wall(const struct recent *r, int64_t wall_ns)
{
    return wall_ns / RT_MS - rt_wall_now() / RT_MS + recent_now_ms(r);
}

void recent_wait_first(struct recent *r, rt_time deadline)
{
    rt_event_wait(&r->was_read, deadline);
}

void recent_asked(struct recent *r)
{
    if (r->asked)
        return;
    r->asked = true;
    rt_event_set(&r->wake);
}

static void read_host(void *arg)
{
    host_metrics_read(arg);
}

static void add_host(struct recent *r, const struct host_metrics *m)
{
    int64_t now = recent_now_ms(r);
    for (uint32_t i = 0; i < m->count; i++) {
        const struct host_metric *one = &m->items[i];
        struct series_label labels[HOST_METRIC_LABELS_MAX];
        struct series *s;
        uint32_t n = 0;
        for (; n < HOST_METRIC_LABELS_MAX && one->label_names[n]; n++)
            labels[n] = (struct series_label){slice_from(one->label_names[n]),
                                              slice_from(one->label_values[n])};
        if (series_pin(r->set, slice_from(one->name), labels, n, &s) < 0)
            continue; /* counted by the set */
        series_add(r->set, s, now, one->value);
        series_unpin(r->set, s);
    }
}

void recent_main(void *arg)
{
    struct recent *r = arg;
    rt_time expire = rt_now() + RECENT_EXPIRE_EVERY_MS * RT_MS;
    for (int code = 0; code != -ECANCELED;) {
        rt_event_clear(&r->wake);
        struct host_metrics *m = mem_alloc(MEM_APP, sizeof(*m));
        if (rt_offload(read_host, m, RT_NEVER) == 0)
            add_host(r, m);
        rt_event_set(&r->was_read);
        host_metrics_done(m);
        mem_free(MEM_APP, m);
        if (rt_now() >= expire) {
            series_expire(r->set, recent_now_ms(r));
            expire = rt_now() + RECENT_EXPIRE_EVERY_MS * RT_MS;
        }
        rt_time every = r->asked ? RECENT_HOST_EVERY_MS : RECENT_HOST_UNASKED_MS;
        code = rt_event_wait(&r->wake, up_next_whole(every * RT_MS));
    }
}

void recent_metrics(const struct recent *r, struct metrics_writer *w)
{
    struct series_usage u = series_usage(r->set);
    metrics_one(w, "firebreak_series_bytes", METRIC_GAUGE, "Memory that recent samples take.",
                u.bytes);
    metrics_one(w, "firebreak_series_live", METRIC_GAUGE, "Series that are kept.", u.series);
    metrics_one(w, "firebreak_series_samples", METRIC_GAUGE, "Samples that are kept.", u.samples);
    metrics_one(w, "firebreak_series_added", METRIC_COUNTER, "Samples that were taken.",
                u.added_total);
    metrics_family(w, "firebreak_series_dropped", METRIC_COUNTER,
                   "What the bound of memory cost: samples given up, and series refused.");
    metrics_u64(w, &(struct metric_label){"what", SLICE("samples")}, 1, u.dropped_total);
    metrics_u64(w, &(struct metric_label){"what", SLICE("series")}, 1, u.refused_total);
}
