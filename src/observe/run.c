#include "observe/lane.h"

#include <assert.h>
#include <errno.h>

#include "host/limits.h"

/* A probe that our own limits spoil shrinks the number in flight at once (the worker that failed
 * waits and keeps its target; others end after their probe), and so does our own lag; a quiet
 * stretch lets it grow again by one: additive increase, multiplicative decrease. */

enum {
    DESCRIPTORS_KEPT = 16, /* for name servers, files of roots, the output */
    GROW_AFTER = 64,       /* probes without want, before one more is in flight */
    INTERVAL_MAX_S = 365 * 86400, /* of the rate: slower is not asked for in earnest */
    RATE_BURST_MS = 20,    /* of the rate's instants that nobody came for in time */
    LAG_SHRINK_MS = 100,   /* our own lag beyond it: fewer in flight … */
    LAG_SHRINK_EVERY_MS = 1000, /* … once in this time … */
    LAG_SHARE_MIN = 16,    /* … down to this part of them */
};

/* What a worker holds; on its own stack, whose first page has room for it: a page less to touch
 * for each probe in flight. */
struct worker {
    struct lane *lane;
    struct job job;
    struct target_slot slot;
    struct probe_result result;
};

/* ---- the rate ---- */

rt_time rate_peek(const struct rate *r)
{
    return r->interval ? atomic_load_explicit(&r->next, memory_order_relaxed) : 0;
}

rt_time rate_take(struct rate *r, rt_time now)
{
    if (!r->interval)
        return 0;
    int64_t next = atomic_load_explicit(&r->next, memory_order_relaxed), at;
    do
        at = next > now - r->burst ? next : now - r->burst;
    while (!atomic_compare_exchange_weak_explicit(&r->next, &next, at + r->interval,
                                                  memory_order_relaxed, memory_order_relaxed));
    return at;
}

static void rate_init(struct rate *r, double per_second)
{
    *r = (struct rate){.next = rt_now(), .burst = RATE_BURST_MS * RT_MS};
    if (per_second <= 0)
        return;
    double interval = (double)RT_SEC / per_second, most = (double)RT_SEC * INTERVAL_MAX_S;
    r->interval = interval < 1 ? 1 : (int64_t)(interval < most ? interval : most);
    if (r->burst < r->interval)
        r->burst = r->interval - 1; /* a slow rate never has two at once */
}

/* ---- how many ---- */

static void shrink_to(struct lane *l, uint32_t least)
{
    l->quiet = 0;
    uint32_t fewer = l->workers - l->workers / 8;
    fewer = fewer > 1 ? fewer - 1 : 1;
    fewer = fewer > least ? fewer : least;
    if (fewer < l->allowed)
        l->allowed = fewer;
    if (l->progress)
        lane_count(&l->progress->limited, 1);
}

static void shrink_for_lag(struct lane *l, rt_time now)
{
    if (now - l->shrunk_at < LAG_SHRINK_EVERY_MS * RT_MS)
        return;
    l->shrunk_at = now;
    uint32_t least = l->in_flight_max / LAG_SHARE_MIN;
    shrink_to(l, least ? least : 1);
}

static void grow(struct lane *l)
{
    if (l->allowed < l->in_flight_max && ++l->quiet >= GROW_AFTER) {
        l->quiet = 0;
        l->allowed++;
    }
}

static enum network_verdict verdict_of(const struct probe_result *r)
{
    switch (r->reason) {
    case REASON_LIMIT:
    case REASON_CANCELED:
    case REASON_PERMISSION:
        return NETWORK_UNTOLD;
    case REASON_TIMEOUT:
    case REASON_DNS_TIMEOUT:
        return NETWORK_SILENT;
    default:
        return NETWORK_ANSWERED;
    }
}

/* ---- one probe ---- */

static void after_attempt(void *ctx, const struct probe_result *r)
{
    struct worker *w = ctx;
    struct lane *l = w->lane;
    rt_time now = rt_now();
    if (r->reason == REASON_LIMIT && !r->settled)
        shrink_to(l, 1);
    if (r->lag_ns > LAG_SHRINK_MS * RT_MS)
        shrink_for_lag(l, now);
    if (w->job.net)
        network_hear(&l->networks, w->job.net, verdict_of(r), w->job.begun, now);
    w->job.begun = now;
}

static int before_attempt(void *ctx)
{
    struct worker *w = ctx;
    rt_time at = rate_take(w->lane->rate, rt_now());
    int r = at > rt_now() ? rt_sleep(at) : 0;
    w->job.begun = rt_now();
    return r;
}

static void tell_unsent(struct worker *w)
{
    struct probe_result *r = &w->result;
    probe_result_reset(r, &w->slot.target);
    r->at_wall_ns = rt_wall_now();
    r->lag_ns = rt_lag();
    r->total_ns = 0;
    r->settled = true;
    probe_result_fail(r, REASON_LIMIT, "not sent: it failed again and again, and is left alone for "
                      "a while");
}

static void probe(struct worker *w)
{
    struct lane *l = w->lane;
    struct probe_progress *p = l->progress;
    struct probe_pace pace = {before_attempt, after_attempt, w};
    w->job.begun = rt_now();
    if (p)
        lane_count(&p->in_flight, 1);
    observe_probe_attempts(l->observer, &w->slot.target, &w->result, w->job.more, &pace);
    if (p)
        atomic_fetch_sub_explicit(&p->in_flight, 1, memory_order_relaxed);
    if (w->result.reason != REASON_LIMIT)
        grow(l);
}

