#include "sim/counter/counter.h"

#include <errno.h>
#include <string.h>

#define CHAOS_FOR     (3 * RT_SEC)
#define MONITOR_EVERY (10 * RT_MS)
#define HEAL_MAX      (20 * RT_SEC)

static const char *const check_names[CHECK_COUNT + 1] = {
    [CHECK_KEPT] = "an acknowledged increment is kept",
    [CHECK_ONCE] = "no increment is applied twice",
    [CHECK_CONVERGED] = "replicas converge",
    [CHECK_IN_TIME] = "requests end by their deadline",
    [CHECK_LIVE] = "healed, it serves",
    [CHECK_NOTICED] = "a silent stream is noticed",
    [CHECK_DURABLE] = "what was promised survives a crash",
    [CHECK_SAME] = "a committed entry never changes",
    [CHECK_FORWARD] = "a status never goes back",
    [CHECK_ENDED] = "all tasks end",
};

static const char *const event_names[EVENT_COUNT + 1] = {
    [EVENT_ACKNOWLEDGED] = "increments acknowledged",
    [EVENT_IN_DOUBT] = "increments in doubt",
    [EVENT_RETRIED] = "tries repeated",
    [EVENT_FOUND_AGAIN] = "requests found in the log",
    [EVENT_OLD_REPLY] = "replies to earlier requests",
    [EVENT_SILENCE] = "silent streams given up",
    [EVENT_OLD_STATUS] = "statuses that came late",
    [EVENT_DISK_STOP] = "stops after a disk error",
    [EVENT_RECOVERED] = "logs recovered",
    [EVENT_BAD_RECORD] = "torn records refused",
};

uint32_t replica_ip(uint32_t id)
{
    return 0x0a000001 + id; /* 10.0.0.1 … */
}

static uint32_t client_ip(uint32_t id)
{
    return 0x0a000100 + id; /* 10.0.1.1 … */
}

void counted(struct world *w, enum event event)
{
    sim_happened(&w->sim, event, 1);
}

void check(struct world *w, enum check which, bool holds, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    sim_check(&w->sim, which, check_names[which], holds, fmt, args);
    va_end(args);
}

void say(const struct world *w, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    sim_say(&w->sim, fmt, args);
    va_end(args);
}

/* ---- what goes wrong ---- */

static rt_time between(rt_time least, rt_time most)
{
    return least + (rt_time)(rt_random() % (uint64_t)(most - least));
}

static int lose_power(struct world *w)
{
    struct replica *r = &w->replicas[rt_random() % REPLICAS];
    if (r->power_lost || r->stop.set)
        return 0;
    say(w, "replica %u: loses power", r->id);
    rt_sim_crash_host(r->ip);
    r->power_lost = true;
    rt_event_set(&r->stop);
    return 0;
}

static int cut_link(struct world *w)
{
    uint32_t a = (uint32_t)(rt_random() % REPLICAS);
    uint64_t other = rt_random() % (REPLICAS + CLIENTS);
    uint32_t from = replica_ip(a);
    uint32_t to = other < REPLICAS ? replica_ip((uint32_t)other)
                                   : client_ip((uint32_t)(other - REPLICAS) + 1);
    bool both = rt_random() % 2;
    say(w, "link %x to %x is cut%s", from, to, both ? ", both ways" : "");
    rt_sim_partition(from, to, true);
    if (both)
        rt_sim_partition(to, from, true);
    int r = rt_sleep(rt_now() + between(20 * RT_MS, 700 * RT_MS));
    rt_sim_partition(from, to, false);
    rt_sim_partition(to, from, false);
    return r;
}

static void task_breaks_things(void *arg)
{
    struct world *w = arg;
    rt_time until = rt_now() + CHAOS_FOR;
    int r = 0;
    while (r == 0 && rt_now() < until) {
        r = rt_sleep(rt_now() + between(20 * RT_MS, 300 * RT_MS));
        if (r == 0)
            r = rt_random() % 2 ? lose_power(w) : cut_link(w);
    }
    say(w, "calm");
    rt_sim_calm();
}

/* ---- who looks after whom ---- */

/* Starts the replica again after each stop, as an init would. */
static void task_supervises(void *arg)
{
    struct replica *r = arg;
    struct world *w = r->w;
    while (!w->ending) {
        rt_group_init(&r->group, "replica");
        rt_go(&r->group, replica_main, r);
        rt_event_wait(&r->stop, RT_NEVER);
        rt_group_done(&r->group);
        if (!w->ending)
            rt_sleep(rt_now() + between(10 * RT_MS, 300 * RT_MS));
        if (r->power_lost)
            rt_sim_start_host(r->ip);
        replica_reset(r);
    }
}

static void task_monitors(void *arg)
{
    struct world *w = arg;
    while (rt_sleep(rt_now() + MONITOR_EVERY) == 0) {
        list_each (it, &w->watched) {
            const struct link *k = list_entry(it, struct link, watched);
            check(w, CHECK_NOTICED, rt_now() - k->heard <= SILENCE_MAX + SLACK,
                  "a stream was silent for %lld ms", (long long)((rt_now() - k->heard) / RT_MS));
        }
    }
}

