#include "sim/schedule/world.h"

#include <stdio.h>

static const char *const check_names[CHECK_COUNT + 1] = {
    [CHECK_TOKEN] = "tokens of a task grow",
    [CHECK_ALONE] = "given to one at a time, who lives",
    [CHECK_NOT_AGAIN] = "what was accepted is not given again",
    [CHECK_CLAIM] = "claimed once, and run once under a token",
    [CHECK_FENCE] = "completed by who holds it",
    [CHECK_ONCE] = "accepted once",
    [CHECK_LOCK] = "one at a time of a concurrency key",
    [CHECK_LEADER] = "only the leader gives",
    [CHECK_MAX] = "a worker begins no more than it may",
    [CHECK_ROOM] = "nothing is given where there is no room",
    [CHECK_REASON] = "nothing is ended without a reason",
    [CHECK_DEDUP] = "one dedup key is one task",
    [CHECK_LEDGER] = "the ledger is right",
    [CHECK_MENDED] = "memory is what the store holds",
    [CHECK_ENDS] = "healed, every task ends",
    [CHECK_CLEAN] = "nothing is left of ended tasks",
    [CHECK_TOLD] = "nodes tell what is so",
    [CHECK_LOST] = "lost are those that went without a word",
    [CHECK_ENDED] = "all of the program ends",
};

static const char *const event_names[EVENT_COUNT + 1] = {
    [EVENT_KILLED] = "processes killed at a write",
    [EVENT_STOPPED] = "processes stopped in good order",
    [EVENT_CUT] = "processes cut off",
    [EVENT_HALF_OPEN] = "processes heard that hear nothing",
    [EVENT_PAUSED] = "processes that stand still",
    [EVENT_STARTED] = "processes started again",
    [EVENT_CLOCK_BACK] = "wall clocks set",
    [EVENT_MAX_CHANGED] = "worker_max changed",
    [EVENT_CORDONED] = "nodes cordoned",
    [EVENT_DRAINED] = "nodes drained",
    [EVENT_CANCELED] = "tasks canceled",
    [EVENT_DEDUPLICATED] = "tasks wanted twice",
    [EVENT_GIVEN] = "tasks given",
    [EVENT_GIVEN_AGAIN] = "tasks given again",
    [EVENT_CLAIMED] = "tasks claimed",
    [EVENT_TAKEN_BACK] = "tasks taken back",
    [EVENT_ACCEPTED] = "completions accepted",
    [EVENT_RETRIED] = "failures with retries left",
    [EVENT_REFUSED] = "results refused",
    [EVENT_REFUSED_STALE] = "results refused as stale",
    [EVENT_LEASE_ENDED] = "lives that ended",
    [EVENT_NODE_LEFT] = "nodes that said goodbye",
    [EVENT_NODE_LOST] = "nodes lost",
    [EVENT_LEADER_CHANGED] = "leaders elected",
    [EVENT_RUN] = "runs begun",
    [EVENT_RUN_LOST] = "runs that died with their process",
    [EVENT_RUN_ENDED] = "runs ended from outside",
    [EVENT_LOCKED] = "tasks given under a lock",
    [EVENT_WATCH_COMPACTED] = "watches that met a compaction",
    [EVENT_DISK_FULL] = "writes to a full disk",
    [EVENT_SYNC_FAILED] = "writes that were not synced",
};

void check(struct world *w, enum check which, bool holds, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    sim_check(&w->sim, (int)which, check_names[which], holds, fmt, args);
    va_end(args);
}

void happened(struct world *w, enum event event)
{
    sim_happened(&w->sim, (int)event, 1);
}

void say(const struct world *w, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    sim_say(&w->sim, fmt, args);
    va_end(args);
}

uint32_t number_of(struct slice name, char letter)
{
    uint64_t n;
    if (name.size < 2 || name.data[0] != letter ||
        slice_to_u64(slice_sub(name, 1, name.size), UINT32_MAX - 1, &n) < 0)
        return UINT32_MAX;
    return (uint32_t)n;
}

/* ---- chaos ---- */

static uint32_t draw(uint32_t below)
{
    return (uint32_t)(rt_random() % below);
}

static void heal(struct world *w, struct process *p)
{
    if (p->cut) {
        say(w, "%s is healed", p->name);
        store_memory_cut(p->store, STORE_MEMORY_JOINED);
        p->cut = STORE_MEMORY_JOINED;
    }
    if (!p->alive) {
        process_start(p);
        happened(w, EVENT_STARTED);
    }
    p->next = RT_NEVER;
}

static void hurt(struct world *w, struct process *p)
{
    enum { AWAY_MS = 9000, WRITES = 12 };
    static const struct {
        enum store_memory_cut cut;
        enum event event;
        const char *what;
    } kinds[] = {
        {STORE_MEMORY_CUT, EVENT_CUT, "is cut off"},
        {STORE_MEMORY_HALF_OPEN, EVENT_HALF_OPEN, "is cut off, and heard"},
        {STORE_MEMORY_PAUSED, EVENT_PAUSED, "stands still"},
    };
    if (!p->alive || p->cut)
        return;
    p->next = rt_now() + draw(AWAY_MS) * RT_MS;
    switch (draw(4)) {
    case 0:
        p->cut = kinds[draw(ARRAY_LEN(kinds))].cut;
        say(w, "%s %s", p->name, kinds[p->cut - 1].what);
        store_memory_cut(p->store, p->cut);
        happened(w, kinds[p->cut - 1].event);
        break;
    case 1:
        process_end(p, true);
        happened(w, EVENT_STOPPED);
        break;
    default:
        store_memory_kill(p->store, 1 + draw(WRITES)); /* process_end follows when it is */
        p->next = RT_NEVER;
        break;
    }
}

