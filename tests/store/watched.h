/* watched.h - a watch as a client keeps it that must miss nothing: it reads, and where history was
 * compacted before it was told, it lists at a revision and watches on from the next one.
 *
 * What was not told then is a gap, with the list behind it, so that a test can still account for
 * each write: it was told, or the list has it or something newer. Only a compaction that passed
 * what was told may open one; every other end is counted in `bad_ends`, and its reason printed. */
#ifndef FIREBREAK_TESTS_STORE_WATCHED_H
#define FIREBREAK_TESTS_STORE_WATCHED_H

#include <stdio.h>

#include "store/store.h"

enum { WATCHED_GAPS_MAX = 64 };

struct watched_gap {
    int64_t after, to; /* of revisions: (after, to] was not told; `list` is as of `to` */
    struct arena arena;
    struct store_range_result list;
};

struct watched {
    const char *prefix;
    void (*take)(const struct store_batch *b);
    void (*relisted)(const struct watched_gap *g); /* NULL: looked at later */
    struct store *store;
    struct store_watch watch;
    int64_t told; /* everything up to it */
    struct watched_gap gaps[WATCHED_GAPS_MAX];
    uint32_t gap_count, bad_ends;
};

static inline int watched_open(struct watched *w, int64_t revision, rt_time deadline)
{
    struct store_watch_request q = {
        .keys = store_prefix(slice_from(w->prefix)),
        .revision = revision,
        .progress = true,
    };
    return store_watch(w->store, &q, &w->watch, NULL, deadline);
}

/* Returns whether a list can mend the end. */
static inline bool watched_may_list(struct watched *w, const struct store_batch *b)
{
    static const char *const ends[] = {"goes on", "compacted", "slow", "lost"};
    bool passed = b->end == STORE_WATCH_COMPACTED && b->compacted > w->told + 1;
    printf("# the watch of %s ended: %s%s%s; told up to %lld, the oldest left is %lld\n", w->prefix,
           ends[b->end], b->err.code ? ": " : "", b->err.text, (long long)w->told,
           (long long)b->compacted);
    bool may = passed && w->gap_count < WATCHED_GAPS_MAX;
    w->bad_ends += !may;
    return may;
}

static inline bool watched_read(struct watched *w)
{
    struct store_batch *b;
    bool again = false;
    while (rt_recv(&w->watch.batches, &b, RT_NEVER) == 0) {
        if (b->end != STORE_WATCH_GOES_ON)
            again = watched_may_list(w, b);
        else
            w->told = b->revision;
        w->take(b);
        store_batch_free(b);
    }
    return again;
}

/* Another compaction may pass between the list and the watch: that is an end like the first. */
static inline bool watched_list(struct watched *w)
{
    struct watched_gap *g = &w->gaps[w->gap_count];
    struct store_range q = {.keys = store_prefix(slice_from(w->prefix))};
    rt_time until = rt_now() + 60 * RT_SEC;
    int r;
    store_unwatch(&w->watch);
    do {
        arena_done(&g->arena);
        g->arena = ARENA(MEM_TEST, 0);
        r = store_range(w->store, &q, &g->arena, &g->list, NULL, rt_now() + 3 * RT_SEC);
    } while (r < 0 && rt_now() < until && rt_sleep(rt_now() + 50 * RT_MS) == 0);
    if (r == 0) {
        g->after = w->told;
        g->to = w->told = g->list.revision;
        w->gap_count++;
        if (w->relisted)
            w->relisted(g);
    } else {
        arena_done(&g->arena);
    }
    while (r == 0 && (r = watched_open(w, w->told + 1, rt_now() + 3 * RT_SEC)) < 0 &&
           rt_now() < until)
        r = rt_sleep(rt_now() + 50 * RT_MS);
    w->bad_ends += r < 0 && r != -ECANCELED;
    return r == 0;
}

/* A task. */
static inline void watched_run(void *arg)
{
    struct watched *w = arg;
    while (watched_read(w) && watched_list(w))
        ;
}

/* The gap that a revision is in; NULL: it was to be told. */
static inline const struct watched_gap *watched_gap_of(const struct watched *w, int64_t revision)
{
    for (uint32_t i = 0; i < w->gap_count; i++)
        if (revision > w->gaps[i].after && revision <= w->gaps[i].to)
            return &w->gaps[i];
    return NULL;
}

/* NULL: the key was not there. */
static inline const struct store_kv *watched_gap_find(const struct watched_gap *g, struct slice key)
{
    for (uint32_t i = 0; i < g->list.count; i++)
        if (slice_eq(g->list.kvs[i].key, key))
            return &g->list.kvs[i];
    return NULL;
}

static inline void watched_done(struct watched *w)
{
    store_unwatch(&w->watch);
    for (uint32_t i = 0; i < w->gap_count; i++)
        arena_done(&w->gaps[i].arena);
}

#endif
