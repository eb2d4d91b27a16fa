#include "sim/heal/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const check_names[CHECK_COUNT + 1] = {
    [CHECK_TABLE] = "moves are those of the table",
    [CHECK_TOLD] = "every move is told",
    [CHECK_WELL] = "Healthy is what passes",
    [CHECK_JUSTIFIED] = "a verdict justifies each repair",
    [CHECK_TRUE] = "and it was true",
    [CHECK_QUIET] = "none in Maintenance or Unknown",
    [CHECK_LEAVES] = "Maintenance is left in time",
    [CHECK_RESTS] = "no loop turns for ever",
    [CHECK_FROZEN] = "none while frozen",
    [CHECK_DEPENDS] = "none before what it depends on",
    [CHECK_BRAKE] = "none where most of a group fails",
    [CHECK_COOLDOWN] = "none again before its pause is over",
    [CHECK_FLAPPING] = "none of what is flapping",
    [CHECK_BLIND] = "who is blind says Unknown",
    [CHECK_VERIFIED] = "verified is what passed",
    [CHECK_RADIUS] = "the blast radius holds",
    [CHECK_ALONE] = "one repair of an asset at a time",
    [CHECK_ROLLBACK] = "one rollback at a time, behind its repair",
    [CHECK_CONVERGES] = "healed, all of it gets well",
    [CHECK_CLEAN] = "nothing is left open",
    [CHECK_ENDED] = "all of the program ends",
};

static const char *const event_names[HAPPENED_COUNT + 1] = {
    [HAPPENED_BROKEN] = "assets broken",
    [HAPPENED_OUTAGE] = "groups broken at once",
    [HAPPENED_LIED] = "observers that lie, die or cannot look",
    [HAPPENED_BLINDED] = "planes without a network",
    [HAPPENED_LIMITED] = "assets that nobody can look at",
    [HAPPENED_KILLED] = "planes killed at a write",
    [HAPPENED_STOPPED] = "planes stopped in good order",
    [HAPPENED_CUT] = "planes cut off",
    [HAPPENED_STARTED] = "planes started again",
    [HAPPENED_MAINTAINED] = "assets maintained",
    [HAPPENED_RECOVERED] = "assets recovered by hand",
    [HAPPENED_FROZEN] = "freezes",
    [HAPPENED_OWNER_CHANGED] = "changes of who owns what",
    [HAPPENED_RESTORED] = "open repairs taken over",
    [HAPPENED_ORDERED] = "repairs ordered",
    [HAPPENED_TASK] = "tasks made",
    [HAPPENED_HELPED] = "remedies that helped",
    [HAPPENED_VERIFIED] = "repairs verified",
    [HAPPENED_FAILED] = "repairs failed",
    [HAPPENED_ROLLED_BACK] = "repairs rolled back",
    [HAPPENED_EXHAUSTED] = "chains exhausted",
    [HAPPENED_HELD_BACK] = "remedies held back",
    [HAPPENED_BRAKED] = "remedies braked",
    [HAPPENED_DAMPED] = "assets damped",
    [HAPPENED_UNKNOWN] = "assets unknown",
    [HAPPENED_DEPENDENT] = "assets down by what they depend on",
    [HAPPENED_TAKEN_OVER] = "assets looked at again after maintenance",
    [HAPPENED_TIME_UP] = "maintenances ended by their time",
    [HAPPENED_TIME_UP_UNOWNED] = "maintenances ended while nobody had the asset",
    [HAPPENED_SHOWN] = "states shown that another plane wrote",
    [HAPPENED_HEARD] = "views of other planes heard",
};

void check(struct world *w, enum check which, bool holds, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    sim_check(&w->sim, (int)which, check_names[which], holds, fmt, args);
    va_end(args);
}

void happened(struct world *w, enum happening event)
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

uint32_t draw(uint32_t below)
{
    return (uint32_t)(rt_random() % below);
}

bool is_well(const struct world *w, uint32_t i)
{
    const struct thing *x = &w->things[i];
    return x->ok && (x->depends < 0 || w->things[x->depends].ok);
}

uint32_t number_of(const char *key)
{
    const char *slash = strchr(key, '/');
    const char *name = slash ? slash + 1 : key;
    uint64_t n;
    if (name[0] != 'a' || slice_to_u64(slice_from(name + 1), ASSETS_MAX - 1, &n) < 0)
        return UINT32_MAX;
    return (uint32_t)n;
}

uint32_t radius_of(const struct world *w, uint32_t i)
{
    return i % 5 == 4 ? 0 : w->radius[i / GROUP_SIZE];
}