static void bury(struct world *w, struct process *p)
{
    enum { AWAY_MS = 6000 };
    if (!p->alive || !store_memory_killed(p->store))
        return;
    process_end(p, false);
    p->cut = STORE_MEMORY_JOINED; /* it may have been cut off while its end was near */
    happened(w, EVENT_KILLED);
    p->next = rt_now() + draw(AWAY_MS) * RT_MS;
}

static void chaos(struct world *w, rt_time until)
{
    while (rt_now() < until) {
        for (uint32_t i = 0; i < PROCESSES; i++) {
            bury(w, &w->processes[i]);
            if (rt_now() >= w->processes[i].next)
                heal(w, &w->processes[i]);
        }
        if (draw(30) == 0)
            hurt(w, &w->processes[draw(PROCESSES)]);
        if (draw(300) == 0) {
            int64_t hours = draw(2) ? -1 : 1;
            rt_sim_shift_wall(hours * 3600 * RT_SEC);
            happened(w, EVENT_CLOCK_BACK);
        }
        rt_sleep(rt_now() + 20 * RT_MS);
    }
}

static void heal_all(struct world *w)
{
    w->calm = true;
    store_memory_calm(w->memory);
    for (uint32_t i = 0; i < PROCESSES; i++) {
        struct process *p = &w->processes[i];
        bury(w, p);
        if (p->alive)
            store_memory_kill(p->store, UINT64_MAX); /* what was to come does not */
        heal(w, p);
    }
}

/* ---- the world ---- */

static void begin(struct world *w)
{
    static const struct store_memory_faults faults = {
        .latency_max = 8 * RT_MS,
        .refuse_ppm = 5000,
        .lose_request_ppm = 5000,
        .lose_reply_ppm = 5000,
        .late_ppm = 6000,
        .twice_ppm = 3000,
        .late_max = 3 * RT_SEC,
        .watch_late_max = 100 * RT_MS,
        .compact_ppm = 2000,
        .clock_jump_ppm = 50,
        .clock_jump_max = 2 * RT_SEC,
        .disk_full_ppm = 300,
        .disk_full_max = 2 * RT_SEC,
        .sync_fail_ppm = 3000,
    };
    w->memory = store_memory_new(&faults);
    store_memory_observe(w->memory, observe, w);
    store_memory_open(w->memory, &w->people);
    w->task_count = w->sim.seed % 16 == 0 ? TASKS_MAX : 60 + draw(140);
    w->maxes[0].max = 2 + draw(6);
    w->max_count = 1;
    w->ran = MAP(MEM_TEST, 0, ((struct map_seed){1, 1}));
    w->arena = ARENA(MEM_TEST, 0);
    for (uint32_t i = 0; i < PROCESSES; i++) {
        struct process *p = &w->processes[i];
        p->w = w;
        p->id = i;
        p->controller = i < CONTROLLERS;
        p->next = RT_NEVER;
        snprintf(p->name, sizeof(p->name), "%c%u", p->controller ? 'c' : 'w',
                 p->controller ? i : i - CONTROLLERS);
        process_start(p);
    }
}

static void end(struct world *w)
{
    struct store_memory_counts counts = store_memory_counts(w->memory);
    sim_happened(&w->sim, EVENT_WATCH_COMPACTED, counts.watches_compacted);
    sim_happened(&w->sim, EVENT_DISK_FULL, counts.disk_full);
    sim_happened(&w->sim, EVENT_SYNC_FAILED, counts.sync_failures);
    for (uint32_t i = 0; i < PROCESSES; i++)
        process_end(&w->processes[i], true);
    store_close(w->people);
    store_memory_free(w->memory);
    map_done(&w->ran);
    arena_done(&w->arena);
}

static void world_main(void *arg)
{
    struct world *w = arg;
    struct rt_group people;
    begin(w);
    rt_group_init(&people, "people");
    rt_go(&people, people_main, w);
    chaos(w, rt_now() + (10 + draw(20)) * RT_SEC);
    heal_all(w);
    rt_group_wait(&people, rt_now() + 60 * RT_SEC);
    people_check_end(w);
    rt_group_done(&people);
    end(w);
}

static int run(struct sim_world *sim, struct rt_sim_result *ret_result)
{
    struct world *w = CONTAINER_OF(sim, struct world, sim);
    struct rt_sim_config config = {
        .seed = sim->seed,
        .time_max = 600 * RT_SEC,
        .steps_max = 60 * 1000 * 1000,
    };
    int r = rt_sim_run(&config, world_main, w, ret_result);
    sim_ended(sim, CHECK_ENDED, check_names[CHECK_ENDED], r, "600 s or 60 million steps");
    return r;
}

int main(int argc, char **argv)
{
    /* Nothing here has a network or a disk of its own: the store stands for both. */
    static const char *const not_injected[] = {SIM_NO_NETWORK, SIM_NO_DISK, NULL};
    static const struct sim_program program = {
        .name = "schedule",
        .world_bytes = sizeof(struct world),
        .run = run,
        .check_names = check_names,
        .event_names = event_names,
        .not_injected = not_injected,
    };
    return sim_main(&program, argc, argv);
}
