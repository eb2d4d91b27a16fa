#include "sim/store/world.h"

#include <stdio.h>

static const char *const check_names[CHECK_COUNT + 1] = {
    [CHECK_LINEAR] = "the history is linearizable",
    [CHECK_LOGGED] = "an acknowledged write is logged once",
    [CHECK_FORWARD] = "revisions grow",
    [CHECK_TOLD] = "a watch tells the log",
    [CHECK_NOT_EARLY] = "no lease ends early",
    [CHECK_NOT_LATE] = "a lease that nobody keeps ends",
    [CHECK_READABLE] = "the file can be opened",
    [CHECK_LIVE] = "healed, it serves",
    [CHECK_ENDED] = "all tasks end",
};

static const char *const event_names[EVENT_COUNT + 1] = {
    [EVENT_ACKNOWLEDGED] = "writes acknowledged",
    [EVENT_IN_DOUBT] = "calls in doubt",
    [EVENT_REFUSED] = "calls refused",
    [EVENT_SWAPPED] = "compares that held",
    [EVENT_NOT_SWAPPED] = "compares that did not",
    [EVENT_RESTARTED] = "restarts after a power loss",
    [EVENT_OPEN_FAILED] = "openings that met a failing disk",
    [EVENT_FULL] = "writes refused by a full disk",
    [EVENT_DISK_FAILED] = "calls that met a failed disk",
    [EVENT_WATCH_TOLD] = "events told",
    [EVENT_WATCH_AGAIN] = "watches begun anew",
    [EVENT_COMPACTED] = "watches that met a compaction",
    [EVENT_LEASE_ENDED] = "leases seen to end",
    [EVENT_LEASE_KEPT] = "leases kept",
};

void check(struct world *w, enum check which, bool holds, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    sim_check(&w->sim, which, check_names[which], holds, fmt, args);
    va_end(args);
}

void happened(struct world *w, enum event event)
{
    sim_happened(&w->sim, event, 1);
    if (event == EVENT_DISK_FAILED)
        rt_event_set(&w->disk_failed);
}

void say(const struct world *w, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    sim_say(&w->sim, fmt, args);
    va_end(args);
}

/* ---- a life of the store ---- */

static int open_sqlite(struct world *w, struct store **ret_store)
{
    struct err err = {0};
    struct store_sqlite_options options = {
        .folder = "data",
        .who = "the simulator",
        .history = w->history,
    };
    int r = store_sqlite_open(&options, ret_store, &err, SOON);
    if (r == 0)
        return 0;
    say(w, "opening fails: %s", err.text);
    happened(w, EVENT_OPEN_FAILED);
    /* A disk that fails is no excuse for a file that is broken. */
    check(w, CHECK_READABLE, r != -EBADMSG, "%s", err.text);
    return r;
}

static void open_stores(struct world *w)
{
    if (!w->sqlite) {
        for (uint32_t i = 0; i < ARRAY_LEN(w->stores); i++)
            store_memory_open(w->memory, &w->stores[i]);
        return;
    }
    struct store *s = NULL;
    for (int tries = 0; !s; tries++) {
        check(w, CHECK_READABLE, tries < 200, "it cannot be opened in 200 tries");
        if (open_sqlite(w, &s) < 0)
            rt_sleep(rt_now() + 20 * RT_MS);
    }
    for (uint32_t i = 0; i < ARRAY_LEN(w->stores); i++)
        w->stores[i] = s;
}

static void close_stores(struct world *w)
{
    uint32_t count = w->sqlite ? 1 : ARRAY_LEN(w->stores);
    for (uint32_t i = 0; i < count; i++)
        store_close(w->stores[i]);
}

static void lose_power(struct world *w)
{
    say(w, "power is lost");
    rt_sim_crash_host(HOST);
    rt_group_cancel(&w->clients);
    rt_group_wait(&w->clients, RT_NEVER);
    close_stores(w);
    rt_sim_start_host(HOST);
    happened(w, EVENT_RESTARTED);
}

static bool all_done(const struct world *w)
{
    for (uint32_t i = 0; i < CLIENTS; i++)
        if (w->done[i] < OPS_EACH)
            return false;
    return true;
}