bool is_maintained(const struct world *w, uint32_t i)
{
    return rt_now() < w->things[i].maintained_until;
}

/* ---- what goes wrong with assets ---- */

static void break_one(struct world *w, uint32_t i)
{
    if (w->things[i].ok)
        say(w, "a%u breaks", i);
    w->things[i].ok = false;
    happened(w, HAPPENED_BROKEN);
}

static struct sample of(enum sample_type type, uint32_t i)
{
    struct sample s = {.type = type, .by = "people"};
    snprintf(s.asset, sizeof(s.asset), "a%u", i);
    return s;
}

/* For that long; RT_NEVER: until it is ended; 0: it is. */
static void maintain(struct world *w, uint32_t i, rt_time for_ns)
{
    struct sample s = of(SAMPLE_MAINTAIN, i);
    struct thing *x = &w->things[i];
    s.for_ns = for_ns;
    x->timed = for_ns > 0 && for_ns != RT_NEVER;
    x->maintained_until = for_ns == RT_NEVER ? RT_NEVER : rt_now() + for_ns;
    say(w, "a%u: maintenance of %lld ms", i, (long long)(for_ns / RT_MS));
    happened(w, for_ns ? HAPPENED_MAINTAINED : HAPPENED_TAKEN_OVER);
    tell_all(w, &s);
}

static rt_time some_time(void)
{
    enum { LONG_MS = 12000 };
    return draw(3) == 0 ? RT_NEVER : (1 + draw(LONG_MS)) * RT_MS;
}

static void recover(struct world *w, uint32_t i)
{
    struct sample s = of(SAMPLE_RECOVER, i);
    w->things[i].ok = true;
    w->things[i].bad_at = rt_now();
    happened(w, HAPPENED_RECOVERED);
    for (uint32_t k = 0; k < PLANES; k++) /* all pauses are over by that word */
        memset(w->planes[k].of[i].ordered, 0, sizeof(w->planes[k].of[i].ordered));
    tell_all(w, &s);
}

static void set_frozen(struct world *w, bool frozen)
{
    struct sample s = {.type = frozen ? SAMPLE_FREEZE : SAMPLE_UNFREEZE};
    if (frozen && !w->frozen)
        happened(w, HAPPENED_FROZEN);
    w->frozen = frozen;
    tell_all(w, &s);
}

static void outage(struct world *w, uint32_t i)
{
    uint32_t first = i / GROUP_SIZE * GROUP_SIZE;
    for (uint32_t k = first; k < first + GROUP_SIZE && k < w->count; k++)
        if (draw(8))
            break_one(w, k);
    happened(w, HAPPENED_OUTAGE);
}

static void odd_observer(struct world *w, uint32_t i)
{
    struct thing *x = &w->things[i];
    if (!x->many)
        return;
    x->bad_observer = x->bad_observer < 0 ? (int)draw(OBSERVERS) : -1;
    x->how = (int)draw(3);
    happened(w, HAPPENED_LIED);
}

static void trouble(struct world *w)
{
    uint32_t i = draw(w->count);
    switch (draw(16)) {
    case 0:
        outage(w, i);
        break;
    case 1:
    case 2:
        odd_observer(w, i);
        break;
    case 3:
        maintain(w, i, is_maintained(w, i) ? 0 : some_time());
        break;
    case 4:
        recover(w, i);
        break;
    case 5:
        set_frozen(w, !w->frozen && draw(3) == 0);
        break;
    case 6:
        w->things[i].limited = !w->things[i].limited;
        happened(w, HAPPENED_LIMITED);
        break;
    case 7:
        w->things[i].breaks = rt_now(); /* and again and again */
        break;
    case 8: /* it gets well by itself */
        w->things[i].ok = true;
        break;
    default:
        break_one(w, i);
        break;
    }
}

/* ---- and with planes ---- */

static void set_blind(struct process *p, bool blind)
{
    struct sample s = {.type = blind ? SAMPLE_BLIND : SAMPLE_SEES, .blind = BLIND_NETWORK};
    p->blind = blind;
    if (blind)
        happened(p->w, HAPPENED_BLINDED);
    say(p->w, "%s %s", p->name, blind ? "is blind" : "sees");
    reconciler_take(p->r, &s, (struct reconcile_time){rt_now(), rt_wall_now()});
    views_note_all(p->views);
}

