#include "observe/observe.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>

#include "host/limits.h"
#include "observe/kind.h"

/* Workers, each a task in a straight line, share a loop's part of the targets. How many there
 * are is the number of probes in flight. A probe that our own limits spoil shrinks it at once (the
 * worker that failed waits and keeps its target; others end after their probe), and a quiet stretch
 * lets it grow again by one: additive increase, multiplicative decrease.
 *
 * Probe number s of the run is target s % targets in round s / targets. Loop l of n takes the
 * numbers l, l + n, l + 2n, … so that loops never have to talk to each other. */

enum {
    DESCRIPTORS_KEPT = 16, /* for name servers, files of roots, the output */
    SPREAD_NS = 10 * 1000 * 1000, /* of each target over the first round, with every */
    JITTER_MAX_NS = 1000 * 1000 * 1000, /* of the start: nobody waits a day for --every 24h */
    GROW_AFTER = 64,              /* probes without want, before one more is in flight */
    INTERVAL_MAX_S = 365 * 86400, /* of the rate: slower is not asked for in earnest */
    LATE_MAX_ROUNDS = 1, /* further behind, a round is left out: never catch up in a burst */
};

/* What a worker holds; on its own stack, whose first page has room for it: a page less to touch
 * for each probe in flight. */
struct worker {
    struct target_slot slot;
    struct probe_result result;
};

/* One loop's share. */
struct lane {
    const struct probe_run *run;
    struct probe_progress *progress;
    struct observer *observer;
    struct rt_group group;
    uint64_t next, end, step; /* probe numbers; end: first one that is too many */
    uint64_t targets;
    uint32_t workers, allowed, in_flight_max, quiet;
    rt_time begin, next_start, interval; /* interval: of the rate; 0: none */
    int64_t spread, jitter;
    struct err err;
    int result;
};

static void worker_main(void *arg);

/* Returns 0, or -ENOMEM: no stack to be had, so fewer of us. */
static int worker_start(struct lane *l)
{
    int r = rt_go(&l->group, worker_main, l);
    if (r == 0)
        l->workers++;
    return r;
}

static void shrink(void *arg)
{
    struct lane *l = arg;
    l->quiet = 0;
    uint32_t fewer = l->workers - l->workers / 8;
    l->allowed = fewer > 1 ? fewer - 1 : 1;
    if (l->progress)
        atomic_fetch_add_explicit(&l->progress->limited, 1, memory_order_relaxed);
}

static void grow(struct lane *l)
{
    if (l->allowed < l->in_flight_max && ++l->quiet >= GROW_AFTER) {
        l->quiet = 0;
        l->allowed++;
    }
}

/* When probe number s is due; rounds keep their phase whatever happened before. */
static rt_time due_of(const struct lane *l, uint64_t s)
{
    uint64_t round = s / l->targets, i = s % l->targets;
    unsigned __int128 phase = (unsigned __int128)i * (uint64_t)l->spread / l->targets;
    return l->begin + l->jitter + (rt_time)phase + (rt_time)round * l->run->every_ns;
}

/* Takes the lane's next probe number; false when there is none. */
static bool take(struct lane *l, uint64_t *ret_s)
{
    if (l->next >= l->end)
        return false;
    *ret_s = l->next;
    l->next += l->step;
    return true;
}

static int wait_turn(struct lane *l, uint64_t *s)
{
    rt_time at = 0;
    if (l->run->every_ns) {
        rt_time late_max = LATE_MAX_ROUNDS * l->run->every_ns;
        while (rt_now() - due_of(l, *s) > late_max) {
            if (l->progress)
                atomic_fetch_add_explicit(&l->progress->left_out, 1, memory_order_relaxed);
            if (!take(l, s))
                return -EPIPE;
        }
        at = due_of(l, *s);
    }
    if (l->interval) {
        rt_time now = rt_now();
        if (l->next_start < now)
            l->next_start = now;
        if (at < l->next_start)
            at = l->next_start;
        l->next_start += l->interval;
    }
    return at ? rt_sleep(at) : rt_cancelled() ? -ECANCELED : 0;
}