/* A little of a life. Whether it ends here: a disk that has just failed has most to lose, so the
 * power goes soon after it, half of the times. */
static bool a_while(struct world *w)
{
    if (rt_event_wait(&w->disk_failed, rt_now() + (rt_time)(rt_random() % 20) * RT_MS) < 0)
        return false;
    rt_event_clear(&w->disk_failed);
    if (!w->sqlite || rt_random() % 2)
        return false;
    rt_sleep(rt_now() + (rt_time)(rt_random() % 10000) * RT_US);
    return true;
}

static void one_life(struct world *w, struct actor *actors, rt_time until)
{
    open_stores(w);
    rt_group_init(&w->clients, "clients");
    for (uint32_t i = 0; i < CLIENTS; i++)
        rt_go(&w->clients, task_client, &actors[i]);
    rt_go(&w->clients, task_watcher, &actors[CLIENTS]);
    rt_go(&w->clients, task_lease_holder, &actors[CLIENTS + 1]);
    rt_time end = rt_now() + (rt_time)(rt_random() % 1500) * RT_MS;
    if (!w->sqlite)
        end = until;
    while (rt_now() < end && rt_now() < until && !all_done(w) && !a_while(w))
        ;
    if (w->sqlite) {
        lose_power(w);
    } else {
        rt_group_cancel(&w->clients);
        rt_group_wait(&w->clients, RT_NEVER);
        close_stores(w);
    }
    rt_group_done(&w->clients);
}

/* After the last power loss the disk is well and nobody interferes. */
static void the_end(struct world *w, struct actor *actors)
{
    rt_sim_calm();
    if (!w->sqlite) {
        store_memory_calm(w->memory);
        rt_sleep(rt_now() + 5 * RT_SEC); /* what is late has arrived */
    }
    open_stores(w);
    rt_group_init(&w->clients, "watcher");
    rt_go(&w->clients, task_watcher, &actors[CLIENTS]);
    rt_sleep(rt_now() + RT_SEC);
    rt_group_done(&w->clients);
    check_the_end(w);
    close_stores(w);
}

static void world_main(void *arg)
{
    struct world *w = arg;
    struct actor actors[CLIENTS + 2];
    static const struct store_memory_faults faults = {
        .latency_max = 30 * RT_MS,
        .refuse_ppm = 20000,
        .lose_request_ppm = 20000,
        .lose_reply_ppm = 20000,
        .late_ppm = 10000,
        .late_max = 2 * RT_SEC,
        .watch_late_max = 300 * RT_MS,
        .compact_ppm = 20000,
    };
    rt_sim_set_host(HOST);
    for (uint32_t i = 0; i < ARRAY_LEN(actors); i++)
        actors[i] = (struct actor){w, i};
    if (!w->sqlite)
        w->memory = store_memory_new(&faults);
    for (rt_time until = rt_now() + CHAOS_FOR; rt_now() < until && !all_done(w);)
        one_life(w, actors, until);
    the_end(w, actors);
    store_memory_free(w->memory);
}

static int run(struct sim_world *sim, struct rt_sim_result *ret_result)
{
    struct world *w = CONTAINER_OF(sim, struct world, sim);
    struct rt_sim_config config = {
        .seed = sim->seed,
        .sync_fail_ppm = sim->seed % 4 == 1 ? 20000 : 0,
        .disk_full_ppm = sim->seed % 8 == 3 ? 10000 : 0,
        .time_max = 300 * RT_SEC,
        .steps_max = 3 * 1000 * 1000,
    };
    w->sqlite = sim->seed % 2;
    w->history = sim->seed % 3 ? -1 : 20;
    int r = rt_sim_run(&config, world_main, w, ret_result);
    sim_ended(sim, CHECK_ENDED, check_names[CHECK_ENDED], r, "300 s or 3 million steps");
    return r;
}

int main(int argc, char **argv)
{
    /* Nothing here talks over the simulated network. */
    static const char *const not_injected[] = {SIM_NO_NETWORK, NULL};
    static const struct sim_program program = {
        .name = "store",
        .world_bytes = sizeof(struct world),
        .run = run,
        .check_names = check_names,
        .event_names = event_names,
        .not_injected = not_injected,
    };
    return sim_main(&program, argc, argv);
}