/* ---- the end ---- */

static bool same_logs(const struct world *w)
{
    const struct log *p = &w->replicas[0].log;
    for (uint32_t i = 0; i < REPLICAS; i++) {
        const struct log *l = &w->replicas[i].log;
        if (l->count != p->count || l->durable != l->count ||
            memcmp(l->entries, p->entries, p->count * sizeof(p->entries[0])) != 0)
            return false;
    }
    return w->replicas[0].committed == p->count;
}

static void wait_for_peace(struct world *w)
{
    rt_time until = rt_now() + HEAL_MAX;
    while (!same_logs(w) && rt_now() < until)
        rt_sleep(rt_now() + MONITOR_EVERY);
    check(w, CHECK_CONVERGED, same_logs(w), "%u, %u and %u entries, %u committed",
          w->replicas[0].log.count, w->replicas[1].log.count, w->replicas[2].log.count,
          w->replicas[0].committed);
}

static void check_request(struct world *w, uint32_t client, uint32_t number,
                          const struct request *q)
{
    const struct log *l = &w->replicas[0].log;
    uint32_t times = 0, index = 0;
    for (uint32_t i = 0; i < l->count; i++)
        if (l->entries[i].client == client && l->entries[i].request == number) {
            times++;
            index = i + 1;
        }
    check(w, CHECK_ONCE, times <= 1, "client %u, request %u: %u times", client, number, times);
    if (!q->acknowledged)
        return;
    check(w, CHECK_KEPT, times == 1, "client %u, request %u is gone", client, number);
    check(w, CHECK_KEPT, l->entries[index - 1].amount == q->amount,
          "client %u, request %u: %u was added, not %u", client, number,
          l->entries[index - 1].amount, q->amount);
    check(w, CHECK_KEPT, index == q->index && log_value(l, index) == q->value,
          "client %u, request %u: entry %u, value %u, but it was told %u and %u", client, number,
          index, log_value(l, index), q->index, q->value);
}

static void world_main(void *arg)
{
    struct world *w = arg;
    struct rt_group replicas, clients, others;
    rt_group_init(&replicas, "replicas");
    rt_group_init(&clients, "clients");
    rt_group_init(&others, "others");
    for (uint32_t i = 0; i < REPLICAS; i++) {
        w->replicas[i] = (struct replica){.w = w, .id = i, .ip = replica_ip(i)};
        rt_go(&replicas, task_supervises, &w->replicas[i]);
    }
    for (uint32_t i = 0; i < CLIENTS; i++) {
        w->clients[i] = (struct client){.w = w, .id = i + 1, .ip = client_ip(i + 1)};
        rt_go(&clients, client_main, &w->clients[i]);
    }
    rt_go(&others, task_breaks_things, w);
    rt_go(&others, task_monitors, w);

    rt_group_wait(&clients, RT_NEVER);
    rt_sleep(rt_now() + CHAOS_FOR); /* for the slowest breaker to have calmed */
    for (uint32_t i = 0; i < CLIENTS; i++)
        rt_go(&clients, client_last, &w->clients[i]);
    rt_group_wait(&clients, RT_NEVER);
    rt_group_done(&clients);
    wait_for_peace(w);
    for (uint32_t i = 0; i < CLIENTS; i++)
        for (uint32_t n = 1; n <= REQUESTS + 1; n++)
            check_request(w, i + 1, n, &w->clients[i].requests[n]);
    rt_sim_note(log_value(&w->replicas[0].log, w->replicas[0].log.count));

    rt_group_done(&others);
    w->ending = true;
    for (uint32_t i = 0; i < REPLICAS; i++)
        rt_event_set(&w->replicas[i].stop);
    rt_group_wait(&replicas, RT_NEVER);
    rt_group_done(&replicas);
}

static int run(struct sim_world *sim, struct rt_sim_result *ret_result)
{
    struct world *w = CONTAINER_OF(sim, struct world, sim);
    uint64_t seed = sim->seed;
    struct rt_sim_config config = {
        .seed = seed,
        .buffer_bytes = seed % 2 ? 64 : 0, /* three messages, or more than there will be */
        .latency_min = 50 * RT_US,
        .latency_max = seed % 3 ? 2 * RT_MS : 60 * RT_MS,
        .drop_ppm = 50000,
        .duplicate_ppm = 50000,
        .reset_ppm = 3000,
        .half_open_ppm = 3000,
        .sync_fail_ppm = 10000,
        .disk_full_ppm = 5000,
        .time_max = 120 * RT_SEC,
        .steps_max = 1000 * 1000,
    };
    list_init(&w->watched);
    int r = rt_sim_run(&config, world_main, w, ret_result);
    sim_ended(sim, CHECK_ENDED, check_names[CHECK_ENDED], r, "120 s or a million steps");
    return r;
}

int main(int argc, char **argv)
{
    static const struct sim_program program = {
        .name = "counter",
        .world_bytes = sizeof(struct world),
        .run = run,
        .check_names = check_names,
        .event_names = event_names,
    };
    return sim_main(&program, argc, argv);
}