static void heal(struct world *w, struct process *p)
{
    if (p->alive && p->cut) {
        say(w, "%s is healed", p->name);
        store_memory_cut(p->store, false);
        p->cut = false;
    }
    if (p->alive && p->blind)
        set_blind(p, false);
    if (!p->alive) {
        process_start(p);
        happened(w, HAPPENED_STARTED);
    }
    p->next = RT_NEVER;
}

static void hurt(struct world *w, struct process *p)
{
    enum { AWAY_MS = 9000, WRITES = 12 };
    if (!p->alive || p->cut || p->blind)
        return;
    p->next = rt_now() + draw(AWAY_MS) * RT_MS;
    switch (draw(5)) {
    case 0:
        say(w, "%s is cut off", p->name);
        store_memory_cut(p->store, true);
        p->cut = true;
        happened(w, HAPPENED_CUT);
        break;
    case 1:
        process_end(p, true);
        happened(w, HAPPENED_STOPPED);
        break;
    case 2:
        set_blind(p, true);
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
    p->cut = p->blind = false;
    happened(w, HAPPENED_KILLED);
    p->next = rt_now() + draw(AWAY_MS) * RT_MS;
}

/* ---- the world ---- */

static void note_truth(struct world *w)
{
    for (uint32_t i = 0; i < w->count; i++) {
        struct thing *x = &w->things[i];
        if (x->breaks && rt_now() >= x->breaks && !w->calm) {
            x->ok = false;
            x->breaks = rt_now() + (2000 + draw(3000)) * RT_MS;
        }
        if (!is_well(w, i))
            x->bad_at = rt_now();
    }
}

/* Nothing but what flaps. */
static void calm_before(struct world *w, rt_time until)
{
    while (rt_now() < until) {
        note_truth(w);
        rt_sleep(rt_now() + 50 * RT_MS);
    }
}

static void chaos(struct world *w, rt_time until)
{
    while (rt_now() < until) {
        for (uint32_t k = 0; k < PLANES; k++) {
            bury(w, &w->planes[k]);
            if (rt_now() >= w->planes[k].next)
                heal(w, &w->planes[k]);
        }
        if (draw(8) == 0)
            trouble(w);
        if (draw(60) == 0)
            hurt(w, &w->planes[draw(PLANES)]);
        note_truth(w);
        rt_sleep(rt_now() + 50 * RT_MS);
    }
}

static void heal_all(struct world *w)
{
    w->calm = true;
    store_memory_calm(w->memory);
    for (uint32_t k = 0; k < PLANES; k++) {
        struct process *p = &w->planes[k];
        bury(w, p);
        if (p->alive)
            store_memory_kill(p->store, UINT64_MAX); /* what was to come does not */
        heal(w, p);
    }
    set_frozen(w, false);
    for (uint32_t i = 0; i < w->count; i++) {
        w->things[i].bad_observer = -1;
        w->things[i].limited = false;
        w->things[i].breaks = 0;
        if (w->things[i].maintained_until == RT_NEVER)
            maintain(w, i, 0);
    }
}

/* Each in the eyes of whoever owns it; who that is, all agree. */
static uint32_t not_well(struct world *w)
{
    for (uint32_t i = 0; i < w->count; i++) {
        uint32_t owners = 0;
        for (uint32_t k = 0; k < PLANES; k++) {
            char share[RECONCILE_SHARE_BYTES_MAX];
            struct process *p = &w->planes[k];
            const struct asset *a = asset_of(p, i);
            if (!plane_owns(p->plane, reconciler_share_of(a, share)))
                continue;
            owners++;
            if (a->state != ASSET_HEALTHY || a->repair)
                return i;
        }
        if (owners != 1)
            return i;
    }
    return UINT32_MAX;
}

static void check_end(struct world *w)
{
    enum { WELL_S = 1200 };
    rt_time until = rt_now() + WELL_S * RT_SEC;
    uint32_t i;
    while ((i = not_well(w)) != UINT32_MAX && rt_now() < until) {
        note_truth(w);
        rt_sleep(rt_now() + 500 * RT_MS);
    }
    const struct asset *a = NULL;
    for (uint32_t k = 0; k < PLANES && i != UINT32_MAX; k++)
        if (w->planes[k].of[i].owned)
            a = asset_of(&w->planes[k], i);
    check(w, CHECK_CONVERGES, i == UINT32_MAX, "a%u is %s (%s), %s", i,
          a ? asset_state_name(a->state) : "nobody's", a ? a->reason : "",
          i != UINT32_MAX && is_well(w, i) ? "though it is well" : "and not well");
    struct store_range q = {.keys = store_prefix(SLICE("/repairs/"))};
    struct store_range_result got = {0};
    struct arena arena = ARENA(MEM_TEST, 0);
    for (int tries = 0; tries < 60; tries++) {
        if (store_range(w->people, &q, &arena, &got, NULL, rt_now() + RT_SEC) == 0 && !got.count)
            break;
        rt_sleep(rt_now() + RT_SEC);
    }
    bool stale = false;
    for (uint32_t k = 0; k < got.count; k++) {
        say(w, "left: %.*s %.*s", SLICE_ARG(got.kvs[k].key), SLICE_ARG(got.kvs[k].value));
        stale |= got.kvs[k].value.size > 0;
    }
    check(w, CHECK_CLEAN, !stale, "%u records of repairs are left", got.count);
    arena_done(&arena);
}

static void begin(struct world *w)
{
    static const struct store_memory_faults faults = {
        .latency_max = 8 * RT_MS,
        .refuse_ppm = 5000,
        .lose_request_ppm = 5000,
        .lose_reply_ppm = 8000,
        .late_ppm = 6000,
        .twice_ppm = 3000,
        .late_max = 3 * RT_SEC,
        .watch_late_max = 100 * RT_MS,
        .compact_ppm = 2000,
        .clock_jump_ppm = 50,
        .clock_jump_max = 2 * RT_SEC,
    };
    w->memory = store_memory_new(&faults);
    store_memory_observe(w->memory, observe, w);
    store_memory_open(w->memory, &w->people);
    rt_group_init(&w->works, "works");
    w->judged_once = w->sim.seed % 3 == 0;
    w->count = w->sim.seed % 64 == 0 ? ASSETS_MAX : 16 + draw(48);
    for (uint32_t i = 0; i < w->count; i++) {
        struct thing *x = &w->things[i];
        *x = (struct thing){.ok = draw(w->sim.seed % 4 == 1 ? 50 : 10) > 0,
                            .depends = -1,
                            .bad_observer = -1,
                            .many = draw(3) == 0};
        if (i && draw(4) == 0)
            x->depends = (int32_t)draw(i);
        if (x->depends >= 0 && w->things[x->depends].depends >= 0)
            x->depends = -1;
        if (draw(10) == 0)
            x->breaks = rt_now() + draw(9000) * RT_MS;
        if (i == 4 && w->sim.seed % 2) /* one that does so for sure, and alone */
            *x = (struct thing){
                .ok = true, .depends = -1, .bad_observer = -1, .breaks = 5000 * RT_MS};
    }
    for (uint32_t g = 0; g <= ASSETS_MAX / GROUP_SIZE; g++)
        w->radius[g] = draw(4);
    for (uint32_t k = 0; k < PLANES; k++) {
        struct process *p = &w->planes[k];
        p->w = w;
        p->id = k;
        p->next = RT_NEVER;
        snprintf(p->name, sizeof(p->name), "p%u", k);
        process_start(p);
    }
}

static void end(struct world *w)
{
    rt_group_done(&w->works);
    for (uint32_t k = 0; k < PLANES; k++)
        process_end(&w->planes[k], true);
    store_close(w->people);
    store_memory_free(w->memory);
}

static void world_main(void *arg)
{
    struct world *w = arg;
    begin(w);
    if (w->sim.seed % 4 == 1)
        calm_before(w, rt_now() + 45 * RT_SEC);
    /* A large one has trouble enough in a short time. */
    chaos(w, rt_now() + (w->count == ASSETS_MAX ? 10 : 20 + draw(40)) * RT_SEC);
    heal_all(w);
    check_end(w);
    end(w);
}

static int run(struct sim_world *sim, struct rt_sim_result *ret_result)
{
    struct world *w = CONTAINER_OF(sim, struct world, sim);
    struct rt_sim_config config = {
        .seed = sim->seed,
        .time_max = 2000 * RT_SEC,
        .steps_max = 60 * 1000 * 1000,
    };
    int r = rt_sim_run(&config, world_main, w, ret_result);
    sim_ended(sim, CHECK_ENDED, check_names[CHECK_ENDED], r, "2000 s or 60 million steps");
    return r;
}

int main(int argc, char **argv)
{
    /* Nothing here has a network or a disk of its own: the store stands for both. */
    static const char *const not_injected[] = {SIM_NO_NETWORK, SIM_NO_DISK, NULL};
    static const struct sim_program program = {
        .name = "heal",
        .world_bytes = sizeof(struct world),
        .run = run,
        .check_names = check_names,
        .event_names = event_names,
        .not_injected = not_injected,
    };
    return sim_main(&program, argc, argv);
}
