#include "observe/lane.h"

#include <errno.h>

#include "base/fault.h"
#include "observe/breaker.h"

/* Every target has a check: its round's next time, its breaker, and whether it is known to be down.
 * Checks lie in a heap by when they are to be looked at next. Rounds keep their phase whatever
 * happened before; what failed is looked at between two rounds, too. A check whose network is full
 * leaves the heap and waits there, before those that are known to be down: their answer is news.
 *
 * One whose breaker is open is told of in each round, and not asked. */

enum {
    SPREAD_NS = 10 * 1000 * 1000, /* of each target over the first round */
    JITTER_MAX_NS = 1000 * 1000 * 1000, /* of the start: nobody waits a day for --every 24h */
    LATE_MAX_ROUNDS = 1, /* further behind, a round is left out: never catch up in a burst */
    FLOOR_SHARE = 32,    /* a dead network may hold this part of the probes in flight */
    BREAKER_ROUNDS_MAX = 2, /* an open breaker's longest time */
};

struct check {
    rt_time round, due; /* the next round; when to look next: then, or sooner */
    struct breaker breaker;
    uint32_t target;
    uint32_t rounds;    /* begun, told, or left out */
    bool down;
};

struct watch {
    struct check *checks;
    uint32_t *next; /* the networks' queues */
    uint32_t *heap; /* of checks, by due */
    uint32_t count, heap_count, live;
    uint64_t rounds_max; /* 0: no end */
    struct breaker_times times;
};

/* ---- the heap ---- */

static rt_time due_at(const struct watch *w, uint32_t place)
{
    return w->checks[w->heap[place]].due;
}

static void swap(struct watch *w, uint32_t a, uint32_t b)
{
    uint32_t check = w->heap[a];
    w->heap[a] = w->heap[b];
    w->heap[b] = check;
}

static void heap_push(struct watch *w, uint32_t check)
{
    uint32_t at = w->heap_count++;
    w->heap[at] = check;
    for (; at && due_at(w, at) < due_at(w, (at - 1) / 2); at = (at - 1) / 2)
        swap(w, at, (at - 1) / 2);
}

static uint32_t heap_pop(struct watch *w)
{
    uint32_t top = w->heap[0], at = 0;
    w->heap[0] = w->heap[--w->heap_count];
    for (;;) {
        uint32_t least = at;
        for (uint32_t child = 2 * at + 1; child <= 2 * at + 2 && child < w->heap_count; child++)
            if (due_at(w, child) < due_at(w, least))
                least = child;
        if (least == at)
            return top;
        swap(w, at, least);
        at = least;
    }
}

/* ---- rounds ---- */

static void count_breakers(struct lane *l, int before, int after)
{
    if (!l->progress || before == after)
        return;
    atomic_fetch_sub_explicit(&l->progress->breakers[before], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&l->progress->breakers[after], 1, memory_order_relaxed);
}

static bool is_over(const struct watch *w, const struct check *c)
{
    return w->rounds_max && c->rounds >= w->rounds_max;
}

/* Its time has come: the rounds that begin with this, or have to be left out. False: it has no
 * round left. */
static bool enter_round(struct lane *l, struct check *c, rt_time now)
{
    rt_time every = l->run->every_ns;
    if (c->due < c->round)
        return true; /* between two rounds */
    while (now - c->round > LATE_MAX_ROUNDS * every) {
        if (is_over(l->watch, c))
            return false;
        c->rounds++;
        c->round += every;
        if (l->progress)
            lane_count(&l->progress->left_out, 1);
    }
    if (is_over(l->watch, c))
        return false;
    c->rounds++;
    c->round += every;
    return true;
}

static void start(struct lane *l, uint32_t id, struct network *n, struct job *ret)
{
    struct check *c = &l->watch->checks[id];
    ret->check = id;
    ret->index = c->target;
    ret->net = n;
    ret->breaker = (enum probe_breaker)c->breaker.state;
    ret->more = l->run->spec->retries;
    if (ret->more == 0 && !c->down && !fault_mutant("down_is_not_confirmed"))
        ret->more = 1;
}

static struct network *network_of(struct lane *l, const struct check *c)
{
    target_set_get(l->run->targets, c->target, &l->scratch);
    uint64_t key = network_key(&l->scratch.target);
    return key ? network_get(&l->networks, key) : NULL;
}

/* The check is due. True: *ret is to be done; else it waits, or is done for good. */
static bool take_due(struct lane *l, uint32_t id, rt_time now, struct job *ret, rt_time *at)
{
    struct watch *w = l->watch;
    struct check *c = &w->checks[id];
    uint8_t before = c->breaker.state;
    if (!enter_round(l, c, now)) {
        w->live--;
        return false;
    }
    bool may = breaker_may(&c->breaker, now);
    count_breakers(l, before, c->breaker.state);
    if (!may) {
        start(l, id, NULL, ret);
        ret->unsent = true;
        return true;
    }
    struct network *n = network_of(l, c);
    rt_time later = RT_NEVER;
    if (n && !network_may(n, now, &later)) {
        network_wait(&l->networks, n, id, !c->down, now);
        if (later < *at)
            *at = later;
        return false;
    }
    if (n)
        network_begin(n, now);
    start(l, id, n, ret);
    return true;
}

static bool take(struct lane *l, rt_time now, struct job *ret, rt_time *at)
{
    struct watch *w = l->watch;
    struct network *n;
    uint32_t id;
    *ret = (struct job){0};
    if (network_take(&l->networks, now, &id, &n, at)) {
        start(l, id, n, ret);
        return true;
    }
    while (w->heap_count && due_at(w, 0) <= now)
        if (take_due(l, heap_pop(w), now, ret, at))
            return true;
    if (w->heap_count && due_at(w, 0) < *at)
        *at = due_at(w, 0);
    return false;
}