static void worker_probe(struct lane *l, struct worker *w, uint64_t s)
{
    struct probe_progress *p = l->progress;
    target_set_get(l->run->targets, s % l->targets, &w->slot);
    if (p)
        atomic_fetch_add_explicit(&p->in_flight, 1, memory_order_relaxed);
    observe_probe_retry(l->observer, &w->slot.target, &w->result, shrink, l);
    if (p) {
        atomic_fetch_sub_explicit(&p->in_flight, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&p->done, 1, memory_order_relaxed);
    }
    if (w->result.reason != REASON_LIMIT)
        grow(l);
}

static void worker_main(void *arg)
{
    struct lane *l = arg;
    struct worker w;
    uint64_t s;
    w.result.arena = ARENA(MEM_OBSERVE, 0);
    while (l->workers <= l->allowed && take(l, &s)) {
        if (wait_turn(l, &s) < 0)
            break;
        if (l->workers < l->allowed && l->next < l->end)
            worker_start(l);
        worker_probe(l, &w, s);
        /* One that was interrupted says nothing about its target. */
        if (w.result.reason != REASON_CANCELED)
            l->run->on_result(l->run->ctx, &w.result);
    }
    arena_done(&w.result.arena);
    l->workers--;
}

/* Most probes hold one descriptor; kinds that hold more meet the limit, and slow down then. */
static uint32_t within_descriptors(uint32_t in_flight)
{
    uint64_t spare = host_free_descriptors();
    spare = spare > DESCRIPTORS_KEPT ? spare - DESCRIPTORS_KEPT : 1;
    return in_flight < spare ? in_flight : (uint32_t)spare;
}

static void lane_plan(struct lane *l)
{
    const struct probe_run *run = l->run;
    uint32_t loops = (uint32_t)rt_loop_count(), index = (uint32_t)rt_loop_index();
    l->targets = target_set_count(run->targets);
    l->next = index;
    l->step = loops;
    l->end = l->targets;
    if (run->every_ns &&
        (run->rounds == 0 || __builtin_mul_overflow(l->targets, run->rounds, &l->end)))
        l->end = UINT64_MAX - loops;
    uint32_t in_flight = within_descriptors(run->in_flight);
    l->in_flight_max = in_flight / loops + (index < in_flight % loops);
    if (l->in_flight_max == 0)
        l->in_flight_max = 1;
    l->allowed = l->in_flight_max;
    l->begin = rt_now();
    l->spread = run->every_ns;
    if (l->targets < (uint64_t)(run->every_ns / SPREAD_NS))
        l->spread = (int64_t)l->targets * SPREAD_NS;
    int64_t jitter_max = l->spread < JITTER_MAX_NS ? l->spread : JITTER_MAX_NS;
    l->jitter = run->every_ns ? (int64_t)(rt_random() % (uint64_t)(jitter_max + 1)) : 0;
    if (run->rate > 0) {
        double interval = (double)RT_SEC * loops / run->rate;
        double most = (double)RT_SEC * INTERVAL_MAX_S;
        l->interval = (rt_time)(interval < most ? interval : most);
    }
    l->next_start = l->begin + l->interval * (rt_time)index / loops;
}

static void lane_probe(struct lane *l)
{
    lane_plan(l);
    rt_group_init(&l->group, "probe");
    /* Each worker that begins starts the next one, so a short list has few workers. */
    if (l->next < l->end)
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
    if (l->result == 0)
        lane_probe(l);
    else
        err_sys(&l->err, l->result, "begin loop %d", rt_loop_index());
    l->run->on_end(l->run->ctx);
    observer_close(l->observer);
}

int probe_run(const struct probe_run *run, struct probe_progress *progress, struct err *err)
{
    assert(run->in_flight >= 1);
    int loops = rt_loop_count(), r = 0;
    struct lane *lanes = mem_alloc(MEM_OBSERVE, (size_t)loops * sizeof(lanes[0]));
    struct rt_group group;
    rt_group_init(&group, "lanes");
    for (int i = 0; i < loops && r == 0; i++) {
        lanes[i].run = run;
        lanes[i].progress = progress;
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
