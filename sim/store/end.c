#include "sim/store/world.h"

#include <stdio.h>

/* The changes of the log that are still there, oldest first. */
struct log {
    struct told rows[TOLD_MAX];
    uint32_t count;
    int64_t from, to; /* complete in [from, to] */
};

static void read_log(struct world *w, struct log *log)
{
    struct store *s = w->stores[0];
    struct store_status status = {0};
    check(w, CHECK_LIVE, store_status(s, &status, NULL, SOON) == 0, "no status");
    log->count = 0;
    log->from = status.compacted + 1;
    log->to = status.revision;
    if (log->from > log->to)
        return;
    struct store_watch watch;
    struct store_watch_request q = {
        .keys = store_prefix(SLICE("")),
        .revision = log->from,
        .progress = true,
    };
    check(w, CHECK_LIVE, store_watch(s, &q, &watch, NULL, SOON) == 0, "no watch");
    for (int64_t seen = 0; seen < log->to;) {
        struct store_batch *b = NULL;
        int r = rt_recv(&watch.batches, &b, SOON);
        check(w, CHECK_LIVE, r == 0 && b->end == STORE_WATCH_GOES_ON,
              "the log from %lld cannot be read: %d, end %d", (long long)log->from, r,
              b ? (int)b->end : -1);
        seen = b->revision;
        for (uint32_t i = 0; i < b->count && log->count < TOLD_MAX; i++) {
            const struct store_event *e = &b->events[i];
            if (slice_starts_with(e->kv.key, SLICE("k/")))
                log->rows[log->count++] = (struct told){
                    .revision = e->kv.mod_revision,
                    .value = e->type == STORE_EVENT_DELETE ? 0 : value_number(e->kv.value),
                    .key = key_number(e->kv.key),
                };
        }
        store_batch_free(b);
    }
    store_unwatch(&watch);
}

static uint32_t times_in(const struct log *log, const struct acknowledged *a)
{
    uint32_t times = 0;
    for (uint32_t i = 0; i < log->count; i++)
        times += log->rows[i].revision == a->revision && log->rows[i].key == a->key &&
                 log->rows[i].value == a->value;
    return times;
}

static void check_logged(struct world *w, const struct log *log)
{
    for (uint32_t i = 1; i < log->count; i++)
        check(w, CHECK_FORWARD, log->rows[i].revision > log->rows[i - 1].revision,
              "the log has revision %lld behind %lld", (long long)log->rows[i].revision,
              (long long)log->rows[i - 1].revision);
    for (uint32_t i = 0; i < w->acknowledged_count; i++) {
        const struct acknowledged *a = &w->acknowledged[i];
        if (a->revision < log->from)
            continue;
        uint32_t times = times_in(log, a);
        check(w, CHECK_LOGGED, times == 1,
              "value %llu of k/%u, acknowledged at revision %lld, is in the log %u times",
              (unsigned long long)a->value, a->key, (long long)a->revision, times);
    }
}

/* What the watcher was told last, without a break, against the log of the same revisions. */
static void check_told(struct world *w, const struct log *log)
{
    const struct watcher *t = &w->watcher;
    uint32_t at = 0;
    if (t->count == 0)
        return;
    uint32_t first = 0;
    while (first < t->count && t->told[first].revision < log->from)
        first++; /* what was compacted since */
    if (first == t->count)
        return;
    while (at < log->count && log->rows[at].revision < t->told[first].revision)
        at++;
    for (uint32_t i = first; i < t->count; i++, at++) {
        bool same = at < log->count && log->rows[at].revision == t->told[i].revision &&
                    log->rows[at].key == t->told[i].key && log->rows[at].value == t->told[i].value;
        check(w, CHECK_TOLD, same, "a watch told revision %lld where the log has revision %lld",
              (long long)t->told[i].revision,
              at < log->count ? (long long)log->rows[at].revision : -1);
    }
    check(w, CHECK_TOLD, at == log->count || log->rows[at].revision >= t->next,
          "revision %lld was never told", at < log->count ? (long long)log->rows[at].revision : -1);
}

/* The last word on each key: a read that everybody agrees is after everything. */
static void read_all(struct world *w)
{
    for (uint32_t key = 0; key < KEYS; key++) {
        struct arena arena = ARENA(MEM_TEST, 0);
        struct store_kv kv = {0};
        struct err err = {0};
        rt_time begin = rt_now();
        int r = store_get(w->stores[0], key_name(key), &arena, &kv, &err, SOON);
        check(w, CHECK_LIVE, r == 0, "get %d: %s", r, err.text);
        w->ops[w->op_count++] = (struct linear_op){
            .type = LINEAR_GET,
            .client = CLIENTS,
            .key = key,
            .begin = begin,
            .end = rt_now(),
            .result = kv.version ? value_number(kv.value) : 0,
        };
        arena_done(&arena);
    }
}

static void check_lease(struct world *w)
{
    struct arena arena = ARENA(MEM_TEST, 0);
    struct store_range_result left = {0};
    struct store_range q = {.keys = store_prefix(SLICE("lease/"))};
    int64_t revision = 0;
    int r = store_put(w->stores[0], SLICE("last"), SLICE("0"), 0, &revision, NULL, SOON);
    check(w, CHECK_LIVE, r == 0, "put %d", r);
    check(w, CHECK_FORWARD, revision > w->newest, "revision %lld after %lld was acknowledged",
          (long long)revision, (long long)w->newest);
    rt_sleep(rt_now() + (LEASE_TTL_MS + LEASE_TTL_MS / 10 + 1000) * RT_MS);
    r = store_range(w->stores[0], &q, &arena, &left, NULL, SOON);
    check(w, CHECK_LIVE, r == 0, "list %d", r);
    check(w, CHECK_NOT_LATE, left.count == 0, "%u keys of leases are still there", left.count);
    arena_done(&arena);
}

void check_the_end(struct world *w)
{
    static struct log log; /* rule zero: too large for the stack; this is a program */
    char why[LINEAR_WHY_MAX];
    check_lease(w);
    read_log(w, &log);
    check_logged(w, &log);
    check_told(w, &log);
    read_all(w);
    int r = linear_check(w->ops, w->op_count, why);
    check(w, CHECK_LINEAR, r == 1, "%s", r == 0 ? why : "too many calls of a key");
}
