#include "observe/lane.h"

/* A walk over the targets by number, those of other lanes left out. One whose network is full waits
 * in a pool while the walk goes on; a full pool stops the walk, so memory is bounded whatever the
 * list looks like. */

enum { POOL_MAX = 16384 /* targets that wait for a place in their network, a lane */ };

struct sweep {
    uint64_t at, end;
    uint64_t *waiting;  /* POOL_MAX target numbers */
    uint32_t *next;     /* POOL_MAX: the networks' queues, and the free ones */
    uint32_t free;
};

/* A sweep's floor is higher than a watch's: nobody comes back, and a silent network has an end. */
enum { FLOOR_SHARE = 8 };

static bool walk(struct lane *l)
{
    struct sweep *s = l->sweep;
    while (s->at < s->end && target_set_shard(l->run->targets, s->at, l->loops) != l->index)
        s->at++;
    return s->at < s->end;
}

static bool take_waiting(struct lane *l, rt_time now, struct job *ret, rt_time *at)
{
    struct sweep *s = l->sweep;
    uint32_t id;
    if (!network_take(&l->networks, now, &id, &ret->net, at))
        return false;
    ret->index = s->waiting[id];
    s->next[id] = s->free;
    s->free = id;
    return true;
}

static void let_wait(struct lane *l, struct network *n, rt_time now)
{
    struct sweep *s = l->sweep;
    uint32_t id = s->free;
    s->free = s->next[id];
    s->waiting[id] = s->at++;
    network_wait(&l->networks, n, id, true, now);
}

static bool take(struct lane *l, rt_time now, struct job *ret, rt_time *at)
{
    struct sweep *s = l->sweep;
    *ret = (struct job){.more = l->run->spec->retries};
    if (take_waiting(l, now, ret, at))
        return true;
    while (s->free != NETWORK_NOBODY && walk(l)) {
        target_set_get(l->run->targets, s->at, &l->scratch);
        uint64_t key = network_key(&l->scratch.target);
        struct network *n = key ? network_get(&l->networks, key) : NULL;
        rt_time later = RT_NEVER;
        if (n && !network_may(n, now, &later)) {
            let_wait(l, n, now);
            if (later < *at)
                *at = later;
            continue;
        }
        if (n)
            network_begin(n, now);
        ret->net = n;
        ret->index = s->at++;
        return true;
    }
    return false;
}

static bool is_done(const struct lane *l)
{
    return l->sweep->at >= l->sweep->end && l->networks.waiting == 0;
}

static void end(struct lane *l, const struct job *j, const struct probe_result *r)
{
    (void)l;
    (void)j;
    (void)r;
}

static const struct plan plan = {.take = take, .is_done = is_done, .end = end};

int lane_sweep_open(struct lane *l)
{
    struct sweep *s = mem_alloc(MEM_OBSERVE, sizeof(*s));
    s->end = target_set_count(l->run->targets);
    s->waiting = mem_alloc(MEM_OBSERVE, POOL_MAX * sizeof(s->waiting[0]));
    s->next = mem_alloc(MEM_OBSERVE, POOL_MAX * sizeof(s->next[0]));
    for (uint32_t i = 0; i < POOL_MAX; i++)
        s->next[i] = i + 1 < POOL_MAX ? i + 1 : NETWORK_NOBODY;
    l->sweep = s;
    l->plan = &plan;
    uint32_t floor = l->in_flight_max / FLOOR_SHARE;
    network_table_init(&l->networks, l->in_flight_max, floor ? floor : 1, s->next);
    walk(l);
    return 0;
}

void lane_sweep_close(struct lane *l)
{
    mem_free(MEM_OBSERVE, l->sweep->waiting);
    mem_free(MEM_OBSERVE, l->sweep->next);
    mem_free(MEM_OBSERVE, l->sweep);
    network_table_done(&l->networks);
}