static bool is_done(const struct lane *l)
{
    return l->watch->live == 0;
}

/* ---- after a probe ---- */

static enum breaker_news news_of(const struct probe_result *r)
{
    if (r->reason == REASON_OK)
        return BREAKER_WELL;
    return r->reason == REASON_LIMIT || r->reason == REASON_CANCELED ? BREAKER_UNTOLD
                                                                     : BREAKER_FAILED;
}

static void hear(struct lane *l, struct check *c, const struct probe_result *r, rt_time now)
{
    enum breaker_news news = news_of(r);
    uint8_t before = c->breaker.state;
    breaker_hear(&c->breaker, news, r->attempt, &l->watch->times, now, rt_random());
    count_breakers(l, before, c->breaker.state);
    if (news != BREAKER_UNTOLD)
        c->down = news == BREAKER_FAILED;
}

/* Sooner than the next round, where it failed or we could not look. */
static rt_time next_of(const struct lane *l, const struct check *c, const struct probe_result *r,
                       rt_time now)
{
    rt_time failed_ns = l->run->every_failed_ns;
    if (r->reason == REASON_OK || failed_ns == 0 || failed_ns >= l->run->every_ns)
        return c->round;
    rt_time sooner = c->breaker.state == PROBE_BREAKER_OPEN ? c->breaker.try_at : now + failed_ns;
    return sooner < c->round ? sooner : c->round;
}

static void end(struct lane *l, const struct job *j, const struct probe_result *r)
{
    struct watch *w = l->watch;
    struct check *c = &w->checks[j->check];
    rt_time now = rt_now();
    if (!j->unsent)
        hear(l, c, r, now);
    if (is_over(w, c)) {
        w->live--;
        return;
    }
    c->due = next_of(l, c, r, now);
    heap_push(w, j->check);
}

/* ---- the beginning ---- */

/* Neighbours of a list, often of one network, lie far apart within the round: multiples of the
 * golden ratio fill it evenly however many there are. */
static rt_time phase_of(uint64_t index, int64_t spread)
{
    const uint64_t golden = UINT64_C(0x9E3779B97F4A7C15); /* 2^64 / 1.618… */
    return (rt_time)((unsigned __int128)(index * golden) * (uint64_t)spread >> 64);
}

static void lay_out(struct lane *l)
{
    struct watch *w = l->watch;
    const struct probe_run *run = l->run;
    uint64_t targets = target_set_count(run->targets);
    int64_t spread = run->every_ns;
    if (targets < (uint64_t)(run->every_ns / SPREAD_NS))
        spread = (int64_t)targets * SPREAD_NS;
    int64_t jitter_max = spread < JITTER_MAX_NS ? spread : JITTER_MAX_NS;
    rt_time begin = rt_now() + (int64_t)(rt_random() % (uint64_t)(jitter_max + 1));
    for (uint64_t i = 0; i < targets; i++) {
        if (target_set_shard(run->targets, i, l->loops) != l->index)
            continue;
        struct check *c = &w->checks[w->count];
        c->round = c->due = begin + phase_of(i, spread);
        c->breaker = BREAKER;
        c->target = (uint32_t)i;
        heap_push(w, w->count++);
    }
    w->live = w->count;
    if (l->progress)
        atomic_fetch_add_explicit(&l->progress->breakers[PROBE_BREAKER_CLOSED], w->count,
                                  memory_order_relaxed);
}

static const struct plan plan = {.take = take, .is_done = is_done, .end = end};

static uint32_t count_own(const struct lane *l, uint64_t targets)
{
    uint32_t n = 0;
    for (uint64_t i = 0; i < targets; i++)
        n += target_set_shard(l->run->targets, i, l->loops) == l->index;
    return n;
}

int lane_watch_open(struct lane *l)
{
    const struct probe_run *run = l->run;
    uint64_t targets = target_set_count(run->targets);
    if (targets > OBSERVE_WATCHED_MAX)
        return err_set(&l->err, -E2BIG, "%llu targets are more than the %d that can be probed "
                       "again and again", (unsigned long long)targets, OBSERVE_WATCHED_MAX);
    struct watch *w = mem_alloc(MEM_OBSERVE, sizeof(*w));
    uint32_t own = l->loops > 1 ? count_own(l, targets) : (uint32_t)targets;
    w->checks = mem_alloc(MEM_OBSERVE, own * sizeof(w->checks[0]));
    w->next = mem_alloc(MEM_OBSERVE, own * sizeof(w->next[0]));
    w->heap = mem_alloc(MEM_OBSERVE, own * sizeof(w->heap[0]));
    w->rounds_max = run->rounds;
    int64_t first = run->every_failed_ns ? run->every_failed_ns : run->every_ns;
    w->times = (struct breaker_times){first, BREAKER_ROUNDS_MAX * run->every_ns};
    l->watch = w;
    l->plan = &plan;
    uint32_t floor = l->in_flight_max / FLOOR_SHARE;
    network_table_init(&l->networks, l->in_flight_max, floor ? floor : 1, w->next);
    lay_out(l);
    return 0;
}

void lane_watch_close(struct lane *l)
{
    mem_free(MEM_OBSERVE, l->watch->checks);
    mem_free(MEM_OBSERVE, l->watch->next);
    mem_free(MEM_OBSERVE, l->watch->heap);
    mem_free(MEM_OBSERVE, l->watch);
    network_table_done(&l->networks);
}