static void work_on(struct worker *w)
{
    struct lane *l = w->lane;
    target_set_get(l->run->targets, w->job.index, &w->slot);
    if (w->job.unsent)
        tell_unsent(w);
    else if (w->job.sent_after > rt_now() && rt_sleep(w->job.sent_after) < 0)
        w->result.reason = REASON_CANCELED;
    else
        probe(w);
    w->result.breaker = w->job.breaker;
    if (w->job.net)
        network_end(&l->networks, w->job.net, rt_now());
    /* One that was interrupted says nothing about its target. */
    if (w->result.reason != REASON_CANCELED) {
        if (l->progress)
            lane_count(&l->progress->done, 1);
        l->run->on_result(l->run->ctx, &w->result);
    }
    l->plan->end(l, &w->job, &w->result);
    rt_event_set(&l->news);
}

/* ---- workers ---- */

static bool take_job(struct lane *l, struct job *ret, rt_time *at)
{
    rt_time now = rt_now();
    if (l->workers > l->allowed && l->workers > 1)
        return false;
    *at = rate_peek(l->rate);
    if (*at > now)
        return false;
    *at = RT_NEVER;
    if (!l->plan->take(l, now, ret, at))
        return false;
    if (!ret->unsent)
        ret->sent_after = rate_take(l->rate, now);
    return true;
}

/* Waits for a job, as the only one of the lane. Returns 0, or negative: there is none for it. */
static int find_job(struct lane *l, struct job *ret)
{
    for (;;) {
        rt_time at = RT_NEVER;
        if (rt_cancelled())
            return -ECANCELED;
        if (take_job(l, ret, &at))
            return 0;
        if (l->plan->is_done(l) || l->scouting || (l->workers > l->allowed && l->workers > 1))
            return -EPIPE;
        l->scouting = true;
        if (l->news.set)
            rt_event_clear(&l->news);
        int r = rt_event_wait(&l->news, at);
        l->scouting = false;
        if (r == -ECANCELED)
            return r;
    }
}

static void worker_main(void *arg);

/* Returns 0, or -ENOMEM: no stack to be had, so fewer of us. */
static int worker_start(struct lane *l)
{
    int r = rt_go(&l->group, worker_main, l);
    if (r == 0)
        l->workers++;
    return r;
}

static void worker_main(void *arg)
{
    struct worker w = {.lane = arg};
    struct lane *l = w.lane;
    w.result.arena = ARENA(MEM_OBSERVE, 0);
    while (find_job(l, &w.job) == 0) {
        if (!l->scouting && l->workers < l->allowed && !l->plan->is_done(l))
            worker_start(l);
        work_on(&w);
    }
    arena_done(&w.result.arena);
    l->workers--;
    rt_event_set(&l->news); /* a scout may find that all is done */
}

/* ---- the lane ---- */

/* Most probes hold one descriptor; kinds that hold more meet the limit, and slow down then. */
static uint32_t within_descriptors(uint32_t in_flight)
{
    uint64_t spare = host_free_descriptors();
    spare = spare > DESCRIPTORS_KEPT ? spare - DESCRIPTORS_KEPT : 1;
    return in_flight < spare ? in_flight : (uint32_t)spare;
}

static int lane_plan(struct lane *l)
{
    const struct probe_run *run = l->run;
    l->loops = (uint32_t)rt_loop_count();
    l->index = (uint32_t)rt_loop_index();
    uint32_t in_flight = within_descriptors(run->in_flight);
    l->in_flight_max = in_flight / l->loops + (l->index < in_flight % l->loops);
    if (l->in_flight_max == 0)
        l->in_flight_max = 1;
    l->allowed = l->in_flight_max;
    return run->every_ns ? lane_watch_open(l) : lane_sweep_open(l);
}

static void lane_probe(struct lane *l)
{
    rt_group_init(&l->group, "probe");
    /* Each worker that begins starts the next one, so a short list has few workers. */
    if (!l->plan->is_done(l))
        l->result = worker_start(l);
    if (l->result < 0)
        err_set(&l->err, l->result, "start the first probe");
    int r = rt_group_wait(&l->group, RT_NEVER);
    rt_group_done(&l->group);
    if (l->result == 0)
        l->result = r;
}

static void lane_main(void *arg)
{
    struct lane *l = arg;
    l->result = observer_open(l->run->spec, &l->observer, &l->err);
    if (l->result < 0)
        return;
    l->result = l->run->on_begin(l->run->ctx);
    if (l->result < 0)
        err_sys(&l->err, l->result, "begin loop %d", rt_loop_index());
    else
        l->result = lane_plan(l);
    if (l->result == 0)
        lane_probe(l);
    if (l->watch)
        lane_watch_close(l);
    if (l->sweep)
        lane_sweep_close(l);
    l->run->on_end(l->run->ctx);
    observer_close(l->observer);
}

int probe_run(const struct probe_run *run, struct probe_progress *progress, struct err *err)
{
    assert(run->in_flight >= 1);
    int loops = rt_loop_count(), r = 0;
    struct lane *lanes = mem_alloc(MEM_OBSERVE, (size_t)loops * sizeof(lanes[0]));
    struct rate rate;
    struct rt_group group;
    rate_init(&rate, run->rate);
    rt_group_init(&group, "lanes");
    for (int i = 0; i < loops && r == 0; i++) {
        lanes[i].run = run;
        lanes[i].progress = progress;
        lanes[i].rate = &rate;
        r = rt_go_on(i, &group, lane_main, &lanes[i]);
        if (r < 0)
            err_set(err, r, "start loop %d", i);
    }
    int waited = rt_group_wait(&group, RT_NEVER);
    rt_group_done(&group);
    if (r == 0)
        r = waited;
    for (int i = 0; i < loops && r == 0; i++)
        if (lanes[i].result < 0) {
            r = lanes[i].result;
            if (err)
                *err = lanes[i].err;
        }
    mem_free(MEM_OBSERVE, lanes);
    return r;
}
